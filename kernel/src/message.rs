//! The layout of what a zone's processes ask of those who answer outside (`zone::protocol`,
//! `bare::warden`), and of the answers.
//!
//! All processes of a zone share one end of a socket with message boundaries. A request carries,
//! as a descriptor (`SCM_RIGHTS`), one end of a socket of the asking process's own, where it waits
//! for the answer: so answers never get mixed up. Behind that come the descriptors that it is about.
//! The layout is fixed, in the machine's byte order: four bytes of [`MAGIC`], the kind and the length
//! of the name (two bytes each), four words of eight bytes, the name, and the value, which ends with
//! the message.

use alloc::vec::Vec;

use abi::{Errno, SysResult};

/// The first bytes of every message; the last of them is the version.
pub const MAGIC: [u8; 4] = *b"LXZ\x02";
/// The length of a request without its texts, in bytes.
pub const HEADER: usize = 40;
/// The length of an answer, in bytes.
pub const ANSWER: usize = 8;

/// A request, whatever its parts mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Message<'a> {
    /// What is asked for.
    pub kind: u16,
    /// Numbers.
    pub words: [u64; 4],
    /// A text, of at most 65535 bytes.
    pub name: &'a [u8],
    /// Another one.
    pub value: &'a [u8],
}

impl<'a> Message<'a> {
    /// Its bytes.
    ///
    /// # Errors
    /// `EINVAL` for a name that is too long.
    pub fn encode(&self) -> SysResult<Vec<u8>> {
        let length = u16::try_from(self.name.len()).map_err(|_| Errno::EINVAL)?;
        let mut bytes = Vec::with_capacity(HEADER + self.name.len() + self.value.len());
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&self.kind.to_ne_bytes());
        bytes.extend_from_slice(&length.to_ne_bytes());
        for word in self.words {
            bytes.extend_from_slice(&word.to_ne_bytes());
        }
        bytes.extend_from_slice(self.name);
        bytes.extend_from_slice(self.value);
        Ok(bytes)
    }

    /// Reads a message.
    ///
    /// # Errors
    /// `EPROTO` for another protocol or version, `EINVAL` for what is no message.
    pub fn decode(bytes: &'a [u8]) -> SysResult<Self> {
        let (magic, rest) = bytes.split_first_chunk().ok_or(Errno::EPROTO)?;
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
        let kind = u16::from_ne_bytes(*kind);
        Ok(Self {
            kind,
            words,
            name,
            value,
        })
    }
}

/// The answer that says how a request went: what is returned, or an error as a negative number.
#[must_use]
pub fn answer(result: SysResult) -> [u8; ANSWER] {
    let number = match result {
        Ok(value) => i32::try_from(value).unwrap_or(i32::MAX),
        Err(errno) => -i32::from(errno.number()),
    };
    let mut message = [0; ANSWER];
    message[..4].copy_from_slice(&MAGIC);
    message[4..].copy_from_slice(&number.to_ne_bytes());
    message
}

/// How the request went that this is the answer to.
///
/// # Errors
/// What the answer says; `EPROTO` for what is none.
pub fn answered(message: &[u8]) -> SysResult {
    let message: &[u8; ANSWER] = message.try_into().map_err(|_| Errno::EPROTO)?;
    let (magic, number) = message.split_at(MAGIC.len());
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
    use super::{ANSWER, Message, answer, answered};
    use abi::Errno;
    use proptest::collection::vec;
    use proptest::prelude::*;

    #[test]
    fn what_is_no_message() {
        let message = Message {
            kind: 7,
            words: [1, 2, 3, 4],
            name: b"name",
            value: b"value",
        };
        let mut bytes = message.encode().expect("it is right");
        assert_eq!(Message::decode(&bytes), Ok(message));
        for length in 0..44 {
            let expected = if length < 4 {
                Errno::EPROTO
            } else {
                Errno::EINVAL
            };
            assert_eq!(Message::decode(&bytes[..length]), Err(expected));
        }
        bytes[3] = 1;
        assert_eq!(Message::decode(&bytes), Err(Errno::EPROTO));
    }

    #[test]
    fn answers_come_back() {
        for result in [Ok(0), Ok(1024), Err(Errno::EPERM), Err(Errno::EPROTO)] {
            assert_eq!(answered(&answer(result)), result);
        }
        for bad in [
            &b""[..],
            &[0; ANSWER],
            b"LXZ\x02\0\0\0\x80",
            b"LXZ\x02\0\0\0",
        ] {
            assert_eq!(answered(bad), Err(Errno::EPROTO), "{bad:?}");
        }
    }

    proptest! {
        /// Whatever can be read says the same when it is written again.
        #[test]
        fn any_bytes(rest in vec(any::<u8>(), 0..400)) {
            let _ = answered(&rest);
            let message = [&super::MAGIC[..], &rest].concat();
            if let Ok(read) = Message::decode(&message) {
                prop_assert_eq!(read.encode(), Ok(message));
            }
        }
    }
}
