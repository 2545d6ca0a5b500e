//! The warden of a bare zone: a process outside, of the same user, that does for the zone's
//! processes what their filter refuses because Landlock cannot judge it (`kernel::bare::warden`).
//! It judges, and trusts nothing that it is sent.

mod client;
mod judge;
mod perform;
mod terminals;

use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

use abi::Errno;
use host_std::process::{Cloned, clone};
use kernel::bare::warden::{LONGEST_REQUEST, Request};
use nix::sched::CloneFlags;
use nix::sys::prctl::{set_dumpable, set_name};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;
use nix::unistd::{Pid, getppid};
use rustix::net::sockopt;
use rustix::process::set_parent_process_death_signal;

use crate::asked;
use crate::guard::let_go;

pub(crate) use client::terminal;
pub(crate) use judge::{Extent, Tree};
pub(crate) use terminals::Terminals;

/// A running warden, which is ended when dropped.
#[derive(Debug)]
pub(super) struct Warden(Pid);

impl Warden {
    /// Starts one for a zone of this process, which asks over `socket`.
    pub(super) fn start(socket: &OwnedFd, mut extent: Extent) -> io::Result<Self> {
        // So every message has a sender, and only the end has none.
        sockopt::set_socket_passcred(socket, true)?;
        let zsched = Pid::this();
        match clone(CloneFlags::empty(), None)? {
            Cloned::Parent { pid, .. } => Ok(Self(pid)),
            Cloned::Child => {
                let settled = settle(socket, &extent, zsched);
                let _ = settled.and_then(|()| serve(socket, &mut extent));
                std::process::exit(0)
            }
        }
    }
}

impl Drop for Warden {
    fn drop(&mut self) {
        let _ = kill(self.0, Signal::SIGKILL);
        let _ = waitpid(self.0, None);
    }
}

/// Keeps nothing but what it works with, and ends with zsched.
fn settle(socket: &OwnedFd, zone: &Extent, zsched: Pid) -> io::Result<()> {
    set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    if getppid() != zsched {
        return Err(io::ErrorKind::BrokenPipe.into());
    }
    set_name(c"lx-warden")?;
    let terminals = zone.terminals.iter().flat_map(Terminals::descriptors);
    let kept: Vec<RawFd> = terminals.chain([socket.as_raw_fd()]).collect();
    let_go(&kept)?;
    Ok(set_dumpable(false)?)
}

/// Answers until nobody can ask.
fn serve(socket: &OwnedFd, zone: &mut Extent) -> io::Result<()> {
    asked::serve(socket, LONGEST_REQUEST, |asked, about| {
        let request = Request::decode(&asked.bytes)?;
        match request.descriptors() == about.len() {
            true => perform::perform(zone, &request, about),
            false => Err(Errno::EINVAL),
        }
    })
}
