//! Renaming.

use abi::stat::{DIRECTORY, TYPE};
use abi::{Errno, SysResult};

use super::disk::{Content, Disk, Made, Spot};
use super::find::Found;
use super::mark::{IMPURE, NUMBER, OPAQUE, is_whiteout};
use super::{Stack, UPPER, split};

/// `RENAME_NOREPLACE`.
pub const NOREPLACE: u32 = 1;
/// `RENAME_EXCHANGE`.
pub const EXCHANGE: u32 = 2;
/// `RENAME_WHITEOUT`.
const WHITEOUT: u32 = 4;

impl<D: Disk> Stack<D> {
    /// renameat2(2).
    ///
    /// # Errors
    /// Those of renameat2(2); `EXDEV` for a directory that is merged or in a lower layer.
    pub fn rename(&self, old: &[u8], new: &[u8], flags: u32) -> SysResult<()> {
        for path in [old, new] {
            self.directory(split(path).0)?;
        }
        let source = self.find(old)?;
        let target = match self.find(new) {
            Ok(found) => Some(found),
            Err(Errno::ENOENT) => None,
            Err(errno) => return Err(errno),
        };
        match (flags & EXCHANGE != 0, &target) {
            (true, None) => return Err(Errno::ENOENT),
            (false, Some(_)) if flags & NOREPLACE != 0 => return Err(Errno::EEXIST),
            _ => {}
        }
        if is_within(new, old) || flags & EXCHANGE != 0 && is_within(old, new) {
            return Err(Errno::EINVAL);
        }
        if is_within(old, new) {
            return Err(Errno::ENOTEMPTY);
        }
        if old == new {
            return Ok(());
        }
        self.check(old, new, &source, target.as_ref(), flags)?;
        if flags & EXCHANGE != 0 {
            return self.exchange(old, new);
        }
        self.movable(old, &source)?;
        if target.as_ref().is_some_and(Found::is_directory) && !self.list(new)?.is_empty() {
            return Err(Errno::ENOTEMPTY);
        }
        self.replace_by(old, new, source.is_directory())
    }

    /// What the kernel checks of both names (`may_delete`, `may_create`).
    fn check(
        &self,
        old: &[u8],
        new: &[u8],
        source: &Found<D::File>,
        target: Option<&Found<D::File>>,
        flags: u32,
    ) -> SysResult<()> {
        self.deletable(split(old).0, source)?;
        match target {
            None => {
                let above = self.find(split(new).0)?;
                self.disk.permit(&above.file, 3)?;
            }
            Some(target) => {
                self.deletable(split(new).0, target)?;
                match (source.is_directory(), target.is_directory()) {
                    _ if flags & EXCHANGE != 0 => {}
                    (true, false) => return Err(Errno::ENOTDIR),
                    (false, true) => return Err(Errno::EISDIR),
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// A directory moves only when all of it is in the upper layer.
    fn movable(&self, path: &[u8], found: &Found<D::File>) -> SysResult<()> {
        if !found.is_directory() {
            return Ok(());
        }
        let parts = self.parts(path)?;
        match parts.as_slice() {
            [(UPPER, _)] => Ok(()),
            _ => Err(Errno::EXDEV),
        }
    }

    fn exchange(&self, old: &[u8], new: &[u8]) -> SysResult<()> {
        for path in [old, new] {
            self.movable(path, &self.find(path)?)?;
        }
        let files = [
            self.raise(old, Content::Whole)?,
            self.raise(new, Content::Whole)?,
        ];
        let parents = [
            self.raise(split(old).0, Content::Whole)?,
            self.raise(split(new).0, Content::Whole)?,
        ];
        let _held = self.disk.hold()?;
        for (file, goes_to) in files.iter().zip([new, old]) {
            self.prepare(file, goes_to)?;
        }
        self.mark(&files[0], &parents[1])?;
        self.mark(&files[1], &parents[0])?;
        let at = |index: usize, path| Spot {
            directory: &parents[index],
            name: split(path).1,
        };
        self.disk.rename(at(0, old), at(1, new), EXCHANGE)
    }

    /// A directory that comes to lie over something must not be merged with it.
    fn prepare(&self, file: &D::File, goes_to: &[u8]) -> SysResult<()> {
        if self.disk.status(file)?.st_mode & TYPE == DIRECTORY && self.is_below(goes_to)? {
            self.disk.set_attribute(file, OPAQUE, b"y")?;
        }
        Ok(())
    }

    /// A directory says whether it has files with numbers of their own.
    fn mark(&self, file: &D::File, directory: &D::File) -> SysResult<()> {
        if self.disk.attribute(file, NUMBER)?.is_some() {
            let _ = self.disk.set_attribute(directory, IMPURE, b"y");
        }
        Ok(())
    }

    fn replace_by(&self, old: &[u8], new: &[u8], is_directory: bool) -> SysResult<()> {
        let file = self.raise(old, Content::Whole)?;
        let parents = [
            self.raise(split(old).0, Content::Whole)?,
            self.raise(split(new).0, Content::Whole)?,
        ];
        let from = Spot {
            directory: &parents[0],
            name: split(old).1,
        };
        let to = Spot {
            directory: &parents[1],
            name: split(new).1,
        };
        let _held = self.disk.hold()?;
        let covers = self.is_below(old)?;
        self.prepare(&file, new)?;
        self.mark(&file, to.directory)?;
        let there = self.in_upper(to.directory, to.name)?;
        let whiteout = there
            .as_ref()
            .is_some_and(|(_, status)| is_whiteout(status));
        if whiteout && (is_directory || covers) {
            // What hid the new name hides the old one.
            self.disk.rename(from, to, EXCHANGE)?;
            return if covers {
                Ok(())
            } else {
                self.disk.remove(from, Made::File)
            };
        }
        if is_directory && there.is_some() {
            self.make_empty(to)?;
        }
        if !covers {
            return self.disk.rename(from, to, 0);
        }
        match self.disk.rename(from, to, WHITEOUT) {
            // Not every file system knows that.
            Err(Errno::EINVAL) => {}
            renamed => return renamed,
        }
        if let Some((_, there)) = there {
            let moved = self.disk.status(&file)?;
            if (moved.st_dev, moved.st_ino) == (there.st_dev, there.st_ino) {
                // Two names of one file: rename(2) does nothing.
                return Ok(());
            }
        }
        // The whiteout takes the file's place first, and the file the other's then.
        let name = self.disk.fresh_name();
        let fresh = Spot {
            directory: self.disk.work(),
            name: &name,
        };
        self.disk.make_whiteout(fresh)?;
        if let Err(errno) = self.disk.rename(fresh, from, EXCHANGE) {
            let _ = self.disk.remove(fresh, Made::File);
            return Err(errno);
        }
        let moved = self.disk.rename(fresh, to, 0);
        if moved.is_err() {
            self.disk.rename(fresh, from, EXCHANGE)?;
            self.disk.remove(fresh, Made::File)?;
        }
        moved
    }

    /// Clears a directory of the whiteouts in it.
    fn make_empty(&self, place: Spot<'_, D::File>) -> SysResult<()> {
        let directory = self.disk.open_at(place)?;
        if self.disk.list(&directory)?.is_empty() {
            return Ok(());
        }
        let name = self.disk.fresh_name();
        let fresh = Spot {
            directory: self.disk.work(),
            name: &name,
        };
        self.disk.make_directory(fresh)?;
        let put = self.disk.open_at(fresh).and_then(|empty| {
            self.disk.set_attribute(&empty, OPAQUE, b"y")?;
            self.disk.rename(fresh, place, EXCHANGE)
        });
        if put.is_err() {
            let _ = self.disk.remove(fresh, Made::Directory);
            return put;
        }
        let cleared = self.clear(fresh);
        if cleared.is_err() {
            self.disk.rename(fresh, place, EXCHANGE)?;
            self.disk.remove(fresh, Made::Directory)?;
        }
        cleared
    }
}

/// Whether a path leads below another.
fn is_within(path: &[u8], directory: &[u8]) -> bool {
    path.strip_prefix(directory)
        .is_some_and(|rest| rest.starts_with(b"/"))
}
