//! The brand: the freestanding image that lives in every guest process. It wires the crates below
//! it together. See `ARCHITECTURE.md`.
//!
//! Only `lx/build.rs` builds the image (`--cfg lx_image`). Otherwise, when the whole workspace is
//! checked, this is a program with std like any other, which does nothing.
#![cfg_attr(lx_image, no_std, no_main)]
#![cfg_attr(not(lx_image), allow(dead_code, reason = "nothing calls the brand"))]
#![forbid(unsafe_code)]

extern crate alloc;

mod boot;
mod init;
mod load;
mod maps;
mod observe;
mod own;
mod patcher;
mod place;
mod sites;

use abi::signal::{SigInfo, SigSet};
use host::frame::Delivery;
use host::start::Boot;
use host::thread::KIND_TRAPPED;
use host::{Brand, Outcome, Thread, Trap, TrapKind};
use kernel::Task;
use kernel::signal::host_mask;
use kernel::vfs::MountTable;
use native_mounts::{HostRoot, NativeTools};
use procfs_emu::ProcOverlay;

#[cfg(not(lx_image))]
fn main() {
    println!("The brand's image is built by lx/build.rs; `lx run` starts it.");
}

#[cfg(lx_image)]
#[global_allocator]
static HEAP: host::alloc::Heap = host::alloc::Heap;

/// What the paths of a guest lead to that is in no zone.
static MOUNTS: MountTable = MountTable::new(&[&ProcOverlay], &HostRoot);
/// Those of a program of the zone.
static ZONE_MOUNTS: MountTable = MountTable::new(&[&ProcOverlay, &NativeTools::Shown], &HostRoot);
/// Those of one of the host's tools in a zone.
static TOOL_MOUNTS: MountTable = MountTable::new(&[&ProcOverlay, &NativeTools::Used], &HostRoot);

/// What the paths of the program at `exe` lead to.
fn mounts(exe: &[u8]) -> &'static MountTable {
    if !kernel::zone::attached() {
        &MOUNTS
    } else if kernel::zone::is_native(exe) {
        &TOOL_MOUNTS
    } else {
        &ZONE_MOUNTS
    }
}

#[cfg(lx_image)]
host::entry_point!(Lx);

#[cfg(lx_image)]
#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    host::start::panicked(info)
}

/// The brand, as `host` calls it.
struct Lx;

impl Brand for Lx {
    type Task = Task;

    fn boot(boot: Boot, thread: Thread) -> Task {
        boot::boot(boot, thread)
    }

    fn dispatch(task: &mut Task) {
        let record = task.thread.record();
        if record.kind == KIND_TRAPPED {
            patcher::PATCHER.trapped(record.site, task.thread.frame().regs.rax);
        }
        if host::observe::is_on() {
            observe::dispatch(task);
        } else {
            syscalls::dispatch(task);
        }
    }

    fn deliver(task: &mut Task, info: &SigInfo, delivery: &mut Delivery<'_>) -> Outcome {
        if host::observe::is_on() {
            observe::signal(task, info);
        }
        kernel::signal::deliver(task, info, delivery)
    }

    fn host_mask(task: &Task) -> SigSet {
        let mask = host_mask(task.blocked);
        task.dying
            .map_or(mask, |signal| mask.without(SigSet::of(&[signal])))
    }

    fn before_return(task: &mut Task) -> bool {
        if let Some(info) = task.take_kept() {
            task.thread.hold(&info);
            return true;
        }
        // A wait under a mask of its own ended, and no handler ran.
        if let Some(before) = task.saved_mask.take() {
            task.blocked = before;
            task.thread.mask_changed();
            return true;
        }
        false
    }

    fn child(task: &mut Task) {
        if core::mem::take(&mut task.protect_again) && host::signal::protect().is_err() {
            host::start::fatal(format_args!("no handlers in a new process"));
        }
        if let Some(users) = &task.users {
            users.publish(task.host_pid());
        }
        if host::observe::is_on() {
            observe::child(task);
        }
    }

    fn trap(rip: usize, kind: Option<TrapKind>) -> Trap {
        patcher::PATCHER.trap(rip, kind)
    }
}
