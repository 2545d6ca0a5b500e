//! Carries out what was asked for, once it is judged.

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use abi::{Errno, SysResult, nr};
use host_std::on_others;
use kernel::bare::warden::Request;
use rustix::fs::inotify::{self, WatchFlags};
use rustix::fs::{
    AtFlags, CWD, Gid, Mode, OFlags, Timespec, Timestamps, Uid, XattrFlags, chmodat, chownat,
    fcntl_getfl, fcntl_setfl, openat, removexattr, setxattr, utimensat,
};
use rustix::net::{AddressFamily, SocketAddrUnix, connect, sockopt};

use super::judge::{Extent, link};
use crate::asked::{self, Done};

/// Does what a request says, about these descriptors, as many as it wants.
pub(super) fn perform(
    zone: &mut Extent,
    request: &Request<'_>,
    about: &[OwnedFd],
) -> SysResult<Done> {
    match (*request, about) {
        (Request::Terminal(number), []) => {
            let terminals = zone.terminals.as_mut().ok_or(Errno::ENOENT)?;
            Ok(Done {
                value: 0,
                opened: Some(terminals.find(number)?),
            })
        }
        (Request::Terminals, []) => {
            zone.terminals.as_mut().ok_or(Errno::ENOENT)?.refresh();
            Ok(Done::default())
        }
        (Request::Open(flags), [file]) => {
            let flags = as_opened(flags);
            let terminals = zone.terminals.as_mut();
            if let Some(opened) = terminals.and_then(|terminals| terminals.open(file, flags)) {
                return opened.map_err(|error| asked::errno(&error));
            }
            zone.own_process_file(file)?;
            let opened = openat(CWD, link(file), flags, Mode::empty()).map_err(errno)?;
            Ok(Done {
                value: 0,
                opened: Some(opened),
            })
        }
        (Request::Connect, [socket, listener]) => {
            zone.own(listener)?;
            let address = SocketAddrUnix::new(link(listener)).map_err(errno)?;
            join(socket, &address)
        }
        (Request::ConnectName(name), [socket]) => {
            zone.own_name(name)?;
            let name = name.get(1..).unwrap_or_default();
            let address = SocketAddrUnix::new_abstract_name(name).map_err(errno)?;
            join(socket, &address)
        }
        (Request::Watch(mask), [instance, file]) => {
            zone.own(file)?;
            let mask = WatchFlags::from_bits_retain(mask);
            let value = inotify::add_watch(instance, link(file), mask).map_err(errno)?;
            Ok(Done {
                value: usize::try_from(value).unwrap_or(0),
                opened: None,
            })
        }
        (Request::Call(nr, arguments, value), []) => {
            let [a, b, _] = arguments;
            let nr = usize::try_from(nr).map_err(|_| Errno::EINVAL)?;
            zone.own_process(process(nr, a, b)?)?;
            on_others::call(nr, arguments, value).map_err(|error| asked::errno(&error))?;
            Ok(Done::default())
        }
        (request, [file]) => {
            zone.own_to_change(file)?;
            change(request, file).map(|()| Done::default())
        }
        _ => Err(Errno::EINVAL),
    }
}

fn errno(errno: rustix::io::Errno) -> Errno {
    asked::errno(&io::Error::from(errno))
}

/// How something is opened for the zone.
fn as_opened(flags: u32) -> OFlags {
    let known =
        OFlags::ACCMODE | OFlags::NONBLOCK | OFlags::APPEND | OFlags::TRUNC | OFlags::DIRECTORY;
    (OFlags::from_bits_retain(flags) & known) | OFlags::CLOEXEC | OFlags::NOCTTY
}

fn join(socket: &OwnedFd, address: &SocketAddrUnix) -> SysResult<Done> {
    if sockopt::socket_domain(socket).map_err(errno)? != AddressFamily::UNIX {
        return Err(Errno::EINVAL);
    }
    // The listener must not keep the warden waiting; the asker tries again.
    let flags = fcntl_getfl(socket).map_err(errno)?;
    fcntl_setfl(socket, flags | OFlags::NONBLOCK).map_err(errno)?;
    let connected = connect(socket, address);
    fcntl_setfl(socket, flags).map_err(errno)?;
    connected.map_err(errno)?;
    Ok(Done::default())
}

/// Which process a call is about.
fn process(nr: usize, a: i32, b: i32) -> SysResult<i32> {
    const PRIO_PROCESS: i32 = 0;
    const IOPRIO_WHO_PROCESS: i32 = 1;
    match (nr, a) {
        (nr::SETPRIORITY, PRIO_PROCESS) | (nr::IOPRIO_SET, IOPRIO_WHO_PROCESS) => Ok(b),
        (nr::SETPRIORITY | nr::IOPRIO_SET, _) => Err(Errno::EINVAL),
        (_, process) => Ok(process),
    }
}

/// Changes attributes of a file.
fn change(request: Request<'_>, file: &OwnedFd) -> SysResult<()> {
    let path = link(file);
    let changed = match request {
        Request::Mode(mode) => {
            let mode = Mode::from_raw_mode(mode);
            chmodat(CWD, &path, mode, AtFlags::empty())
        }
        Request::Owner(ids) => {
            let [user, group] = ids.map(|id| Some(id).filter(|id| *id != u32::MAX));
            let (user, group) = (user.map(Uid::from_raw), group.map(Gid::from_raw));
            chownat(file, "", user, group, AtFlags::EMPTY_PATH)
        }
        Request::Times([a, b, c, d]) => {
            let time = |seconds, nanoseconds| Timespec {
                tv_sec: seconds,
                tv_nsec: nanoseconds,
            };
            let times = Timestamps {
                last_access: time(a, b),
                last_modification: time(c, d),
            };
            utimensat(file, "", &times, AtFlags::EMPTY_PATH)
        }
        Request::SetAttribute { flags, name, value } => {
            let flags = XattrFlags::from_bits_retain(flags);
            setxattr(&path, OsStr::from_bytes(name), value, flags)
        }
        Request::RemoveAttribute(name) => removexattr(&path, OsStr::from_bytes(name)),
        Request::FileAttributes(value) => {
            return on_others::set_file_attributes(file.as_fd(), value)
                .map_err(|error| asked::errno(&error));
        }
        _ => return Err(Errno::EINVAL),
    };
    changed.map_err(errno)
}
