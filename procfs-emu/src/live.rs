//! Which open files are emulated, as far as that matters after open(2).
//!
//! - `stat` and `status` of a process and its lists of mounts are the host's own files, whose text is
//!   rewritten when it is read ([`crate::rewrite`]).
//! - Everything else is a sealed memory file under the descriptor that open(2) gave. Who reads one
//!   from the beginning again gets it anew, as from the kernel: a new file is put where the old
//!   one was ([`crate::renew`]). top and vmstat never close what they read. What fstat(2) and
//!   fstatfs(2) say of it is put right.
//!
//! So while a process has any open, the calls that read, copy and describe files take the slow way
//! ([`host::rows::hold_file_rows`]). A number that was closed or put to another use is
//! recognised by its file. Files are followed over dup(2) and its kin, fork and exec
//! ([`crate::inherit`]), but not through sockets.

use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use abi::SysResult;
use abi::stat::Stat;
use host::rows::{hold_file_rows, hold_write_rows, release_file_rows, release_write_rows};
use host::sync::Lock;
use kernel::vfs::ProcView;
use kernel::zone::placeholders;

use crate::entry::{Entry, Kind};
use crate::io::PROC_SUPER_MAGIC;
use crate::placeholder::{self, disguise};
use crate::{renew, rewrite, sysctl};

/// What an open file is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Content {
    /// The host's own file, rewritten as it is read.
    Host(Entry),
    /// A memory file for an entry of a process, made by the process `opener`.
    Process { entry: Entry, opener: u32 },
    /// A memory file for the entry with that [`crate::skeleton::Entry::stamp`].
    Placeholder(i64),
    /// A memory file for what is open for writing: a sysctl ([`crate::sysctl`]), or the control of a
    /// contract ([`crate::zone::contract`]).
    Written,
    /// A memory file that stays as it is: the program before this one opened it.
    Kept,
}

/// An open file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Open {
    pub(crate) fd: i32,
    /// `st_dev` and `st_ino` of what is open there.
    file: (u64, u64),
    pub(crate) content: Content,
    /// What stat(2) says of the entry.
    pub(crate) told: Stat,
    /// The position at which the host's text of a rewritten file ends, and the guest's own.
    end: Option<End>,
}

/// The text of a rewritten file of which a part was read.
struct Rest {
    fd: i32,
    file: (u64, u64),
    text: Vec<u8>,
}

/// The host's position after all was read, and the guest's.
pub(crate) type End = (usize, usize);

static RESTS: Lock<Vec<Rest>> = Lock::new(Vec::new());
static OPEN: Lock<Vec<Open>> = Lock::new(Vec::new());
/// How many there are in [`OPEN`]; changed under its lock.
static COUNT: AtomicUsize = AtomicUsize::new(0);
/// Whether what is written to one of them matters; likewise.
static WRITTEN: AtomicBool = AtomicBool::new(false);
/// `st_dev` of memory files; 0 until one was opened.
static MEMORY: AtomicU64 = AtomicU64::new(0);
/// The calls take the slow way for good.
static ALWAYS: AtomicBool = AtomicBool::new(false);

fn identity(status: &Stat) -> (u64, u64) {
    (status.st_dev, status.st_ino)
}

/// A placeholder itself is open (`O_PATH`): what fstat(2) says of it must pass through the brand.
pub(crate) fn opened_placeholder() {
    let _lock = OPEN.lock();
    ALWAYS.store(true, Ordering::Relaxed);
    hold_file_rows();
}

/// A memory file, of whose entry stat(2) says `told`, is open as `fd`.
pub(crate) fn opened_memory(fd: i32, content: Content, told: Stat) {
    let Ok(file) = placeholder::status(fd) else {
        return;
    };
    MEMORY.store(file.st_dev, Ordering::Relaxed);
    add(Open {
        fd,
        file: identity(&file),
        content,
        told,
        end: None,
    });
}

/// The host's file of `entry`, of which it says `told`, is open as `fd`.
pub(crate) fn opened_host(fd: i32, entry: Entry, told: Stat) {
    add(Open {
        fd,
        file: identity(&told),
        content: Content::Host(entry),
        told,
        end: None,
    });
}

fn add(open: Open) {
    let mut all = OPEN.lock();
    all.retain(|other| (other.fd, other.file) != (open.fd, open.file));
    all.push(open);
    count(&all);
}

/// Takes note of a changed number of files.
fn count(all: &[Open]) {
    let before = COUNT.swap(all.len(), Ordering::Relaxed);
    match (before, all.len()) {
        (0, 1..) => hold_file_rows(),
        (1.., 0) if !ALWAYS.load(Ordering::Relaxed) => release_file_rows(),
        _ => {}
    }
    let written = |open: &Open| matches!(open.content, Content::Written);
    let now = all.iter().any(written);
    match (WRITTEN.swap(now, Ordering::Relaxed), now) {
        (false, true) => hold_write_rows(),
        (true, false) => release_write_rows(),
        _ => {}
    }
}

fn none() -> bool {
    COUNT.load(Ordering::Relaxed) == 0
}

/// Those of `first..=last` are about to be closed.
pub(crate) fn closed(first: u32, last: u32) {
    if none() {
        return;
    }
    RESTS
        .lock()
        .retain(|rest| !(first..=last).contains(&rest.fd.cast_unsigned()));
    let mut all = OPEN.lock();
    all.retain(|open| !(first..=last).contains(&open.fd.cast_unsigned()));
    count(&all);
}

/// `new` is a copy of `old`, after dup(2) and the like.
pub(crate) fn copied(old: i32, new: i32) {
    if let Some(open) = find(old) {
        add(Open { fd: new, ..open });
    }
}

/// Every file that is still open.
pub(crate) fn all() -> Vec<Open> {
    if none() {
        return Vec::new();
    }
    let mut all = OPEN.lock().clone();
    all.retain(is_open);
    all
}

fn is_open(open: &Open) -> bool {
    placeholder::status(open.fd).is_ok_and(|status| identity(&status) == open.file)
}

/// What `fd` is, if it is an emulated file. There can be two with one number: a child of vfork
/// has its parent's memory, but other descriptors.
fn find(fd: i32) -> Option<Open> {
    if none() || !OPEN.lock().iter().any(|open| open.fd == fd) {
        return None;
    }
    let file = identity(&placeholder::status(fd).ok()?);
    let all = OPEN.lock();
    let mut same = all.iter().filter(|open| (open.fd, open.file) == (fd, file));
    same.next().copied()
}

/// Whether a device is that of memory files, among which there are open emulated ones.
pub(crate) fn is_memory(device: u64) -> bool {
    !none() && device == MEMORY.load(Ordering::Relaxed)
}

fn of_status(status: &Stat) -> Option<Open> {
    let file = identity(status);
    OPEN.lock().iter().find(|open| open.file == file).copied()
}

/// Puts what stat(2) says of the entry in the place of what it says of the memory file.
pub(crate) fn describe(told: &mut Stat) {
    if let Some(open) = of_status(told) {
        *told = open.told;
        if told.st_dev == placeholders() {
            disguise(told);
        }
    }
}

/// The magic number of the file system that an open file belongs to for the guest.
pub(crate) fn magic(status: &Stat) -> Option<u64> {
    let told = of_status(status)?.told;
    if told.st_dev == placeholders() {
        Some(placeholder::magic(&told))
    } else {
        Some(PROC_SUPER_MAGIC)
    }
}

/// Serves a read from `fd` as `FileSystem::read` does.
pub(crate) fn read(
    view: &dyn ProcView,
    fd: i32,
    offset: Option<i64>,
    put: &mut dyn FnMut(&[u8]) -> SysResult,
) -> Option<SysResult> {
    let open = find(fd)?;
    if let Content::Host(entry) = open.content {
        let mut end = open.end;
        let mut rest = take_rest(&open);
        let result = rewrite::read(view, entry, fd, offset, &mut end, &mut rest, put);
        if let Some(text) = rest {
            let Open { fd, file, .. } = open;
            RESTS.lock().push(Rest { fd, file, text });
        }
        if end != open.end {
            change(&open, |open| open.end = end);
        }
        return result;
    }
    // What fails here leaves the guest with the text that it had.
    if let Ok(true) = renew::from_start(view, &open, offset)
        && let Ok(status) = placeholder::status(fd)
    {
        change(&open, |open| open.file = identity(&status));
    }
    None
}

/// Whether reading is the only way to the text of `fd`, although the host's file can be spliced.
pub(crate) fn is_rewritten(fd: i32) -> bool {
    let is_list = |entry: Entry| matches!(entry.kind, Kind::Mounts(_));
    find(fd).is_some_and(|open| matches!(open.content, Content::Host(entry) if is_list(entry)))
}

/// Serves a write to `fd` as `FileSystem::write` does.
pub(crate) fn write(
    view: &dyn ProcView,
    fd: i32,
    offset: Option<i64>,
    length: usize,
    gather: &mut dyn FnMut(usize) -> SysResult<Vec<u8>>,
) -> Option<SysResult> {
    if !WRITTEN.load(Ordering::Relaxed) {
        return None;
    }
    let open = find(fd).filter(|open| matches!(open.content, Content::Written))?;
    Some(sysctl::write(view, open.fd, offset, length, gather))
}

/// The text that `open` is read from in parts.
fn take_rest(open: &Open) -> Option<Vec<u8>> {
    let mut rests = RESTS.lock();
    let same = |rest: &Rest| (rest.fd, rest.file) == (open.fd, open.file);
    let at = rests.iter().position(same)?;
    Some(rests.swap_remove(at).text)
}

/// Changes what is known of `open`.
fn change(open: &Open, with: impl FnOnce(&mut Open)) {
    let same = |other: &&mut Open| (other.fd, other.file) == (open.fd, open.file);
    if let Some(open) = OPEN.lock().iter_mut().find(same) {
        with(open);
    }
}

/// Puts the position of `fd` where the guest believes it to be, before lseek(2).
pub(crate) fn before_seek(fd: i32) {
    if let Some(open) = find(fd)
        && let Some(end) = open.end
    {
        rewrite::settle(fd, end);
        change(&open, |open| open.end = None);
    }
}
