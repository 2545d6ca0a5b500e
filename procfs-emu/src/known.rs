//! Entries that were opened before, by what fstat(2) says of them. What the host calls an open file
//! costs about as much to find out as opening it. The kernel gives every inode of a process in
//! procfs a number of its own, and keeps it while the process lives.

use abi::stat::Stat;
use host::sync::Lock;

use crate::entry::Entry;

const ROOM: usize = 16;

static KNOWN: Lock<[Option<Known>; ROOM]> = Lock::new([None; ROOM]);

#[derive(Clone, Copy)]
struct Known {
    device: u64,
    file: u64,
    entry: Entry,
}

/// Its place: numbers of files that were looked up one after the other differ in their low bits.
fn place(file: u64) -> usize {
    usize::try_from(file).unwrap_or(0) % ROOM
}

/// The entry whose open file has this status, if it was noted.
pub(crate) fn find(status: &Stat) -> Option<Entry> {
    // A device that was procfs's can be another's later: at least these must be alike.
    const READABLE_FILE: u32 = 0o100_444;
    if status.st_mode != READABLE_FILE || status.st_size != 0 || status.st_blocks != 0 {
        return None;
    }
    let known = KNOWN.lock().get(place(status.st_ino)).copied()??;
    ((known.device, known.file) == (status.st_dev, status.st_ino)).then_some(known.entry)
}

/// Notes one.
pub(crate) fn note(status: &Stat, entry: Entry) {
    let known = Known {
        device: status.st_dev,
        file: status.st_ino,
        entry,
    };
    if let Some(slot) = KNOWN.lock().get_mut(place(status.st_ino)) {
        *slot = Some(known);
    }
}

#[cfg(test)]
mod tests {
    use super::{find, note};
    use crate::entry::Entry;
    use abi::stat::Stat;

    #[test]
    fn only_the_same_file_is_known() {
        let status = |st_dev, st_ino| Stat {
            st_dev,
            st_ino,
            st_mode: 0o100_444,
            ..Stat::default()
        };
        let entry = Entry::of(b"/proc/12/stat").expect("it is one");
        assert_eq!(find(&status(5, 7)), None);
        note(&status(5, 7), entry);
        assert_eq!(find(&status(5, 7)), Some(entry));
        assert_eq!(find(&status(5, 23)), None);
        assert_eq!(find(&status(6, 7)), None);
        let written = Stat {
            st_size: 1,
            ..status(5, 7)
        };
        assert_eq!(find(&written), None);
    }
}
