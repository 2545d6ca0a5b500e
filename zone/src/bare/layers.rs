//! A root of several directories over each other, as the zone's processes will see it
//! (`kernel::overlay`).

use std::fs::{self, DirBuilder};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use kernel::bare::{Handle, Kind};
use kernel::overlay::{FRESH, HostDisk, Made, Numbers, Spot, Stack, WHITEOUT};
use rustix::fs::{
    AtFlags, CWD, FileType, Mode, OFlags, XattrFlags, makedev, mknodat, openat, removexattr,
    setxattr, statat,
};
use rustix::io::Errno;

use super::tree::Shown;
use crate::error::{Context, Error, Result};
use crate::upper;

/// Makes the writable layer and what belongs to it in one of `places`: on a file system that has
/// extended attributes for users, which mark what is hidden.
pub(super) fn make_upper(places: &[&Path]) -> Result<(PathBuf, PathBuf)> {
    let mut why = Error::because("the writable layer", "there is no place for it");
    for place in places {
        let (upper, work) = (place.join("upper"), place.join("work"));
        match make(&upper, &work) {
            Ok(()) => return Ok((upper, work)),
            Err(error) => {
                let _ = fs::remove_dir_all(&upper);
                let _ = fs::remove_dir_all(&work);
                why = Error::new(place.display(), error);
            }
        }
    }
    Err(why)
}

fn make(upper: &Path, work: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o755).create(upper)?;
    DirBuilder::new().mode(0o700).create(work)?;
    prepare(upper, work)
}

/// Prepares a writable layer that is kept (`crate::upper`), and takes away what a zone that was killed
/// was about to put in place.
pub(super) fn take_up(directory: &Path) -> Result<(PathBuf, PathBuf)> {
    let about = || format!("--upper {}", directory.display());
    let (upper, work) = (upper::files(directory), upper::work(directory));
    for entry in fs::read_dir(&work).about(about())? {
        let entry = entry.about(about())?;
        if entry.file_name().as_bytes().starts_with(FRESH) {
            super::tree::remove_all(&entry.path()).about(about())?;
        }
    }
    prepare(&upper, &work).about(about())?;
    Ok((upper, work))
}

/// Sees to it that marks can be made.
fn prepare(upper: &Path, work: &Path) -> io::Result<()> {
    const TRIED: &str = "user.overlay.lx.tried";
    setxattr(upper, TRIED, b"", XattrFlags::empty())?;
    removexattr(upper, TRIED)?;
    // Its names in the upper layer hide what is below.
    let whiteout = work.join(WHITEOUT.to_str().unwrap_or_default());
    let (kind, device) = (FileType::CharacterDevice, makedev(0, 0));
    match mknodat(CWD, &whiteout, kind, Mode::empty(), device) {
        Err(Errno::EXIST) => {}
        made => made?,
    }
    let made = statat(CWD, &whiteout, AtFlags::SYMLINK_NOFOLLOW)?;
    match (FileType::from_raw_mode(made.st_mode), made.st_rdev) {
        (FileType::CharacterDevice, 0) => Ok(()),
        _ => Err(io::ErrorKind::AlreadyExists.into()),
    }
}

/// The stack that is the root of a zone, if it is one.
pub(super) fn stack(shown: &[Shown]) -> Option<Stack<HostDisk>> {
    let (root, behind) = shown.split_first()?;
    let (work, behind) = behind.split_first()?;
    if root.mount.kind != Kind::Stack {
        return None;
    }
    let lower = behind
        .iter()
        .take_while(|shown| shown.mount.kind == Kind::Layer);
    let layers: Vec<&Shown> = std::iter::once(root).chain(lower).collect();
    let devices: Vec<u64> = layers.iter().map(|shown| shown.mount.here.dev).collect();
    let layers = layers.iter().map(|shown| shown.fd.as_raw_fd()).collect();
    Some(Stack {
        disk: HostDisk::new(layers, work.fd.as_raw_fd()),
        numbers: Numbers::new(&devices),
    })
}

fn error(errno: abi::Errno) -> io::Error {
    io::Error::from_raw_os_error(errno.number().into())
}

/// Opens what a path without links names (`O_PATH`).
pub(super) fn open(stack: &Stack<HostDisk>, path: &[u8]) -> io::Result<OwnedFd> {
    let found = stack.find(path).map_err(error)?;
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    Ok(openat(CWD, link_of(&found.file), flags, Mode::empty())?)
}

/// Makes a directory, or an empty file.
pub(super) fn create(stack: &Stack<HostDisk>, path: &[u8], made: Made) -> io::Result<()> {
    let mut create = |at: Spot<'_, Handle>| {
        let name = std::str::from_utf8(at.name).map_err(|_| abi::Errno::EINVAL)?;
        let path = link_of(at.directory).join(name);
        let created = match made {
            Made::Directory => fs::create_dir(path),
            Made::File => fs::File::create_new(path).map(drop),
        };
        created.map_err(|error| {
            let number = error
                .raw_os_error()
                .and_then(|number| u16::try_from(number).ok());
            number
                .and_then(abi::Errno::from_raw)
                .unwrap_or(abi::Errno::EIO)
        })
    };
    stack.make(path, made, &mut create).map_err(error)
}

fn link_of(file: &Handle) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", file.raw()))
}

/// Opens a layer.
pub(super) fn layer(path: &Path) -> Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    openat(CWD, path, flags, Mode::empty()).about(path.display())
}
