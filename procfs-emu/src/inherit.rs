//! Emulated files over exec: what one brand image tells the next of those that stay open, as
//! `NUMBER LETTER` pairs without blanks.
//!
//! A file about the memory of a process stays one about that memory when the process executes
//! another program. Once nobody has the memory any more the file is empty, as with
//! `exec cat < /proc/self/maps`.

use alloc::ffi::CString;
use alloc::vec::Vec;

use abi::stat::Stat;
use abi::{SysResult, nr};
use host::call::int;
use host::host_call;
use kernel::vfs::ProcView;
use kernel::zone::placeholders;
use zerocopy::FromZeros;

use crate::entry::{Entry, Kind};
use crate::io::{NAME_MAX, is_procfs, name_of};
use crate::live::{self, Content, Open};
use crate::renew::{closes_on_exec, flags};
use crate::text::put_decimal;
use crate::{memfd, placeholder};

/// The host's own file, to be rewritten.
const HOST: u8 = b'h';
/// A memory file.
const MEMORY: u8 = b'm';
/// One for what is written to it.
const WRITTEN: u8 = b'w';
/// One about memory that exec takes away.
const GONE: u8 = b'g';

/// How many bytes the list has at most; what does not fit is not handed on.
const LONGEST: usize = 512;

/// The list of those that stay open over an exec. `borrowed`: the process runs in memory of its
/// parent's, which stays.
pub(crate) fn list(view: &dyn ProcView, borrowed: bool) -> Vec<u8> {
    let mut list = Vec::new();
    for open in live::all() {
        if closes_on_exec(open.fd) != Ok(false) {
            continue;
        }
        let mut item = Vec::new();
        put_decimal(&mut item, open.fd.unsigned_abs().into(), 1);
        item.push(letter(view, &open, borrowed));
        if list.len() + item.len() <= LONGEST {
            list.extend(item);
        }
    }
    list
}

fn letter(view: &dyn ProcView, open: &Open, borrowed: bool) -> u8 {
    match open.content {
        Content::Host(_) => HOST,
        Content::Written => WRITTEN,
        Content::Process { entry, opener }
            if !borrowed
                && opener == view.pid()
                && entry.pid == opener
                && entry.kind.is_of_memory() =>
        {
            GONE
        }
        _ => MEMORY,
    }
}

/// Takes note of the files in such a list.
pub(crate) fn take(view: &dyn ProcView, list: &[u8]) {
    for item in list.split_inclusive(|byte| !byte.is_ascii_digit()) {
        let Some((letter, number)) = item.split_last() else {
            continue;
        };
        let fd = crate::spelling::number(number).and_then(|fd| i32::try_from(fd).ok());
        if let Some(fd) = fd {
            // What fails here leaves the file as the host has it.
            let _ = take_one(view, fd, *letter);
        }
    }
}

fn take_one(view: &dyn ProcView, fd: i32, letter: u8) -> SysResult<()> {
    let mut name = [0; NAME_MAX];
    let name = name_of(view, fd, &mut name)?;
    if letter == HOST {
        if let Some(entry) = Entry::of(name).filter(|_| is_procfs(fd)) {
            live::opened_host(fd, entry, placeholder::status(fd)?);
        }
        return Ok(());
    }
    let Some(name) = memfd::entry_name(name) else {
        return Ok(());
    };
    let path = CString::new(name).unwrap_or_default();
    let mut told = Stat::new_zeroed();
    let to = (&raw mut told).expose_provenance();
    let from = path.as_ptr().expose_provenance();
    host_call!(nr::NEWFSTATAT, int(kernel::vfs::AT_FDCWD), from, to, 0)?;
    let entry = placeholder::entry(&told);
    if letter == GONE
        && let Some(entry) = Entry::of(name)
    {
        let nothing = memfd::create(name)?;
        memfd::install(view, &nothing, fd, entry.kind.permissions(), flags(fd)?)?;
    }
    let content = match entry {
        _ if letter == WRITTEN => Content::Written,
        Some(entry) if told.st_dev == placeholders() => Content::Placeholder(entry.stamp()),
        _ => Content::Kept,
    };
    live::opened_memory(fd, content, told);
    Ok(())
}

impl Kind {
    /// Whether an open file of the kind belongs to the memory that the process had at open(2).
    fn is_of_memory(self) -> bool {
        matches!(
            self,
            Self::Maps | Self::Smaps | Self::SmapsRollup | Self::NumaMaps | Self::Environ
        )
    }
}
