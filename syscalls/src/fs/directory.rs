//! getdents(2), getdents64(2): the brand's descriptors are not in /proc/self/fd.

use abi::arg::{Fd, Uint};
use abi::{SysResult, UserPtr, nr};
use host::call::forward_blocking;
use host::host_call;
use host::user;
use kernel::Task;
use kernel::vfs::File;

/// Where `struct linux_dirent` has the name (getdents(2)).
const NAME: usize = 18;
/// Where `struct linux_dirent64` has it, after the type.
const NAME64: usize = 19;
/// How much is listed at a time where entries may be hidden; a short answer is always allowed.
const AT_A_TIME: usize = 4096;

/// getdents(2).
pub fn getdents(t: &mut Task, fd: Fd, entries: UserPtr<u8>, count: Uint) -> SysResult {
    list(t, nr::GETDENTS, NAME, fd, entries, count)
}

/// getdents64(2).
pub fn getdents64(t: &mut Task, fd: Fd, entries: UserPtr<u8>, count: Uint) -> SysResult {
    list(t, nr::GETDENTS64, NAME64, fd, entries, count)
}

fn list(t: &Task, nr: usize, name: usize, fd: Fd, entries: UserPtr<u8>, count: Uint) -> SysResult {
    match t
        .mounts
        .overlays()
        .iter()
        .find_map(|fs| fs.directory(t, fd.0))
    {
        None => forward_blocking(nr, &[fd.raw(), entries.address(), count.raw(), 0, 0, 0]),
        Some(file) => filtered(t, nr, name, file, fd, entries, count),
    }
}

/// Lists into the brand's memory, and passes on what the guest may see.
#[inline(never)]
fn filtered(
    t: &Task,
    nr: usize,
    name: usize,
    file: &dyn File,
    fd: Fd,
    entries: UserPtr<u8>,
    count: Uint,
) -> SysResult {
    let mut listed = Entries([0; AT_A_TIME]);
    let room = count.raw().min(AT_A_TIME);
    let first = file.first().filter(|_| room >= 8 * FIRST && at_start(fd));
    if let Some(character) = first {
        let to = listed.0.as_mut_ptr().expose_provenance();
        let rest = [fd.raw(), to + FIRST, room - FIRST, 0, 0, 0];
        let length = forward_blocking(nr, &rest)?;
        put_first(&mut listed.0, name, character);
        let all = listed.0.get_mut(..FIRST + length).unwrap_or_default();
        let kept = retain(all, name, |name| {
            name == [character] || file.shows(t, fd.0, name)
        });
        user::write_bytes(entries.address(), listed.0.get(..kept).unwrap_or_default())?;
        return Ok(kept);
    }
    loop {
        let to = listed.0.as_mut_ptr().expose_provenance();
        let length = forward_blocking(nr, &[fd.raw(), to, room, 0, 0, 0])?;
        let all = listed.0.get_mut(..length).unwrap_or_default();
        let kept = retain(all, name, |name| file.shows(t, fd.0, name));
        retype(all.get_mut(..kept).unwrap_or_default(), name, |kind| {
            file.kind(kind)
        });
        rename(all.get_mut(..kept).unwrap_or_default(), name, |name| {
            file.renamed(name)
        });
        // 0 would mean the end of the directory.
        if kept > 0 || length == 0 {
            user::write_bytes(entries.address(), listed.0.get(..kept).unwrap_or_default())?;
            return Ok(kept);
        }
    }
}

/// How long an entry with a name of one character is, in both forms.
const FIRST: usize = 24;

/// Whether a directory is listed from its beginning.
fn at_start(fd: Fd) -> bool {
    const SEEK_CUR: usize = 1;
    host_call!(nr::LSEEK, fd.raw(), 0, SEEK_CUR) == Ok(0)
}

/// Puts a directory whose name is `character` before all others.
fn put_first(entries: &mut [u8], name: usize, character: u8) {
    /// `DT_DIR`.
    const DIRECTORY: u8 = 4;
    let Some(entry) = entries.first_chunk_mut::<FIRST>() else {
        return;
    };
    *entry = [0; FIRST];
    // Any number but 0, which would mean that it is gone.
    entry[0] = 2;
    entry[16] = 24;
    entry[name] = character;
    let kind = if name == NAME64 { NAME64 } else { FIRST };
    entry[kind - 1] = DIRECTORY;
}

#[repr(align(8))]
struct Entries([u8; AT_A_TIME]);

/// Moves the entries that `shows` wants to the front: their length together. An entry is a
/// 16-bit length at 16 and a NUL-terminated name at `name`.
fn retain(entries: &mut [u8], name: usize, shows: impl Fn(&[u8]) -> bool) -> usize {
    let (mut from, mut to) = (0, 0);
    while let Some([low, high]) = entries.get(from + 16..from + 18) {
        let length = usize::from(u16::from_le_bytes([*low, *high]));
        let Some(entry) = entries
            .get(from..from + length)
            .filter(|entry| !entry.is_empty())
        else {
            break;
        };
        let text = entry.get(name..).unwrap_or_default();
        let text = text.split(|byte| *byte == 0).next().unwrap_or_default();
        if shows(text) {
            entries.copy_within(from..from + length, to);
            to += length;
        }
        from += length;
    }
    to
}

/// Gives entries other names, of one character.
fn rename(entries: &mut [u8], name: usize, renamed: impl Fn(&[u8]) -> Option<u8>) {
    let mut from = 0;
    while let Some([low, high]) = entries.get(from + 16..from + 18) {
        let length = usize::from(u16::from_le_bytes([*low, *high]));
        let Some(text) = entries.get_mut(from + name..from + length) else {
            break;
        };
        let current = text.split(|byte| *byte == 0).next().unwrap_or_default();
        if let Some(character) = renamed(current)
            && let Some(text) = text.first_chunk_mut()
        {
            *text = [character, 0];
        }
        from += length;
    }
}

/// Changes the types of the entries: a byte before the name, or, in the older form, the last one.
fn retype(entries: &mut [u8], name: usize, kind: impl Fn(u8) -> u8) {
    let mut from = 0;
    while let Some([low, high]) = entries.get(from + 16..from + 18) {
        let length = usize::from(u16::from_le_bytes([*low, *high]));
        let at = if name == NAME64 { NAME64 } else { length };
        let Some(byte) = (from + at)
            .checked_sub(1)
            .and_then(|at| entries.get_mut(at))
        else {
            break;
        };
        *byte = kind(*byte);
        if length == 0 {
            break;
        }
        from += length;
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::{FIRST, NAME, NAME64, put_first, rename, retain, retype};
    use std::vec::Vec;

    fn entry(at: usize, name: &str) -> Vec<u8> {
        let length = (at + name.len() + 1).next_multiple_of(8);
        let mut entry = std::vec![0; length];
        entry[16..18].copy_from_slice(&u16::try_from(length).expect("short").to_le_bytes());
        entry[at..at + name.len()].copy_from_slice(name.as_bytes());
        entry
    }

    #[test]
    fn hidden_entries_go_and_the_rest_stays_in_order() {
        for at in [NAME, NAME64] {
            let names = [".", "..", "0", "1000", "17", "1007"];
            let mut all: Vec<u8> = names.iter().flat_map(|name| entry(at, name)).collect();
            let wanted: Vec<u8> = [".", "..", "0", "17"]
                .iter()
                .flat_map(|name| entry(at, name))
                .collect();
            let kept = retain(&mut all, at, |name| !name.starts_with(b"100"));
            assert_eq!(all[..kept], wanted);
            assert_eq!(retain(&mut all[..kept], at, |_| false), 0);
        }
    }

    #[test]
    fn types_change_where_they_stand() {
        let mut all = [entry(NAME64, "a"), entry(NAME64, "bc")].concat();
        retype(&mut all, NAME64, |kind| kind + 8);
        let length = entry(NAME64, "a").len();
        assert_eq!((all[18], all[length + 18]), (8, 8));
        let mut old = [entry(NAME, "a"), entry(NAME, "bc")].concat();
        retype(&mut old, NAME, |kind| kind + 8);
        let length = entry(NAME, "a").len();
        assert_eq!((old[length - 1], old.last()), (8, Some(&8)));
        retype(&mut [0; 40], NAME64, |kind| kind);
        retype(&mut [0xff; 40], NAME, |kind| kind);
        retype(&mut [], NAME, |kind| kind);
    }

    #[test]
    fn names_change_where_they_stand() {
        for at in [NAME, NAME64] {
            let mut all = [entry(at, "500"), entry(at, "501")].concat();
            let expected = [entry(at, "1"), entry(at, "501")].concat();
            rename(&mut all, at, |name| (name == b"500").then_some(b'1'));
            let names = |all: &[u8]| {
                let mut names = Vec::new();
                let seen = core::cell::RefCell::new(&mut names);
                retain(&mut all.to_vec(), at, |name| {
                    seen.borrow_mut().push(name.to_vec());
                    true
                });
                names
            };
            assert_eq!(names(&all), names(&expected));
            rename(&mut [0xff; 40], at, |_| Some(b'1'));
            rename(&mut [], at, |_| Some(b'1'));
        }
    }

    #[test]
    fn one_comes_before_all() {
        for at in [NAME, NAME64] {
            let mut all = std::vec![0; FIRST];
            put_first(&mut all, at, b'0');
            all.extend(entry(at, "."));
            let mut names = Vec::new();
            let seen = core::cell::RefCell::new(&mut names);
            let kept = retain(&mut all, at, |name| {
                seen.borrow_mut().push(name.to_vec());
                true
            });
            assert_eq!(kept, all.len());
            assert_eq!(names, [b"0", b"."]);
            let kind = if at == NAME64 { 18 } else { 23 };
            assert_eq!(all[kind], 4);
        }
    }

    #[test]
    fn broken_entries_end_the_list() {
        assert_eq!(retain(&mut [0; 40], NAME64, |_| true), 0);
        assert_eq!(retain(&mut [0xff; 40], NAME64, |_| true), 0);
        assert_eq!(retain(&mut [], NAME64, |_| true), 0);
    }
}
