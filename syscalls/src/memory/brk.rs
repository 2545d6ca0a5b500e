//! brk(2). The host's own break serves where the host could be told where the program's data end
//! (`PR_SET_MM_MAP`); else the brand keeps a break and maps what it covers.

use abi::arg::Ptr;
use abi::{SysResult, nr};
use host::host_call;
use host::memory::PAGE;
use kernel::Task;

const PROT_READ_WRITE: usize = 3;
/// `MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE`.
const MAP_FLAGS: usize = 0x10_0022;

/// brk(2): never fails; the break that holds afterwards.
pub fn brk(t: &mut Task, addr: Ptr) -> SysResult {
    let Some(brk) = &t.program.brk else {
        return host_call!(nr::BRK, addr.0);
    };
    let mut brk = brk.lock();
    if addr.0 < brk.start || addr.0 > usize::MAX - PAGE {
        return Ok(brk.now);
    }
    let (mapped, wanted) = (
        brk.now.next_multiple_of(PAGE),
        addr.0.next_multiple_of(PAGE),
    );
    let changed = if wanted > mapped {
        let len = wanted - mapped;
        host_call!(
            nr::MMAP,
            mapped,
            len,
            PROT_READ_WRITE,
            MAP_FLAGS,
            usize::MAX,
            0
        )
    } else if wanted < mapped {
        host_call!(nr::MUNMAP, wanted, mapped - wanted)
    } else {
        Ok(0)
    };
    if changed.is_ok() {
        brk.now = addr.0;
    }
    Ok(brk.now)
}
