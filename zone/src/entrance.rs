//! How a process of the host that is to enter a zone gets what every process of the zone holds:
//! a socket in the zone's directory, at which zsched hands it out.

use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::Path;

use nix::unistd::Pid;
use rustix::net::sockopt::socket_peercred;
use rustix::net::{
    AddressFamily, SocketAddrUnix, SocketFlags, SocketType, accept_with, bind, connect, listen,
    socket_with,
};
use rustix::process::geteuid;

use crate::error::{Context, Error, Result};
use crate::report::{Reporter, Reports, Said};

const NAME: &str = "entrance";
/// How many may wait.
const QUEUE: i32 = 16;

/// What a guest process holds, and the zone's first process.
#[derive(Debug)]
pub(crate) struct Keys<T> {
    /// A procfs of the zone's processes.
    pub(crate) proc: T,
    /// The zone's facts.
    pub(crate) facts: T,
    /// The guests' end of the socket to zsched.
    pub(crate) socket: T,
    /// The first process.
    pub(crate) init: T,
    /// The brand's image.
    pub(crate) image: T,
    /// What only a process of a zone without namespaces holds: the mount table, and what the mounts
    /// show. With namespaces, the directory of the zone's contracts.
    pub(crate) own: Vec<T>,
}

/// zsched's side.
#[derive(Debug)]
pub(crate) struct Entrance(OwnedFd);

impl Entrance {
    /// Makes it in the zone's directory.
    pub(crate) fn create(directory: &Path) -> io::Result<Self> {
        let socket = socket()?;
        let directory = File::open(directory)?;
        bind(&socket, &address(&directory)?)?;
        listen(&socket, QUEUE)?;
        Ok(Self(socket))
    }

    /// Gives the keys to who waits first, and says who that is. Whatever is wrong with it is its own
    /// affair.
    pub(crate) fn answer(&self, keys: &Keys<BorrowedFd<'_>>) -> Option<Pid> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let visitor = accept_with(&self.0, flags).ok()?;
        let who = let_in(visitor.as_fd())?;
        let mut fds = vec![keys.proc, keys.facts, keys.socket, keys.init, keys.image];
        fds.extend(&keys.own);
        let sent = Reporter::from(visitor).send(&Said::Keys, &fds);
        sent.ok().map(|()| who)
    }
}

impl AsFd for Entrance {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Asks zsched for the keys of the zone whose directory this is.
pub(crate) fn knock(directory: &Path) -> Result<Keys<OwnedFd>> {
    let zone = directory.file_name().unwrap_or_default().display();
    let zone = format!("zone {zone}");
    let answer = ask(directory).about(&zone)?;
    let mut fds = match answer {
        Some((Said::Keys, fds)) => fds,
        _ => Vec::new(),
    };
    let own = fds.split_off(fds.len().min(5));
    let [proc, facts, socket, init, image] = <[OwnedFd; 5]>::try_from(fds)
        .map_err(|_| Error::because(zone, "it does not let anyone in"))?;
    Ok(Keys {
        proc,
        facts,
        socket,
        init,
        image,
        own,
    })
}

fn ask(directory: &Path) -> io::Result<Option<(Said, Vec<OwnedFd>)>> {
    let socket = socket()?;
    let directory = File::open(directory)?;
    connect(&socket, &address(&directory)?)?;
    Reports::from(socket).wait()
}

fn socket() -> rustix::io::Result<OwnedFd> {
    let flags = SocketFlags::CLOEXEC;
    socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)
}

/// Short, however long the directory's path is (unix(7) has room for 108 bytes).
fn address(directory: &File) -> rustix::io::Result<SocketAddrUnix> {
    let path = format!("/proc/self/fd/{}/{NAME}", directory.as_raw_fd());
    SocketAddrUnix::new(path)
}

/// The process, if it is one of zsched's user outside of every zone. Its directory is out of reach
/// for others, but a zone that has the host's root has it too, and without namespaces nothing hides it.
/// There the filter tells: no process gets rid of one.
fn let_in(visitor: BorrowedFd<'_>) -> Option<Pid> {
    let namespace = |process: &str| fs::read_link(format!("/proc/{process}/ns/pid")).ok();
    let filters = |process: &str| {
        let text = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
        let wanted = |line: &&str| line.starts_with("Seccomp");
        Some(text.lines().filter(wanted).collect::<Vec<_>>().join("\n"))
    };
    let who = socket_peercred(visitor).ok()?;
    let raw = who.pid.as_raw_nonzero().get();
    let pid = raw.to_string();
    let outside = who.uid == geteuid()
        && namespace("self").is_some_and(|own| namespace(&pid) == Some(own))
        && filters("self").is_some_and(|own| filters(&pid) == Some(own));
    outside.then(|| Pid::from_raw(raw))
}

#[cfg(test)]
mod tests {
    use super::{Entrance, Keys, knock};
    use std::fs::{self, File};
    use std::os::fd::AsFd;
    use std::thread;

    #[test]
    fn keys_are_handed_out() {
        let name = format!("lx-entrance-{}", std::process::id());
        let long = std::env::temp_dir().join(name).join("x".repeat(200));
        fs::create_dir_all(&long).expect("it is made");
        assert!(knock(&long).is_err());
        let entrance = Entrance::create(&long).expect("it is made");
        let file = File::open("/dev/null").expect("it opens");
        let visitor = {
            let long = long.clone();
            thread::spawn(move || knock(&long).expect("it is let in"))
        };
        let fd = file.as_fd();
        entrance.answer(&Keys {
            proc: fd,
            facts: fd,
            socket: fd,
            init: fd,
            image: fd,
            own: vec![fd],
        });
        visitor.join().expect("it ends");
        drop(entrance);
        assert!(knock(&long).is_err());
        fs::remove_dir_all(long.parent().expect("it has one")).expect("it is removed");
    }
}
