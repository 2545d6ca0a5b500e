//! Sysctls that root of a zone may change: the names of its UTS namespace, and what is its own
//! network's. The kernel's own files lie in the zone's /proc/sys, mounted read-only: so reading and
//! poll(2) are the kernel's, and open(2) for writing fails after the kernel judged the permissions.
//! Then the guest gets a sealed memory file, and what it writes zsched is asked to write
//! ([`kernel::zone::protocol`]), which has the rights for it.
//!
//! As in the kernel, a write takes effect at once and as a whole, and one behind the beginning of a
//! number has none (`sysctl_writes_strict`).

use alloc::ffi::CString;
use alloc::vec::Vec;

use abi::arg::OpenFlags;
use abi::stat::{Stat, UtsName};
use abi::{Errno, SysResult, nr};
use host::call::int;
use host::host_call;
use kernel::vfs::{At, OpenHow, ProcView, open_on_host};
use kernel::zone::protocol::{LONGEST_HOST, LONGEST_VALUE, Request, ask};
use zerocopy::FromZeros;

use crate::io::{self, NAME_MAX, Owned, is_procfs, name_of, read_all, write_all};
use crate::live::{self, Content};
use crate::zone::contract::{control, of_ctl};
use crate::{memfd, placeholder};

/// What a file sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sysctl<'a> {
    HostName,
    DomainName,
    /// A file of the network's, by its path below /proc/sys.
    Network(&'a [u8]),
}

impl<'a> Sysctl<'a> {
    /// By the path of the file, wherever procfs is mounted.
    pub(crate) fn of(path: &'a [u8]) -> Option<Self> {
        const ABOVE: &[u8] = b"/sys/";
        let mut starts = path.windows(ABOVE.len()).enumerate();
        starts.find_map(|(at, part)| {
            let name = path.get(at + part.len()..).filter(|_| part == ABOVE)?;
            match name {
                b"kernel/hostname" => Some(Self::HostName),
                b"kernel/domainname" => Some(Self::DomainName),
                _ if name.starts_with(b"net/") => Some(Self::Network(name)),
                _ => None,
            }
        })
    }
}

/// Whether the caller may write to a file when open(2), asked without `O_TRUNC`, fails so.
fn lets_write(errno: Errno, status: &Stat) -> bool {
    const OWNER: u32 = 0o200;
    match errno {
        Errno::EROFS => true,
        // In a user namespace, its root is not whose files these are, or lacks `CAP_NET_ADMIN`.
        Errno::EACCES => status.st_mode & OWNER != 0 && host_call!(nr::GETEUID) == Ok(0),
        _ => false,
    }
}

/// Opens the file that `at` leads to, `fd` (`O_PATH`), for writing; `None` when it is none of these.
pub(crate) fn open(view: &dyn ProcView, at: At<'_>, how: &OpenHow, fd: Owned) -> Option<SysResult> {
    let flags = how.open_flags();
    let writes = OpenFlags::WRONLY | OpenFlags::RDWR | OpenFlags::TRUNC;
    if !flags.intersects(writes) || !is_procfs(fd.raw()) {
        return None;
    }
    let mut name = [0; NAME_MAX];
    let name = name_of(view, fd.raw(), &mut name).ok()?;
    Sysctl::of(name)?;
    let truncating = OpenFlags::TRUNC | OpenFlags::CREAT | OpenFlags::EXCL;
    let write = OpenHow {
        flags: ((flags - truncating - OpenFlags::RDWR) | OpenFlags::WRONLY)
            .bits()
            .into(),
        mode: 0,
        ..*how
    };
    let refused = match open_on_host(at, &write) {
        Ok(opened) => {
            // Mounted for writing, and no concern of the brand's.
            drop(Owned::new(opened));
            return None;
        }
        Err(errno) => errno,
    };
    let told = placeholder::status(fd.raw()).ok()?;
    if !lets_write(refused, &told) {
        return Some(Err(refused));
    }
    Some(install(view, name, fd, flags, told))
}

fn install(view: &dyn ProcView, name: &[u8], fd: Owned, flags: OpenFlags, told: Stat) -> SysResult {
    let file = text(name)?;
    let permissions = usize::try_from(told.st_mode & 0o777).unwrap_or(0o644);
    memfd::install(view, &file, fd.raw(), permissions, flags)?;
    live::opened_memory(fd.raw(), Content::Written, told);
    Ok(fd.into_raw())
}

/// A memory file with what the file called `name` says; nothing where it cannot be read.
pub(crate) fn text(name: &[u8]) -> SysResult<Owned> {
    let file = memfd::create(name)?;
    let path = CString::new(name).unwrap_or_default();
    let flags = OpenFlags::CLOEXEC | OpenFlags::NOFOLLOW;
    if let Ok(kernels) = io::open(kernel::vfs::AT_FDCWD, &path, flags) {
        write_all(file.raw(), &read_all(kernels.raw())?)?;
    }
    Ok(file)
}

/// Writes to such a file, open as `fd`, what `gather` fetches: `length` bytes, or the first of them.
pub(crate) fn write(
    view: &dyn ProcView,
    fd: i32,
    offset: Option<i64>,
    length: usize,
    gather: &mut dyn FnMut(usize) -> SysResult<Vec<u8>>,
) -> SysResult {
    const SEEK_SET: usize = 0;
    const SEEK_CUR: usize = 1;
    let access = OpenFlags::WRONLY | OpenFlags::RDWR;
    if !crate::renew::flags(fd)?.intersects(access) {
        return Err(Errno::EBADF);
    }
    let position = match offset {
        Some(offset) => usize::try_from(offset).map_err(|_| Errno::EINVAL)?,
        None => host_call!(nr::LSEEK, int(fd), 0, SEEK_CUR)?,
    };
    let mut name = [0; NAME_MAX];
    let name = memfd::entry_name(name_of(view, fd, &mut name)?).ok_or(Errno::EIO)?;
    let done = match (Sysctl::of(name), of_ctl(name)) {
        (Some(sysctl), _) => apply(sysctl, position, length, gather)?,
        (None, Some(_)) if length > LONGEST_VALUE => return Err(Errno::EINVAL),
        (None, Some(contract)) => {
            control(view, contract, &gather(length)?)?;
            length
        }
        (None, None) => return Err(Errno::EIO),
    };
    if offset.is_none() {
        host_call!(nr::LSEEK, int(fd), position.saturating_add(done), SEEK_SET)?;
    }
    Ok(done)
}

fn apply(
    sysctl: Sysctl<'_>,
    position: usize,
    length: usize,
    gather: &mut dyn FnMut(usize) -> SysResult<Vec<u8>>,
) -> SysResult {
    if length == 0 {
        return Ok(0);
    }
    let names = || {
        let mut names = UtsName::new_zeroed();
        host_call!(nr::UNAME, (&raw mut names).expose_provenance())?;
        Ok::<_, Errno>(names)
    };
    let name = match sysctl {
        Sysctl::Network(_) if position > 0 => {
            return gather(length.min(LONGEST_VALUE)).map(|_| length);
        }
        Sysctl::Network(name) => {
            if length > LONGEST_VALUE {
                return Err(Errno::EINVAL);
            }
            let value = gather(length)?;
            let request = Request::SysctlWrite {
                name,
                value: &value,
            };
            return ask(&request);
        }
        Sysctl::HostName => names()?.nodename,
        Sysctl::DomainName => names()?.domainname,
    };
    let text = gather(length.min(LONGEST_HOST + 1))?;
    if let Some(changed) = spliced(&name, position, &text) {
        match sysctl {
            Sysctl::HostName => ask(&Request::SetHostname(&changed))?,
            _ => ask(&Request::SetDomainname(&changed))?,
        };
    }
    Ok(length)
}

/// `name`, which a NUL ends, with `text` from `position` on, up to its first NUL or newline; `None`
/// where that is behind the end (`_proc_do_string` of the kernel).
fn spliced(name: &[u8], position: usize, text: &[u8]) -> Option<Vec<u8>> {
    let old = name.split(|byte| *byte == 0).next().unwrap_or_default();
    let mut changed = Vec::from(old.get(..position)?);
    let ends = |byte: &u8| matches!(byte, 0 | b'\n');
    changed.extend(text.split(ends).next().unwrap_or_default());
    changed.truncate(LONGEST_HOST);
    Some(changed)
}

#[cfg(test)]
mod tests {
    use super::{Sysctl, spliced};

    #[test]
    fn files_by_their_paths() {
        let forward = b"net/ipv4/conf/sys/forwarding";
        for (path, expected) in [
            (&b"/proc/sys/kernel/hostname"[..], Some(Sysctl::HostName)),
            (b"/x/sys/kernel/domainname", Some(Sysctl::DomainName)),
            (
                b"/proc/sys/net/ipv4/conf/sys/forwarding",
                Some(Sysctl::Network(forward)),
            ),
            (b"/proc/sys/kernel/hostname/x", None),
            (b"/proc/sys/vm/swappiness", None),
            (b"/sys/net", None),
            (b"", None),
        ] {
            assert_eq!(Sysctl::of(path), expected);
        }
    }

    #[test]
    fn names_change_as_in_the_kernel() {
        let name = b"old\0\0\0";
        for (position, text, expected) in [
            (0, &b"new\n"[..], Some(&b"new"[..])),
            (0, b"", Some(b"")),
            (0, b"a\nb", Some(b"a")),
            (0, b"a\0b", Some(b"a")),
            (2, b"xy", Some(b"olxy")),
            (3, b"er\n", Some(b"older")),
            (4, b"x", None),
        ] {
            assert_eq!(spliced(name, position, text).as_deref(), expected);
        }
        let long = spliced(name, 1, &[b'x'; 65]).expect("it is no error");
        assert_eq!(long.len(), 64);
    }
}
