//! getdents(2), getdents64(2) of merged directories. The position is the descriptor's own, so whoever
//! shares it goes on where the other stopped; what was listed goes on from the list that a process
//! made at the beginning.

use alloc::vec::Vec;

use abi::arg::OpenFlags;
use abi::stat::Stat;
use abi::{Errno, RawArg, SysResult, nr};
use host::call::as_int;
use host::host_call;
use host::sync::Lock;
use host::user;
use kernel::Task;
use kernel::bare::{Handle, Ident, Node, Space};
use kernel::overlay::{Shown, after, in_order};
use kernel::walk::Tree;

use super::{call, otherwise};
use crate::bare::arguments::space;

const DT_DIR: u8 = 4;
const SEEK_SET: usize = 0;
const SEEK_CUR: usize = 1;

/// How entries are laid out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// `struct linux_dirent`: the type stands at the end.
    Old,
    /// `struct linux_dirent64`.
    New,
}

/// getdents(2).
pub(super) fn getdents(t: &mut Task, a: &[usize; 6]) -> SysResult {
    list(t, call::GETDENTS, a, Form::Old)
}

/// getdents64(2).
pub(super) fn getdents64(t: &mut Task, a: &[usize; 6]) -> SysResult {
    list(t, call::GETDENTS64, a, Form::New)
}

/// A list that is being read.
struct Open {
    fd: i32,
    directory: Ident,
    /// Where the next part begins.
    next: u32,
    entries: Vec<Shown>,
}

/// The last one in this process.
static LAST: Lock<Option<Open>> = Lock::new(None);

fn list(t: &mut Task, number: usize, a: &[usize; 6], form: Form) -> SysResult {
    let space = space(t)?;
    let node = Node::of_guest(as_int(a[0]));
    if space.place(&node).is_none() {
        return otherwise(t, number, a);
    }
    let room = usize::try_from(RawArg(a[2]).low_u32()).unwrap_or(0);
    let position = host_call!(nr::LSEEK, a[0], 0, SEEK_CUR)?;
    let position = u32::try_from(position).map_err(|_| Errno::EINVAL)?;
    let directory = node.ident()?;
    let entries = match taken(node.fd(), directory, position) {
        Some(entries) => entries,
        None => fresh(&space, &node)?,
    };
    let (bytes, next) = part(&entries, position, room, form)?;
    user::write_bytes(a[1], &bytes)?;
    if next != position {
        host_call!(nr::LSEEK, a[0], number_of(next), SEEK_SET)?;
        *LAST.lock() = Some(Open {
            fd: node.fd(),
            directory,
            next,
            entries,
        });
    }
    Ok(bytes.len())
}

fn number_of(position: u32) -> usize {
    usize::try_from(position).unwrap_or(0)
}

/// The list that was made when the reading began, if this goes on with it.
fn taken(fd: i32, directory: Ident, position: u32) -> Option<Vec<Shown>> {
    let mut last = LAST.lock();
    let goes_on = last.as_ref().is_some_and(|open| {
        position != 0 && (open.fd, open.directory, open.next) == (fd, directory, position)
    });
    let open = if goes_on { last.take() } else { None };
    open.map(|open| open.entries)
}

/// A new list, with the directory itself and the one above.
fn fresh(space: &Space<'_>, node: &Node) -> SysResult<Vec<Shown>> {
    const F_GETFL: usize = 3;
    const S_IFDIR: u32 = 0o040_000;
    let flags = RawArg(host_call!(nr::FCNTL, node.register(), F_GETFL)?).low_u32();
    if OpenFlags::from_bits_retain(flags).contains(OpenFlags::PATH) {
        return Err(Errno::EBADF);
    }
    if node.kind()? != S_IFDIR {
        return Err(Errno::ENOTDIR);
    }
    let place = space.place(node).ok_or(Errno::ENOTDIR)?;
    let mut all = Vec::new();
    let stack = space.stack(place.mount)?;
    if place.gone {
        return Ok(all);
    }
    let above = space.above(node)?;
    for (name, next, itself) in [(&b"."[..], 1, node), (b"..", 2, &above)] {
        let mut stat = Stat::default();
        let to = (&raw mut stat).expose_provenance();
        host_call!(nr::FSTAT, itself.register(), to)?;
        let number = stack.number(&Handle::borrowed(itself.fd()), &stat)?;
        all.push(Shown {
            name: name.into(),
            number: number.unwrap_or(stat.st_ino),
            kind: DT_DIR,
            next,
        });
    }
    all.append(&mut in_order(stack.list(&place.path)?));
    Ok(all)
}

/// The entries from a position on that there is room for, and the position after them.
fn part(entries: &[Shown], position: u32, room: usize, form: Form) -> SysResult<(Vec<u8>, u32)> {
    let (mut bytes, mut next) = (Vec::new(), position);
    let mut rest = entries.get(after(entries, position)..).unwrap_or_default();
    while let Some(first) = rest.first() {
        // Those that share a position go together.
        let count = rest
            .iter()
            .take_while(|entry| entry.next == first.next)
            .count();
        let (group, later) = rest.split_at(count);
        let length: usize = group.iter().map(|entry| form.length(entry)).sum();
        if bytes.len() + length > room {
            break;
        }
        for entry in group {
            form.write(entry, &mut bytes);
        }
        (next, rest) = (first.next, later);
    }
    if bytes.is_empty() && !rest.is_empty() {
        return Err(Errno::EINVAL);
    }
    Ok((bytes, next))
}

impl Form {
    fn length(self, entry: &Shown) -> usize {
        // Number, position, length, type, name and NUL.
        (8 + 8 + 2 + 1 + entry.name.len() + 1).next_multiple_of(8)
    }

    fn write(self, entry: &Shown, to: &mut Vec<u8>) {
        let length = self.length(entry);
        let end = to.len() + length;
        to.extend_from_slice(&entry.number.to_le_bytes());
        to.extend_from_slice(&u64::from(entry.next).to_le_bytes());
        to.extend_from_slice(&u16::try_from(length).unwrap_or(0).to_le_bytes());
        if self == Self::New {
            to.push(entry.kind);
        }
        to.extend_from_slice(&entry.name);
        to.resize(end, 0);
        if self == Self::Old
            && let Some(last) = to.last_mut()
        {
            *last = entry.kind;
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::{Form, Shown, part};
    use abi::Errno;
    use std::vec::Vec;

    fn entries() -> Vec<Shown> {
        [
            ("a", 3),
            ("long-name", 7),
            ("same", 9),
            ("same2", 9),
            ("z", 20),
        ]
        .into_iter()
        .map(|(name, next)| Shown {
            name: name.as_bytes().to_vec(),
            number: 1,
            kind: 8,
            next,
        })
        .collect()
    }

    #[test]
    fn parts_end_where_there_is_no_more_room() {
        for form in [Form::Old, Form::New] {
            let all = entries();
            assert_eq!(part(&all, 0, 0, form), Err(Errno::EINVAL));
            let (bytes, next) = part(&all, 0, 56, form).expect("there is room");
            assert_eq!((bytes.len(), next), (24 + 32, 7));
            // Two share a position.
            assert_eq!(part(&all, 7, 40, form), Err(Errno::EINVAL));
            let (bytes, next) = part(&all, 7, 60, form).expect("there is room");
            assert_eq!((bytes.len(), next), (56, 9));
            let (bytes, next) = part(&all, 9, 4096, form).expect("there is room");
            assert_eq!((bytes.len(), next), (24, 20));
            assert_eq!(part(&all, 20, 4096, form), Ok((Vec::new(), 20)));
        }
    }

    #[test]
    fn types_stand_where_they_belong() {
        let all = entries();
        let (bytes, _) = part(&all, 0, 24, Form::New).expect("there is room");
        assert_eq!((bytes[18], bytes[19], bytes[16]), (8, b'a', 24));
        let (bytes, _) = part(&all, 0, 24, Form::Old).expect("there is room");
        assert_eq!((bytes[23], bytes[18], bytes[8]), (8, b'a', 3));
    }
}
