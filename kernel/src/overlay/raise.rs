//! Copying up: what is to change in a lower layer gets a copy in the upper one first. Copies are made
//! in the work directory and put in place whole, so that nobody sees one that is not.

use abi::stat::{DIRECTORY, REGULAR, TYPE};
use abi::{Errno, SysResult};

use super::disk::{Content, Disk, Made, Spot};
use super::find::Found;
use super::mark::{IMPURE, NUMBER, is_copied, is_whiteout};
use super::rename::NOREPLACE;
use super::{Stack, UPPER, split};

/// How often a change that others disturb is begun anew.
pub(super) const TRIES: usize = 32;

impl<D: Disk> Stack<D> {
    /// Sees to it that the upper layer has what is at a path, and the directories on the way.
    ///
    /// # Errors
    /// Those of finding it, and of making the copy.
    pub fn raise(&self, path: &[u8], content: Content) -> SysResult<D::File> {
        for _ in 0..TRIES {
            match self.disk.open(UPPER, path) {
                Ok(file) if is_whiteout(&self.disk.status(&file)?) => return Err(Errno::ENOENT),
                Ok(file) => return Ok(file),
                Err(Errno::ENOENT) => {}
                Err(errno) => return self.find(path).and(Err(errno)),
            }
            let found = self.find(path)?;
            if found.layer == UPPER {
                continue;
            }
            let (directory, name) = split(path);
            let parent = self.raise(directory, Content::Whole)?;
            let into = Spot {
                directory: &parent,
                name,
            };
            match self.copy(&found, into, content) {
                // Somebody else was first.
                Err(Errno::EEXIST) => {}
                copied => return copied,
            }
        }
        Err(Errno::EBUSY)
    }

    /// Copies what was found, and puts the copy in place.
    fn copy(
        &self,
        found: &Found<D::File>,
        into: Spot<'_, D::File>,
        content: Content,
    ) -> SysResult<D::File> {
        let name = self.disk.fresh_name();
        let made = Spot {
            directory: self.disk.work(),
            name: &name,
        };
        self.disk.make(made, &found.status, &found.file)?;
        let placed = self.fill(found, made, content).and_then(|copy| {
            // A copy changes nothing for who looks at the directory's times.
            let parent = self.disk.status(into.directory)?;
            self.disk.rename(made, into, NOREPLACE)?;
            let _ = self.disk.set_times(into.directory, &parent);
            Ok(copy)
        });
        if placed.is_err() {
            let kind = if found.is_directory() {
                Made::Directory
            } else {
                Made::File
            };
            let _ = self.disk.remove(made, kind);
        } else if self.has_number(found) {
            let _ = self.disk.set_attribute(into.directory, IMPURE, b"y");
        }
        placed
    }

    fn fill(
        &self,
        found: &Found<D::File>,
        made: Spot<'_, D::File>,
        content: Content,
    ) -> SysResult<D::File> {
        let copy = self.disk.open_at(made)?;
        let kind = found.status.st_mode & TYPE;
        if kind == REGULAR && content == Content::Whole {
            self.disk
                .copy_content(&found.file, &copy, found.status.st_size)?;
        }
        if matches!(kind, REGULAR | DIRECTORY) {
            self.disk.copy_attributes(&found.file, &copy, is_copied)?;
        }
        if self.has_number(found)
            && let Some(number) = self.number(&found.file, &found.status)?
        {
            // Where the file system has no such attributes, the number changes.
            let _ = self
                .disk
                .set_attribute(&copy, NUMBER, &number.to_le_bytes());
        }
        self.disk.settle(&copy, &found.status)?;
        Ok(copy)
    }

    /// Whether a copy keeps the number. Copies of a file with several names become several files.
    fn has_number(&self, found: &Found<D::File>) -> bool {
        match found.status.st_mode & TYPE {
            DIRECTORY => true,
            // Others cannot have attributes of this kind (xattr(7)).
            REGULAR => found.status.st_nlink == 1,
            _ => false,
        }
    }
}
