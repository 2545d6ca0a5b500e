//! What the processor and the kernel allow the brand to use.

use core::arch::x86_64::__cpuid_count;
use core::sync::atomic::{AtomicU8, Ordering};

/// `HWCAP2_FSGSBASE` of AT_HWCAP2: rdgsbase and wrgsbase may be used (Linux 5.9).
pub const HWCAP2_FSGSBASE: u64 = 1 << 1;

/// Whether the processor has BMI2, whose `pext` the check stub of the trampolines uses. Asked
/// once, and only when something is to be patched: `cpuid` is slow under a hypervisor.
pub fn has_bmi2() -> bool {
    static ANSWER: AtomicU8 = AtomicU8::new(0);
    match ANSWER.load(Ordering::Relaxed) {
        0 => {
            let answer = __cpuid_count(7, 0).ebx >> 8 & 1 != 0;
            ANSWER.store(if answer { 2 } else { 1 }, Ordering::Relaxed);
            answer
        }
        known => known == 2,
    }
}
