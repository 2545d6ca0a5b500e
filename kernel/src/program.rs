//! The program that a process runs: what exec set up, the same for all its threads and for the
//! processes that share its memory.

use alloc::ffi::CString;
use alloc::vec::Vec;
use core::ffi::CStr;

use abi::KernelVersion;
use host::sync::Lock;

use crate::bare::Table;
use crate::vfs::Layout;

/// How calls are caught.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intercept {
    /// Syscall User Dispatch finds sites, which are then rewritten.
    Rewrite,
    /// Syscall User Dispatch alone.
    Sud,
    /// A seccomp filter that traps; sites are rewritten too.
    Trap,
}

/// The break of a program whose host cannot be told where it is (brk(2)).
#[derive(Clone, Copy, Debug)]
pub struct Break {
    /// Where it started.
    pub start: usize,
    /// Where it is.
    pub now: usize,
}

/// What exec set up.
pub struct Program {
    /// How calls are caught.
    pub intercept: Intercept,
    /// The process belongs to a zone (`crate::zone`).
    pub zone: bool,
    /// The mounts of its zone, if that has no namespaces.
    pub bare: Option<&'static Table>,
    /// The canonical path of the program.
    pub exe: CString,
    /// The auxiliary vector as the guest has it, with `AT_NULL`.
    pub auxv: Vec<u8>,
    /// The addresses of its parts.
    pub layout: Layout,
    /// `--kernel-version`: what uname(2) says instead of the host's release.
    pub release: Option<CString>,
    /// Calls younger than this are hidden.
    pub version: KernelVersion,
    /// The break, when the brand has to keep it itself.
    pub brk: Option<Lock<Break>>,
}

impl Program {
    /// `--kernel-version` as text.
    #[must_use]
    pub fn release(&self) -> Option<&CStr> {
        self.release.as_deref()
    }
}
