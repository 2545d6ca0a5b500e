//! Where the suite runs: the programs, and the folders of one scenario.

use crate::child::Scratch;
use crate::guests;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

/// The parts of the guest program.
const PARTS: [&str; 8] = [
    "main.c",
    "way.h",
    "files.c",
    "processes.c",
    "sockets.c",
    "kernel.c",
    "target.c",
    "hunt.c",
];

/// Programs that every user may execute.
pub(super) struct Place {
    scratch: Scratch,
}

impl Place {
    pub(super) fn make(lx: &Path) -> Result<Self, String> {
        let scratch = Scratch::new()?;
        let place = Self { scratch };
        open_to_all(place.scratch.path())?;
        copy(lx, &place.lx())?;
        // Nothing runs this one: a program that runs cannot be written to anyway.
        copy(lx, &place.idle_lx())?;
        copy(&build()?, &place.program())?;
        Ok(place)
    }

    pub(super) fn lx(&self) -> PathBuf {
        self.scratch.path().join("lx")
    }

    /// The file of the lx that runs: its file system and number.
    pub(super) fn running(&self) -> Result<String, String> {
        let lx = fs::metadata(self.lx()).map_err(|error| about(&self.lx(), &error))?;
        Ok(format!("{}:{}", lx.dev(), lx.ino()))
    }

    pub(super) fn idle_lx(&self) -> PathBuf {
        self.scratch.path().join("lx.idle")
    }

    /// The guest program.
    pub(super) fn program(&self) -> PathBuf {
        self.scratch.path().join("escape")
    }
}

/// The folders of one scenario, all of them the user's.
pub(super) struct Folders {
    scratch: Scratch,
}

impl Folders {
    pub(super) fn make(place: &Place, user: u32) -> Result<Self, String> {
        let folders = Self {
            scratch: Scratch::new()?,
        };
        open_to_all(folders.scratch.path())?;
        for name in [
            "root",
            "root/tmp",
            "other",
            "other/out",
            "out",
            "here",
            "run",
        ] {
            let path = folders.path(name);
            fs::create_dir(&path).map_err(|error| about(&path, &error))?;
            chown(&path, Some(user), Some(user)).map_err(|error| about(&path, &error))?;
        }
        let mode = fs::Permissions::from_mode(0o700);
        let run = folders.path("run");
        fs::set_permissions(&run, mode).map_err(|error| about(&run, &error))?;
        for root in ["root", "other"] {
            copy(&place.program(), &folders.path(root).join("escape"))?;
        }
        Ok(folders)
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }
}

fn build() -> Result<PathBuf, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("escape");
    let read = |part: &&str| {
        let path = folder.join(part);
        fs::read(&path).map_err(|error| about(&path, &error))
    };
    let parts: Vec<Vec<u8>> = PARTS.iter().map(read).collect::<Result<_, _>>()?;
    let contents: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    let flags = ["-O2", "-Wall", "-Wno-unused-result", "-static"];
    guests::compile(&folder.join("main.c"), &flags, &contents)
}

fn copy(from: &Path, to: &Path) -> Result<(), String> {
    fs::copy(from, to).map_err(|error| about(from, &error))?;
    open_to_all(to)
}

fn open_to_all(path: &Path) -> Result<(), String> {
    let mode = fs::Permissions::from_mode(0o755);
    fs::set_permissions(path, mode).map_err(|error| about(path, &error))
}

fn about(path: &Path, error: &std::io::Error) -> String {
    format!("{}: {error}", path.display())
}
