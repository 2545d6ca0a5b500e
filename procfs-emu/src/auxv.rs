//! `/proc/PID/auxv` (proc_pid_auxv(5)): the vector that the guest found on its stack.

use abi::SysResult;
use kernel::vfs::ProcView;

use crate::io::write_all;

/// Writes the calling process's vector.
pub(crate) fn write(view: &dyn ProcView, to: i32) -> SysResult<()> {
    let mut result = Ok(());
    view.auxv(&mut |bytes| {
        if result.is_ok() {
            result = write_all(to, bytes);
        }
    });
    result
}
