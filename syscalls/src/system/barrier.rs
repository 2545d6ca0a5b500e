//! membarrier(2). The brand itself registers the address space for core-serialising barriers, which
//! it needs to rewrite code; the guest is to see what it has registered itself.

use core::sync::atomic::{AtomicBool, Ordering};

use abi::arg::{Flags, Int};
use abi::{Errno, SysResult, nr};
use host::call::{forward, int};
use kernel::Task;

const PRIVATE_EXPEDITED_SYNC_CORE: i32 = 1 << 5;
const REGISTER_PRIVATE_EXPEDITED_SYNC_CORE: i32 = 1 << 6;
const GET_REGISTRATIONS: i32 = 1 << 9;

/// Whether the guest has registered. As the kernel's own note it belongs to the memory: fork
/// copies it, and exec begins anew.
static REGISTERED: AtomicBool = AtomicBool::new(false);

/// membarrier(2).
pub fn membarrier(_: &mut Task, command: Int, flags: Flags, cpu: Int) -> SysResult {
    let registered = REGISTERED.load(Ordering::Relaxed);
    if command.0 == PRIVATE_EXPEDITED_SYNC_CORE && flags.0 == 0 && !registered {
        return Err(Errno::EPERM);
    }
    let args = [command.raw(), flags.raw(), cpu.raw(), 0, 0, 0];
    let result = forward(nr::MEMBARRIER, &args)?;
    match command.0 {
        REGISTER_PRIVATE_EXPEDITED_SYNC_CORE => REGISTERED.store(true, Ordering::Relaxed),
        GET_REGISTRATIONS if !registered => {
            return Ok(result & !int(REGISTER_PRIVATE_EXPEDITED_SYNC_CORE));
        }
        _ => {}
    }
    Ok(result)
}
