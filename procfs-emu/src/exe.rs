//! `/proc/PID/exe` (proc_pid_exe(5)): the program that the guest runs.

use alloc::ffi::CString;
use alloc::vec::Vec;

use abi::{Errno, SysResult};
use kernel::vfs::ProcView;

use crate::environ;
use crate::io::{link_of, readlink};
use crate::subject::Subject;

/// A path that leads the host to the program.
pub(crate) fn place(view: &dyn ProcView, subject: &Subject) -> Option<CString> {
    match subject {
        Subject::Own => Some(match view.exe_fd() {
            Some(fd) => {
                let link = [b"/proc/", link_of(fd).as_bytes()].concat();
                CString::new(link).unwrap_or_default()
            }
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
            None => view.exe_path().to_bytes(),
        },
        Subject::Guest(environ) => match environ::program(environ) {
            Some(path) => path,
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
