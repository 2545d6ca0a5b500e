//! What the brand gives the host part to call.

use abi::signal::{SigInfo, SigSet};

use crate::frame::Delivery;
use crate::thread::Thread;

/// How a trap that patched code raised came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrapKind {
    /// `int3` was executed; the address is that of the `int3` byte.
    Breakpoint,
    /// An opcode that is invalid was executed.
    InvalidOpcode,
}

/// What to do about a trap, a fault or an interruption at some address of guest code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trap {
    /// The address has nothing to do with patches.
    Guest,
    /// Go on at that address.
    Resume {
        /// The address.
        rip: usize,
    },
    /// The address is in a trampoline, on the way in: let it run on into the brand.
    Entering,
    /// The address is in a trampoline's copy of displaced code; the guest's own one is this.
    Displaced {
        /// What the guest knows the address as.
        rip: usize,
    },
}

/// What became of a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A handler is to run (its frame is pushed), or nothing is; the host's mask from now on.
    Mask(SigSet),
}

/// The brand, as the host part calls it. Every function is called on the thread that it is about,
/// with no other reference to `Task` alive.
pub trait Brand: 'static {
    /// One guest thread; it lives in the thread's area.
    type Task;

    /// The process has begun: load the program, and leave its first registers in the frame.
    fn boot(boot: crate::start::Boot, thread: Thread) -> Self::Task;

    /// Serve the call in the thread's frame, and leave the result there.
    fn dispatch(task: &mut Self::Task);

    /// A signal for the guest: push the frame of its handler, or do what else is to be done.
    fn deliver(task: &mut Self::Task, info: &SigInfo, delivery: &mut Delivery<'_>) -> Outcome;

    /// The host's mask that stands for the guest's.
    fn host_mask(task: &Self::Task) -> SigSet;

    /// The last chance before the guest goes on: deliver what the brand itself holds back.
    /// `true` when there was something (the caller then looks for signals again).
    fn before_return(task: &mut Self::Task) -> bool;

    /// In a child of clone or fork, before its first guest instruction.
    fn child(task: &mut Self::Task);

    /// Whether `rip` belongs to patched code. Called in signal handlers: takes no locks.
    fn trap(rip: usize, kind: Option<TrapKind>) -> Trap;
}
