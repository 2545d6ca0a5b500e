//! Signals that came while the brand served a call, until that call ends.

use core::ptr::NonNull;
use core::sync::atomic::Ordering;

use abi::signal::{SIGBUS, SIGILL, SIGSEGV, SIGSYS, SIGTRAP, SigInfo, SignalNumber};

use crate::thread::Control;

/// Signals that the brand needs, in the order of their slots.
pub(super) const SLOTS: [SignalNumber; 5] = [SIGILL, SIGTRAP, SIGBUS, SIGSEGV, SIGSYS];
/// The slot for all others.
const OTHERS: usize = 0;
/// The first of the slots for the protected ones that were sent to the thread.
const FOR_THREAD: usize = 1;
/// The first of those that were sent to the process.
const FOR_PROCESS: usize = FOR_THREAD + SLOTS.len();

pub(super) fn is_protected(signal: SignalNumber) -> bool {
    SLOTS.contains(&signal)
}

fn slot_of(info: &SigInfo) -> usize {
    let signal = info.signal();
    let first = if info.is_for_thread() {
        FOR_THREAD
    } else {
        FOR_PROCESS
    };
    SLOTS
        .iter()
        .position(|&protected| protected == signal)
        .map_or(OTHERS, |index| first + index)
}

/// Puts a signal into its slot. A protected one that is there already stays: standard signals do
/// not queue.
pub(crate) fn hold(control: NonNull<Control>, info: &SigInfo) {
    let slot = slot_of(info);
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

/// Takes the one that the kernel would deliver first (`dequeue_signal`): the thread's before the
/// process's, and of each those that faults raise before the others.
pub(super) fn take_held(control: NonNull<Control>) -> Option<SigInfo> {
    // SAFETY: as in `hold`; a handler writes to a slot only while its bit is clear.
    unsafe {
        let at = control.as_ptr();
        let bits = (*at).pending.load(Ordering::Acquire);
        let held = &(*at).held;
        let others_first = held.first().is_some_and(SigInfo::is_for_thread);
        let last = FOR_PROCESS + SLOTS.len();
        let slot = (FOR_THREAD..FOR_PROCESS)
            .chain(others_first.then_some(OTHERS))
            .chain(FOR_PROCESS..last)
            .chain([OTHERS])
            .find(|slot| bits >> slot & 1 != 0)?;
        let info = *held.get(slot)?;
        (*at).pending.fetch_and(!(1 << slot), Ordering::Release);
        Some(info)
    }
}
