//! What a guest process asks zsched to do for it, and what zsched answers.
//!
//! All processes of a zone share one end of a socket with message boundaries. A request carries,
//! as a descriptor (`SCM_RIGHTS`), one end of a socket of the asking process's own, where it waits
//! for the answer: so answers never get mixed up. The layout is fixed, in the machine's byte order:
//! four bytes of [`MAGIC`], the kind and the length of the name (two bytes each), the name, and the
//! value, which ends with the message.

use abi::{Errno, SysResult};

/// The first bytes of every message; the last of them is the version.
pub const MAGIC: [u8; 4] = *b"LXZ\x01";

/// The length of a request without its texts, in bytes.
const HEADER: usize = 8;
/// The longest name of a sysctl, in bytes.
pub const LONGEST_NAME: usize = 128;
/// The longest value, in bytes.
pub const LONGEST_VALUE: usize = 1024;
/// The longest host or domain name, in bytes (`__NEW_UTS_LEN`).
pub const LONGEST_HOST: usize = 64;
/// The longest request, in bytes.
pub const LONGEST_REQUEST: usize = HEADER + LONGEST_NAME + LONGEST_VALUE;
/// The length of an answer, in bytes.
pub const ANSWER: usize = 8;

/// Something to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request<'a> {
    /// Nothing: the answer says that zsched is there and speaks this version.
    Hello,
    /// Changes the zone's host name, as sethostname(2).
    SetHostname(&'a [u8]),
    /// Changes the zone's domain name, as setdomainname(2).
    SetDomainname(&'a [u8]),
    /// Writes to a file below /proc/sys/net.
    SysctlWrite {
        /// Its path below /proc/sys.
        name: &'a [u8],
        /// What is written.
        value: &'a [u8],
    },
    /// Asks for the copy of the brand's image that has the rights of a program
    /// ([`super::rights`]). A descriptor of the program comes behind the one for the answer; the
    /// copy comes with the answer, if there is something to get.
    Program,
}

impl<'a> Request<'a> {
    /// Writes the message to the beginning of `into`; its length.
    ///
    /// # Errors
    /// `EINVAL` for a text that is too long, as zsched would answer.
    pub fn encode(&self, into: &mut [u8; LONGEST_REQUEST]) -> SysResult {
        let (kind, name, value): (u16, &[u8], &[u8]) = match *self {
            Self::Hello => (0, &[], &[]),
            Self::SetHostname(value) => (1, &[], value),
            Self::SetDomainname(value) => (2, &[], value),
            Self::SysctlWrite { name, value } => (3, name, value),
            Self::Program => (4, &[], &[]),
        };
        self.check()?;
        let name_length = u16::try_from(name.len()).map_err(|_| Errno::EINVAL)?;
        let parts: [&[u8]; 5] = [
            &MAGIC,
            &kind.to_ne_bytes(),
            &name_length.to_ne_bytes(),
            name,
            value,
        ];
        let mut end = 0;
        for part in parts {
            let to = into.get_mut(end..end + part.len()).ok_or(Errno::EINVAL)?;
            to.copy_from_slice(part);
            end += part.len();
        }
        Ok(end)
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
        let (length, rest) = rest.split_first_chunk().ok_or(Errno::EINVAL)?;
        let length = usize::from(u16::from_ne_bytes(*length));
        let (name, value) = rest.split_at_checked(length).ok_or(Errno::EINVAL)?;
        let request = match (u16::from_ne_bytes(*kind), name.is_empty()) {
            (0, true) if value.is_empty() => Self::Hello,
            (1, true) => Self::SetHostname(value),
            (2, true) => Self::SetDomainname(value),
            (3, false) => Self::SysctlWrite { name, value },
            (4, true) if value.is_empty() => Self::Program,
            _ => return Err(Errno::EINVAL),
        };
        request.check()?;
        Ok(request)
    }

    /// Whether its texts are as they must be.
    fn check(&self) -> SysResult<()> {
        let good = match *self {
            Self::Hello | Self::Program => true,
            Self::SetHostname(value) | Self::SetDomainname(value) => value.len() <= LONGEST_HOST,
            Self::SysctlWrite { name, value } => is_name(name) && value.len() <= LONGEST_VALUE,
        };
        if good { Ok(()) } else { Err(Errno::EINVAL) }
    }
}

/// Whether it is a relative path that leads nowhere but down, of plain characters only.
fn is_name(name: &[u8]) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.@".contains(byte);
    let component = |part: &[u8]| {
        let dots = part.iter().all(|byte| *byte == b'.');
        !dots && part.iter().all(plain)
    };
    name.len() <= LONGEST_NAME && name.split(|byte| *byte == b'/').all(component)
}

/// The answer that says how a request went: how much was done, in bytes, or an error as a negative
/// number.
#[must_use]
pub fn answer(result: SysResult) -> [u8; ANSWER] {
    let number = match result {
        Ok(done) => i32::try_from(done).unwrap_or(i32::MAX),
        Err(errno) => -i32::from(errno.number()),
    };
    let mut message = [0; ANSWER];
    message[..4].copy_from_slice(&MAGIC);
    message[4..].copy_from_slice(&number.to_ne_bytes());
    message
}

/// How the request went that this is the answer to: how much was done.
///
/// # Errors
/// What zsched says; `EPROTO` for what is no answer.
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
    use super::{ANSWER, LONGEST_HOST, LONGEST_REQUEST, MAGIC, Request, answer, answered};
    use abi::Errno;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use std::vec::Vec;

    fn encoded(request: Request<'_>) -> Vec<u8> {
        let mut message = [0; LONGEST_REQUEST];
        let length = request.encode(&mut message).expect("it is right");
        message[..length].to_vec()
    }

    #[test]
    fn requests_come_back() {
        let name = b"net/ipv4/conf/eth0.1/forwarding";
        for request in [
            Request::Hello,
            Request::SetHostname(b"h"),
            Request::SetHostname(b""),
            Request::SetDomainname(&[0xff; LONGEST_HOST]),
            Request::SysctlWrite {
                name,
                value: b"1\n",
            },
            Request::SysctlWrite { name, value: b"" },
            Request::Program,
        ] {
            assert_eq!(Request::decode(&encoded(request)), Ok(request));
        }
    }

    #[test]
    fn what_is_no_request() {
        let mut message = encoded(Request::Hello);
        message[3] = 2;
        assert_eq!(Request::decode(&message), Err(Errno::EPROTO));
        assert_eq!(Request::decode(b""), Err(Errno::EPROTO));
        let long = [b'x'; LONGEST_HOST + 1];
        assert_eq!(
            Request::SetHostname(&long).encode(&mut [0; LONGEST_REQUEST]),
            Err(Errno::EINVAL)
        );
        for rest in [
            &b""[..],
            b"\x00\x00\x00",
            // Unknown; a name too long for the message; a value, a name or none where it must not be.
            b"\x09\x00\x00\x00",
            b"\x03\x00\x05\x00net/",
            b"\x00\x00\x00\x00x",
            b"\x04\x00\x00\x00x",
            b"\x01\x00\x01\x00xh",
            b"\x03\x00\x00\x001",
        ] {
            let message = [&MAGIC[..], rest].concat();
            assert_eq!(Request::decode(&message), Err(Errno::EINVAL), "{rest:?}");
        }
        for name in [
            "..",
            "net/../kernel/x",
            "/net",
            "net/",
            "net//x",
            "net/*",
            "net/\0",
        ] {
            let request = Request::SysctlWrite {
                name: name.as_bytes(),
                value: b"1",
            };
            assert_eq!(
                request.encode(&mut [0; LONGEST_REQUEST]),
                Err(Errno::EINVAL),
                "{name}"
            );
        }
    }

    #[test]
    fn answers_come_back() {
        for result in [Ok(0), Ok(1024), Err(Errno::EPERM), Err(Errno::EPROTO)] {
            assert_eq!(answered(&answer(result)), result);
        }
        for bad in [
            &b""[..],
            &[0; ANSWER],
            b"LXZ\x01\0\0\0\x80",
            b"LXZ\x01\0\0\0",
        ] {
            assert_eq!(answered(bad), Err(Errno::EPROTO), "{bad:?}");
        }
    }

    proptest! {
        /// Whatever can be read says the same when it is written again.
        #[test]
        fn any_bytes(message in vec(any::<u8>(), 0..LONGEST_REQUEST + 8)) {
            let _ = answered(&message);
            for message in [message.clone(), [&MAGIC[..], &message].concat()] {
                if let Ok(request) = Request::decode(&message) {
                    prop_assert_eq!(encoded(request), message);
                }
            }
        }

        /// As above, of what is nearly a request.
        #[test]
        fn bytes_like_a_request(
            kind in 0u16..6,
            length in 0u16..200,
            text in "[a-z./]{0,200}",
            more in vec(any::<u8>(), 0..LONGEST_REQUEST),
        ) {
            let parts = [&MAGIC[..], &kind.to_ne_bytes(), &length.to_ne_bytes()];
            let message = [&parts.concat(), text.as_bytes(), &more].concat();
            if let Ok(request) = Request::decode(&message) {
                prop_assert_eq!(encoded(request), message);
            }
        }
    }
}
