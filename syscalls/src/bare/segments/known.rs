//! What is known of a segment.

use abi::{Errno, SysResult};

/// What is known of a segment, as its file has it.
#[derive(Clone, Copy, Default)]
pub(super) struct Known {
    pub(super) key: u32,
    pub(super) mode: u32,
    /// Owner and creator, users and groups.
    pub(super) ids: [u32; 4],
    pub(super) size: u64,
    /// Of the last attach, detach and change, in seconds.
    pub(super) times: [u64; 3],
    /// Of the creator and of whom was there last, as the host calls them.
    pub(super) processes: [u32; 2],
}

/// [`Known`] in a file, in words.
pub(super) const WORDS: usize = 12;

impl Known {
    pub(super) fn words(&self) -> [u64; WORDS] {
        let [user, group, creator, creators] = self.ids.map(u64::from);
        let [attach, detach, change] = self.times;
        let [first, last] = self.processes.map(u64::from);
        [
            self.key.into(),
            self.mode.into(),
            user,
            group,
            creator,
            creators,
            self.size,
            attach,
            detach,
            change,
            first,
            last,
        ]
    }

    pub(super) fn from(words: &[u64; WORDS]) -> Self {
        let narrow = |word: u64| u32::try_from(word).unwrap_or(0);
        let [
            key,
            mode,
            a,
            b,
            c,
            d,
            size,
            attach,
            detach,
            change,
            first,
            last,
        ] = *words;
        Self {
            key: narrow(key),
            mode: narrow(mode),
            ids: [a, b, c, d].map(narrow),
            size,
            times: [attach, detach, change],
            processes: [narrow(first), narrow(last)],
        }
    }

    /// Whether the owner may do what these permission bits say (`ipcperms` in ipc/util.c of the
    /// kernel). Nobody else is in the zone.
    pub(super) fn allows(&self, wanted: u32) -> SysResult<()> {
        let wanted = (wanted >> 6 | wanted >> 3 | wanted) & 7;
        match wanted & !(self.mode >> 6) {
            0 => Ok(()),
            _ => Err(Errno::EACCES),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Known;

    #[test]
    fn what_is_known_comes_back() {
        let known = Known {
            key: 7,
            mode: 0o600,
            ids: [1, 2, 3, 4],
            size: 8192,
            times: [5, 6, 7],
            processes: [8, 9],
        };
        assert_eq!(Known::from(&known.words()).words(), known.words());
        assert!(known.allows(0o666).is_ok() && known.allows(0o111).is_err());
    }
}
