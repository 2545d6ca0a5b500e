//! Whom a file belongs to, in an attribute of it. Its form is that of rootlesscontainers.org: the
//! protocol buffer `Resource { uint32 uid = 1; uint32 gid = 2; }`, and `uint32 mode = 3` where the
//! permissions are not the host's. What has no attribute is root's.

use abi::{Errno, SysResult, nr};
use alloc::vec::Vec;
use host::call::int;
use host::host_call;

use crate::bare::host_path;
use crate::bare::warden::{self, Request};
use crate::vfs::AT_FDCWD;

/// The attribute.
pub const NAME: &core::ffi::CStr = c"user.rootlesscontainers";
/// Three numbers, of ten bytes at most each, and their tags.
const ROOM: usize = 36;
const S_IFMT: u32 = 0o170_000;
const S_IFREG: u32 = 0o100_000;
const S_IFDIR: u32 = 0o040_000;
const S_IWUSR: u32 = 0o200;
/// Tags of the fields: number and type (varint).
const UID: u8 = 0x08;
const GID: u8 = 0x10;
/// A field of lx's own, which others that read this form skip.
const MODE: u8 = 0x18;
const PERMISSIONS: u32 = 0o7777;
/// A field that says nothing.
const NOTHING: u32 = u32::MAX;

/// User and group of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Owner {
    /// The user.
    pub uid: u32,
    /// The group.
    pub gid: u32,
}

/// What the attribute says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) owner: Owner,
    /// The permissions, where the host has more: its user must get at the file whatever they say.
    pub(super) mode: Option<u32>,
}

impl Kept {
    /// The attribute's value. A field that is 0 is left out.
    fn encode(self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let ids = [(UID, self.owner.uid), (GID, self.owner.gid)];
        let ids = ids.into_iter().filter(|(_, id)| *id != 0);
        for (tag, mut value) in ids.chain(self.mode.map(|mode| (MODE, mode))) {
            bytes.push(tag);
            while value > 0x7f {
                bytes.push(u8::try_from(value & 0x7f).unwrap_or(0) | 0x80);
                value >>= 7;
            }
            bytes.push(u8::try_from(value).unwrap_or(0));
        }
        bytes
    }

    /// Reads the value. `None` when it is none.
    fn decode(mut bytes: &[u8]) -> Option<Self> {
        let mut kept = Self::default();
        while let Some((tag, rest)) = bytes.split_first() {
            let mut value = 0u64;
            let length = 1 + rest.iter().position(|byte| byte & 0x80 == 0)?;
            let (digits, rest) = rest.split_at_checked(length)?;
            for digit in digits.iter().rev() {
                value = value.checked_mul(0x80)? | u64::from(digit & 0x7f);
            }
            let value = u32::try_from(value).ok()?;
            match *tag {
                _ if value == NOTHING => {}
                UID => kept.owner.uid = value,
                GID => kept.owner.gid = value,
                MODE => kept.mode = Some(value & PERMISSIONS),
                _ => return None,
            }
            bytes = rest;
        }
        Some(kept)
    }
}

/// What of these permissions the host must have for its user to get at the file.
pub(super) fn widened(mode: u32) -> u32 {
    let directory = mode & S_IFMT == S_IFDIR;
    let executable = directory || mode & 0o111 != 0;
    mode | if executable { 0o700 } else { 0o600 }
}

/// Whether files of this type can have the attribute (xattr(7)).
pub(super) fn is_kept(mode: u32) -> bool {
    matches!(mode & S_IFMT, S_IFREG | S_IFDIR)
}

/// What a file's attribute says, if it has one.
pub(super) fn read(fd: i32) -> Option<Kept> {
    let mut value = [0u8; ROOM];
    let to = value.as_mut_ptr().expose_provenance();
    let name = NAME.as_ptr().expose_provenance();
    let result = match host_call!(nr::FGETXATTR, int(fd), name, to, ROOM) {
        // What was opened by O_PATH, and the working directory.
        Err(Errno::EBADF) => {
            let path = Path::of(fd);
            host_call!(nr::GETXATTR, path.register(), name, to, ROOM)
        }
        result => result,
    };
    let length = result.ok()?;
    Kept::decode(value.get(..length)?)
}

/// Makes a file, whose mode on the host is `host`, have this owner and these permissions. A file
/// system without attributes has only the permissions.
pub(super) fn write(fd: i32, host: u32, owner: Owner, mode: u32) -> SysResult<()> {
    let wide = widened(mode);
    let chmod = |mode: u32| warden::ask_about(Request::Mode(mode & PERMISSIONS), fd).map(drop);
    let kept = Kept {
        owner,
        mode: Some(mode & PERMISSIONS).filter(|_| mode != wide),
    };
    // Who may not write to a file may not give it attributes either.
    if host & S_IWUSR == 0 {
        chmod(wide)?;
    }
    let (name, flags) = (NAME.to_bytes(), 0);
    let value = &kept.encode();
    let told = match value.is_empty() {
        true => warden::ask_about(Request::RemoveAttribute(name), fd),
        false => warden::ask_about(Request::SetAttribute { flags, name, value }, fd),
    };
    match told {
        Err(Errno::ENODATA) => {}
        Err(Errno::EOPNOTSUPP) => return chmod(mode),
        told => drop(told?),
    }
    if host & PERMISSIONS != wide & PERMISSIONS {
        chmod(wide)?;
    }
    Ok(())
}

/// A path of what a descriptor names.
struct Path(crate::bare::HostPath, bool);

impl Path {
    fn of(fd: i32) -> Self {
        Self(host_path(fd), fd == AT_FDCWD)
    }

    fn register(&self) -> usize {
        match self.1 {
            true => c".".as_ptr().expose_provenance(),
            false => self.0.register(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Kept, Owner, widened};

    fn kept(uid: u32, gid: u32, mode: Option<u32>) -> Kept {
        let owner = Owner { uid, gid };
        Kept { owner, mode }
    }

    #[test]
    fn the_form_is_a_protocol_buffer() {
        assert_eq!(kept(1000, 0, None).encode(), [0x08, 0xe8, 0x07]);
        assert_eq!(kept(1, 300, None).encode(), [0x08, 1, 0x10, 0xac, 0x02]);
        assert_eq!(kept(0, 0, Some(0o44)).encode(), [0x18, 0o44]);
        for one in [
            kept(0, 0, None),
            kept(0, 0, Some(0)),
            kept(65534, 1, Some(0o6077)),
            kept(u32::MAX - 1, 70_000, None),
        ] {
            assert_eq!(Kept::decode(&one.encode()), Some(one));
        }
        // A field of all ones leaves that id alone.
        let nothing = [0x08, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x10, 5];
        assert_eq!(Kept::decode(&nothing), Some(kept(0, 5, None)));
        for bad in [&[0x08][..], &[0x28, 1], &[0x08, 0x80]] {
            assert_eq!(Kept::decode(bad), None);
        }
    }

    #[test]
    fn the_hosts_user_gets_at_everything() {
        assert_eq!(widened(0o100_000), 0o100_600);
        assert_eq!(widened(0o104_011), 0o104_711);
        assert_eq!(widened(0o040_050), 0o040_750);
        assert_eq!(widened(0o100_644), 0o100_644);
    }
}
