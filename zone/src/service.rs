//! Does what guests ask of zsched (`kernel::zone::protocol`).
//!
//! The guests are hostile, and so may be what they send: a descriptor that blocks whoever closes
//! it, for one. So it is a process beside zsched that answers, started when something is asked
//! for the first time. It goes into the namespaces that it works in, and has nothing open but the
//! socket and what comes with a request.

mod pace;
mod rights;
mod sysctl;

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::thread::sleep;

use abi::{Errno, SysResult};
use host_std::process::{Cloned, clone};
use kernel::zone::protocol::{LONGEST_REQUEST, Request};
use kernel::zone::rights::Record;
use nix::sched::{CloneFlags, setns};
use nix::sys::prctl::{set_dumpable, set_name};
use nix::sys::signal::{Signal, kill};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};
use nix::sys::wait::waitpid;
use nix::unistd::{Pid, sethostname};
use rustix::net::sockopt;
use rustix::process::set_parent_process_death_signal;
use rustix::system::setdomainname;

use crate::asked::{self, Asked, Done, errno};
use crate::guard::let_go;
use crate::namespaces::foreign;
use pace::Pace;
use rights::Workshop;

pub(crate) use rights::{Held, Shelf, Template, tells_birth};

/// The guests' end of the socket, and zsched's.
pub(crate) fn socket() -> nix::Result<(OwnedFd, OwnedFd)> {
    let close_on_exec = SockFlag::SOCK_CLOEXEC;
    socketpair(
        AddressFamily::Unix,
        SockType::SeqPacket,
        None,
        close_on_exec,
    )
}

/// Who answers.
#[derive(Debug)]
pub(crate) enum Service {
    /// Nobody yet: zsched's end of the socket.
    Waiting(OwnedFd),
    /// A process.
    Running(Pid),
    /// Nobody: the process could not be made.
    Nobody,
}

/// The zone whose guests ask.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Served<'a> {
    /// The first process.
    pub(crate) init: Pid,
    /// The same.
    pub(crate) pidfd: BorrowedFd<'a>,
    /// The brand's image.
    pub(crate) image: BorrowedFd<'a>,
    /// What copies of it begin their records with, and where they go, if there are to be any.
    pub(crate) copies: Option<(Record, &'a Shelf)>,
}

impl Service {
    /// One for zsched's end of the socket.
    pub(crate) fn new(socket: OwnedFd) -> io::Result<Self> {
        sockopt::set_socket_passcred(&socket, true)?;
        Ok(Self::Waiting(socket))
    }

    /// Where the first request comes in, if none has.
    pub(crate) fn waits(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Self::Waiting(socket) => Some(socket.as_fd()),
            Self::Running(_) | Self::Nobody => None,
        }
    }

    /// Starts the process. All signals are blocked here, and so there. Without it, whatever is
    /// asked fails.
    pub(crate) fn start(&mut self, zone: Served<'_>) {
        let Self::Waiting(socket) = self else {
            return;
        };
        *self = match clone(CloneFlags::empty(), None) {
            Ok(Cloned::Parent { pid, .. }) => Self::Running(pid),
            Ok(Cloned::Child) => {
                let _ = settle(socket, zone).and_then(|mut work| serve(socket, &mut work));
                std::process::exit(0)
            }
            Err(_) => Self::Nobody,
        };
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if let Self::Running(pid) = self {
            let _ = kill(*pid, Signal::SIGKILL);
            let _ = waitpid(*pid, None);
        }
    }
}

/// What the process has for its work.
#[derive(Debug)]
struct Work {
    /// Whether the zone has a network of its own.
    own_network: bool,
    /// Where copies of the brand's image are made.
    workshop: Option<Workshop>,
}

/// Goes where the work is.
fn settle(socket: &OwnedFd, zone: Served<'_>) -> io::Result<Work> {
    set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    set_name(c"lx-service")?;
    let work = CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWUTS | CloneFlags::CLONE_NEWNET;
    let kinds = foreign(zone.init)? & work;
    let own_users = kinds.contains(CloneFlags::CLONE_NEWUSER);
    let workshop = match zone.copies {
        Some((record, shelf)) => Some(Workshop::open(zone.image, record, shelf, own_users)?),
        None => None,
    };
    let mut kept = vec![socket.as_raw_fd(), zone.pidfd.as_raw_fd()];
    kept.extend(workshop.iter().flat_map(Workshop::descriptors));
    let_go(&kept)?;
    // Else one that is asked for the host's name would change it.
    if !kinds.contains(CloneFlags::CLONE_NEWUTS) {
        return Err(io::ErrorKind::Unsupported.into());
    }
    setns(zone.pidfd, kinds)?;
    set_dumpable(false)?;
    // A change of user namespace undoes it.
    set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    Ok(Work {
        own_network: kinds.contains(CloneFlags::CLONE_NEWNET),
        workshop,
    })
}

/// Answers until nobody can ask.
fn serve(socket: &OwnedFd, work: &mut Work) -> io::Result<()> {
    let mut pace = Pace::new();
    asked::serve(socket, LONGEST_REQUEST, |asked, about| {
        sleep(pace.wait());
        work.answer(asked, about)
    })
}

impl Work {
    fn answer(&mut self, asked: &Asked, about: &[OwnedFd]) -> SysResult<Done> {
        let value = match (Request::decode(&asked.bytes)?, about) {
            (Request::Hello, []) => 0,
            (Request::Program, [program]) => {
                let workshop = self.workshop.as_mut();
                let opened = workshop.map(|workshop| workshop.copy(program.as_fd()));
                return Ok(Done {
                    value: 0,
                    opened: opened.transpose()?.flatten(),
                });
            }
            (Request::Program, _) | (_, [_, ..]) => return Err(Errno::EINVAL),
            (request, []) if asked.by_root => perform(request, self.own_network)?,
            _ => return Err(Errno::EPERM),
        };
        Ok(Done {
            value,
            opened: None,
        })
    }
}

/// Does what root of the zone asks.
fn perform(request: Request<'_>, own_network: bool) -> SysResult {
    match request {
        // Root needs not be asking.
        Request::Hello | Request::Program => Err(Errno::EINVAL),
        Request::SetHostname(name) => {
            let name = std::ffi::OsStr::from_bytes(name);
            sethostname(name).map_err(|error| errno(&error.into()))?;
            Ok(name.len())
        }
        Request::SetDomainname(name) => {
            setdomainname(name).map_err(|error| errno(&error.into()))?;
            Ok(name.len())
        }
        Request::SysctlWrite { name, value } if own_network => {
            sysctl::write(name, value).map_err(|error| errno(&error))
        }
        Request::SysctlWrite { .. } => Err(Errno::EPERM),
    }
}

#[cfg(test)]
mod tests;
