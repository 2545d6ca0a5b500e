//! What a bare zone's processes ask the *warden* to do, a process outside (`zone::bare::warden`):
//! that which Landlock cannot judge, and which the filter therefore refuses. Landlock says nothing
//! about the attributes of files, about sockets with a path, or about the priority of processes
//! (landlock(7)).
//!
//! A request goes over the zone's socket (`host::intercept::zsched_fd`), with descriptors: where
//! the answer is waited for, then what it is about. The layout is fixed, in the machine's byte
//! order: four bytes of [`MAGIC`], the kind and the length of the name (two bytes each), four words
//! of eight bytes, the name, and the value, which ends with the message.

use alloc::vec::Vec;

use abi::{Errno, SysResult, nr};

mod client;

pub(in crate::bare) use client::appear;
pub use client::{ask, ask_about, descriptor, is_there, open};

/// The first bytes of every message; the last of them is the version.
pub const MAGIC: [u8; 4] = *b"LXB\x01";
/// The length of a request without its texts, in bytes.
const HEADER: usize = 40;
/// The longest name, in bytes: of an extended attribute (`XATTR_NAME_MAX`) or a socket.
pub const LONGEST_NAME: usize = 255;
/// The longest value, in bytes (`XATTR_SIZE_MAX`).
pub const LONGEST_VALUE: usize = 65536;
/// The longest request, in bytes.
pub const LONGEST_REQUEST: usize = HEADER + LONGEST_NAME + LONGEST_VALUE;
/// The length of an answer, in bytes.
pub const ANSWER: usize = 8;
/// The most descriptors that a request comes with.
pub const MOST_DESCRIPTORS: usize = 3;

/// The longest host's name for an abstract socket (`sun_path`).
const LONGEST_SOCKET: usize = 108;

/// Calls on processes and threads by number that can be asked for.
pub const CALLS: [usize; 6] = [
    nr::SETPRIORITY,
    nr::IOPRIO_SET,
    nr::SCHED_SETPARAM,
    nr::SCHED_SETSCHEDULER,
    nr::SCHED_SETAFFINITY,
    nr::SCHED_SETATTR,
];

/// Something to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request<'a> {
    /// Opens a file about one of the zone's processes: with its descriptor, the flags of open(2).
    Open(u32),
    /// connect(2), without waiting: with the socket, and a descriptor of the one to connect to.
    Connect,
    /// Likewise, with the socket, to an abstract name of the zone's, as the host calls it.
    ConnectName(&'a [u8]),
    /// chmod(2).
    Mode(u32),
    /// chown(2).
    Owner([u32; 2]),
    /// utimensat(2): the structures' seconds and nanoseconds.
    Times([i64; 4]),
    /// setxattr(2).
    SetAttribute {
        /// `XATTR_*`.
        flags: u32,
        /// The attribute's name.
        name: &'a [u8],
        /// Its value.
        value: &'a [u8],
    },
    /// removexattr(2).
    RemoveAttribute(&'a [u8]),
    /// `file_setattr(2)`: the structure.
    FileAttributes(&'a [u8]),
    /// inotify_add_watch(2): with the instance, and a descriptor of what to watch.
    Watch(u32),
    /// One of [`CALLS`]: the number, the first three arguments, and what the pointer among them
    /// points to.
    Call(u32, [i32; 3], &'a [u8]),
}

const fn word(value: u32) -> u64 {
    value as u64
}

fn number(word: u64) -> SysResult<u32> {
    u32::try_from(word).map_err(|_| Errno::EINVAL)
}

fn signed(word: u64) -> SysResult<i32> {
    number(word).map(u32::cast_signed)
}

impl<'a> Request<'a> {
    /// How many descriptors come with it, besides the one for the answer.
    #[must_use]
    pub const fn descriptors(&self) -> usize {
        match self {
            Self::Connect | Self::Watch(_) => 2,
            Self::Call(..) => 0,
            _ => 1,
        }
    }

    /// The message.
    ///
    /// # Errors
    /// `EINVAL` for a text that is too long, as the warden would answer.
    pub fn encode(&self) -> SysResult<Vec<u8>> {
        self.check()?;
        let none: &[u8] = &[];
        let (kind, words, name, value) = match *self {
            Self::Open(flags) => (0, [word(flags), 0, 0, 0], none, none),
            Self::Connect => (1, [0; 4], none, none),
            Self::ConnectName(name) => (2, [0; 4], name, none),
            Self::Mode(mode) => (3, [word(mode), 0, 0, 0], none, none),
            Self::Owner([user, group]) => (4, [word(user), word(group), 0, 0], none, none),
            Self::Times(times) => (5, times.map(i64::cast_unsigned), none, none),
            Self::SetAttribute { flags, name, value } => (6, [word(flags), 0, 0, 0], name, value),
            Self::RemoveAttribute(name) => (7, [0; 4], name, none),
            Self::FileAttributes(value) => (8, [0; 4], none, value),
            Self::Call(nr, [a, b, c], value) => {
                let [a, b, c] = [a, b, c].map(|argument| word(argument.cast_unsigned()));
                (9, [word(nr), a, b, c], none, value)
            }
            Self::Watch(mask) => (10, [word(mask), 0, 0, 0], none, none),
        };
        let kind: u16 = kind;
        let length = u16::try_from(name.len()).map_err(|_| Errno::EINVAL)?;
        let mut message = Vec::with_capacity(HEADER + name.len() + value.len());
        message.extend_from_slice(&MAGIC);
        message.extend_from_slice(&kind.to_ne_bytes());
        message.extend_from_slice(&length.to_ne_bytes());
        for word in words {
            message.extend_from_slice(&word.to_ne_bytes());
        }
        message.extend_from_slice(name);
        message.extend_from_slice(value);
        Ok(message)
    }

    /// Reads a message.
    ///
    /// # Errors
    /// `EPROTO` for another protocol or version, `EINVAL` for what is no request.
    pub fn decode(message: &'a [u8]) -> SysResult<Self> {
        let (magic, rest) = message.split_first_chunk().ok_or(Errno::EPROTO)?;
        if *magic != MAGIC {
            return Err(Errno::EPROTO);
        }
        let (kind, rest) = rest.split_first_chunk().ok_or(Errno::EINVAL)?;
        let (length, mut rest) = rest.split_first_chunk().ok_or(Errno::EINVAL)?;
        let mut words = [0; 4];
        for word in &mut words {
            let (bytes, more) = rest.split_first_chunk().ok_or(Errno::EINVAL)?;
            *word = u64::from_ne_bytes(*bytes);
            rest = more;
        }
        let length = usize::from(u16::from_ne_bytes(*length));
        let (name, value) = rest.split_at_checked(length).ok_or(Errno::EINVAL)?;
        let [a, b, c, d] = words;
        let request = match u16::from_ne_bytes(*kind) {
            0 => Self::Open(number(a)?),
            1 => Self::Connect,
            2 => Self::ConnectName(name),
            3 => Self::Mode(number(a)?),
            4 => Self::Owner([number(a)?, number(b)?]),
            5 => Self::Times(words.map(u64::cast_signed)),
            6 => Self::SetAttribute {
                flags: number(a)?,
                name,
                value,
            },
            7 => Self::RemoveAttribute(name),
            8 => Self::FileAttributes(value),
            9 => Self::Call(number(a)?, [signed(b)?, signed(c)?, signed(d)?], value),
            10 => Self::Watch(number(a)?),
            _ => return Err(Errno::EINVAL),
        };
        // Whatever is in the message must be part of the request.
        if request.encode()? == message {
            Ok(request)
        } else {
            Err(Errno::EINVAL)
        }
    }

    /// Whether its texts are as they must be.
    fn check(&self) -> SysResult<()> {
        /// The longest of the structures, `sched_attr` and `file_attr`, and processors' sets.
        const LONGEST_STRUCTURE: usize = 1024;
        let is_name = |name: &[u8]| (1..=LONGEST_NAME).contains(&name.len()) && !name.contains(&0);
        let good = match *self {
            Self::ConnectName(name) => {
                (2..=LONGEST_SOCKET).contains(&name.len()) && name.first() == Some(&0)
            }
            Self::SetAttribute { name, value, .. } => is_name(name) && value.len() <= LONGEST_VALUE,
            Self::RemoveAttribute(name) => is_name(name),
            Self::FileAttributes(value) => value.len() <= LONGEST_STRUCTURE,
            Self::Call(nr, _, value) => {
                let known = usize::try_from(nr).is_ok_and(|nr| CALLS.contains(&nr));
                known && value.len() <= LONGEST_STRUCTURE
            }
            _ => true,
        };
        if good { Ok(()) } else { Err(Errno::EINVAL) }
    }
}

/// The answer that says how a request went: what the call returns, or an error as a negative number.
#[must_use]
pub fn answer(result: SysResult<i32>) -> [u8; ANSWER] {
    let number = result.map_or_else(|errno| -i32::from(errno.number()), |value| value.max(0));
    let mut message = [0; ANSWER];
    message[..4].copy_from_slice(&MAGIC);
    message[4..].copy_from_slice(&number.to_ne_bytes());
    message
}

/// How the request went that this is the answer to.
fn answered(message: &[u8]) -> SysResult {
    let (magic, number) = message.split_at_checked(MAGIC.len()).ok_or(Errno::EPROTO)?;
    let number = number.try_into().map(i32::from_ne_bytes);
    let number = number
        .ok()
        .filter(|_| magic == MAGIC)
        .ok_or(Errno::EPROTO)?;
    usize::try_from(number).map_err(|_| {
        let errno = u16::try_from(number.unsigned_abs()).ok();
        errno.and_then(Errno::from_raw).unwrap_or(Errno::EPROTO)
    })
}

#[cfg(test)]
mod tests {
    use super::{LONGEST_NAME, LONGEST_VALUE, MAGIC, Request, answer, answered};
    use abi::{Errno, nr};
    use proptest::collection::vec;
    use proptest::prelude::*;

    #[test]
    fn requests_come_back() {
        let value = [7; LONGEST_VALUE];
        let name = [b'n'; LONGEST_NAME];
        let call = u32::try_from(nr::SETPRIORITY).expect("a number");
        for request in [
            Request::Open(0o2_000_002),
            Request::Connect,
            Request::ConnectName(b"\0lx1234name"),
            Request::Mode(0o644),
            Request::Owner([1000, u32::MAX]),
            Request::Times([1, -1, i64::MAX, 0]),
            Request::SetAttribute {
                flags: 1,
                name: &name,
                value: &value,
            },
            Request::RemoveAttribute(b"user.a"),
            Request::FileAttributes(&[1; 32]),
            Request::Call(call, [0, 77, -20], b""),
            Request::Watch(2),
        ] {
            let message = request.encode().expect("it is right");
            assert_eq!(Request::decode(&message), Ok(request));
            assert_eq!(Request::decode(&message[..20]), Err(Errno::EINVAL));
            assert!(request.descriptors() < super::MOST_DESCRIPTORS);
        }
    }

    #[test]
    fn what_is_no_request() {
        let read = u32::try_from(nr::READ).expect("a number");
        let long = [b'n'; LONGEST_NAME + 1];
        for bad in [
            Request::Call(read, [0; 3], b""),
            Request::RemoveAttribute(b""),
            Request::RemoveAttribute(b"user.\0"),
            Request::RemoveAttribute(&long),
            Request::ConnectName(b"/run/socket"),
            Request::FileAttributes(&[0; 2000]),
        ] {
            assert_eq!(bad.encode(), Err(Errno::EINVAL));
        }
        let mut message = Request::Connect.encode().expect("it is right");
        message.push(0);
        assert_eq!(Request::decode(&message), Err(Errno::EINVAL));
        message[3] = 2;
        assert_eq!(Request::decode(&message), Err(Errno::EPROTO));
        assert_eq!(Request::decode(b""), Err(Errno::EPROTO));
    }

    #[test]
    fn answers_come_back() {
        for (result, back) in [(Ok(7), Ok(7)), (Err(Errno::EPERM), Err(Errno::EPERM))] {
            assert_eq!(answered(&answer(result)), back);
        }
        for bad in [&b""[..], &[0; 8], b"LXB\x01\0\0\0\x80", b"LXB\x01\0\0\0"] {
            assert_eq!(answered(bad), Err(Errno::EPROTO), "{bad:?}");
        }
    }

    proptest! {
        /// Whatever is taken for a request is exactly what it says.
        #[test]
        fn any_message(kind in 0u16..12, name in 0u16..40, rest in vec(any::<u8>(), 0..200)) {
            let mut message = MAGIC.to_vec();
            message.extend(kind.to_ne_bytes());
            message.extend(name.to_ne_bytes());
            message.extend(&rest);
            if let Ok(request) = Request::decode(&message) {
                prop_assert_eq!(request.encode(), Ok(message));
            }
        }
    }
}
