//! The emulated entries as a file system over the host's.

use alloc::ffi::CString;
use alloc::vec::Vec;

use abi::arg::OpenFlags;
use abi::stat::Stat;
use abi::{Errno, SysResult};
use kernel::numbers::first;
use kernel::vfs::{At, File, FileSystem, Links, OpenHow, Place, ProcView, open_on_host};
use kernel::zone::placeholders;

use crate::entry::{Entry, Kind};
use crate::io::{self, NAME_MAX, Owned, is_procfs, name_of};
use crate::listing::{
    DescriptorDir, GuestDescriptorDir, MapFilesDir, TasksDir, hidden_descriptors, is_brands,
    is_image,
};
use crate::placeholder::{self, PlaceholderDir, RootDir, disguise};
use crate::render::emulate;
use crate::spelling::{Spelling, spelling};
use crate::subject::Subject;
use crate::text::put_decimal;
use crate::{exe, inherit, live, memfd};

/// The emulated /proc.
#[derive(Clone, Copy, Debug, Default)]
pub struct ProcOverlay;

/// The entry that `fd` leads to, if it is one that is emulated.
fn entry_of(view: &dyn ProcView, fd: i32) -> Option<Entry> {
    if !is_procfs(fd) {
        return None;
    }
    let mut name = [0; NAME_MAX];
    let name = name_of(view, fd, &mut name).ok()?;
    Entry::of(name)
}

/// The entry that `at` names. Where the host cannot tell (nothing there, no permission), neither
/// can we, and its own answer to the guest's call is the right one.
fn entry_at(view: &dyn ProcView, at: At<'_>, links: Links) -> Option<Entry> {
    let mut flags = OpenFlags::PATH | OpenFlags::CLOEXEC;
    if links == Links::Keep {
        flags |= OpenFlags::NOFOLLOW;
    }
    let fd = io::open(at.dirfd, at.path, flags).ok()?;
    entry_of(view, fd.raw())
}

/// `ENOENT` if `at` names one of the brand's descriptors.
fn refuse_hidden(view: &dyn ProcView, at: At<'_>, fd: u32) -> SysResult<()> {
    if !view.hides_fd(fd) {
        return Ok(());
    }
    match entry_at(view, at, Links::Keep) {
        Some(entry) if entry.kind == Kind::Descriptor(fd) => match Subject::of(view, entry) {
            Subject::Own => Err(Errno::ENOENT),
            // Its brand may have put its descriptors elsewhere.
            Subject::Guest(_) => {
                let path = at.path.to_bytes();
                let number = path.iter().rev().take_while(|byte| byte.is_ascii_digit());
                let directory = &path[..path.len() - number.count()];
                let hidden = is_brands(fd, |fd, room| {
                    let path = beside(directory, fd);
                    io::readlink(at.dirfd, &path, room).is_ok_and(is_image)
                });
                if hidden { Err(Errno::ENOENT) } else { Ok(()) }
            }
            Subject::Other => Ok(()),
        },
        _ => Ok(()),
    }
}

/// The descriptor `fd` in a directory whose path ends with a slash.
fn beside(directory: &[u8], fd: u32) -> CString {
    let mut path = Vec::from(directory);
    put_decimal(&mut path, fd.into(), 1);
    CString::new(path).unwrap_or_default()
}

/// Whose `exe` the link `at` is.
fn exe_at(view: &dyn ProcView, at: At<'_>) -> Option<Subject> {
    let entry = entry_at(view, at, Links::Keep).filter(|entry| entry.kind == Kind::Exe)?;
    Some(Subject::of(view, entry))
}

impl FileSystem for ProcOverlay {
    fn claims(&self, path: &[u8]) -> bool {
        spelling(path).is_some()
    }

    fn locate(&self, view: &dyn ProcView, at: At<'_>, links: Links) -> SysResult<Place> {
        match spelling(at.path.to_bytes()) {
            Some(Spelling::Exe) if links == Links::Follow => {
                let path = exe_at(view, at).and_then(|subject| exe::place(view, &subject));
                Ok(path.map_or(Place::Same, Place::Elsewhere))
            }
            Some(Spelling::Number(fd)) => refuse_hidden(view, at, fd).map(|()| Place::Same),
            Some(Spelling::Descriptors) => match entry_at(view, at, links) {
                Some(entry) if matches!(Subject::of(view, entry), Subject::Own) => {
                    Ok(Place::Descriptors {
                        hidden: hidden_descriptors(),
                    })
                }
                _ => Ok(Place::Same),
            },
            _ => Ok(Place::Same),
        }
    }

    fn open(&self, view: &dyn ProcView, at: At<'_>, how: &OpenHow) -> SysResult {
        let flags = how.open_flags();
        match spelling(at.path.to_bytes()) {
            Some(Spelling::Text) => {
                let fd = Owned::new(open_on_host(at, how)?);
                if !flags.contains(OpenFlags::PATH) {
                    emulate(view, &fd, flags)?;
                }
                Ok(fd.into_raw())
            }
            Some(Spelling::Number(number)) => {
                refuse_hidden(view, at, number)?;
                open_on_host(at, how)
            }
            // Who wants to write gets ETXTBSY: the brand's image runs, as the program would.
            Some(Spelling::Exe)
                if !flags.intersects(OpenFlags::WRONLY | OpenFlags::RDWR | OpenFlags::NOFOLLOW) =>
            {
                let path = exe_at(view, at).and_then(|subject| exe::place(view, &subject));
                let Some(path) = path else {
                    return open_on_host(at, how);
                };
                if how.resolve != 0 {
                    // The host decides whether the way there may be gone.
                    drop(Owned::new(open_on_host(at, how)?));
                }
                open_on_host(At::cwd(&path), &OpenHow { resolve: 0, ..*how })
            }
            _ => open_on_host(at, how),
        }
    }

    fn readlink(
        &self,
        view: &dyn ProcView,
        at: At<'_>,
        into: &mut [u8],
    ) -> SysResult<Option<usize>> {
        match spelling(at.path.to_bytes()) {
            Some(Spelling::Exe) => match exe_at(view, at) {
                Some(subject) => exe::link(view, &subject, into),
                None => Ok(None),
            },
            Some(Spelling::Number(fd)) => {
                refuse_hidden(view, at, fd)?;
                // An emulated file is called what it stands for.
                let mut link = [0; NAME_MAX];
                let name = io::readlink(at.dirfd, at.path, &mut link).ok();
                let name = name.and_then(memfd::entry_name);
                Ok(name.map(|name| {
                    let len = name.len().min(into.len());
                    into[..len].copy_from_slice(&name[..len]);
                    len
                }))
            }
            _ => Ok(None),
        }
    }

    fn directory(&self, view: &dyn ProcView, fd: i32) -> Option<&dyn File> {
        if placeholders() != 0 {
            /// `PROC_ROOT_INO`.
            const ROOT: u64 = 1;
            let status = placeholder::status(fd).ok()?;
            if status.st_dev == placeholders() && view.holds_placeholders(fd) {
                return Some(&PlaceholderDir);
            }
            if status.st_ino == ROOT && is_procfs(fd) {
                return Some(&RootDir);
            }
        }
        let entry = entry_of(view, fd)?;
        match (entry.kind, Subject::of(view, entry)) {
            (Kind::Descriptors, Subject::Own) => Some(&DescriptorDir),
            (Kind::Descriptors, Subject::Guest(_)) => Some(&GuestDescriptorDir),
            (Kind::MapFiles, Subject::Own) => Some(&MapFilesDir),
            (Kind::Tasks, _) => first().map(|_| &TasksDir as &dyn File),
            _ => None,
        }
    }

    fn open_placeholder(
        &self,
        view: &dyn ProcView,
        at: At<'_>,
        how: &OpenHow,
    ) -> Option<SysResult> {
        placeholder::open(view, at, how)
    }

    fn instead(&self, path: &[u8]) -> Option<CString> {
        placeholder::of_zsched(path)
    }

    fn is_instead(&self, status: &Stat) -> bool {
        status.st_dev == placeholders()
    }

    fn opened_path(&self, fd: i32) {
        if placeholder::status(fd).is_ok_and(|status| status.st_dev == placeholders()) {
            live::opened_placeholder();
        }
    }

    fn describes(&self, device: u64) -> bool {
        device == placeholders() || live::is_memory(device)
    }

    fn is_placeholder(&self, status: &Stat) -> bool {
        placeholder::entry(status).is_some()
    }

    fn describe(&self, status: &mut Stat) {
        if status.st_dev == placeholders() {
            disguise(status);
        } else {
            live::describe(status);
        }
    }

    fn magic(&self, status: &Stat) -> Option<u64> {
        if status.st_dev == placeholders() {
            Some(placeholder::magic(status))
        } else {
            live::magic(status)
        }
    }

    fn read(
        &self,
        view: &dyn ProcView,
        fd: i32,
        offset: Option<i64>,
        put: &mut dyn FnMut(&[u8]) -> SysResult,
    ) -> Option<SysResult> {
        live::read(view, fd, offset, put)
    }

    fn is_rewritten(&self, fd: i32) -> bool {
        live::is_rewritten(fd)
    }

    fn write(
        &self,
        view: &dyn ProcView,
        fd: i32,
        offset: Option<i64>,
        length: usize,
        gather: &mut dyn FnMut(usize) -> SysResult<Vec<u8>>,
    ) -> Option<SysResult> {
        live::write(view, fd, offset, length, gather)
    }

    fn before_close(&self, first: u32, last: u32) {
        live::closed(first, last);
    }

    fn before_seek(&self, fd: i32) {
        live::before_seek(fd);
    }

    fn copied(&self, old: i32, new: i32) {
        live::copied(old, new);
    }

    fn over_exec(&self, view: &dyn ProcView, borrowed: bool) -> Vec<u8> {
        inherit::list(view, borrowed)
    }

    fn take_over(&self, view: &dyn ProcView, known: &[u8]) {
        inherit::take(view, known);
    }
}
