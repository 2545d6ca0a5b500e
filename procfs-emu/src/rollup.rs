//! `/proc/PID/smaps_rollup` (proc_pid_smaps(5)), made of `smaps`.

use alloc::vec::Vec;

use crate::maps::Mapping;
use crate::ranges::{Piece, Ranges};
use crate::smaps::{Amount, Smaps};
use crate::text::Lines;

/// Adds up what the guest sees of `smaps`, to make `smaps_rollup` of it. It takes the lines that
/// [`Smaps`] lets through.
#[derive(Debug, Default)]
struct Sums {
    start: Option<u64>,
    end: u64,
    amounts: Vec<(Vec<u8>, u64)>,
    /// Of the current block: its proportional set size, and how much of it can be anonymous.
    pss: u64,
    anonymous: u64,
    shared_memory: bool,
    /// Of all blocks: anonymous, file, shared memory.
    pss_kinds: [u64; 3],
}

impl Sums {
    fn line(&mut self, line: &[u8]) {
        if let Some(mapping) = Mapping::parse(line) {
            self.close();
            // The kernel's own page, which is no mapping of the process, has no part in it.
            if mapping.name != b"[vsyscall]" {
                self.start.get_or_insert(mapping.range.start);
                self.end = mapping.range.end;
            }
            self.shared_memory = [&b"/memfd:"[..], b"/SYSV", b"/dev/shm/", b"/dev/zero"]
                .iter()
                .any(|prefix| mapping.name.starts_with(prefix));
            return;
        }
        let Some(amount) = Amount::parse(line).filter(Amount::is_of_pages) else {
            return;
        };
        match amount.key {
            b"Pss" => self.pss = amount.kilobytes,
            b"Anonymous" => self.anonymous = amount.kilobytes,
            _ => {}
        }
        match self.amounts.iter_mut().find(|(key, _)| key == amount.key) {
            Some((_, sum)) => *sum += amount.kilobytes,
            None => self.amounts.push((amount.key.to_vec(), amount.kilobytes)),
        }
    }

    /// Parts the proportional set size of the block that ends by kind of page.
    fn close(&mut self) {
        let anonymous = self.pss.min(self.anonymous);
        self.pss_kinds[0] += anonymous;
        self.pss_kinds[if self.shared_memory { 2 } else { 1 }] += self.pss - anonymous;
        (self.pss, self.anonymous) = (0, 0);
    }

    fn of(&self, key: &[u8]) -> Option<u64> {
        match key {
            b"Pss_Anon" => Some(self.pss_kinds[0]),
            b"Pss_File" => Some(self.pss_kinds[1]),
            b"Pss_Shmem" => Some(self.pss_kinds[2]),
            _ => self
                .amounts
                .iter()
                .find(|(name, _)| name == key)
                .map(|(_, sum)| *sum),
        }
    }
}

/// Makes `smaps_rollup` out of `smaps`, with the fields that `model`, the host's own rollup,
/// has. Sums of proportional sizes can be a little lower than the host's, which rounds once.
#[derive(Debug)]
pub(crate) struct Rollup {
    smaps: Smaps,
    sums: Sums,
    model: Vec<u8>,
    passed: Vec<u8>,
}

impl Rollup {
    pub(crate) fn new(ranges: Ranges, model: Vec<u8>) -> Self {
        Self {
            smaps: Smaps::new(ranges),
            sums: Sums::default(),
            model,
            passed: Vec::new(),
        }
    }

    fn add(&mut self) {
        for line in self.passed.split_inclusive(|byte| *byte == b'\n') {
            self.sums.line(line);
        }
        self.passed.clear();
    }
}

impl Lines for Rollup {
    fn line(&mut self, line: &[u8], _out: &mut Vec<u8>) {
        self.smaps.line(line, &mut self.passed);
        self.add();
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        self.smaps.end(&mut self.passed);
        self.add();
        self.sums.close();
        for line in self.model.split_inclusive(|byte| *byte == b'\n') {
            if let Some(head) = Mapping::parse(line) {
                let range = self.sums.start.unwrap_or(0)..self.sums.end;
                head.put(&Piece { range, heap: false }, out);
            } else if let Some(amount) = Amount::parse(line) {
                let kilobytes = self.sums.of(amount.key).unwrap_or(amount.kilobytes);
                Amount {
                    kilobytes,
                    ..amount
                }
                .put(out);
            } else {
                out.extend_from_slice(line);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{BRAND, CAT, JOINED, ranges};
    use crate::text::filtered;

    #[test]
    fn the_rollup_is_added_up_again() {
        let model = "\
00400000-7ffc00021000 ---p 00000000 00:00 0                              [rollup]
Rss:                 999 kB
Pss:                 999 kB
Pss_Anon:            999 kB
Pss_File:            999 kB
Pss_Shmem:           999 kB
Anonymous:           999 kB
Locked:                0 kB
";
        let mut rollup = Rollup::new(ranges(), model.into());
        assert_eq!(
            filtered(&mut rollup, &[CAT, BRAND, JOINED].concat()),
            "\
55a8240c8000-7f0000090000 ---p 00000000 00:00 0                          [rollup]
Rss:                  88 kB
Pss:                  83 kB
Pss_Anon:             80 kB
Pss_File:              3 kB
Pss_Shmem:             0 kB
Anonymous:            80 kB
Locked:                0 kB
"
        );
    }
}
