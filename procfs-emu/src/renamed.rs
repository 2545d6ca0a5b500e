//! Paths of mapped files in `maps`, `smaps` and `numa_maps`, for zones whose paths are not the
//! kernel's.

use alloc::vec::Vec;

use kernel::bare::Names;

use crate::maps::Mapping;
use crate::text::Lines;

/// Renames in what another filter lets pass.
pub(crate) struct Renamed<'a> {
    pub(crate) filter: &'a mut dyn Lines,
    pub(crate) names: &'a Names,
}

impl Renamed<'_> {
    fn rename(&self, text: &[u8], out: &mut Vec<u8>) {
        for line in text.split_inclusive(|byte| *byte == b'\n') {
            match renamed(line, |path| self.names.inner(path)) {
                Some(line) => out.extend_from_slice(&line),
                None => out.extend_from_slice(line),
            }
        }
    }
}

impl Lines for Renamed<'_> {
    fn line(&mut self, line: &[u8], out: &mut Vec<u8>) {
        let mut text = Vec::new();
        self.filter.line(line, &mut text);
        self.rename(&text, out);
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        let mut text = Vec::new();
        self.filter.end(&mut text);
        self.rename(&text, out);
    }
}

/// The line with its path as `inner` has it; `None` when it stays as it is.
fn renamed(line: &[u8], inner: impl Fn(&[u8]) -> Option<Vec<u8>>) -> Option<Vec<u8>> {
    const FILE: &[u8] = b" file=";
    let (path, end) = if let Some(mapping) = Mapping::parse(line) {
        (mapping.name, &b"\n"[..])
    } else {
        let at = line.windows(FILE.len()).position(|word| word == FILE)?;
        let path = line.get(at + FILE.len()..)?;
        let length = path.iter().position(u8::is_ascii_whitespace)?;
        path.split_at_checked(length)?
    };
    if !path.starts_with(b"/") {
        return None;
    }
    let before = line.len() - path.len() - end.len();
    Some([line.get(..before)?, &inner(path)?, end].concat())
}

#[cfg(test)]
mod tests {
    use super::renamed;

    #[test]
    fn paths_are_the_zones() {
        let inner = |path: &[u8]| path.strip_prefix(b"/srv/root").map(Into::into);
        let line = |text: &str| renamed(text.as_bytes(), inner);
        assert_eq!(
            line("00400000-00401000 r--p 00000000 fe:00 247030  /srv/root/bin/a b (deleted)\n"),
            Some(b"00400000-00401000 r--p 00000000 fe:00 247030  /bin/a b (deleted)\n".to_vec())
        );
        assert_eq!(
            line("7f00 default file=/srv/root/lib/x mapped=3\n"),
            Some(b"7f00 default file=/lib/x mapped=3\n".to_vec())
        );
        for same in [
            "00400000-00401000 rw-p 00000000 00:00 0  [heap]\n",
            "00400000-00401000 r--p 00000000 fe:00 247030  /usr/bin/x\n",
            "Rss: 4 kB\n",
        ] {
            assert_eq!(line(same), None, "{same}");
        }
    }
}
