//! reboot(2), which never does what it says.

use abi::arg::{Ptr, Uint};
use abi::{Errno, SysResult};
use kernel::Task;

use crate::process::capability;

const MAGIC1: u32 = 0xfee1_dead;
const MAGIC2: [u32; 4] = [0x2812_1969, 0x0512_1996, 0x1604_1998, 0x2011_2000];
/// `LINUX_REBOOT_CMD_RESTART`, `HALT`, `CAD_ON`, `CAD_OFF`, `POWER_OFF`, `RESTART2`, `SW_SUSPEND` and
/// `KEXEC` (`include/uapi/linux/reboot.h`).
const OPERATIONS: [u32; 8] = [
    0x0123_4567,
    0xcdef_0123,
    0x89ab_cdef,
    0,
    0x4321_fedc,
    0xa1b2_c3d4,
    0xd000_fce2,
    0x4558_4543,
];

/// reboot(2).
pub fn reboot(_: &mut Task, magic: Uint, magic2: Uint, op: Uint, _: Ptr) -> SysResult {
    let known = magic.0 == MAGIC1 && MAGIC2.contains(&magic2.0) && OPERATIONS.contains(&op.0);
    match known || !capability::is_effective(capability::SYS_BOOT) {
        true => Err(Errno::EPERM),
        false => Err(Errno::EINVAL),
    }
}
