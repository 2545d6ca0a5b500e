//! What a bare zone's processes ask the *warden* to do, a process outside (`zone::bare::warden`):
//! that which Landlock cannot judge, and which the filter therefore refuses. Landlock says nothing
//! about the attributes of files, about sockets with a path, or about the priority of processes
//! (landlock(7)).
//!
//! Requests have the layout of [`crate::message`].

use alloc::vec::Vec;

use abi::{Errno, SysResult, nr};

use crate::message::{HEADER, Message};

mod client;

pub(in crate::bare) use client::appear;
pub use client::{ask, ask_about, descriptor, is_there, open, terminal};

/// The longest name, in bytes: of an extended attribute (`XATTR_NAME_MAX`) or a socket.
pub const LONGEST_NAME: usize = 255;
/// The longest value, in bytes (`XATTR_SIZE_MAX`).
pub const LONGEST_VALUE: usize = 65536;
/// The longest request, in bytes.
pub const LONGEST_REQUEST: usize = HEADER + LONGEST_NAME + LONGEST_VALUE;

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

/// What makes terminals, in [`Request::Terminal`].
pub const MULTIPLEXER: u32 = u32::MAX;

/// Something to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request<'a> {
    /// Opens a file about one of the zone's processes, one of its terminals, or what makes them: with
    /// its descriptor, the flags of open(2). The answer is 1 for a terminal.
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
    /// A descriptor (`O_PATH`) of one of the zone's terminals by its number, or [`MULTIPLEXER`].
    Terminal(u32),
    /// The directory of terminals is to list those that are there.
    Terminals,
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
            Self::Call(..) | Self::Terminal(_) | Self::Terminals => 0,
            _ => 1,
        }
    }

    fn message(&self) -> Message<'a> {
        let none: &[u8] = &[];
        let (kind, words, name, value) = match *self {
            Self::Open(flags) => (16, [word(flags), 0, 0, 0], none, none),
            Self::Connect => (17, [0; 4], none, none),
            Self::ConnectName(name) => (18, [0; 4], name, none),
            Self::Mode(mode) => (19, [word(mode), 0, 0, 0], none, none),
            Self::Owner([user, group]) => (20, [word(user), word(group), 0, 0], none, none),
            Self::Times(times) => (21, times.map(i64::cast_unsigned), none, none),
            Self::SetAttribute { flags, name, value } => (22, [word(flags), 0, 0, 0], name, value),
            Self::RemoveAttribute(name) => (23, [0; 4], name, none),
            Self::FileAttributes(value) => (24, [0; 4], none, value),
            Self::Call(nr, [a, b, c], value) => {
                let [a, b, c] = [a, b, c].map(|argument| word(argument.cast_unsigned()));
                (25, [word(nr), a, b, c], none, value)
            }
            Self::Watch(mask) => (26, [word(mask), 0, 0, 0], none, none),
            Self::Terminal(number) => (27, [word(number), 0, 0, 0], none, none),
            Self::Terminals => (28, [0; 4], none, none),
        };
        Message {
            kind,
            words,
            name,
            value,
        }
    }

    /// The message.
    ///
    /// # Errors
    /// `EINVAL` for a text that is too long, as the warden would answer.
    pub fn encode(&self) -> SysResult<Vec<u8>> {
        self.check()?;
        self.message().encode()
    }

    /// Reads a message.
    ///
    /// # Errors
    /// `EPROTO` for another protocol or version, `EINVAL` for what is no request.
    pub fn decode(message: &'a [u8]) -> SysResult<Self> {
        let message = Message::decode(message)?;
        let Message {
            words, name, value, ..
        } = message;
        let [a, b, c, d] = words;
        let request = match message.kind {
            16 => Self::Open(number(a)?),
            17 => Self::Connect,
            18 => Self::ConnectName(name),
            19 => Self::Mode(number(a)?),
            20 => Self::Owner([number(a)?, number(b)?]),
            21 => Self::Times(words.map(u64::cast_signed)),
            22 => Self::SetAttribute {
                flags: number(a)?,
                name,
                value,
            },
            23 => Self::RemoveAttribute(name),
            24 => Self::FileAttributes(value),
            25 => Self::Call(number(a)?, [signed(b)?, signed(c)?, signed(d)?], value),
            26 => Self::Watch(number(a)?),
            27 => Self::Terminal(number(a)?),
            28 => Self::Terminals,
            _ => return Err(Errno::EINVAL),
        };
        // Whatever is in the message must be part of the request.
        if request.message() != message {
            return Err(Errno::EINVAL);
        }
        request.check()?;
        Ok(request)
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

#[cfg(test)]
mod tests {
    use super::{LONGEST_NAME, LONGEST_VALUE, Request};
    use crate::exchange::MOST_ABOUT;
    use crate::message::MAGIC;
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
            Request::Terminal(super::MULTIPLEXER),
            Request::Terminals,
        ] {
            let message = request.encode().expect("it is right");
            assert_eq!(Request::decode(&message), Ok(request));
            assert_eq!(Request::decode(&message[..20]), Err(Errno::EINVAL));
            assert!(request.descriptors() <= MOST_ABOUT);
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
        message[3] = 1;
        assert_eq!(Request::decode(&message), Err(Errno::EPROTO));
        assert_eq!(Request::decode(b""), Err(Errno::EPROTO));
    }

    proptest! {
        /// Whatever is taken for a request is exactly what it says.
        #[test]
        fn any_message(kind in 0u16..32, name in 0u16..40, rest in vec(any::<u8>(), 0..200)) {
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
