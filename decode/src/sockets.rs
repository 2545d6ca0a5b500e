//! Sockets: addresses, options, what comes with messages.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::Out;
use crate::arguments::as_int;
use crate::names::{Table, table};
use crate::structures::word;
use observe::shape::Names;

/// The options of a level, `SOL_SOCKET` excepted.
pub(crate) const fn options(level: u64) -> Table {
    match level {
        6 => &[
            (1, "TCP_NODELAY"),
            (2, "TCP_MAXSEG"),
            (3, "TCP_CORK"),
            (4, "TCP_KEEPIDLE"),
            (5, "TCP_KEEPINTVL"),
            (6, "TCP_KEEPCNT"),
            (7, "TCP_SYNCNT"),
            (8, "TCP_LINGER2"),
            (9, "TCP_DEFER_ACCEPT"),
            (11, "TCP_INFO"),
            (12, "TCP_QUICKACK"),
            (13, "TCP_CONGESTION"),
            (18, "TCP_USER_TIMEOUT"),
            (23, "TCP_FASTOPEN"),
            (31, "TCP_ULP"),
        ],
        0 => &[
            (1, "IP_TOS"),
            (2, "IP_TTL"),
            (4, "IP_OPTIONS"),
            (8, "IP_PKTINFO"),
            (10, "IP_MTU_DISCOVER"),
            (11, "IP_RECVERR"),
            (15, "IP_FREEBIND"),
            (24, "IP_BIND_ADDRESS_NO_PORT"),
            (32, "IP_MULTICAST_IF"),
            (33, "IP_MULTICAST_TTL"),
            (35, "IP_ADD_MEMBERSHIP"),
        ],
        41 => &[
            (16, "IPV6_UNICAST_HOPS"),
            (18, "IPV6_MULTICAST_HOPS"),
            (23, "IPV6_MTU_DISCOVER"),
            (25, "IPV6_RECVERR"),
            (26, "IPV6_V6ONLY"),
            (49, "IPV6_RECVPKTINFO"),
            (67, "IPV6_TCLASS"),
        ],
        270 => &[
            (1, "NETLINK_ADD_MEMBERSHIP"),
            (3, "NETLINK_PKTINFO"),
            (11, "NETLINK_EXT_ACK"),
            (12, "NETLINK_GET_STRICT_CHK"),
        ],
        _ => &[],
    }
}

/// A number in the network's order of bytes.
fn swapped(bytes: &[u8], offset: usize, size: usize) -> u64 {
    let some = bytes.get(offset..offset + size).unwrap_or_default();
    some.iter()
        .fold(0, |number, &byte| number << 8 | u64::from(byte))
}

/// A socket address.
pub(crate) fn address(bytes: &[u8], out: &mut Out) {
    let family = word(bytes, 0, 2);
    out.text("{sa_family=");
    if !out.value(table(Names::AddressFamily), family) {
        out.hex(family);
    }
    match family {
        1 if bytes.len() > 2 => {
            let path = bytes.get(2..).unwrap_or_default();
            out.text(", sun_path=");
            if let Some(abstracted) = path.strip_prefix(b"\0") {
                out.text("@");
                out.quoted(abstracted);
            } else {
                let end = path
                    .iter()
                    .position(|&byte| byte == 0)
                    .unwrap_or(path.len());
                out.quoted(&path[..end]);
            }
        }
        2 => {
            out.text(", sin_port=htons(");
            out.dec(swapped(bytes, 2, 2));
            let host = u32::try_from(swapped(bytes, 4, 4)).unwrap_or(0);
            out.text(&format!(
                "), sin_addr=inet_addr(\"{}\")",
                Ipv4Addr::from(host)
            ));
        }
        10 => {
            out.text(", sin6_port=htons(");
            out.dec(swapped(bytes, 2, 2));
            out.text("), sin6_flowinfo=htonl(");
            out.dec(swapped(bytes, 4, 4));
            let host = bytes
                .get(8..24)
                .and_then(|host| <[u8; 16]>::try_from(host).ok());
            let host = Ipv6Addr::from(host.unwrap_or_default());
            out.text(&format!(
                "), inet_pton(AF_INET6, \"{host}\", &sin6_addr), sin6_scope_id="
            ));
            out.dec(word(bytes, 24, 4));
        }
        16 => {
            out.text(", nl_pid=");
            out.dec(word(bytes, 4, 4));
            out.text(", nl_groups=");
            out.digits(word(bytes, 8, 4), 16, 8);
        }
        _ if bytes.len() > 2 => {
            out.text(", sa_data=");
            out.quoted(bytes.get(2..).unwrap_or_default());
        }
        _ => {}
    }
    out.text("}");
}

/// The value of a socket option.
pub(crate) fn option(level: u64, option: u64, bytes: &[u8], out: &mut Out) {
    match (level, option) {
        (1, 13) => {
            out.text("{l_onoff=");
            out.dec(word(bytes, 0, 4));
            out.text(", l_linger=");
            out.dec(word(bytes, 4, 4));
            out.text("}");
        }
        (1, 17) => {
            out.text("{pid=");
            out.dec(word(bytes, 0, 4));
            out.text(", uid=");
            out.dec(word(bytes, 4, 4));
            out.text(", gid=");
            out.dec(word(bytes, 8, 4));
            out.text("}");
        }
        _ if bytes.len() == 4 => {
            out.text("[");
            let value = word(bytes, 0, 4);
            let errno = u16::try_from(value).ok().and_then(abi::Errno::from_raw);
            if (level, option) == (1, 4)
                && let Some(errno) = errno
            {
                out.text(errno.name());
            } else if (level, option) == (1, 3) {
                if !out.value(table(Names::SocketType), value) {
                    out.dec(value);
                }
            } else {
                out.signed(as_int(value));
            }
            out.text("]");
        }
        _ => out.quoted(bytes),
    }
}

/// Control messages (cmsg(3)).
pub(crate) fn control(bytes: &[u8], out: &mut Out) {
    let mut rest = bytes;
    out.text("[");
    let mut first = true;
    while rest.len() >= 16 {
        let len = usize::try_from(word(rest, 0, 8))
            .unwrap_or(0)
            .clamp(16, rest.len());
        let (level, kind) = (word(rest, 8, 4), word(rest, 12, 4));
        let data = rest.get(16..len).unwrap_or_default();
        if !first {
            out.text(", ");
        }
        first = false;
        out.text("{cmsg_len=");
        out.dec(word(rest, 0, 8));
        out.text(", cmsg_level=");
        if !out.value(table(Names::SocketLevel), level) {
            out.hex(level);
        }
        out.text(", cmsg_type=");
        match (level, kind) {
            (1, 1) => {
                out.text("SCM_RIGHTS, cmsg_data=[");
                for (index, fd) in data.chunks_exact(4).enumerate() {
                    if index > 0 {
                        out.text(", ");
                    }
                    out.signed(as_int(word(fd, 0, 4)));
                }
                out.text("]");
            }
            (1, 2) => {
                out.text("SCM_CREDENTIALS, cmsg_data=");
                option(1, 17, data, out);
            }
            _ => out.hex(kind),
        }
        out.text("}");
        rest = rest.get(len.next_multiple_of(8)..).unwrap_or_default();
    }
    out.text("]");
}

#[cfg(test)]
mod tests {
    use super::address;
    use crate::Out;

    fn printed(bytes: &[u8]) -> String {
        let mut out = Out::new();
        address(bytes, &mut out);
        String::from_utf8_lossy(out.bytes()).into_owned()
    }

    #[test]
    fn addresses() {
        assert_eq!(
            printed(b"\x01\0/run/x\0"),
            r#"{sa_family=AF_UNIX, sun_path="/run/x"}"#
        );
        assert_eq!(
            printed(b"\x01\0\0x"),
            r#"{sa_family=AF_UNIX, sun_path=@"x"}"#
        );
        let inet = [2, 0, 0, 80, 127, 0, 0, 1];
        let text = r#"{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("127.0.0.1")}"#;
        assert_eq!(printed(&inet), text);
        assert_eq!(printed(&[]), "{sa_family=AF_UNSPEC}");
    }
}
