//! What calls with paths do in a zone without namespaces, line by line as natively in a chroot with the
//! same mounts. paths.c makes the calls.

use crate::common::{Folder, LX, run};
use std::fs;
use std::os::unix::fs::{PermissionsExt, lchown, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The ordinary user: nobody.
const NOBODY: u32 = 65534;
/// The seeds of the random runs, and how long each is.
const SEEDS: std::ops::Range<u32> = 3..9;
const CALLS: u32 = 500;

/// Mounts, and enters the root as the ordinary user.
const NATIVELY: &str = r#"
cd "$1"; root=$PWD/root; shift
mount --make-rprivate /
for name in m ro noexec; do mount --bind $name $root/$name; done
mount -o remount,bind,ro $root/ro
mount -o remount,bind,noexec $root/noexec
mount --bind file $root/file-mount
mount -t proc proc $root/proc
mount -t tmpfs dev $root/dev
: > $root/dev/null
mount --bind /dev/null $root/dev/null
exec chroot --userspec=65534:65534 --groups= $root /paths "$@"
"#;

/// Roots, natively and in the zone, made anew for each run.
struct Roots {
    folder: Folder,
    paths: PathBuf,
    exits: PathBuf,
}

fn compiled(folder: &Path, name: &str, source: &Path) -> Option<PathBuf> {
    let program = folder.join(name);
    let mut command = Command::new("cc");
    command.args(["-O1", "-static", "-o"]).arg(&program);
    command.arg(source);
    run(command).status.success().then_some(program)
}

impl Roots {
    /// `None` where the comparison cannot be made.
    fn new(name: &str) -> Option<Self> {
        if !nix::unistd::geteuid().is_root() {
            println!("skipped: only root can mount and chroot");
            return None;
        }
        let folder = Folder::new(name);
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/paths.c");
        let simple = folder.path().join("exits.c");
        fs::write(&simple, "int main(void) { return 7; }\n").expect("it is written");
        let paths = compiled(folder.path(), "paths", &source);
        let exits = compiled(folder.path(), "exits", &simple);
        let (Some(paths), Some(exits)) = (paths, exits) else {
            println!("skipped: no compiler for static programs");
            return None;
        };
        fs::copy(LX, folder.path().join("lx")).expect("it is copied");
        Some(Self {
            folder,
            paths,
            exits,
        })
    }

    /// Makes the trees of a run.
    fn make(&self) -> PathBuf {
        let top = self.folder.path().join("t");
        if top.exists() {
            fs::remove_dir_all(&top).expect("it is removed");
        }
        for name in [
            "root/a/b",
            "root/m",
            "root/ro",
            "root/noexec",
            "root/tmp/w",
            "root/proc",
            "root/dev",
            "root/sys",
            "m/sub",
            "ro/deep",
            "noexec",
            "run",
        ] {
            fs::create_dir_all(top.join(name)).expect("it is made");
        }
        for (name, text) in [
            ("root/NAME", "root"),
            ("root/a/NAME", "a"),
            ("root/a/b/NAME", "b"),
            ("root/m/NAME", "under"),
            ("m/NAME", "m"),
            ("m/sub/NAME", "sub"),
            ("ro/NAME", "ro"),
            ("ro/deep/NAME", "deep"),
            ("file", "file"),
            ("root/file-mount", ""),
        ] {
            fs::write(top.join(name), text).expect("it is written");
        }
        for (name, text) in [
            ("root/link-a", "a"),
            ("root/link-m", "/m"),
            ("root/link-ro", "ro"),
            ("root/loop", "loop"),
            ("root/link-up", ".."),
            ("root/a/b/link-up", "../.."),
            ("root/a/dangling", "/nowhere"),
            ("m/abs", "/a"),
            ("m/up", ".."),
            ("ro/abs", "/m"),
        ] {
            symlink(text, top.join(name)).expect("it is made");
        }
        for (program, to) in [
            (&self.paths, "root/paths"),
            (&self.exits, "m/true"),
            (&self.exits, "noexec/true"),
        ] {
            fs::copy(program, top.join(to)).expect("it is copied");
        }
        give_away(&top);
        fs::set_permissions(top.join("run"), fs::Permissions::from_mode(0o700)).expect("its own");
        top
    }

    fn natively(&self, arguments: &[&str]) -> String {
        let top = self.make();
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-euc", NATIVELY, "sh"]);
        command.arg(&top).args(arguments);
        self.lines(command)
    }

    fn in_zone(&self, arguments: &[&str]) -> String {
        let top = self.make();
        let at = |name: &str| top.join(name).display().to_string();
        let mut command = Command::new(self.folder.path().join("lx"));
        command
            .args(["run", "--isolation", "bare", "--rootfs", &at("root")])
            .args(["--users", "host"])
            .args(["-v", &format!("{}:/m", at("m"))])
            .args(["-v", &format!("{}:/ro:ro", at("ro"))])
            .args(["-v", &format!("{}:/noexec:noexec", at("noexec"))])
            .args(["-v", &format!("{}:/file-mount", at("file"))])
            .args(["--no-native", "/paths"])
            .args(arguments)
            .env_remove("LX_INTERCEPT")
            .env("XDG_RUNTIME_DIR", top.join("run"))
            .uid(NOBODY)
            .gid(NOBODY);
        self.lines(command)
    }

    /// What a command prints, which is more than a pipe holds.
    fn lines(&self, mut command: Command) -> String {
        let path = self.folder.path().join("lines");
        let file = fs::File::create(&path).expect("it is made");
        command.stdin(Stdio::null()).stdout(file);
        let status = command.status().expect("it runs");
        assert!(status.success(), "{command:?}: {status}");
        fs::read_to_string(path).expect("it is text")
    }

    fn compare(&self, arguments: &[&str]) {
        let (native, zone) = (self.natively(arguments), self.in_zone(arguments));
        let count = native.lines().count();
        assert!(count > 100, "{count} lines: {native}");
        for (number, (expected, found)) in native.lines().zip(zone.lines()).enumerate() {
            assert_eq!(found, expected, "line {number} of {arguments:?}");
        }
        assert_eq!(zone.lines().count(), count);
    }
}

fn give_away(path: &Path) {
    lchown(path, Some(NOBODY), Some(NOBODY)).expect("it is given away");
    if path.is_dir() && !path.is_symlink() {
        for entry in fs::read_dir(path).expect("it is read") {
            give_away(&entry.expect("it is read").path());
        }
    }
}

#[test]
fn they_do_what_they_do_in_a_chroot() {
    let Some(roots) = Roots::new("bare-script") else {
        return;
    };
    roots.compare(&["script"]);
}

#[test]
fn so_do_random_ones() {
    let Some(roots) = Roots::new("bare-random") else {
        return;
    };
    for seed in SEEDS {
        roots.compare(&["random", &seed.to_string(), &CALLS.to_string()]);
    }
}
