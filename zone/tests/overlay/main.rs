//! `kernel::overlay` against the overlayfs of the kernel: the same calls, made at random, have the same
//! results and leave the same trees, and what one writes to its upper layer the other reads.

mod native;
mod ours;
mod plan;

use std::fs;
use std::path::{Path, PathBuf};

use native::Native;
use ours::Ours;
use plan::{Random, Step, Way};

/// A directory that is removed in the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("it is made");
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _ = fs::remove_dir_all(&self.0);
        }
    }
}

/// Two lower layers, and an upper one for each way.
fn layers(folder: &Path, random: &mut Random) -> [PathBuf; 2] {
    for name in ["ours", "ours-work", "theirs", "theirs-work", "other-work"] {
        fs::create_dir(folder.join(name)).expect("it is made");
    }
    plan::prepare_work(&folder.join("ours-work"));
    ["middle", "bottom"].map(|name| {
        let layer = folder.join(name);
        fs::create_dir(&layer).expect("it is made");
        plan::populate(&layer, random, name == "middle");
        layer
    })
}

fn run(seed: u64, steps: usize) {
    let folder = Folder::new(&format!("overlay-{seed}"));
    let mut random = Random(seed);
    let lower = layers(&folder.0, &mut random);
    let native = Native::mount(&folder.0, &lower, "theirs", "theirs-work");
    let ours = Ours::new(&folder.0, &lower);
    let mut done: Vec<Step> = Vec::new();
    for _ in 0..steps {
        let step = Step::at_random(&mut random);
        done.push(step.clone());
        let (expected, got) = (native.take(&step), ours.take(&step));
        assert_eq!(got, expected, "seed {seed}: {done:?}");
    }
    let expected = plan::tree(&native);
    assert_eq!(plan::tree(&ours), expected, "seed {seed}: {done:?}");
    drop(native);
    // What was written is an upper layer of overlayfs.
    let read = Native::mount(&folder.0, &lower, "ours", "other-work");
    assert_eq!(
        plan::tree(&read),
        expected,
        "seed {seed}, mounted: {done:?}"
    );
    let left: Vec<_> = fs::read_dir(folder.0.join("ours-work"))
        .expect("it is there")
        .map(|entry| entry.expect("it is listed").file_name())
        .filter(|name| name.to_string_lossy().starts_with('#'))
        .collect();
    assert!(left.is_empty(), "seed {seed}: {left:?}");
}

/// Whether this is the superuser of a kernel with overlayfs.
fn possible() -> bool {
    let root = nix::unistd::geteuid().is_root();
    let known =
        fs::read_to_string("/proc/filesystems").is_ok_and(|text| text.contains("\toverlay\n"));
    if !(root && known) {
        println!("skipped: it takes the superuser and overlayfs");
    }
    root && known
}

#[test]
fn random_calls_do_what_they_do_in_overlayfs() {
    if possible() {
        let number = |name| std::env::var(name).ok().and_then(|seed| seed.parse().ok());
        // More of them, or the one that failed.
        let first: u64 = number("LX_OVERLAY_SEED").unwrap_or(1);
        let count: u64 = number("LX_OVERLAY_SEEDS").unwrap_or(if first == 1 { 40 } else { 1 });
        let seeds = first..first + count;
        for seed in seeds {
            run(seed, 60);
        }
    }
}
