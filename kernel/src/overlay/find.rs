//! What stands at a path.

use alloc::vec::Vec;

use abi::stat::{DIRECTORY, Stat, TYPE};
use abi::{Errno, SysResult};

use super::disk::{Disk, Spot};
use super::mark::{NUMBER, OPAQUE, WHITEOUT, is_whiteout, may_be_whiteout};
use super::{Stack, UPPER, split};

const LINK: u32 = 0o120_000;

/// What was found.
#[derive(Debug)]
pub struct Found<F> {
    /// The layer that it is in.
    pub layer: usize,
    /// What it is.
    pub file: F,
    /// As the host describes it.
    pub status: Stat,
}

impl<F> Found<F> {
    /// Whether it is a directory.
    #[must_use]
    pub fn is_directory(&self) -> bool {
        self.status.st_mode & TYPE == DIRECTORY
    }
}

/// What a layer says of a path that is a directory in a layer above.
struct Look<F> {
    /// A directory to merge.
    part: Option<F>,
    /// Nothing below takes part.
    ends: bool,
}

impl<D: Disk> Stack<D> {
    /// What a path names.
    ///
    /// # Errors
    /// `ENOENT`; `ENOTDIR` when something on the way is no directory, `ELOOP` when it is a link.
    pub fn find(&self, path: &[u8]) -> SysResult<Found<D::File>> {
        for layer in 0..self.disk.layers() {
            if let Some(found) = self.find_in(layer, path)? {
                return Ok(found);
            }
        }
        Err(Errno::ENOENT)
    }

    /// The directory that a path names.
    ///
    /// # Errors
    /// As [`Stack::find`]; `ENOTDIR` and `ELOOP` for what is none.
    pub fn directory(&self, path: &[u8]) -> SysResult<Found<D::File>> {
        let found = self.find(path)?;
        match found.status.st_mode & TYPE {
            DIRECTORY => Ok(found),
            LINK => Err(Errno::ELOOP),
            _ => Err(Errno::ENOTDIR),
        }
    }

    /// What a path names in a layer that is not hidden; `None` when what is below may say.
    fn find_in(&self, layer: usize, path: &[u8]) -> SysResult<Option<Found<D::File>>> {
        match self.disk.open(layer, path) {
            Ok(file) => {
                let status = self.disk.status(&file)?;
                if self.hides_name(layer, path, &file, &status)? {
                    return Err(Errno::ENOENT);
                }
                let found = Found {
                    layer,
                    file,
                    status,
                };
                Ok(Some(found))
            }
            Err(Errno::ENOENT) => self.way(layer, split(path).0).map(|()| None),
            Err(Errno::ENOTDIR | Errno::ELOOP) => {
                self.way(layer, split(path).0)?;
                // It was changed between the two looks.
                Err(Errno::ENOENT)
            }
            Err(Errno::ENAMETOOLONG) if layer != UPPER => Ok(None),
            Err(errno) => Err(errno),
        }
    }

    /// Whether what stands at a path hides its name.
    fn hides_name(
        &self,
        layer: usize,
        path: &[u8],
        file: &D::File,
        status: &Stat,
    ) -> SysResult<bool> {
        if is_whiteout(status) {
            return Ok(true);
        }
        if layer == UPPER || !may_be_whiteout(status) {
            return Ok(false);
        }
        if self.disk.attribute(file, WHITEOUT)?.is_none() {
            return Ok(false);
        }
        let directory = self.disk.open(layer, split(path).0)?;
        Ok(self.opaque(&directory)? == Some(b'x'))
    }

    fn opaque(&self, directory: &D::File) -> SysResult<Option<u8>> {
        let mark = self.disk.attribute(directory, OPAQUE)?;
        Ok(mark.and_then(|mark| mark.first().copied()))
    }

    /// Whether a layer lets those below be seen in a directory that it may have or not.
    ///
    /// # Errors
    /// `ENOENT` when it does not; `ENOTDIR` and `ELOOP` when there is no such directory, because
    /// something else stands on the way.
    fn way(&self, layer: usize, directory: &[u8]) -> SysResult<()> {
        let mut outcome = Ok(());
        for end in ends(directory) {
            let before = directory.get(..end).unwrap_or_default();
            let file = match self.disk.open(layer, before) {
                Ok(file) => file,
                Err(Errno::ENOENT) => break,
                Err(Errno::ENAMETOOLONG) if layer != UPPER => break,
                Err(errno) => return Err(errno),
            };
            let status = self.disk.status(&file)?;
            match status.st_mode & TYPE {
                DIRECTORY if self.opaque(&file)? == Some(b'y') => outcome = Err(Errno::ENOENT),
                DIRECTORY => {}
                _ if self.hides_name(layer, before, &file, &status)? => {
                    return Err(Errno::ENOENT);
                }
                // A directory above hides it.
                _ if self.above(layer, before)? => return Err(Errno::ENOENT),
                LINK => return Err(Errno::ELOOP),
                _ => return Err(Errno::ENOTDIR),
            }
        }
        outcome
    }

    /// Whether a layer above has a directory at a path.
    fn above(&self, layer: usize, path: &[u8]) -> SysResult<bool> {
        for layer in 0..layer {
            if let Some(found) = self.find_in(layer, path)? {
                return Ok(found.is_directory());
            }
        }
        Ok(false)
    }

    /// The directories, from the uppermost on, that are merged to the one at a path, with their
    /// layers. What is at the path must be a directory.
    ///
    /// # Errors
    /// Those of open(2).
    pub fn parts(&self, path: &[u8]) -> SysResult<Vec<(usize, D::File)>> {
        let mut parts = Vec::new();
        for layer in 0..self.disk.layers() {
            let look = self.look(layer, path)?;
            if let Some(part) = look.part {
                parts.push((layer, part));
            }
            if look.ends {
                break;
            }
        }
        Ok(parts)
    }

    fn look(&self, layer: usize, path: &[u8]) -> SysResult<Look<D::File>> {
        let mut look = Look {
            part: None,
            ends: false,
        };
        if path.is_empty() {
            look.part = Some(self.disk.open(layer, path)?);
            return Ok(look);
        }
        for end in ends(path) {
            let before = path.get(..end).unwrap_or_default();
            look.part = None;
            let file = match self.disk.open(layer, before) {
                Ok(file) => file,
                Err(Errno::ENOENT) => return Ok(look),
                Err(Errno::ENAMETOOLONG) if layer != UPPER => return Ok(look),
                Err(Errno::ENOTDIR | Errno::ELOOP) => {
                    look.ends = true;
                    return Ok(look);
                }
                Err(errno) => return Err(errno),
            };
            if self.disk.status(&file)?.st_mode & TYPE != DIRECTORY {
                look.ends = true;
                return Ok(look);
            }
            look.ends |= self.opaque(&file)? == Some(b'y');
            look.part = Some(file);
        }
        Ok(look)
    }

    /// Whether there would be something at a path without the upper layer's.
    pub(super) fn is_below(&self, path: &[u8]) -> SysResult<bool> {
        match self.way(UPPER, split(path).0) {
            Ok(()) => {}
            Err(Errno::ENOENT) => return Ok(false),
            Err(errno) => return Err(errno),
        }
        for layer in UPPER + 1..self.disk.layers() {
            match self.find_in(layer, path) {
                Ok(Some(_)) => return Ok(true),
                Ok(None) => {}
                Err(Errno::ENOENT | Errno::ENOTDIR | Errno::ELOOP) => return Ok(false),
                Err(errno) => return Err(errno),
            }
        }
        Ok(false)
    }

    /// What the upper layer has under a name, whiteouts included.
    pub(super) fn in_upper(
        &self,
        directory: &D::File,
        name: &[u8],
    ) -> SysResult<Option<(D::File, Stat)>> {
        match self.disk.open_at(Spot { directory, name }) {
            Ok(file) => {
                let status = self.disk.status(&file)?;
                Ok(Some((file, status)))
            }
            Err(Errno::ENOENT) => Ok(None),
            Err(errno) => Err(errno),
        }
    }

    /// `st_ino` of a file of the stack, and `st_nlink` of a directory that is merged of several,
    /// which overlayfs does not count: 1. `None` when the host's word holds, device and all.
    ///
    /// # Errors
    /// Those of getxattr(2).
    pub fn number(&self, file: &D::File, status: &Stat) -> SysResult<Option<u64>> {
        let Some(number) = self.numbers.number(status.st_dev, status.st_ino) else {
            return Ok(None);
        };
        let kept = self.disk.attribute(file, NUMBER)?;
        let kept = kept.and_then(|kept| kept.try_into().ok());
        Ok(Some(kept.map_or(number, u64::from_le_bytes)))
    }
}

/// Where the names of a path end.
fn ends(path: &[u8]) -> impl Iterator<Item = usize> {
    let slashes = path
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b'/')
        .map(|(at, _)| at);
    slashes.chain((!path.is_empty()).then_some(path.len()))
}
