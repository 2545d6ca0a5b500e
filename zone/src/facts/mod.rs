//! Writes what the brands of a zone are told (`kernel::zone::Facts`).

mod meter;
mod processes;
mod texts;

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::mem::offset_of;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::atomic::Ordering;
use std::time::Duration;

use host_std::shared::SharedWords;
use kernel::zone::{Facts, MAGIC, MAX_CPUS, Text, VISITORS};
use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
use rustix::time::{ClockId, clock_gettime};
use zerocopy::{FromZeros, IntoBytes};

pub(crate) use meter::{Meter, processors};

const WORD: usize = size_of::<u64>();
const WORDS: usize = size_of::<Facts>() / WORD;
const BEGUN: usize = offset_of!(Facts, begun) / WORD;
const PLACEHOLDERS: usize = offset_of!(Facts, placeholders) / WORD;
const COPIES: usize = offset_of!(Facts, copies) / WORD;
const FIRST: usize = offset_of!(Facts, first) / WORD;
const ZSCHED: usize = offset_of!(Facts, zsched) / WORD;
const FIRST_VISITOR: usize = offset_of!(Facts, visitors) / WORD;
const ENDED: usize = offset_of!(Facts, ended) / WORD;

/// The file of facts. Only this process and its copies can write it.
#[derive(Debug)]
pub(crate) struct Board {
    file: File,
    shared: SharedWords,
    facts: Facts,
}

impl Board {
    /// Makes it for a zone of that name, which begins now.
    pub(crate) fn create(name: &str) -> io::Result<Self> {
        let mut facts = Facts::new_zeroed();
        facts.magic = MAGIC;
        facts.boottime = nanoseconds(ClockId::Boottime);
        facts.realtime = nanoseconds(ClockId::Realtime) / 1_000_000_000;
        // What is written, too, comes first.
        let shares = vec![0; shared_bytes()];
        let mut behind = Vec::new();
        put(&mut facts, &mut behind, Text::Shares, &shares)?;
        put(&mut facts, &mut behind, Text::Name, name.as_bytes())?;
        put(&mut facts, &mut behind, Text::CpuInfo, &texts::cpu_info())?;
        let file_systems = texts::file_systems();
        put(
            &mut facts,
            &mut behind,
            Text::FileSystems,
            file_systems.as_bytes(),
        )?;

        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let mut file = File::from(memfd_create("lx-facts", flags)?);
        file.write_all(facts.as_bytes())?;
        file.write_all(&behind)?;
        let shared = SharedWords::map(&file, WORDS + shares.len() / WORD)?;
        // A guest that is root could open it anew for writing. What is mapped already stays so.
        let seals = SealFlags::SHRINK | SealFlags::GROW | SealFlags::FUTURE_WRITE | SealFlags::SEAL;
        fcntl_add_seals(&file, seals)?;
        Ok(Self {
            file,
            shared,
            facts,
        })
    }

    /// A descriptor for the guests.
    pub(crate) fn for_reading(&self) -> io::Result<OwnedFd> {
        let path = format!("/proc/self/fd/{}", self.file.as_raw_fd());
        Ok(OpenOptions::new().read(true).open(path)?.into())
    }

    /// Says which file system holds the placeholders; the zone's first process does that, which
    /// makes them.
    pub(crate) fn set_placeholders(&self, device: u64) {
        self.shared.words()[PLACEHOLDERS].store(device, Ordering::Release);
    }

    /// Says which file system holds copies of the brand's image; likewise.
    pub(crate) fn set_copies(&self, device: u64) {
        self.shared.words()[COPIES].store(device, Ordering::Release);
    }

    /// Says how the host calls the zone's first process and zsched; that process does so where it has
    /// no pid namespace.
    pub(crate) fn set_numbers(&self, first: u32, zsched: u32) {
        self.shared.words()[FIRST].store(first.into(), Ordering::Release);
        self.shared.words()[ZSCHED].store(zsched.into(), Ordering::Release);
    }

    /// Says which processes of lx run programs in the zone, where it has no pid namespace.
    pub(crate) fn set_visitors(&mut self, visitors: impl Iterator<Item = u64>) {
        let mut list = [0; VISITORS];
        for (place, visitor) in list.iter_mut().zip(visitors) {
            *place = visitor;
        }
        self.facts.visitors = list;
        for (word, visitor) in self.shared.words().iter().skip(FIRST_VISITOR).zip(list) {
            word.store(visitor, Ordering::Release);
        }
    }

    /// Tells the guests what `meter` finds.
    pub(crate) fn update(&mut self, meter: &mut Meter) {
        meter.read(&mut self.facts);
        let words = self.shared.words().iter().skip(WORDS);
        for (to, share) in words.zip(meter.shares().iter().flatten()) {
            to.store(*share, Ordering::Release);
        }
        self.facts.begun = self.facts.begun.wrapping_add(1);
        self.facts.ended = self.facts.begun;
        self.publish();
    }

    /// Copies the structure to the file. A reader goes from its beginning to its end, so the count
    /// at the end is written first, and that at the beginning last.
    fn publish(&self) {
        let words = self.shared.words();
        let (chunks, _) = self.facts.as_bytes().as_chunks::<WORD>();
        let store = |at: usize| words[at].store(u64::from_ne_bytes(chunks[at]), Ordering::Release);
        store(ENDED);
        for at in 0..WORDS {
            if ![BEGUN, ENDED, PLACEHOLDERS, COPIES, FIRST, ZSCHED].contains(&at) {
                store(at);
            }
        }
        store(BEGUN);
    }
}

/// The size of [`Text::Shares`].
fn shared_bytes() -> usize {
    let words = processors();
    let last = (0..MAX_CPUS).rfind(|cpu| words[cpu / 64] >> (cpu % 64) & 1 == 1);
    last.map_or(0, |last| last + 1) * 2 * WORD
}

/// Adds a text behind the structure.
fn put(facts: &mut Facts, behind: &mut Vec<u8>, which: Text, text: &[u8]) -> io::Result<()> {
    let number = |length: usize| u64::try_from(length).map_err(io::Error::other);
    let offset = number(size_of::<Facts>() + behind.len())?;
    facts.texts[which.index()] = [offset, number(text.len())?];
    behind.extend_from_slice(text);
    Ok(())
}

fn nanoseconds(clock: ClockId) -> u64 {
    let time = clock_gettime(clock);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let time = Duration::from_secs(seconds) + Duration::from_nanos(time.tv_nsec.cast_unsigned());
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::{Board, Meter};
    use crate::cgroup::Groups;
    use crate::limits::Limits;
    use kernel::zone::{Facts, MAGIC, Text};
    use std::fs::{File, OpenOptions};
    use std::io::{Read, Seek, Write};
    use std::os::fd::AsRawFd;
    use zerocopy::FromBytes;

    fn read(file: &mut File) -> (Facts, Vec<u8>) {
        let mut bytes = Vec::new();
        file.rewind().expect("it seeks");
        file.read_to_end(&mut bytes).expect("it reads");
        let (facts, _) = Facts::read_from_prefix(&bytes).expect("it is long enough");
        (facts, bytes)
    }

    #[test]
    fn the_file_tells_and_only_the_board_writes() {
        let mut board = Board::create("zone-1").expect("it is made");
        let mut file = File::from(board.for_reading().expect("it opens"));
        let (facts, bytes) = read(&mut file);
        assert_eq!((facts.magic, facts.begun), (MAGIC, facts.ended));
        assert!(facts.boottime > 0 && facts.realtime > 0);
        let [offset, length] = facts.texts[Text::Name.index()].map(usize::try_from);
        let (offset, length) = (offset.expect("it fits"), length.expect("it fits"));
        assert_eq!(&bytes[offset..offset + length], b"zone-1");

        board.set_placeholders(77);
        let name = format!("board-{}", std::process::id());
        let limits = Limits::default();
        let groups = Groups::create(&name, &limits).expect("none is needed");
        board.update(&mut Meter::new(limits, groups));
        let (later, _) = read(&mut file);
        assert_eq!((later.begun, later.placeholders), (facts.begun + 1, 77));
        assert!(later.memory_total > 0 && later.processors().count() > 0);

        assert!(file.write_all(b"x").is_err());
        let path = format!("/proc/self/fd/{}", file.as_raw_fd());
        let mut again = OpenOptions::new()
            .write(true)
            .open(path)
            .expect("it opens for its owner");
        assert!(again.write_all(b"x").is_err());
        assert!(again.set_len(1).is_err());
    }
}
