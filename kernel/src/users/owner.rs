//! Whom a file belongs to, in an attribute of it. Its form is that of rootlesscontainers.org: the
//! protocol buffer `Resource { uint32 uid = 1; uint32 gid = 2; }`. What has no attribute is root's.

use abi::{Errno, SysResult, nr};
use alloc::vec::Vec;
use host::call::int;
use host::host_call;

use crate::bare::host_path;
use crate::vfs::AT_FDCWD;

/// The attribute.
pub const NAME: &core::ffi::CStr = c"user.rootlesscontainers";
/// Both numbers, of ten bytes at most each, and their tags.
const ROOM: usize = 24;
const S_IFMT: u32 = 0o170_000;
const S_IFREG: u32 = 0o100_000;
const S_IFDIR: u32 = 0o040_000;
const S_IWUSR: u32 = 0o200;
/// Tags of the fields: number and type (varint).
const UID: u8 = 0x08;
const GID: u8 = 0x10;
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

impl Owner {
    /// The attribute's value. A field that is 0 is left out.
    #[must_use]
    pub fn encode(self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (tag, mut id) in [(UID, self.uid), (GID, self.gid)] {
            if id == 0 {
                continue;
            }
            bytes.push(tag);
            while id > 0x7f {
                bytes.push(u8::try_from(id & 0x7f).unwrap_or(0) | 0x80);
                id >>= 7;
            }
            bytes.push(u8::try_from(id).unwrap_or(0));
        }
        bytes
    }

    /// Reads the value. `None` when it is none.
    #[must_use]
    pub fn decode(mut bytes: &[u8]) -> Option<Self> {
        let mut owner = Self::default();
        while let Some((tag, rest)) = bytes.split_first() {
            let mut id = 0u64;
            let length = 1 + rest.iter().position(|byte| byte & 0x80 == 0)?;
            let (digits, rest) = rest.split_at_checked(length)?;
            for digit in digits.iter().rev() {
                id = id.checked_mul(0x80)? | u64::from(digit & 0x7f);
            }
            let id = u32::try_from(id).ok()?;
            match *tag {
                _ if id == NOTHING => {}
                UID => owner.uid = id,
                GID => owner.gid = id,
                _ => return None,
            }
            bytes = rest;
        }
        Some(owner)
    }
}

/// Whether files of this type can have the attribute (xattr(7)).
pub(super) fn is_kept(mode: u32) -> bool {
    matches!(mode & S_IFMT, S_IFREG | S_IFDIR)
}

/// What a file's attribute says.
pub(super) fn read(fd: i32) -> Option<Owner> {
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
    Owner::decode(value.get(..length)?)
}

/// Writes it. Who may not write to a file may not give it attributes either, so that its owner's
/// bit is set for the moment.
pub(super) fn write(fd: i32, mode: u32, owner: Owner) -> SysResult<()> {
    let path = Path::of(fd);
    let set = || {
        let name = NAME.as_ptr().expose_provenance();
        if owner == Owner::default() {
            let removed = host_call!(nr::REMOVEXATTR, path.register(), name);
            return match removed {
                Err(Errno::ENODATA) => Ok(()),
                result => result.map(drop),
            };
        }
        let value = owner.encode();
        let from = value.as_ptr().expose_provenance();
        host_call!(nr::SETXATTR, path.register(), name, from, value.len(), 0).map(drop)
    };
    if mode & S_IWUSR != 0 {
        return set();
    }
    let chmod = |mode: u32| {
        let mode = usize::try_from(mode & 0o7777).unwrap_or(0);
        host_call!(nr::FCHMODAT, int(AT_FDCWD), path.register(), mode)
    };
    chmod(mode | S_IWUSR)?;
    let result = set();
    let _ = chmod(mode);
    result
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
    use super::Owner;

    #[test]
    fn the_form_is_a_protocol_buffer() {
        let owner = |uid, gid| Owner { uid, gid };
        assert_eq!(owner(1000, 0).encode(), [0x08, 0xe8, 0x07]);
        assert_eq!(owner(1, 300).encode(), [0x08, 1, 0x10, 0xac, 0x02]);
        for one in [owner(0, 0), owner(65534, 1), owner(u32::MAX - 1, 70_000)] {
            assert_eq!(Owner::decode(&one.encode()), Some(one));
        }
        // A field of all ones leaves that id alone.
        let nothing = [0x08, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x10, 5];
        assert_eq!(Owner::decode(&nothing), Some(owner(0, 5)));
        for bad in [&[0x08][..], &[0x18, 1], &[0x08, 0x80]] {
            assert_eq!(Owner::decode(bad), None);
        }
    }
}
