//! The text of an entry of a process, `stat` and `status` excepted ([`crate::rewrite`]).

use abi::arg::OpenFlags;
use abi::{SysResult, nr};
use host::call::int;
use host::host_call;
use kernel::numbers::first;
use kernel::vfs::ProcView;
use kernel::zone::placeholders;

use crate::entry::{Entry, Kind};
use crate::io::{self, NAME_MAX, Owned, filter, is_procfs, name_of, numbered, read_all, write_all};
use crate::live::{self, Content};
use crate::maps::Maps;
use crate::mounts::Mounts;
use crate::numa_maps::NumaMaps;
use crate::renamed::Renamed;
use crate::rollup::Rollup;
use crate::smaps::Smaps;
use crate::subject::Subject;
use crate::text::Lines;
use crate::{auxv, environ, known, memfd, mount_table, placeholder};

/// Puts the text that the guest is to see where `fd`, just opened, leads to an emulated entry.
pub(crate) fn emulate(view: &dyn ProcView, fd: &Owned, flags: OpenFlags) -> SysResult<()> {
    let status = placeholder::status(fd.raw())?;
    if let Some(entry) = known::find(&status) {
        live::opened_host(fd.raw(), entry, status);
        return Ok(());
    }
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
    if let Kind::Stat | Kind::Status = entry.kind {
        known::note(&status, entry);
        live::opened_host(fd.raw(), entry, status);
        return Ok(());
    }
    // Without namespaces the host's mounts are not the zone's at all.
    let is_zones = placeholders() != 0 && first().is_none();
    if matches!(entry.kind, Kind::Mounts(_)) && is_zones {
        live::opened_host(fd.raw(), entry, status);
        return Ok(());
    }
    let Some(text) = text(view, entry, name, fd.raw())? else {
        return Ok(());
    };
    memfd::install(view, &text, fd.raw(), entry.kind.permissions(), flags)?;
    let opener = view.pid();
    live::opened_memory(fd.raw(), Content::Process { entry, opener }, status);
    Ok(())
}

/// The text of an entry whose host's file is open as `fd`; `None` when the host's own is right,
/// then `fd` is still at its beginning.
pub(crate) fn text(
    view: &dyn ProcView,
    entry: Entry,
    name: &[u8],
    fd: i32,
) -> SysResult<Option<Owned>> {
    let zone = placeholders() != 0;
    if let Kind::Mounts(_) | Kind::Cgroup = entry.kind {
        return if zone {
            render_zones(view, entry, name, fd)
        } else {
            Ok(None)
        };
    }
    let subject = Subject::of(view, entry);
    if let (Subject::Guest(_), Kind::Auxv) | (Subject::Other, _) = (&subject, entry.kind) {
        return Ok(None);
    }
    let ranges = subject.ranges(view);
    let names = view.names();
    let filter = |from, to, lines: &mut dyn Lines| match &names {
        Some(names) => io::filter(
            from,
            to,
            &mut Renamed {
                filter: lines,
                names,
            },
        ),
        None => io::filter(from, to, lines),
    };
    let text = memfd::create(name)?;
    let to = text.raw();
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
        Kind::Exe
        | Kind::Descriptors
        | Kind::Descriptor(_)
        | Kind::MapFiles
        | Kind::Tasks
        | Kind::Stat
        | Kind::Status
        | Kind::Mounts(_)
        | Kind::Cgroup => return Ok(None),
    };
    written_or_hosts(written, text, fd)
}

/// As [`text`], for what is the same for all processes of a zone.
fn render_zones(
    view: &dyn ProcView,
    entry: Entry,
    name: &[u8],
    fd: i32,
) -> SysResult<Option<Owned>> {
    let text = memfd::create(name)?;
    let written = match entry.kind {
        Kind::Mounts(form) => match view.mounts() {
            Some(mounts) => {
                let info = io::open(view.proc_fd(), c"self/mountinfo", OpenFlags::CLOEXEC)?;
                let told = mount_table::text(form, &mounts, &read_all(info.raw())?);
                write_all(text.raw(), &told)
            }
            None => filter(fd, text.raw(), &mut Mounts::new(form)),
        },
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
