//! The paths of a bare zone as zsched follows them: the way that its processes will go
//! (`kernel::bare::Space`).

use std::ffi::{CString, OsStr};
use std::fs::{self, File};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use abi::{Errno, SysResult};
use kernel::bare::{Kind, Table};
use kernel::overlay::{HostDisk, Made, Stack, join, split};
use kernel::walk::{Aim, Entry, Found, Limits, Tree, walk};
use kernel::zone::beneath;
use rustix::fs::{FileType, Mode, OFlags, ResolveFlags, fstat, openat2, readlinkat};

use super::layers;
use super::tree::{Shown, link_of};
use crate::asked::errno;

/// The mounts, and ways through them: names without links from the root on.
pub(super) struct Paths<'a> {
    shown: &'a [Shown],
    table: Table,
    stack: Option<Stack<HostDisk>>,
}

impl<'a> Paths<'a> {
    pub(super) fn new(shown: &'a [Shown]) -> Self {
        Self {
            shown,
            table: Table::new(shown.iter().map(|shown| shown.mount.clone()).collect()),
            stack: layers::stack(shown),
        }
    }

    /// The way of a path.
    pub(super) fn resolve(&self, path: &Path) -> io::Result<Vec<u8>> {
        let path = path.as_os_str().as_bytes();
        let path = if path.is_empty() { b"/" } else { path };
        match walk(self, Vec::new(), path, Aim::Follow, Limits::default()) {
            Ok(Found::Node(way, _)) => Ok(way),
            Ok(Found::Name(..)) => Err(io::ErrorKind::NotFound.into()),
            Err(errno) => Err(io::Error::from_raw_os_error(errno.number().into())),
        }
    }

    /// Opens what stands at the end of a way (`O_PATH`); a link itself.
    pub(super) fn open(&self, way: &[u8]) -> io::Result<OwnedFd> {
        let (within, rest) = self.within(way)?;
        match (within.mount.kind, &self.stack) {
            (Kind::Stack, Some(stack)) => return layers::open(stack, rest),
            (Kind::File, _) if rest.is_empty() => return within.fd.try_clone(),
            _ => {}
        }
        let rest = if rest.is_empty() { b"." } else { rest };
        let resolve = ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(openat2(&within.fd, rest, flags, Mode::empty(), resolve)?)
    }

    /// Makes a directory, or an empty file.
    pub(super) fn create(&self, way: &[u8], made: Made) -> io::Result<()> {
        let (within, rest) = self.within(way)?;
        if let (Kind::Stack, Some(stack)) = (within.mount.kind, &self.stack) {
            return layers::create(stack, rest, made);
        }
        let (directory, name) = split(way);
        let above = self.open(directory)?;
        let path = link_of(&above).join(OsStr::from_bytes(name));
        match made {
            Made::Directory => fs::create_dir(path),
            Made::File => File::create_new(path).map(drop),
        }
    }

    /// The mount that a way ends in, and the way from there.
    fn within<'w>(&self, way: &'w [u8]) -> io::Result<(&'a Shown, &'w [u8])> {
        let (index, offset) = self.table.lexical(way).unwrap_or((0, 0));
        let within = self.shown.get(index).ok_or(io::ErrorKind::NotFound)?;
        Ok((within, way.get(offset..).unwrap_or_default()))
    }

    fn look(&self, way: &[u8]) -> SysResult<(OwnedFd, FileType)> {
        let found = || {
            let fd = self.open(way)?;
            let kind = FileType::from_raw_mode(fstat(&fd)?.st_mode);
            Ok((fd, kind))
        };
        found().map_err(|error: io::Error| errno(&error))
    }

    /// Where a link leads.
    fn text(&self, way: &[u8], link: &OwnedFd) -> SysResult<Vec<u8>> {
        let error = |error: io::Error| errno(&error);
        let (within, rest) = self.within(way).map_err(error)?;
        if within.mount.kind == Kind::Proc && rest.contains(&b'/') {
            // It need not be what its text says.
            return Err(Errno::ELOOP);
        }
        let text = readlinkat(link, "", Vec::new()).map_err(|errno| error(errno.into()))?;
        let text = text.into_bytes();
        let native = beneath(&text).filter(|_| within.mount.is_of_tools());
        Ok(native.map_or(text, CString::into_bytes))
    }
}

impl Tree for Paths<'_> {
    type Node = Vec<u8>;

    fn root(&self) -> SysResult<Vec<u8>> {
        Ok(Vec::new())
    }

    fn enter(&self, directory: &Vec<u8>, name: &[u8]) -> SysResult<Entry<Vec<u8>>> {
        if !self.is_directory(directory) {
            return Err(Errno::ENOTDIR);
        }
        if name == b"." {
            return Ok(Entry::Plain(directory.clone()));
        }
        let way = join(directory, name);
        match self.look(&way)? {
            (link, FileType::Symlink) => {
                let text = self.text(&way, &link)?;
                Ok(Entry::Link(way, text))
            }
            _ => Ok(Entry::Plain(way)),
        }
    }

    fn above(&self, directory: &Vec<u8>) -> SysResult<Vec<u8>> {
        Ok(split(directory).0.into())
    }

    fn dive(&self, _: &Vec<u8>, _: &[u8]) -> SysResult<Option<Vec<u8>>> {
        Ok(None)
    }

    fn jump(&self, _: &Vec<u8>, _: &[u8]) -> SysResult<Vec<u8>> {
        Err(Errno::ENOENT)
    }

    fn is_directory(&self, way: &Vec<u8>) -> bool {
        let found = self.look(way);
        found.is_ok_and(|(_, kind)| kind == FileType::Directory)
    }

    fn again(&self, start: &Vec<u8>) -> Vec<u8> {
        start.clone()
    }

    fn is_same(&self, one: &Vec<u8>, other: &Vec<u8>) -> bool {
        one == other
    }

    fn crosses(&self, _: &Vec<u8>, _: &Vec<u8>) -> bool {
        false
    }
}
