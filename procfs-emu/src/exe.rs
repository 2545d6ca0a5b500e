//! `/proc/PID/exe` (proc_pid_exe(5)): the program that the guest runs.

use alloc::ffi::CString;
use alloc::vec::Vec;

use core::ops::Range;

use abi::arg::OpenFlags;
use abi::{Errno, SysResult};
use kernel::vfs::ProcView;

use crate::environ;
use crate::io::{filter, link_of, open, readlink};
use crate::maps::Mapping;
use crate::subject::Subject;
use crate::text::{Lines, put_hex};

/// What the kernel adds to the name of a file that was deleted.
const DELETED: &[u8] = b" (deleted)";

/// Whether the program is no longer where it was when it was started.
fn is_gone(view: &dyn ProcView) -> bool {
    !view.exists(view.exe_path())
}

/// Finds the mapping at an address.
struct Finder {
    address: u64,
    found: Option<Range<u64>>,
}

impl Lines for Finder {
    fn line(&mut self, line: &[u8], _out: &mut Vec<u8>) {
        if let Some(mapping) = Mapping::parse(line)
            && mapping.range.contains(&self.address)
        {
            self.found = Some(mapping.range);
        }
    }
}

/// The link in `map_files` to the file that the program's code is mapped from, which is there as
/// long as the mapping is. Only a privileged process may follow it.
fn mapped(view: &dyn ProcView) -> Option<CString> {
    let mut finder = Finder {
        address: view.layout().start_code,
        found: None,
    };
    let maps = open(view.proc_fd(), c"self/maps", OpenFlags::CLOEXEC).ok()?;
    // Nothing is written anywhere: the finder lets no line pass.
    filter(maps.raw(), -1, &mut finder).ok()?;
    let range = finder.found?;
    let mut path = Vec::from(b"/proc/self/map_files/");
    put_hex(&mut path, range.start, 1);
    path.push(b'-');
    put_hex(&mut path, range.end, 1);
    CString::new(path).ok()
}

/// A path that leads the host to the program.
pub(crate) fn place(view: &dyn ProcView, subject: &Subject) -> Option<CString> {
    match subject {
        Subject::Own => Some(match view.exe_fd() {
            Some(fd) => {
                let link = [b"/proc/", link_of(fd).as_bytes()].concat();
                CString::new(link).unwrap_or_default()
            }
            None if is_gone(view) => mapped(view).unwrap_or_else(|| view.exe_path().into()),
            None => view.exe_path().into(),
        }),
        Subject::Guest(environ) => {
            environ::program(environ).and_then(|path| CString::new(Vec::from(path)).ok())
        }
        Subject::Other => None,
    }
}

/// Reads the link; `None` when the host's own answer is right.
pub(crate) fn link(
    view: &dyn ProcView,
    subject: &Subject,
    into: &mut [u8],
) -> SysResult<Option<usize>> {
    let path = match subject {
        Subject::Own => match view.exe_fd() {
            // The host knows whether the file was renamed or deleted meanwhile.
            Some(fd) => return Ok(Some(readlink(view.proc_fd(), &link_of(fd), into)?.len())),
            None => {
                let mut path = Vec::from(view.exe_path().to_bytes());
                if !path.ends_with(DELETED) && is_gone(view) {
                    path.extend_from_slice(DELETED);
                }
                path
            }
        },
        Subject::Guest(environ) => match environ::program(environ) {
            Some(path) => Vec::from(path),
            None => return Ok(None),
        },
        Subject::Other => return Ok(None),
    };
    let len = path.len().min(into.len());
    into.get_mut(..len)
        .ok_or(Errno::EFAULT)?
        .copy_from_slice(&path[..len]);
    Ok(Some(len))
}
