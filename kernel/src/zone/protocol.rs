//! What a guest process asks zsched to do for it, in the layout of [`crate::message`].

use alloc::vec::Vec;

use abi::{Errno, SysResult};

use crate::exchange::exchange;
use crate::message::{HEADER, Message};

/// The longest name of a sysctl, in bytes.
pub const LONGEST_NAME: usize = 128;
/// The longest value, in bytes.
pub const LONGEST_VALUE: usize = 1024;
/// The longest host or domain name, in bytes (`__NEW_UTS_LEN`).
pub const LONGEST_HOST: usize = 64;
/// The longest request, in bytes.
pub const LONGEST_REQUEST: usize = HEADER + LONGEST_NAME + LONGEST_VALUE;

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

/// Asks, and waits for the answer: how much was done, in bytes.
///
/// # Errors
/// What zsched says; those of [`exchange`].
pub fn ask(request: &Request<'_>) -> SysResult {
    exchange(&request.encode()?, &[]).map(|(done, _)| done)
}

impl<'a> Request<'a> {
    fn message(&self) -> Message<'a> {
        let (kind, name, value): (u16, &[u8], &[u8]) = match *self {
            Self::Hello => (0, &[], &[]),
            Self::SetHostname(value) => (1, &[], value),
            Self::SetDomainname(value) => (2, &[], value),
            Self::SysctlWrite { name, value } => (3, name, value),
            Self::Program => (4, &[], &[]),
        };
        Message {
            kind,
            name,
            value,
            ..Message::default()
        }
    }

    /// The message.
    ///
    /// # Errors
    /// `EINVAL` for a text that is too long, as zsched would answer.
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
        let Message { name, value, .. } = message;
        let request = match message.kind {
            0 => Self::Hello,
            1 => Self::SetHostname(value),
            2 => Self::SetDomainname(value),
            3 => Self::SysctlWrite { name, value },
            4 => Self::Program,
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

#[cfg(test)]
mod tests {
    use super::{LONGEST_HOST, LONGEST_REQUEST, Request};
    use crate::message::{MAGIC, Message};
    use abi::Errno;
    use proptest::collection::vec;
    use proptest::prelude::*;

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
            let message = request.encode().expect("it is right");
            assert_eq!(Request::decode(&message), Ok(request));
        }
    }

    #[test]
    fn what_is_no_request() {
        let mut message = Request::Hello.encode().expect("it is right");
        message[3] = 1;
        assert_eq!(Request::decode(&message), Err(Errno::EPROTO));
        assert_eq!(Request::decode(b""), Err(Errno::EPROTO));
        let long = [b'x'; LONGEST_HOST + 1];
        assert_eq!(Request::SetHostname(&long).encode(), Err(Errno::EINVAL));
        let none: &[u8] = b"";
        for (kind, word, name, value) in [
            // Unknown; a value, a name, a number or none where it must not be.
            (9, 0, none, none),
            (0, 0, none, b"x"),
            (4, 0, none, b"x"),
            (1, 0, b"x", b"h"),
            (1, 1, none, b"h"),
            (3, 0, none, b"1"),
        ] {
            let message = Message {
                kind,
                words: [word, 0, 0, 0],
                name,
                value,
            };
            let message = message.encode().expect("it can be written");
            assert_eq!(Request::decode(&message), Err(Errno::EINVAL), "{kind}");
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
            assert_eq!(request.encode(), Err(Errno::EINVAL), "{name}");
        }
    }

    proptest! {
        /// Whatever can be read says the same when it is written again.
        #[test]
        fn any_bytes(message in vec(any::<u8>(), 0..LONGEST_REQUEST + 8)) {
            for message in [message.clone(), [&MAGIC[..], &message].concat()] {
                if let Ok(request) = Request::decode(&message) {
                    prop_assert_eq!(request.encode(), Ok(message));
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
            let parts = [&MAGIC[..], &kind.to_ne_bytes(), &length.to_ne_bytes(), &[0; 32]];
            let message = [&parts.concat(), text.as_bytes(), &more].concat();
            if let Ok(request) = Request::decode(&message) {
                prop_assert_eq!(request.encode(), Ok(message));
            }
        }
    }
}
