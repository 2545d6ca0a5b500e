//! What is done, at random, and what comes of it.

use std::fs::{self, File};
use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
use std::path::Path;

use rustix::fs::{CWD, FileType, Mode, XattrFlags, makedev, mknodat, setxattr};
use rustix::io::Errno;

/// Numbers at random (SplitMix64), the same for the same seed.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        let wide = u64::try_from(limit).expect("small");
        usize::try_from((z ^ z >> 31) % wide).expect("small")
    }

    fn name(&mut self) -> &'static str {
        ["a", "b", "c", "d"][self.below(4)]
    }

    fn path(&mut self) -> String {
        let length = 1 + self.below(3);
        let names: Vec<&str> = (0..length).map(|_| self.name()).collect();
        names.join("/")
    }
}

/// One call, or several that belong together.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// `open(O_CREAT | O_EXCL)`, and a few bytes.
    Create(String, u8),
    /// `open(O_WRONLY | O_APPEND)`, and a byte.
    Append(String, u8),
    /// `open(O_WRONLY | O_TRUNC)`.
    Cut(String),
    /// mkdir(2).
    Directory(String),
    /// rmdir(2).
    RemoveDirectory(String),
    /// unlink(2).
    Remove(String),
    /// renameat2(2).
    Rename(String, String, u32),
    /// symlink(2) of a text that leads nowhere.
    Link(String),
    /// link(2).
    Name(String, String),
    /// mkfifo(3).
    Fifo(String),
    /// chmod(2).
    Mode(String, u32),
    /// setxattr(2) of `user.note`.
    Attribute(String, u8),
    /// What getdents(2) lists.
    List(String),
}

impl Step {
    pub(super) fn at_random(random: &mut Random) -> Self {
        let byte = b'0' + u8::try_from(random.below(10)).expect("small");
        match random.below(20) {
            0 | 1 => Self::Create(random.path(), byte),
            2 | 3 => Self::Append(random.path(), byte),
            4 => Self::Cut(random.path()),
            5 | 6 => Self::Directory(random.path()),
            7 | 8 => Self::RemoveDirectory(random.path()),
            9 | 10 => Self::Remove(random.path()),
            11..14 => {
                let flags = [0, 0, 0, 1, 2][random.below(5)];
                Self::Rename(random.path(), random.path(), flags)
            }
            14 => Self::Link(random.path()),
            15 => Self::Name(random.path(), random.path()),
            16 => Self::Fifo(random.path()),
            17 => Self::Mode(
                random.path(),
                [0o600, 0o644, 0o755, 0o2775][random.below(4)],
            ),
            18 => Self::Attribute(random.path(), byte),
            _ => Self::List(random.path()),
        }
    }
}

/// What came of a step: an error, or what was listed.
pub(super) type Outcome = Result<Vec<String>, Errno>;

/// One way to have layers.
pub(super) trait Way {
    fn take(&self, step: &Step) -> Outcome;
    /// Names, types and whether their numbers are those of stat(2).
    fn list(&self, path: &str) -> Outcome;
    /// What stands at a path, in words.
    fn describe(&self, path: &str) -> Result<Described, Errno>;
}

/// What stands at a path.
pub(super) struct Described {
    pub(super) text: String,
    pub(super) is_directory: bool,
}

/// All that a way shows.
pub(super) fn tree(way: &impl Way) -> Vec<String> {
    let mut lines = Vec::new();
    let mut open = vec![String::new()];
    while let Some(path) = open.pop() {
        for name in way.list(&path).expect("it is listed") {
            let name = name.split(' ').next().expect("a name").to_owned();
            let path = if path.is_empty() {
                name
            } else {
                format!("{path}/{name}")
            };
            let described = way.describe(&path).expect("it is there");
            lines.push(format!("{path}: {}", described.text));
            if described.is_directory {
                open.push(path);
            }
        }
    }
    lines.sort();
    lines
}

/// What is in the work directory from the beginning.
pub(super) fn prepare_work(work: &Path) {
    make_whiteout(&work.join(kernel::overlay::WHITEOUT.to_str().expect("text")));
}

fn make_whiteout(path: &Path) {
    let mode = Mode::from_raw_mode(0o600);
    mknodat(CWD, path, FileType::CharacterDevice, mode, makedev(0, 0)).expect("it is made");
}

/// Fills a layer; in the one in the middle, some names hide what is below.
pub(super) fn populate(layer: &Path, random: &mut Random, hides: bool) {
    for _ in 0..24 {
        let path = layer.join(random.path());
        let above = path.parent().expect("it has one");
        if !above.is_dir() || path.symlink_metadata().is_ok() {
            continue;
        }
        match random.below(if hides { 9 } else { 6 }) {
            0..3 => {
                fs::create_dir(&path).expect("it is made");
                fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("its own");
            }
            3 | 4 => fs::write(&path, format!("{}", random.below(1000))).expect("it is written"),
            5 => symlink("-", &path).expect("it is made"),
            6 | 7 => make_whiteout(&path),
            _ => {
                fs::create_dir(&path).expect("it is made");
                setxattr(&path, "user.overlay.opaque", b"y", XattrFlags::empty()).expect("a mark");
            }
        }
    }
    // Two names of one file, and one that is not writable.
    let _ = fs::write(layer.join("one"), "1")
        .and_then(|()| fs::hard_link(layer.join("one"), layer.join("two")));
    let large = File::create(layer.join("large")).expect("it is made");
    large.set_len(3 << 20).expect("it grows");
    setxattr(
        layer.join("large"),
        "user.note",
        b"large",
        XattrFlags::empty(),
    )
    .expect("it is set");
    assert!(!large.metadata().expect("it is there").file_type().is_fifo());
}
