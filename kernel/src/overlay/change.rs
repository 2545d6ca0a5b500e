//! Making and removing names.

use alloc::vec::Vec;

use abi::stat::{DIRECTORY, Stat, TYPE};
use abi::{Errno, SysResult};

use super::disk::{Content, Disk, Made, Spot};
use super::find::Found;
use super::mark::{IMPURE, NUMBER, OPAQUE, is_whiteout};
use super::raise::TRIES;
use super::rename::{EXCHANGE, NOREPLACE};
use super::{Stack, UPPER, split};

/// `W_OK | X_OK`: what changing a directory takes.
const CHANGE: u32 = 3;
const STICKY: u32 = 0o1000;
const SETGID: u32 = 0o2000;

impl<D: Disk> Stack<D> {
    /// Makes a new name: `create` does it at the spot that it is given, in place or in the work
    /// directory.
    ///
    /// # Errors
    /// `EEXIST`; those of finding the directory, and of `create`.
    pub fn make<T>(
        &self,
        path: &[u8],
        made: Made,
        create: &mut dyn FnMut(Spot<'_, D::File>) -> SysResult<T>,
    ) -> SysResult<T> {
        let (directory, name) = split(path);
        for _ in 0..TRIES {
            match self.find(path) {
                Ok(_) => return Err(Errno::EEXIST),
                Err(Errno::ENOENT) => {}
                Err(errno) => return Err(errno),
            }
            let parent = self.changeable(directory)?;
            let place = Spot {
                directory: &parent,
                name,
            };
            let outcome = match self.in_upper(&parent, name)? {
                None => create(place),
                Some((_, status)) if is_whiteout(&status) => self.replace(place, made, create),
                Some(_) => return Err(Errno::EEXIST),
            };
            match outcome {
                // A whiteout of somebody who removed it, or a file of somebody who was first.
                Err(Errno::EEXIST) => {}
                outcome => return outcome,
            }
        }
        Err(Errno::EEXIST)
    }

    /// link(2) of a file of the upper layer.
    ///
    /// # Errors
    /// Those of link(2).
    pub fn link(&self, file: &D::File, path: &[u8]) -> SysResult<()> {
        self.make(path, Made::File, &mut |at| self.disk.link(file, at))?;
        if self.disk.attribute(file, NUMBER)?.is_some() {
            let directory = self.disk.open(UPPER, split(path).0)?;
            let _ = self.disk.set_attribute(&directory, IMPURE, b"y");
        }
        Ok(())
    }

    /// The directory at a path, in the upper layer, if the caller may change it.
    ///
    /// # Errors
    /// `EACCES`; those of finding it and copying it up.
    pub fn changeable(&self, directory: &[u8]) -> SysResult<D::File> {
        let found = self.directory(directory)?;
        self.disk.permit(&found.file, CHANGE)?;
        self.raise(directory, Content::Whole)
    }

    /// Makes something in place of a whiteout.
    fn replace<T>(
        &self,
        place: Spot<'_, D::File>,
        made: Made,
        create: &mut dyn FnMut(Spot<'_, D::File>) -> SysResult<T>,
    ) -> SysResult<T> {
        let held = self.disk.hold()?;
        match self.in_upper(place.directory, place.name)? {
            Some((_, status)) if is_whiteout(&status) => {}
            _ => return Err(Errno::EEXIST),
        }
        let name = self.disk.fresh_name();
        let fresh = Spot {
            directory: self.disk.work(),
            name: &name,
        };
        let result = create(fresh)?;
        let put = self.put(fresh, place, made);
        if put.is_err() {
            let _ = self.disk.remove(fresh, made);
        }
        drop(held);
        put.map(|()| result)
    }

    fn put(&self, fresh: Spot<'_, D::File>, place: Spot<'_, D::File>, made: Made) -> SysResult<()> {
        let file = self.disk.open_at(fresh)?;
        let directory = self.disk.status(place.directory)?;
        if directory.st_mode & SETGID != 0 {
            self.disk.inherit(&file, &directory)?;
        }
        match made {
            Made::File => self.disk.rename(fresh, place, 0),
            Made::Directory => {
                self.disk.set_attribute(&file, OPAQUE, b"y")?;
                self.disk.rename(fresh, place, EXCHANGE)?;
                self.disk.remove(fresh, Made::File)
            }
        }
    }

    /// unlink(2), or rmdir(2) for a directory.
    ///
    /// # Errors
    /// Theirs.
    pub fn remove(&self, path: &[u8], made: Made) -> SysResult<()> {
        let (directory, name) = split(path);
        let found = self.find(path)?;
        self.deletable(directory, &found)?;
        match (made, found.is_directory()) {
            (Made::Directory, false) => return Err(Errno::ENOTDIR),
            (Made::File, true) => return Err(Errno::EISDIR),
            _ => {}
        }
        if made == Made::Directory && !self.list(path)?.is_empty() {
            return Err(Errno::ENOTEMPTY);
        }
        let parent = self.raise(directory, Content::Whole)?;
        let place = Spot {
            directory: &parent,
            name,
        };
        let _held = self.disk.hold()?;
        let hides = self.is_below(path)?;
        match self.in_upper(&parent, name)? {
            None if hides => self.disk.make_whiteout(place),
            None => Err(Errno::ENOENT),
            Some((_, status)) if is_whiteout(&status) => Err(Errno::ENOENT),
            Some((_, status)) => {
                let is_directory = status.st_mode & TYPE == DIRECTORY;
                match (made, is_directory, hides) {
                    (Made::Directory, false, _) => Err(Errno::ENOTDIR),
                    (Made::File, true, _) => Err(Errno::EISDIR),
                    (Made::File, _, false) => self.disk.remove(place, Made::File),
                    (Made::File, _, true) => self.cover(place),
                    (Made::Directory, ..) => self.remove_directory(place, hides),
                }
            }
        }
    }

    /// Whether the caller may remove or rename what was found in a directory (`may_delete` of the
    /// kernel).
    pub(super) fn deletable(&self, directory: &[u8], found: &Found<D::File>) -> SysResult<()> {
        let above = self.find(directory)?;
        self.disk.permit(&above.file, CHANGE)?;
        let sticky = above.status.st_mode & STICKY != 0;
        let own = |status: &Stat| self.disk.acts_as(status.st_uid);
        if sticky && !own(&above.status) && !own(&found.status) {
            return Err(Errno::EPERM);
        }
        Ok(())
    }

    /// Puts a whiteout in the place of a file.
    pub(super) fn cover(&self, place: Spot<'_, D::File>) -> SysResult<()> {
        let name = self.disk.fresh_name();
        let fresh = Spot {
            directory: self.disk.work(),
            name: &name,
        };
        self.disk.make_whiteout(fresh)?;
        let renamed = self.disk.rename(fresh, place, 0);
        if renamed.is_err() || self.in_upper(self.disk.work(), &name)?.is_some() {
            // Renaming one name of a file to another does nothing (rename(2)).
            let _ = self.disk.remove(fresh, Made::File);
        }
        renamed
    }

    /// Removes a directory of the upper layer in which the stack shows nothing, with its whiteouts.
    fn remove_directory(&self, place: Spot<'_, D::File>, hides: bool) -> SysResult<()> {
        if !hides {
            match self.disk.remove(place, Made::Directory) {
                Err(Errno::ENOTEMPTY) => {}
                done => return done,
            }
        }
        let name = self.disk.fresh_name();
        let fresh = Spot {
            directory: self.disk.work(),
            name: &name,
        };
        if hides {
            self.disk.make_whiteout(fresh)?;
            if let Err(errno) = self.disk.rename(fresh, place, EXCHANGE) {
                let _ = self.disk.remove(fresh, Made::File);
                return Err(errno);
            }
        } else {
            self.disk.rename(place, fresh, NOREPLACE)?;
        }
        let cleared = self.clear(fresh);
        if cleared.is_err() {
            // Something was made in it meanwhile.
            if hides {
                self.disk.rename(fresh, place, EXCHANGE)?;
                self.disk.remove(fresh, Made::File)?;
            } else {
                self.disk.rename(fresh, place, NOREPLACE)?;
            }
        }
        cleared
    }

    /// Removes a directory that holds nothing but whiteouts.
    pub(super) fn clear(&self, place: Spot<'_, D::File>) -> SysResult<()> {
        let directory = self.disk.open_at(place)?;
        let mut whiteouts: Vec<Vec<u8>> = Vec::new();
        for entry in self.disk.list(&directory)? {
            match self.in_upper(&directory, &entry.name)? {
                Some((_, status)) if !is_whiteout(&status) => return Err(Errno::ENOTEMPTY),
                Some(_) => whiteouts.push(entry.name),
                None => {}
            }
        }
        for name in &whiteouts {
            let at = Spot {
                directory: &directory,
                name,
            };
            self.disk.remove(at, Made::File)?;
        }
        self.disk.remove(place, Made::Directory)
    }
}
