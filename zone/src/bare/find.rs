//! Finds what a path means in a zone without namespaces, from outside: component by component, since
//! links lead from one mount into another.

use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;

use kernel::bare::{Kind, Table};
use rustix::fs::{FileType, Mode, OFlags, ResolveFlags, fstat, openat2, readlinkat};
use rustix::io::Errno;

use super::tree::Shown;

/// As many links may be on the way as the kernel follows (path_resolution(7)).
const MOST_LINKS: usize = 40;

/// Opens what `path` names from the root on (`O_PATH`).
pub(super) fn open(shown: &[Shown], path: &[u8]) -> io::Result<OwnedFd> {
    let table = Table::new(shown.iter().map(|shown| shown.mount.clone()).collect());
    // What is found so far, without links; what is left of the way.
    let mut found: Vec<Vec<u8>> = Vec::new();
    let mut left: VecDeque<Vec<u8>> = names(path).collect();
    let mut links = 0;
    let mut last = at(shown, &table, &found)?;
    while let Some(name) = left.pop_front() {
        if name == b".." {
            found.pop();
            last = at(shown, &table, &found)?;
            continue;
        }
        found.push(name);
        last = at(shown, &table, &found)?;
        if FileType::from_raw_mode(fstat(&last)?.st_mode) != FileType::Symlink {
            continue;
        }
        links += 1;
        if links > MOST_LINKS {
            return Err(Errno::LOOP.into());
        }
        let target = readlinkat(&last, "", Vec::new())?.into_bytes();
        if target.starts_with(b"/") {
            found.clear();
        } else {
            found.pop();
        }
        for name in names(&target).collect::<Vec<_>>().into_iter().rev() {
            left.push_front(name);
        }
        last = at(shown, &table, &found)?;
    }
    Ok(last)
}

/// The names in a path.
fn names(path: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let names = path.split(|byte| *byte == b'/');
    names
        .filter(|name| !matches!(*name, b"" | b"."))
        .map(<[u8]>::to_vec)
}

/// What a way without links leads to; its last name may be a link.
fn at(shown: &[Shown], table: &Table, names: &[Vec<u8>]) -> io::Result<OwnedFd> {
    let path = names.join(&b'/');
    let (index, offset) = table.lexical(&path).unwrap_or((0, 0));
    let within = shown.get(index).ok_or(io::ErrorKind::NotFound)?;
    let rest = path.get(offset..).unwrap_or_default();
    if rest.is_empty() {
        return within.fd.try_clone();
    }
    if within.mount.kind == Kind::File {
        return Err(io::ErrorKind::NotADirectory.into());
    }
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(openat2(&within.fd, rest, flags, Mode::empty(), resolve)?)
}
