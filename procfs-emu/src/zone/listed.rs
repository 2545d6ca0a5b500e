//! Which processes and threads the zone has, by what the host lists in its procfs.

use alloc::vec;
use alloc::vec::Vec;

use abi::arg::OpenFlags;
use abi::{SysResult, nr};
use host::call::int;
use host::host_call;
use kernel::numbers::{inner, outer};
use kernel::vfs::ProcView;

use crate::io::{numbered, open};
use crate::spelling::number;

/// How much is listed at a time, in bytes.
const PIECE: usize = 16 << 10;
/// Where an entry of getdents64(2) has its length, and its name.
const LENGTH: usize = 16;
const NAME: usize = 19;

/// The processes.
pub(super) fn processes(view: &dyn ProcView) -> SysResult<Vec<u32>> {
    let flags = OpenFlags::DIRECTORY | OpenFlags::CLOEXEC;
    let mut all = numbers(open(view.proc_fd(), c".", flags)?.raw())?;
    all.retain(|number| view.shows_in_proc(alloc::format!("{number}").as_bytes()));
    Ok(all)
}

/// The threads of all of them.
pub(super) fn threads(view: &dyn ProcView) -> SysResult<Vec<u32>> {
    let flags = OpenFlags::DIRECTORY | OpenFlags::CLOEXEC;
    let mut all = Vec::new();
    for process in processes(view)? {
        let process = outer(process).unwrap_or(process);
        // It may have ended.
        if let Ok(tasks) = open(view.proc_fd(), &numbered("", process, "/task"), flags) {
            let tasks = numbers(tasks.raw()).unwrap_or_default();
            all.extend(tasks.into_iter().map(inner));
        }
    }
    Ok(all)
}

/// The entries of a directory that are numbers.
fn numbers(fd: i32) -> SysResult<Vec<u32>> {
    let mut all = Vec::new();
    let mut piece = vec![0u8; PIECE];
    loop {
        let to = piece.as_mut_ptr().expose_provenance();
        match host_call!(nr::GETDENTS64, int(fd), to, PIECE)? {
            0 => return Ok(all),
            length => all.extend(names(piece.get(..length).unwrap_or_default()).filter_map(number)),
        }
    }
}

/// The names among what getdents64(2) gave.
fn names(mut entries: &[u8]) -> impl Iterator<Item = &[u8]> {
    core::iter::from_fn(move || {
        let length = entries.get(LENGTH..LENGTH + 2)?;
        let length = usize::from(u16::from_le_bytes([*length.first()?, *length.get(1)?]));
        let entry = entries.get(..length).filter(|entry| !entry.is_empty())?;
        entries = entries.get(length..).unwrap_or_default();
        entry.get(NAME..)?.split(|byte| *byte == 0).next()
    })
}

#[cfg(test)]
mod tests {
    use super::names;
    use alloc::vec::Vec;

    #[test]
    fn entries_have_names() {
        let mut entries = Vec::new();
        for (name, length) in [(&b"1"[..], 24u16), (b"self", 24), (b"4194304", 32)] {
            let start = entries.len();
            entries.extend_from_slice(&[0; 16]);
            entries.extend_from_slice(&length.to_le_bytes());
            entries.push(4);
            entries.extend_from_slice(name);
            entries.resize(start + usize::from(length), 0);
        }
        let found: Vec<&[u8]> = names(&entries).collect();
        assert_eq!(found, [&b"1"[..], b"self", b"4194304"]);
        assert_eq!(names(&[0; 40]).count(), 0);
    }
}
