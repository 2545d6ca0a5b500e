//! How the zone calls what the host calls otherwise.

use alloc::vec::Vec;

/// For every mount, what the host calls what it shows, and where the zone sees that.
#[derive(Clone, Debug, Default)]
pub struct Names(Vec<(Vec<u8>, Vec<u8>)>);

impl Names {
    /// Those mounts.
    #[must_use]
    pub fn new(mounts: Vec<(Vec<u8>, Vec<u8>)>) -> Self {
        Self(mounts)
    }

    /// The path in the zone of what the host calls `path`. `None` for what lies outside.
    #[must_use]
    pub fn inner(&self, path: &[u8]) -> Option<Vec<u8>> {
        let below = |shown: &[u8]| {
            let rest = path.strip_prefix(shown)?;
            let inside = rest.is_empty() || rest.starts_with(b"/") || shown == b"/";
            inside.then_some(rest)
        };
        let mounts = self.0.iter();
        let found = mounts.filter_map(|(shown, target)| Some((shown.len(), target, below(shown)?)));
        // Of mounts that show the same, the first.
        let best = found.reduce(|best, other| if other.0 > best.0 { other } else { best });
        let (_, target, rest) = best?;
        let rest = rest.strip_prefix(b"/").unwrap_or(rest);
        let parts = [&target[..], rest]
            .into_iter()
            .filter(|part| !part.is_empty());
        let mut text = Vec::new();
        for part in parts {
            text.push(b'/');
            text.extend_from_slice(part);
        }
        if text.is_empty() {
            text.push(b'/');
        }
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::Names;

    #[test]
    fn paths_are_the_zones() {
        let mount = |host: &str, target: &str| (host.as_bytes().into(), target.as_bytes().into());
        let names = Names::new(std::vec![
            mount("/srv/root", ""),
            mount("/home/x", "srv/data"),
            mount("/proc", "proc"),
            mount("/srv/root/in", "again"),
        ]);
        for (host, zone) in [
            ("/srv/root", Some("/")),
            ("/srv/root/etc/a", Some("/etc/a")),
            ("/srv/roots", None),
            ("/home/x", Some("/srv/data")),
            ("/home/x/y (deleted)", Some("/srv/data/y (deleted)")),
            ("/srv/root/in/a", Some("/again/a")),
            ("/proc/1", Some("/proc/1")),
            ("/", None),
        ] {
            let found = names.inner(host.as_bytes());
            assert_eq!(found.as_deref(), zone.map(str::as_bytes), "{host}");
        }
        let whole = Names::new(std::vec![mount("/", "")]);
        assert_eq!(whole.inner(b"/").as_deref(), Some(&b"/"[..]));
        assert_eq!(whole.inner(b"/x/y").as_deref(), Some(&b"/x/y"[..]));
    }
}
