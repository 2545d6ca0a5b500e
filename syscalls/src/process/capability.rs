//! What the thread's capabilities are (capabilities(7)).

use abi::nr;
use host::host_call;

/// `CAP_SYS_ADMIN`.
pub(crate) const SYS_ADMIN: u32 = 21;
/// `CAP_SYS_BOOT`.
pub(crate) const SYS_BOOT: u32 = 22;

/// Whether `capability`, one of the first 32, is in the thread's effective set (capget(2)).
pub(crate) fn is_effective(capability: u32) -> bool {
    let header = [0x2008_0522u32, 0];
    let mut sets = [0u32; 6];
    let (header, at) = (
        header.as_ptr().expose_provenance(),
        sets.as_mut_ptr().expose_provenance(),
    );
    host_call!(nr::CAPGET, header, at).is_ok() && sets[0] >> capability & 1 != 0
}
