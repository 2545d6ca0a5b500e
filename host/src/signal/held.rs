//! Signals that came while the brand served a call, until that call ends.

use core::ptr::NonNull;
use core::sync::atomic::Ordering;

use abi::signal::{SIGBUS, SIGILL, SIGSEGV, SIGSYS, SIGTRAP, SigInfo, SignalNumber};

use crate::thread::Control;

/// Signals that the brand needs, in the order of their slots (slot 0 is for all others).
pub(super) const SLOTS: [SignalNumber; 5] = [SIGILL, SIGTRAP, SIGBUS, SIGSEGV, SIGSYS];

pub(super) fn slot_of(signal: SignalNumber) -> usize {
    SLOTS
        .iter()
        .position(|&protected| protected == signal)
        .map_or(0, |index| index + 1)
}

/// Puts a signal into its slot. A protected one that is there already stays: standard signals do
/// not queue.
pub(crate) fn hold(control: NonNull<Control>, info: &SigInfo) {
    let slot = slot_of(info.signal());
    let bit = 1u32 << slot;
    // SAFETY: the slots are this thread's; its mainline takes a slot before it clears the bit.
    unsafe {
        let at = control.as_ptr();
        if (*at).pending.load(Ordering::Relaxed) & bit == 0 {
            let held = &mut (*at).held;
            if let Some(to) = held.get_mut(slot) {
                *to = *info;
            }
            (*at).pending.fetch_or(bit, Ordering::Release);
        }
    }
}

pub(super) fn take_held(control: NonNull<Control>) -> Option<SigInfo> {
    // SAFETY: as in `hold`; a handler writes to a slot only while its bit is clear.
    unsafe {
        let at = control.as_ptr();
        let bits = (*at).pending.load(Ordering::Acquire);
        // The protected ones first: the kernel prefers synchronous signals.
        let slot = (1..6).chain([0]).find(|slot| bits >> slot & 1 != 0)?;
        let held = &(*at).held;
        let info = *held.get(slot)?;
        (*at).pending.fetch_and(!(1 << slot), Ordering::Release);
        Some(info)
    }
}
