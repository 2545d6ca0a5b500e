//! Addresses of local sockets (unix(7)). A path goes to the host as one from a descriptor on, and an
//! abstract name with what tells the zone's from others in front; both are taken off again from the
//! addresses that the host returns.

use alloc::vec::Vec;
use core::ffi::CStr;

use abi::arg::{Fd, Flags, Ptr};
use abi::{Errno, RawArg, SysResult, nr};
use host::call::as_int;
use host::host_call;
use host::intercept::mounts_fd;
use host::user::{self, PATH_MAX};
use kernel::Task;
use kernel::bare::warden::{self, Request};
use kernel::bare::{ABSTRACT, Handle, Kind, Node, Space, host_path, link_text};
use kernel::users::{EXECUTE, WRITE};
use kernel::walk::Aim;

use super::arguments::{CWD, ask, at, find, pointer, space};
use super::owners::{received_from, sent_by};
use crate::carried;
use crate::table::zone::NO_LOCAL_ADDRESS;

const AF_UNIX: u16 = 1;
/// `struct sockaddr_un`: the family, and 108 bytes of path.
const LONGEST: usize = 110;
const FAMILY: usize = 2;
/// How the host is told of a path below a mount: the number of its descriptor follows.
const PREFIX: &[u8] = b"/proc/self/fd/";
/// `struct mmsghdr`.
const MMSGHDR: usize = 64;

/// An address for the host.
struct Address {
    bytes: Vec<u8>,
    /// What it leads to by descriptor.
    node: Option<Node>,
}

impl Address {
    fn new(path: &[u8], node: Option<Node>) -> SysResult<Self> {
        let mut bytes = Vec::from(AF_UNIX.to_le_bytes());
        bytes.extend_from_slice(path);
        if bytes.len() > LONGEST {
            return Err(Errno::ENAMETOOLONG);
        }
        Ok(Self { bytes, node })
    }

    fn at(&self) -> usize {
        self.bytes.as_ptr().expose_provenance()
    }

    fn len(&self) -> usize {
        self.bytes.len()
    }
}

/// What a call does with an address.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    Make,
    Find,
}

/// What the host is to be told instead of the address in the guest's memory; `None` when it means
/// the same there.
fn outgoing(t: &Task, address: usize, length: usize, purpose: Use) -> SysResult<Option<Address>> {
    let length = usize::try_from(RawArg(length).low_u32()).unwrap_or(0);
    if address == 0 || length <= FAMILY || length > LONGEST {
        return Ok(None);
    }
    let mut room = [0; LONGEST + 1];
    let bytes = room.get_mut(..length).unwrap_or_default();
    user::read_bytes(address, bytes)?;
    if bytes.get(..FAMILY) != Some(&AF_UNIX.to_le_bytes()) {
        return Ok(None);
    }
    let space = space(t)?;
    if room[FAMILY] == 0 {
        let mut name = Vec::from(ABSTRACT);
        name.extend_from_slice(&space.table().token);
        name.extend_from_slice(room.get(FAMILY + 1..length).unwrap_or_default());
        return Address::new(&name, None).map(Some);
    }
    let path = CStr::from_bytes_until_nul(room.get(FAMILY..).unwrap_or_default());
    let path = path.map_err(|_| Errno::EINVAL)?;
    match purpose {
        Use::Make => made(&space, path),
        Use::Find => {
            let node = find(t, at(CWD, path), Aim::Follow)?;
            space.permits(node.fd(), WRITE)?;
            let link = host_path(node.fd());
            Address::new(link.text().to_bytes(), Some(node)).map(Some)
        }
    }
}

/// An address for a name that is to be made. It says where in the zone that is, so that whoever is
/// told it can be told the zone's path, without the links on the way.
fn made(space: &Space<'_>, path: &CStr) -> SysResult<Option<Address>> {
    let (directory, name) = space.parent(at(CWD, path))?;
    if space.is_mount_point(&directory, name.to_bytes()) {
        return Err(Errno::EADDRINUSE);
    }
    if space.is_read_only(&directory) {
        let there = space.object(at(CWD, path), Aim::Keep).is_ok();
        return Err(if there {
            Errno::EADDRINUSE
        } else {
            Errno::EROFS
        });
    }
    space.permits(directory.fd(), WRITE | EXECUTE)?;
    if directory.fd() == kernel::vfs::AT_FDCWD {
        return Ok(None);
    }
    let mut room = [0; PATH_MAX];
    let canonical = link_text(directory.fd(), &mut room).ok();
    let canonical = canonical.and_then(|host| space.zone_path(host));
    let above = canonical.unwrap_or_default();
    let text = [&above, &b"/"[..], name.to_bytes()].concat();
    if let Some((mount, offset)) = space.table().lexical(&text) {
        let rest = text.get(offset..).unwrap_or_default();
        let end = rest.len().saturating_sub(name.to_bytes().len());
        let above = rest.get(..end).unwrap_or_default();
        if space.leads_to(mount, above, &directory) {
            let number = mounts_fd() + i32::try_from(mount).unwrap_or(0);
            let path = alloc::format!("/proc/self/fd/{number}/");
            let path = [path.as_bytes(), rest].concat();
            if path.len() + FAMILY <= LONGEST {
                return Address::new(&path, Some(directory)).map(Some);
            }
        }
    }
    let link = host_path(directory.fd());
    let path = [link.text().to_bytes(), b"/", name.to_bytes()].concat();
    Address::new(&path, Some(directory)).map(Some)
}

/// The zone's address for one of the host's; `None` when it is the same.
fn incoming(space: &Space<'_>, bytes: &[u8]) -> Option<Vec<u8>> {
    let path = bytes.strip_prefix(&AF_UNIX.to_le_bytes())?;
    let mut changed = Vec::from(AF_UNIX.to_le_bytes());
    if let Some(name) = path.strip_prefix(ABSTRACT) {
        changed.push(0);
        changed.extend_from_slice(name.strip_prefix(&space.table().token)?);
        return Some(changed);
    }
    let rest = path.strip_prefix(PREFIX)?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (number, rest) = rest.split_at(digits);
    let number: i32 = core::str::from_utf8(number).ok()?.parse().ok()?;
    let mount = usize::try_from(number - mounts_fd()).ok()?;
    let mount = space.table().mounts.get(mount)?;
    if !matches!(mount.kind, Kind::Tree | Kind::Stack) {
        return None;
    }
    if !mount.target.is_empty() {
        changed.push(b'/');
        changed.extend_from_slice(&mount.target);
    }
    changed.extend_from_slice(rest);
    Some(changed)
}

/// Puts right an address that the host wrote to the guest's memory, with its length.
fn told(t: &Task, address: usize, length_at: usize) -> SysResult<()> {
    let length: u32 = user::read(pointer(length_at))?;
    let length = usize::try_from(length).unwrap_or(0);
    let mut room = [0; LONGEST];
    let Some(bytes) = room.get_mut(..length).filter(|_| length > FAMILY) else {
        return Ok(());
    };
    user::read_bytes(address, bytes)?;
    if let Some(changed) = incoming(&space(t)?, bytes)
        && changed.len() <= length
    {
        // The rest is the host's longer one.
        bytes.fill(0);
        for (to, from) in bytes.iter_mut().zip(&changed) {
            *to = *from;
        }
        user::write_bytes(address, bytes)?;
        let length = u32::try_from(changed.len()).unwrap_or(0);
        user::write(pointer(length_at), &length)?;
    }
    Ok(())
}

/// bind(2).
pub(super) fn bind(t: &mut Task, a: &[usize; 6]) -> SysResult {
    match outgoing(t, a[1], a[2], Use::Make)? {
        Some(address) => ask(nr::BIND, &[a[0], address.at(), address.len()]),
        None => ask(nr::BIND, &[a[0], a[1], a[2]]),
    }
}

/// connect(2): the warden connects to local sockets, since the filter cannot tell which are the
/// zone's.
pub(super) fn connect(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let socket = as_int(a[0]);
    t.check_fd(socket)?;
    match outgoing(t, a[1], a[2], Use::Find)? {
        Some(Address {
            node: Some(node), ..
        }) => patiently(a[0], || warden::ask(Request::Connect, &[socket, node.fd()])),
        Some(Address { bytes, .. }) => {
            let name = bytes.get(FAMILY..).unwrap_or_default();
            patiently(a[0], || warden::ask(Request::ConnectName(name), &[socket]))
        }
        None => {
            let address = Elsewhere::read(a[1], a[2])?;
            ask(nr::CONNECT, &[a[0], address.at(), Elsewhere::LENGTH])
        }
    }
}

/// Until a listener has room: the warden does not wait for it.
fn patiently(socket: usize, attempt: impl Fn() -> SysResult) -> SysResult {
    const F_GETFL: usize = 3;
    const O_NONBLOCK: usize = 0o4000;
    loop {
        match attempt() {
            Err(Errno::EAGAIN) if host_call!(nr::FCNTL, socket, F_GETFL)? & O_NONBLOCK == 0 => {
                pause()?;
            }
            result => return result,
        }
    }
}

/// Waits for some milliseconds. Signals end that as they do connect(2): what nanosleep(2) returns then
/// would not tell whether the call is to be made again.
fn pause() -> SysResult<()> {
    const CLOCK_MONOTONIC: usize = 1;
    const TFD_CLOEXEC: usize = 0o2_000_000;
    /// `struct itimerspec`: once, in 2 ms.
    const SOON: [u64; 4] = [0, 0, 0, 2_000_000];
    let timer = host_call!(nr::TIMERFD_CREATE, CLOCK_MONOTONIC, TFD_CLOEXEC)?;
    let timer = Handle::owned(as_int(timer));
    let soon = SOON.as_ptr().expose_provenance();
    host_call!(nr::TIMERFD_SETTIME, timer.register(), 0, soon, 0)?;
    let mut expired = [0u64];
    let to = expired.as_mut_ptr().expose_provenance();
    ask(nr::READ, &[timer.register(), to, size_of::<u64>()]).map(drop)
}

/// sendto(2). Of local sockets only those that are connected can be had, which take no address.
pub(super) fn sendto(_: &mut Task, a: &[usize; 6]) -> SysResult {
    if a[4] == 0 {
        return ask(nr::SENDTO, &[a[0], a[1], a[2], a[3], 0, 0]);
    }
    if RawArg(a[5]).low_u32() == 0 {
        return ask(nr::SENDTO, &[a[0], a[1], a[2], a[3], a[4], 0]);
    }
    let to = Elsewhere::read(a[4], a[5])?;
    ask(
        nr::SENDTO,
        &[a[0], a[1], a[2], a[3], to.at(), Elsewhere::LENGTH],
    )
}

/// An address that the filter lets pass: as long as none of a local socket may be.
struct Elsewhere([u8; Self::LENGTH]);

impl Elsewhere {
    /// `struct sockaddr_storage`.
    const LENGTH: usize = NO_LOCAL_ADDRESS as usize;

    /// Reads the guest's, if it is long enough for its family; the kernel would say so otherwise.
    fn read(address: usize, length: usize) -> SysResult<Self> {
        const AF_INET: u16 = 2;
        const AF_INET6: u16 = 10;
        const AF_NETLINK: u16 = 16;
        let length = usize::try_from(RawArg(length).low_u32()).unwrap_or(usize::MAX);
        let mut bytes = [0; Self::LENGTH];
        let given = bytes.get_mut(..length).ok_or(Errno::EINVAL)?;
        user::read_bytes(address, given)?;
        let [low, high, ..] = bytes;
        let least = match u16::from_le_bytes([low, high]) {
            AF_INET => 16,
            AF_INET6 => 24,
            AF_NETLINK => 12,
            _ => FAMILY,
        };
        if length < least {
            return Err(Errno::EINVAL);
        }
        Ok(Self(bytes))
    }

    fn at(&self) -> usize {
        self.0.as_ptr().expose_provenance()
    }
}

/// sendmsg(2).
pub(super) fn sendmsg(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let mut message: [usize; 7] = user::read(pointer(a[1]))?;
    let senders = sent_by(t, message[4], message[5])?;
    if let Some(control) = &senders {
        message[4] = control.as_ptr().expose_provenance();
    }
    match outgoing(t, message[0], message[1], Use::Find)? {
        Some(address) => {
            if carried::carries_reserved(t, a[1]) {
                return Err(Errno::EBADF);
            }
            message[0] = address.at();
            message[1] = address.len();
            let message = message.as_ptr().expose_provenance();
            ask(nr::SENDMSG, &[a[0], message, a[2]])
        }
        None if senders.is_some() => {
            if carried::carries_reserved(t, a[1]) {
                return Err(Errno::EBADF);
            }
            ask(
                nr::SENDMSG,
                &[a[0], message.as_ptr().expose_provenance(), a[2]],
            )
        }
        None => {
            let (fd, flags) = (Fd::from(RawArg(a[0])), Flags::from(RawArg(a[2])));
            carried::sendmsg(t, fd, Ptr(a[1]), flags)
        }
    }
}

/// sendmmsg(2): one after the other.
pub(super) fn sendmmsg(t: &mut Task, a: &[usize; 6]) -> SysResult {
    const MOST: u32 = 1024;
    /// Where `struct mmsghdr` says how much was sent.
    const LENGTH: usize = 56;
    let count = usize::try_from(RawArg(a[2]).low_u32().min(MOST)).unwrap_or(0);
    for index in 0..count {
        let message = a[1].wrapping_add(index * MMSGHDR);
        let sent = match sendmsg(t, &[a[0], message, a[3], 0, 0, 0]) {
            Err(errno) if index == 0 => return Err(errno),
            Err(_) => return Ok(index),
            Ok(sent) => u32::try_from(sent).unwrap_or(0),
        };
        user::write(pointer(message.wrapping_add(LENGTH)), &sent)?;
    }
    Ok(count)
}

/// Writes calls that return an address at one register, and its length at another.
macro_rules! returning {
    ($($name:ident = nr::$nr:ident, $address:literal, $length:literal, $doc:literal;)*) => {$(
        #[doc = $doc]
        pub(super) fn $name(t: &mut Task, a: &[usize; 6]) -> SysResult {
            let result = ask(nr::$nr, a)?;
            if a[$address] != 0 {
                told(t, a[$address], a[$length])?;
            }
            Ok(result)
        }
    )*};
}

/// accept(2).
pub(super) fn accept(t: &mut Task, a: &[usize; 6]) -> SysResult {
    accept4(t, &[a[0], a[1], a[2], 0, 0, 0])
}

returning! {
    accept4 = nr::ACCEPT4, 1, 2, "accept4(2).";
    getsockname = nr::GETSOCKNAME, 1, 2, "getsockname(2).";
    getpeername = nr::GETPEERNAME, 1, 2, "getpeername(2).";
    recvfrom = nr::RECVFROM, 4, 5, "recvfrom(2).";
}

/// The address in a message that was received.
fn received(t: &Task, message: usize) -> SysResult<()> {
    received_from(message)?;
    /// Where `struct msghdr` has the length of the address.
    const LENGTH: usize = 8;
    let address: usize = user::read(pointer(message))?;
    if address == 0 {
        return Ok(());
    }
    told(t, address, message.wrapping_add(LENGTH))
}

/// recvmsg(2).
pub(super) fn recvmsg(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let result = ask(nr::RECVMSG, a)?;
    received(t, a[1])?;
    Ok(result)
}

/// recvmmsg(2).
pub(super) fn recvmmsg(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let count = ask(nr::RECVMMSG, a)?;
    for index in 0..count {
        received(t, a[1].wrapping_add(index * MMSGHDR))?;
    }
    Ok(count)
}
