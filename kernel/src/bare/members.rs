//! Which of the host's processes are the zone's: those that run the brand's image that this one runs,
//! and whatever descends from one of them.

use alloc::vec;
use alloc::vec::Vec;

use core::ffi::CStr;

use abi::arg::OpenFlags;
use abi::stat::Stat;
use abi::{SysResult, nr};
use host::call::int;
use host::{host_call, intercept};

use super::Ident;
use crate::zone::VISITORS;
use crate::{numbers, proc};

/// How many generations are looked at.
const DEPTH: usize = 64;
/// Longer than what stands in `stat` before the parent's number (proc_pid_stat(5)).
const ROOM: usize = 128;

/// Whether the process or thread that the host calls `number` is one of the zone's.
#[must_use]
pub fn is_member(number: u32) -> bool {
    let mut number = number;
    let mut visitors = None;
    for _ in 0..DEPTH {
        if numbers::first() == Some(number) {
            return true;
        }
        if number <= 1 {
            return false;
        }
        if runs_image(number) {
            return true;
        }
        // A zombie runs nothing, and of some the host does not say what they run.
        match parent(number) {
            Some(parent) => number = parent,
            None => return false,
        }
        // What entered the zone descends from none of its processes.
        let visitors = visitors.get_or_insert_with(|| {
            let facts = crate::zone::facts();
            facts.map_or([0; VISITORS], |facts| facts.visitors)
        });
        if number != 0 && visitors.contains(&number.into()) {
            return true;
        }
    }
    false
}

/// The zone's processes, as the host calls them.
///
/// # Errors
/// Those of getdents64(2).
pub fn members() -> SysResult<Vec<u32>> {
    let mut all = listed(c".")?;
    all.retain(|number| is_member(*number));
    Ok(all)
}

/// The threads of a process.
///
/// # Errors
/// Those of getdents64(2); `ENOENT` when it has ended.
pub fn threads(process: u32) -> SysResult<Vec<u32>> {
    let path = Path::of(process, b"/task");
    listed(path.text())
}

/// Whether it runs the same image as this process.
fn runs_image(number: u32) -> bool {
    let path = Path::of(number, b"/exe");
    let (mut theirs, mut ours) = (Stat::default(), Stat::default());
    let (to, at) = ((&raw mut theirs).expose_provenance(), path.register());
    if host_call!(nr::NEWFSTATAT, int(intercept::proc_fd()), at, to, 0).is_err() {
        return false;
    }
    let to = (&raw mut ours).expose_provenance();
    let ident = |stat: &Stat| Ident {
        dev: stat.st_dev,
        ino: stat.st_ino,
    };
    host_call!(nr::FSTAT, int(intercept::image_fd()), to).is_ok() && ident(&ours) == ident(&theirs)
}

/// The parent of a process.
fn parent(number: u32) -> Option<u32> {
    let path = Path::of(number, b"/stat");
    let fd = int(proc::open(intercept::proc_fd(), path.text(), OpenFlags::CLOEXEC).ok()?);
    let mut text = [0u8; ROOM];
    let to = text.as_mut_ptr().expose_provenance();
    let read = host_call!(nr::PREAD64, fd, to, ROOM, 0);
    let _ = host_call!(nr::CLOSE, fd);
    parent_in(text.get(..read.ok()?)?)
}

/// The fourth field: the name in parentheses may hold anything.
fn parent_in(stat: &[u8]) -> Option<u32> {
    let end = stat.iter().rposition(|byte| *byte == b')')?;
    let mut fields = stat.get(end + 1..)?.split(|byte| *byte == b' ');
    let text = fields.nth(2)?;
    core::str::from_utf8(text).ok()?.parse().ok()
}

/// The entries of a directory in /proc that are numbers.
fn listed(path: &CStr) -> SysResult<Vec<u32>> {
    /// How much is listed at a time, in bytes.
    const PIECE: usize = 8 << 10;
    let flags = OpenFlags::CLOEXEC | OpenFlags::DIRECTORY;
    let fd = int(proc::open(intercept::proc_fd(), path, flags)?);
    let (mut piece, mut all) = (vec![0u8; PIECE], Vec::new());
    let to = piece.as_mut_ptr().expose_provenance();
    let ended = loop {
        match host_call!(nr::GETDENTS64, fd, to, PIECE) {
            Ok(0) => break Ok(()),
            Ok(length) => numbers_in(piece.get(..length).unwrap_or_default(), &mut all),
            Err(errno) => break Err(errno),
        }
    };
    let _ = host_call!(nr::CLOSE, fd);
    ended.map(|()| all)
}

/// Collects the names that are numbers of what getdents64(2) gave.
fn numbers_in(mut entries: &[u8], all: &mut Vec<u32>) {
    while let Some([low, high]) = entries.get(16..18) {
        let length = usize::from(u16::from_le_bytes([*low, *high]));
        let Some(entry) = entries.get(..length).filter(|entry| !entry.is_empty()) else {
            return;
        };
        let name = entry.get(19..).unwrap_or_default();
        let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
        let number = core::str::from_utf8(name).ok();
        all.extend(number.and_then(|number| number.parse::<u32>().ok()));
        entries = entries.get(length..).unwrap_or_default();
    }
}

/// A path below /proc, with its NUL.
struct Path([u8; 24]);

impl Path {
    fn of(number: u32, rest: &[u8]) -> Self {
        let mut text = [0; 24];
        let (mut digits, mut count, mut left) = ([0u8; 10], 0, number);
        loop {
            digits[count] = b'0' + u8::try_from(left % 10).unwrap_or(0);
            count += 1;
            left /= 10;
            if left == 0 {
                break;
            }
        }
        let digits = digits.iter().take(count).rev();
        for (to, from) in text.iter_mut().take(23).zip(digits.chain(rest)) {
            *to = *from;
        }
        Self(text)
    }

    fn text(&self) -> &CStr {
        CStr::from_bytes_until_nul(&self.0).unwrap_or_default()
    }

    fn register(&self) -> usize {
        self.0.as_ptr().expose_provenance()
    }
}

#[cfg(test)]
mod tests {
    use super::{Path, numbers_in, parent_in};
    use std::vec::Vec;

    #[test]
    fn parents_are_found_behind_any_name() {
        assert_eq!(parent_in(b"7 (a) b) c) S 12 7 7 0 -1"), Some(12));
        assert_eq!(parent_in(b"7 (x) Z 1 "), Some(1));
        assert_eq!(parent_in(b"7 (x"), None);
        assert_eq!(parent_in(b""), None);
    }

    #[test]
    fn paths_are_spelt() {
        let text = |number, rest| Path::of(number, rest).0;
        assert!(text(0, b"/exe").starts_with(b"0/exe\0"));
        assert!(text(4_294_967_295, b"/task").starts_with(b"4294967295/task\0"));
    }

    #[test]
    fn only_numbers_are_collected() {
        let mut entries = Vec::new();
        for name in ["self", "12", "1x", "4194304"] {
            let start = entries.len();
            entries.resize(start + 32, 0u8);
            entries[start + 16] = 32;
            entries[start + 19..start + 19 + name.len()].copy_from_slice(name.as_bytes());
        }
        let mut all = Vec::new();
        numbers_in(&entries, &mut all);
        assert_eq!(all, [12, 4_194_304]);
        numbers_in(&[0; 40], &mut all);
        numbers_in(&[0xff; 40], &mut all);
        assert_eq!(all.len(), 2);
    }
}
