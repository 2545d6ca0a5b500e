//! Merged directories: their entries, and the positions that stand for them.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use abi::SysResult;

use super::disk::{Disk, Listed, Spot};
use super::mark::{IMPURE, NUMBER, OPAQUE, WHITEOUT, is_whiteout, may_be_whiteout};
use super::{Stack, UPPER};

const DT_CHR: u8 = 2;
const DT_REG: u8 = 8;

/// An entry as the guest sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Its name.
    pub name: Vec<u8>,
    /// Its number.
    pub number: u64,
    /// Its type.
    pub kind: u8,
    /// The position after it (`d_off`).
    pub next: u32,
}

impl<D: Disk> Stack<D> {
    /// What a directory shows but `.` and `..`, in no order.
    ///
    /// # Errors
    /// Those of getdents(2).
    pub fn list(&self, path: &[u8]) -> SysResult<Vec<Listed>> {
        let mut seen: BTreeMap<Vec<u8>, Option<(u64, u8)>> = BTreeMap::new();
        for (layer, part) in self.parts(path)? {
            let marks = Marks {
                others: layer != UPPER
                    && self.disk.attribute(&part, OPAQUE)?.as_deref() == Some(b"x"),
                impure: layer == UPPER && self.disk.attribute(&part, IMPURE)?.is_some(),
            };
            let device = self.disk.status(&part)?.st_dev;
            for entry in self.disk.list(&part)? {
                if seen.contains_key(&entry.name) {
                    continue;
                }
                let shown = self.shown(&part, &entry, device, marks)?;
                seen.insert(entry.name, shown);
            }
        }
        let entry = |(name, shown): (Vec<u8>, Option<(u64, u8)>)| {
            shown.map(|(number, kind)| Listed { name, number, kind })
        };
        Ok(seen.into_iter().filter_map(entry).collect())
    }

    /// Number and type of an entry of one layer; `None` when it hides the name.
    fn shown(
        &self,
        part: &D::File,
        entry: &Listed,
        device: u64,
        marks: Marks,
    ) -> SysResult<Option<(u64, u8)>> {
        let number = self.numbers.number(device, entry.number);
        let plain = (number.unwrap_or(entry.number), entry.kind);
        let suspect = match entry.kind {
            DT_CHR | 0 => true,
            DT_REG => marks.others || marks.impure,
            _ => marks.impure,
        };
        if !suspect {
            return Ok(Some(plain));
        }
        let at = Spot {
            directory: part,
            name: &entry.name,
        };
        // What goes meanwhile may be listed still.
        let Ok(file) = self.disk.open_at(at) else {
            return Ok(Some(plain));
        };
        let status = self.disk.status(&file)?;
        let other = || Ok(self.disk.attribute(&file, WHITEOUT)?.is_some());
        if is_whiteout(&status) || marks.others && may_be_whiteout(&status) && other()? {
            return Ok(None);
        }
        if !marks.impure {
            return Ok(Some(plain));
        }
        let kept = self.disk.attribute(&file, NUMBER)?;
        let kept = kept.and_then(|kept| kept.try_into().ok());
        Ok(Some((kept.map_or(plain.0, u64::from_le_bytes), plain.1)))
    }
}

/// What a directory of one layer is marked with.
#[derive(Clone, Copy)]
struct Marks {
    /// It has whiteouts of the other form.
    others: bool,
    /// It has copied files, which keep their numbers.
    impure: bool,
}

/// Puts entries in the order of their positions. A position is made of the name alone, so that
/// entries that come and go meanwhile change nothing for the others, whoever lists. It has 31 bits,
/// which every file system takes as the position of a directory. Entries with the same position,
/// which are few, are to be listed at once.
#[must_use]
pub fn in_order(entries: Vec<Listed>) -> Vec<Shown> {
    let shown = |entry: Listed| Shown {
        next: FIRST + hash(&entry.name),
        name: entry.name,
        number: entry.number,
        kind: entry.kind,
    };
    let mut entries: Vec<Shown> = entries.into_iter().map(shown).collect();
    entries.sort_by(|one, other| (one.next, &one.name).cmp(&(other.next, &other.name)));
    entries
}

/// The first position after an entry other than `.` and `..`, after which come 1 and 2.
const FIRST: u32 = 3;

/// Where in the order a position is: the first entry to show.
#[must_use]
pub fn after(entries: &[Shown], position: u32) -> usize {
    entries.partition_point(|entry| entry.next <= position)
}

/// 30 bits of a name (FNV-1a, with the finish of MurmurHash3).
fn hash(name: &[u8]) -> u32 {
    let mut hash = name.iter().fold(0x811c_9dc5u32, |hash, byte| {
        (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    });
    hash = (hash ^ hash >> 16).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ hash >> 13).wrapping_mul(0xc2b2_ae35);
    (hash ^ hash >> 16) >> 2
}

#[cfg(test)]
mod tests {
    use super::{Listed, after, in_order};
    use std::collections::BTreeSet;
    use std::format;
    use std::vec::Vec;

    fn entries(names: impl Iterator<Item = usize>) -> Vec<Listed> {
        let entry = |number: usize| Listed {
            name: format!("file-{number}").into_bytes(),
            number: 1,
            kind: 8,
        };
        names.map(entry).collect()
    }

    #[test]
    fn positions_survive_what_comes_and_goes() {
        let all = in_order(entries(0..2_000));
        let places: BTreeSet<u32> = all.iter().map(|entry| entry.next).collect();
        assert!(places.len() + 2 >= all.len());
        assert!(
            all.iter()
                .all(|entry| entry.next > 2 && entry.next < 1 << 31)
        );
        // Every third goes, others come: those that stay are seen once each.
        let mut seen = Vec::new();
        let mut at = 2;
        for turn in 0.. {
            let now = in_order(entries((0..3_000).filter(|number| number % 3 != turn % 2)));
            let from = after(&now, at);
            let mut end = now.len().min(from + 50);
            while now
                .get(end)
                .is_some_and(|next| next.next == now[end - 1].next)
            {
                end += 1;
            }
            let some = &now[from..end];
            let Some(last) = some.last() else { break };
            at = last.next;
            seen.extend(some.iter().map(|entry| entry.name.clone()));
        }
        let once: BTreeSet<&Vec<u8>> = seen.iter().collect();
        assert_eq!(once.len(), seen.len());
        for entry in entries((0..3_000).filter(|number| number % 3 == 2)) {
            assert!(once.contains(&entry.name));
        }
    }

    #[test]
    fn an_empty_directory_has_an_end() {
        assert_eq!(after(&in_order(Vec::new()), 0), 0);
    }
}
