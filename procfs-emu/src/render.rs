//! The text of an entry of a process, made when the entry is opened.

use alloc::vec::Vec;

use abi::arg::OpenFlags;
use abi::{SysResult, nr};
use host::call::int;
use host::host_call;
use kernel::vfs::{ProcView, SignalView};
use kernel::zone::{began, placeholders};

use crate::dispositions::Dispositions;
use crate::entry::{Entry, Kind};
use crate::io::{self, NAME_MAX, Owned, filter, is_procfs, name_of, numbered, read_all, write_all};
use crate::maps::Maps;
use crate::mounts::Mounts;
use crate::numa_maps::NumaMaps;
use crate::rollup::Rollup;
use crate::smaps::Smaps;
use crate::status::Status;
use crate::subject::Subject;
use crate::{auxv, environ, memfd, stat};

/// Puts the text that the guest is to see where `fd`, just opened, leads to an emulated entry.
pub(crate) fn emulate(view: &dyn ProcView, fd: &Owned, flags: OpenFlags) -> SysResult<()> {
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
    let zone = placeholders() != 0;
    if let Kind::Mounts(_) | Kind::Cgroup = entry.kind {
        return if zone {
            render_zones(entry, name, fd)
        } else {
            Ok(None)
        };
    }
    let subject = Subject::of(view, entry);
    let own = match (&subject, entry.kind) {
        (Subject::Own, _) => true,
        // In a zone, all times count from its beginning.
        (Subject::Other, Kind::Stat) if zone => false,
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
    } else if matches!(subject, Subject::Guest(_)) {
        Dispositions::Guest
    } else {
        Dispositions::Host
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
                        began: began(),
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
                    // The one that confines the zone.
                    filters: zone.into(),
                    mode: Vec::new(),
                },
            )
        }
        Kind::Exe
        | Kind::Descriptors
        | Kind::Descriptor(_)
        | Kind::MapFiles
        | Kind::Mounts(_)
        | Kind::Cgroup => return Ok(None),
    };
    written_or_hosts(written, text, fd)
}

/// As [`render`], for what is the same for all processes of a zone.
fn render_zones(entry: Entry, name: &[u8], fd: i32) -> SysResult<Option<Owned>> {
    let text = memfd::create(name)?;
    let written = match entry.kind {
        Kind::Mounts(form) => filter(fd, text.raw(), &mut Mounts::new(form)),
        // The one of version 2, which is the root to them.
        _ => write_all(text.raw(), b"0::/\n"),
    };
    written_or_hosts(written, text, fd)
}

/// `text`, if it was written; else the host's file, which is put at its beginning.
fn written_or_hosts(written: SysResult<()>, text: Owned, fd: i32) -> SysResult<Option<Owned>> {
    match written {
        Ok(()) => Ok(Some(text)),
        // The process is gone or out of reach: reading the host's own file says so.
        Err(_) => {
            let _ = host_call!(nr::LSEEK, int(fd), 0, 0);
            Ok(None)
        }
    }
}
