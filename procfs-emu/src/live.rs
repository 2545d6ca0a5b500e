//! Open emulated files whose text changes: who reads from the beginning again gets it anew, as
//! from the kernel. top and vmstat never close what they read.
//!
//! Such a file is a sealed memory file, and reading does not pass through the brand. So while a
//! process has any open, the calls that read take the slow way
//! ([`host::intercept::hold_file_rows`]), and a read at offset 0 puts a new file where the old one
//! was. A number that was closed or put to another use is recognised by its file. Copies of a
//! descriptor and those kept across an exec go on showing what they had.

use core::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use abi::arg::OpenFlags;
use abi::stat::Stat;
use abi::{SysResult, nr};
use host::call::int;
use host::host_call;
use host::intercept::{hold_file_rows, release_file_rows};
use host::sync::Lock;
use kernel::vfs::ProcView;

use crate::io::{NAME_MAX, name_of};
use crate::placeholder::{self, disguise, mode, render};
use crate::skeleton::{Entry, stamped};
use crate::{memfd, placeholder::status};

/// How many files can be open and live at a time; more show what they had when they were opened.
const ROOM: usize = 32;

/// An open file.
#[derive(Clone, Copy)]
struct Open {
    fd: i32,
    /// `st_ino` of the memory file.
    file: u64,
    /// [`Entry::stamp`].
    stamp: i64,
    /// What stat(2) says of the entry.
    status: Stat,
}

static OPEN: Lock<[Option<Open>; ROOM]> = Lock::new([None; ROOM]);
/// How many there are in [`OPEN`]; changed under its lock.
static COUNT: AtomicUsize = AtomicUsize::new(0);
/// `st_dev` of memory files; 0 until one was opened.
static MEMORY: AtomicU64 = AtomicU64::new(0);

/// The calls take the slow way for good.
static ALWAYS: AtomicBool = AtomicBool::new(false);

/// A placeholder itself is open (`O_PATH`): what fstat(2) says of it must pass through the brand.
pub(crate) fn opened_placeholder() {
    let _lock = OPEN.lock();
    ALWAYS.store(true, Ordering::Relaxed);
    hold_file_rows();
}

/// `entry`, whose placeholder has `status`, was opened as `fd`.
pub(crate) fn opened(fd: i32, entry: &Entry<'_>, status: Stat) {
    let Ok(file) = placeholder::status(fd) else {
        return;
    };
    MEMORY.store(file.st_dev, Ordering::Relaxed);
    let open = Open {
        fd,
        file: file.st_ino,
        stamp: entry.stamp(),
        status,
    };
    let mut all = OPEN.lock();
    // A number that is open anew is free of what it was.
    let free = all
        .iter()
        .position(|slot| slot.is_some_and(|open| open.fd == fd))
        .or_else(|| all.iter().position(Option::is_none));
    if let Some(slot) = free.and_then(|free| all.get_mut(free)) {
        if slot.replace(open).is_none() {
            COUNT.fetch_add(1, Ordering::Relaxed);
        }
        hold_file_rows();
    }
}

/// `fd` is about to be closed.
pub(crate) fn closed(fd: i32) {
    if COUNT.load(Ordering::Relaxed) > 0 {
        forget(|open| open.fd == fd);
    }
}

/// Drops what is known of some files.
fn forget(which: impl Fn(&Open) -> bool) {
    let mut all = OPEN.lock();
    for slot in all
        .iter_mut()
        .filter(|slot| slot.as_ref().is_some_and(&which))
    {
        *slot = None;
        if COUNT.fetch_sub(1, Ordering::Relaxed) == 1 && !ALWAYS.load(Ordering::Relaxed) {
            release_file_rows();
        }
    }
}

fn find(which: impl Fn(&Open) -> bool) -> Option<Open> {
    if COUNT.load(Ordering::Relaxed) == 0 {
        return None;
    }
    OPEN.lock().iter().flatten().copied().find(which)
}

/// Whether a device is that of memory files, among which there are open emulated ones.
pub(crate) fn is_memory(device: u64) -> bool {
    COUNT.load(Ordering::Relaxed) > 0 && device == MEMORY.load(Ordering::Relaxed)
}

/// Puts what stat(2) says of the entry in the place of what it says of the memory file.
pub(crate) fn describe(told: &mut Stat) {
    if let Some(open) = find(|open| open.file == told.st_ino) {
        *told = open.status;
        disguise(told);
    }
}

/// The magic number of the file system that an open file belongs to for the guest.
pub(crate) fn magic(status: &Stat) -> Option<u64> {
    let open = find(|open| open.file == status.st_ino)?;
    Some(placeholder::magic(&open.status))
}

/// The guest is about to read from `fd`, at `offset` or from its position on.
pub(crate) fn before_read(view: &dyn ProcView, fd: i32, offset: Option<i64>) {
    let Some(open) = find(|open| open.fd == fd) else {
        return;
    };
    // What fails here leaves the guest with the text that it had.
    if let Ok(Some(file)) = renew(view, &open, offset) {
        let mut all = OPEN.lock();
        let mut mine = all.iter_mut().flatten();
        if let Some(slot) = mine.find(|slot| slot.fd == fd && slot.file == open.file) {
            slot.file = file;
        }
    }
}

/// Puts a file with the text of now in the place of `open`, if it is read from the beginning: the
/// `st_ino` of the new one.
fn renew(view: &dyn ProcView, open: &Open, offset: Option<i64>) -> SysResult<Option<u64>> {
    const SEEK_SET: usize = 0;
    const SEEK_CUR: usize = 1;
    const GET_FLAGS: usize = 3;
    const GET_DESCRIPTOR_FLAGS: usize = 1;
    let fd = int(open.fd);
    if status(open.fd)?.st_ino != open.file {
        forget(|other| other.fd == open.fd && other.file == open.file);
        return Ok(None);
    }
    let position = host_call!(nr::LSEEK, fd, 0, SEEK_CUR)?;
    let from_start = offset.map_or(position == 0, |offset| offset == 0);
    let Some(entry) = stamped(open.stamp).filter(|_| from_start) else {
        return Ok(None);
    };
    let [a, b, c, d, ..] = host_call!(nr::FCNTL, fd, GET_FLAGS)?.to_le_bytes();
    let mut flags = OpenFlags::from_bits_retain(u32::from_le_bytes([a, b, c, d]));
    if host_call!(nr::FCNTL, fd, GET_DESCRIPTOR_FLAGS)? & 1 == 1 {
        flags |= OpenFlags::CLOEXEC;
    }
    let mut link = [0; NAME_MAX];
    let link = name_of(view, open.fd, &mut link)?;
    let name = memfd::entry_name(link).unwrap_or_default();
    let text = render(view, &entry, name)?;
    memfd::install(view, &text, open.fd, mode(&entry), flags)?;
    if position != 0 {
        host_call!(nr::LSEEK, fd, position, SEEK_SET)?;
    }
    Ok(Some(status(open.fd)?.st_ino))
}
