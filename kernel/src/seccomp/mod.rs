//! Guest seccomp filters (seccomp(2)), interpreted by the brand.
//!
//! A filter of the guest must see the guest's calls, not the host calls that the brand makes to
//! serve them, so it is never handed to the host: the brand checks the program as the kernel
//! does ([`Program::check`]), keeps the chain of filters per task ([`Seccomp`]), and runs it
//! before it dispatches a call ([`Seccomp::judge`]).

mod action;
mod chain;
mod check;
mod insn;
mod op;
mod run;
mod serial;
#[cfg(test)]
mod tests;

pub use action::{Verdict, action_is_available};
pub use chain::{Filter, Mode, Seccomp};
pub use check::{MAX_INSNS, Program};
pub use insn::{Insn, SeccompData};
pub use op::{FilterFlags, NOTIF_SIZES, Operation};

/// `AUDIT_ARCH_X86_64`: what a filter sees for a call by `syscall`.
pub const ARCH_X86_64: u32 = 0xc000_003e;
/// `AUDIT_ARCH_I386`: what a filter sees for a call by `int 0x80`.
pub const ARCH_I386: u32 = 0x4000_0003;
