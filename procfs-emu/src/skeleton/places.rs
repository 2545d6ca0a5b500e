//! Entries whose path has wildcards: how many there are depends on the machine.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use super::{Entry, Kind, Tree};

/// One of the places that an entry stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The path below /proc or /sys.
    pub path: String,
    /// Where the kernel has it, below /proc or /sys.
    pub source: String,
    /// Where it leads, if it is a link.
    pub target: Option<String>,
}

impl Entry<'_> {
    /// All places of the entry. `names` lists a directory of the kernel's /proc or /sys, which is
    /// named relative to it; names that the zone is not to have it leaves out.
    pub fn places(&self, mut names: impl FnMut(Tree, &str) -> Vec<String>) -> Vec<Place> {
        /// Some interfaces of the host are not virtual; in a zone all are.
        const INTERFACE: &str = "devices/virtual/net/*";
        let path = match self.path.strip_prefix(INTERFACE) {
            Some(rest) if self.tree == Tree::Sys => ["class/net/*", rest].concat(),
            _ => self.path.into(),
        };
        let mut found: Vec<(String, Vec<String>)> = vec![(String::new(), Vec::new())];
        for component in path.split('/') {
            let mut longer = Vec::new();
            for (above, taken) in found {
                let Some(wildcard) = component.find(['*', '#']) else {
                    longer.push((join(&above, component), taken));
                    continue;
                };
                for name in names(self.tree, &above) {
                    if let Some(part) = matched(component, wildcard, &name) {
                        let taken = [&*taken, &[part.into()]].concat();
                        longer.push((join(&above, &name), taken));
                    }
                }
            }
            found = longer;
        }
        let place = |(source, taken): (String, Vec<String>)| Place {
            path: replaced(self.path, &taken),
            source,
            target: match self.kind {
                Kind::Link(target) => Some(replaced(target, &taken)),
                _ => None,
            },
        };
        found.into_iter().map(place).collect()
    }

    /// What stands for the first wildcard of the entry in a path that ends as one of its places
    /// does; the path may begin anywhere.
    #[must_use]
    pub fn instance<'a>(&self, path: &'a [u8]) -> Option<&'a [u8]> {
        let pairs = self.path.rsplit('/').zip(path.rsplit(|byte| *byte == b'/'));
        let mut found = None;
        for (component, name) in pairs {
            if let Some(at) = component.find(['*', '#']) {
                found = name.get(at..);
            }
        }
        found
    }
}

fn join(above: &str, name: &str) -> String {
    if above.is_empty() {
        name.into()
    } else {
        [above, "/", name].concat()
    }
}

/// The part of `name` that the wildcard, the last character of `component`, stands for.
fn matched<'a>(component: &str, wildcard: usize, name: &'a str) -> Option<&'a str> {
    let (before, wildcard) = component.split_at(wildcard);
    let part = name.strip_prefix(before)?;
    let number = part.bytes().all(|byte| byte.is_ascii_digit());
    (!part.is_empty() && (wildcard == "*" || number)).then_some(part)
}

/// `text` with what the wildcards stand for in their places.
fn replaced(text: &str, taken: &[String]) -> String {
    let mut out = String::new();
    let mut taken = taken.iter();
    for character in text.chars() {
        match character {
            '*' | '#' => out.push_str(taken.next().map_or("", String::as_str)),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::super::{Entry, Tree, sys_entries};
    use super::Place;
    use alloc::string::{String, ToString};
    use alloc::vec::Vec;

    fn entry(path: &str) -> Entry<'static> {
        sys_entries()
            .find(|entry| entry.path == path)
            .expect("an entry")
    }

    fn names(_: Tree, directory: &str) -> Vec<String> {
        let names: &[&str] = match directory {
            "class/net" => &["eth0", "lo"],
            "devices/system/cpu" => &["cpu0", "cpu12", "cpufreq", "online"],
            "devices/system/cpu/cpu12/cache" => &["index0", "uevent"],
            _ => &[],
        };
        names.iter().map(ToString::to_string).collect()
    }

    fn places(path: &str) -> Vec<Place> {
        entry(path).places(names)
    }

    #[test]
    fn without_wildcards_there_is_one() {
        let place = Place {
            path: "kernel/fscaps".into(),
            source: "kernel/fscaps".into(),
            target: None,
        };
        assert_eq!(places("kernel/fscaps"), [place]);
    }

    #[test]
    fn interfaces_are_virtual() {
        let found = places("devices/virtual/net/*/mtu");
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].path, "devices/virtual/net/eth0/mtu");
        assert_eq!(found[0].source, "class/net/eth0/mtu");
        let link = &places("class/net/*")[1];
        assert_eq!(link.path, "class/net/lo");
        assert_eq!(link.target.as_deref(), Some("../../devices/virtual/net/lo"));
    }

    #[test]
    fn numbers_are_numbers() {
        let found = places("devices/system/cpu/cpu#");
        let paths: Vec<&str> = found.iter().map(|place| &*place.path).collect();
        assert_eq!(
            paths,
            ["devices/system/cpu/cpu0", "devices/system/cpu/cpu12"]
        );
    }

    #[test]
    fn several_wildcards() {
        let found = places("devices/system/cpu/cpu#/cache/index#/size");
        let paths: Vec<&str> = found.iter().map(|place| &*place.path).collect();
        assert_eq!(paths, ["devices/system/cpu/cpu12/cache/index0/size"]);
        let links = places("bus/cpu/devices/cpu#");
        assert!(links.is_empty(), "that directory has none here");
    }

    #[test]
    fn instances() {
        let bytes = entry("devices/virtual/net/*/statistics/rx_bytes");
        let path = b"/sys/devices/virtual/net/eth0/statistics/rx_bytes";
        assert_eq!(bytes.instance(path), Some(&b"eth0"[..]));
        assert_eq!(bytes.instance(b"rx_bytes"), None);
        let size = entry("devices/system/cpu/cpu#/cache/index#/size");
        assert_eq!(
            size.instance(b"/x/cpu12/cache/index3/size"),
            Some(&b"12"[..])
        );
        assert_eq!(entry("kernel/fscaps").instance(b"/sys/kernel/fscaps"), None);
    }

    /// On this machine every directory that has wildcards below it is found.
    #[test]
    fn on_this_machine() {
        let list = |tree: Tree, directory: &str| {
            let path = std::path::Path::new(tree.root()).join(directory);
            let read = std::fs::read_dir(path).into_iter().flatten().flatten();
            read.map(|entry| entry.file_name().to_string_lossy().into_owned())
                .collect()
        };
        let cpus = entry("devices/system/cpu/cpu#").places(list);
        assert!(
            cpus.iter()
                .any(|place| place.path == "devices/system/cpu/cpu0")
        );
        assert!(cpus.iter().all(|place| place.path == place.source));
        assert!(!entry("class/net/*").places(list).is_empty());
    }
}
