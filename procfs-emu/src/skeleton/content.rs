//! What the ordinary files among the placeholders hold.

use alloc::vec::Vec;

use super::{Entry, Kind, processors};

impl Entry<'_> {
    /// The content of its placeholder, where that is an ordinary file: made of what the kernel's
    /// own entry says, `host`, if there is one that can be read, and of the zone's processors, a
    /// bit for each. `None` where the zone has no such entry, or it is no ordinary file.
    #[must_use]
    pub fn content(&self, host: Option<&[u8]>, zones: &[u64]) -> Option<Vec<u8>> {
        match self.kind {
            Kind::Fixed(text) => Some(text.into()),
            Kind::Copy { otherwise } => {
                let line = otherwise.map(|text| [text.as_bytes(), b"\n"].concat());
                host.map(Vec::from).or(line).or(self.unreadable())
            }
            Kind::Zone => host.map(Vec::from).or(self.unreadable()),
            Kind::Processors { form, among_hosts } => {
                let among = among_hosts.then_some(host).flatten();
                if among_hosts && among.is_none() {
                    return None;
                }
                let among = among.and_then(|text| core::str::from_utf8(text).ok());
                Some(processors::text(form, zones, among).into())
            }
            Kind::Directory | Kind::Live | Kind::Own | Kind::Link(_) => None,
        }
    }

    /// What an entry holds that nobody may read.
    fn unreadable(&self) -> Option<Vec<u8>> {
        (self.mode & 0o444 == 0).then(Vec::new)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{entries, sys_entries};
    use alloc::vec::Vec;

    fn content(path: &str, host: Option<&str>) -> Option<Vec<u8>> {
        let mut all = entries().chain(sys_entries());
        let entry = all.find(|entry| entry.path == path).expect("an entry");
        entry.content(host.map(str::as_bytes), &[0b10])
    }

    #[test]
    fn contents() {
        for (path, host, expected) in [
            ("kernel/address_bits", Some("32\n"), Some("64\n")),
            ("sys/vm/swappiness", Some("7\n"), Some("7\n")),
            ("sys/vm/swappiness", None, Some("60\n")),
            ("sys/vm/min_free_kbytes", None, None),
            ("sys/vm/drop_caches", None, Some("")),
            ("sys/net/ipv4/route/flush", None, Some("")),
            ("sys/net/ipv4/ip_forward", Some("1\n"), Some("1\n")),
            ("sys/net/ipv4/ip_forward", None, None),
            ("devices/system/cpu/online", Some("0-7\n"), Some("1\n")),
            ("devices/system/cpu/offline", Some("\n"), Some("\n")),
            ("devices/system/cpu/offline", None, None),
            ("meminfo", Some("x"), None),
            ("class/net/*", Some("x"), None),
        ] {
            let expected = expected.map(Vec::from);
            assert_eq!(content(path, host), expected, "{path} {host:?}");
        }
    }
}
