//! The lx that is tested.

use crate::child::Scratch;
use crate::way::{Isolation, Way};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// An lx, and where other users may execute it.
#[derive(Debug)]
pub struct Lx {
    path: PathBuf,
    copy: Option<(Scratch, PathBuf)>,
}

impl Lx {
    /// The one named, else that beside this program; with a copy for zones, which other users may
    /// run, since the original may lie where only root comes.
    pub fn find(named: Option<&Path>, ways: &[Way]) -> Result<Self, String> {
        let path = locate(named)?;
        let others = ways.iter().any(|way| way.isolation != Isolation::Host);
        let copy = others.then(|| copy_for_everyone(&path)).transpose()?;
        Ok(Self { path, copy })
    }

    /// Where whoever runs the programs of this way finds it.
    #[must_use]
    pub fn of(&self, way: Way) -> &Path {
        match &self.copy {
            Some((_, copy)) if way.isolation != Isolation::Host => copy,
            _ => &self.path,
        }
    }

    /// Where it lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Names the lx to test, where no option does; `lx conformance` sets it.
const UNDER_TEST: &str = "LX_UNDER_TEST";

/// The binary to test: the one named, else that of `LX_UNDER_TEST`, else `lx` beside this program
/// (or, from a test binary in `deps/`, one folder up).
pub fn locate(named: Option<&Path>) -> Result<PathBuf, String> {
    let told = std::env::var_os(UNDER_TEST).map(PathBuf::from);
    if let Some(path) = named.map(Path::to_owned).or(told) {
        return path
            .canonicalize()
            .map_err(|e| format!("{}: {e}", path.display()));
    }
    beside("lx")
        .ok_or_else(|| "no lx beside this program: build it first, or name it by --lx".to_owned())
}

/// The program `name` beside this one, or one folder up.
pub(crate) fn beside(name: &str) -> Option<PathBuf> {
    let own = std::env::current_exe().ok()?;
    own.ancestors()
        .skip(1)
        .take(2)
        .map(|folder| folder.join(name))
        .find(|candidate| candidate.is_file())
}

fn copy_for_everyone(lx: &Path) -> Result<(Scratch, PathBuf), String> {
    let scratch = Scratch::new()?;
    let copy = scratch.path().join("lx");
    fs::copy(lx, &copy).map_err(|e| format!("{}: {e}", lx.display()))?;
    for path in [scratch.path(), &copy] {
        let mode = Permissions::from_mode(0o755);
        fs::set_permissions(path, mode).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    Ok((scratch, copy))
}
