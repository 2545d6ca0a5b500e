//! The emulated entries as a file system over the host's.

use alloc::ffi::CString;
use alloc::vec::Vec;

use abi::arg::OpenFlags;
use abi::stat::Stat;
use abi::{Errno, SysResult, nr};
use host::call::int;
use host::host_call;
use kernel::vfs::{
    At, File, FileSystem, Links, OpenHow, Place, ProcView, SignalView, open_on_host,
};
use kernel::zone::placeholders;

use crate::dispositions::Dispositions;
use crate::entry::{Entry, Kind};
use crate::io::{self, Owned, filter, is_procfs, name_of, numbered, read_all, write_all};
use crate::listing::{
    DescriptorDir, GuestDescriptorDir, MapFilesDir, hidden_descriptors, is_brands, is_image,
};
use crate::maps::Maps;
use crate::numa_maps::NumaMaps;
use crate::placeholder::{self, PlaceholderDir, RootDir, disguise};
use crate::rollup::Rollup;
use crate::smaps::Smaps;
use crate::spelling::{Spelling, spelling};
use crate::status::Status;
use crate::subject::Subject;
use crate::text::put_decimal;
use crate::{auxv, environ, exe, live, memfd, stat};

/// Room for the name of an entry; what does not fit is none.
const NAME_MAX: usize = 512;

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
            if status.st_dev == placeholders() {
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

    fn opened_path(&self, fd: i32) {
        if placeholder::status(fd).is_ok_and(|status| status.st_dev == placeholders()) {
            live::opened_placeholder();
        }
    }

    fn describes(&self, device: u64) -> bool {
        device == placeholders() || live::is_memory(device)
    }

    fn describe(&self, status: &mut Stat) {
        if status.st_dev == placeholders() {
            disguise(status);
        } else {
            live::describe(status);
        }
    }

    fn before_read(&self, view: &dyn ProcView, fd: i32, offset: Option<i64>) {
        live::before_read(view, fd, offset);
    }

    fn before_close(&self, fd: i32) {
        live::closed(fd);
    }
}

/// Puts the text that the guest is to see where `fd`, just opened, leads to an emulated entry.
fn emulate(view: &dyn ProcView, fd: &Owned, flags: OpenFlags) -> SysResult<()> {
    if !is_procfs(fd.raw()) {
        return Ok(());
    }
    let mut name = [0; NAME_MAX];
    let Ok(name) = name_of(view, fd.raw(), &mut name) else {
        return Ok(());
    };
    let Some(entry) = Entry::of(name) else {
        return Ok(());
    };
    match render(view, entry, name, fd.raw())? {
        Some(text) => memfd::install(view, &text, fd.raw(), entry.kind.permissions(), flags),
        None => Ok(()),
    }
}

/// The text of an entry whose host's file is open as `fd`; `None` when the host's own is right,
/// then `fd` is still at its beginning.
fn render(view: &dyn ProcView, entry: Entry, name: &[u8], fd: i32) -> SysResult<Option<Owned>> {
    let subject = Subject::of(view, entry);
    let own = match (&subject, entry.kind) {
        (Subject::Own, _) => true,
        (Subject::Guest(_), Kind::Auxv) | (Subject::Other, _) => return Ok(None),
        (Subject::Guest(_), _) => false,
    };
    let ranges = subject.ranges(view);
    let text = memfd::create(name)?;
    let to = text.raw();
    // Signal masks and what was given up belong to a thread; only the caller's are known.
    let mine = own && entry.thread() == view.tid();
    let blocked = mine.then(|| view.signals().blocked);
    let signals = if own {
        let SignalView {
            ignored, caught, ..
        } = view.signals();
        Dispositions::Known { ignored, caught }
    } else {
        Dispositions::Guest
    };
    let written = match entry.kind {
        Kind::Maps => filter(fd, to, &mut Maps { ranges }),
        Kind::Smaps => filter(fd, to, &mut Smaps::new(ranges)),
        Kind::NumaMaps => filter(fd, to, &mut NumaMaps { ranges }),
        Kind::SmapsRollup => read_all(fd).and_then(|model| {
            let smaps = io::open(
                view.proc_fd(),
                &numbered("", entry.pid, "/smaps"),
                OpenFlags::CLOEXEC,
            )?;
            filter(smaps.raw(), to, &mut Rollup::new(ranges, model))
        }),
        Kind::Auxv => auxv::write(view, to),
        Kind::Environ => read_all(fd).and_then(|host| write_all(to, environ::visible(&host))),
        Kind::Stat => read_all(fd).and_then(|host| {
            let layout = own.then(|| view.layout());
            write_all(
                to,
                &stat::rewrite(
                    &host,
                    &stat::Changes {
                        layout,
                        blocked,
                        signals,
                    },
                ),
            )
        }),
        Kind::Status => {
            let credentials = mine.then(|| view.credentials());
            filter(
                fd,
                to,
                &mut Status {
                    blocked,
                    signals,
                    credentials,
                },
            )
        }
        Kind::Exe | Kind::Descriptors | Kind::Descriptor(_) | Kind::MapFiles => return Ok(None),
    };
    match written {
        Ok(()) => Ok(Some(text)),
        // The process is gone or out of reach: reading the host's own file says so.
        Err(_) => {
            let _ = host_call!(nr::LSEEK, int(fd), 0, 0);
            Ok(None)
        }
    }
}
