//! The part of `lx stat` and `lx trace` in a guest process: it counts the calls, each in its thread's
//! own cells of the book (`observe`). Where nobody observes, nothing here is reached.

mod capture;
mod door;
mod trace;

use core::sync::atomic::{AtomicU64, Ordering};

use abi::signal::SigInfo;
use abi::{Errno, nr};
use host::host_call;
use host::start::Boot;
use host::thread::{KIND_INT80, KIND_TRAPPED};
use kernel::Task;
use observe::book::{self, Wanted, Word};
use observe::tally::{CELL_WORDS, Cell, Field, HISTOGRAM};
use observe::{Book, Slot, special};
use syscalls::compat32;

use crate::patcher::PATCHER;

/// How many calls may trap before the count of sites is looked at again.
const LOOK_AFTER: u64 = 64;

// entry.S writes cells, too.
const _: () = {
    use host::observe::layout;
    assert!(layout::SLOT_HOST == Word::Host.index() * 8);
    assert!(layout::CELL_COUNT == Field::Count.index() * 8);
    assert!(layout::CELL_ERRORS == Field::Errors.index() * 8);
    assert!(layout::CELL_TOTAL == Field::Total.index() * 8);
    assert!(layout::CELL_LONGEST == Field::Longest.index() * 8);
    assert!(layout::CELL_HISTOGRAM == HISTOGRAM * 8);
    assert!(CELL_WORDS - HISTOGRAM == (44 * 8 + 16) / 2);
};

pub(crate) use door::ask;
use door::mapped as book;

fn is_marked(call: &AtomicU64) -> bool {
    call.load(Ordering::Relaxed) != 0
}

/// The first thread that is observed, of which alone records are wanted unless all are.
fn set_root(book: &Book<'_>, tid: u64) {
    let root = book.root();
    let _ = root.compare_exchange(0, tid, Ordering::Relaxed, Ordering::Relaxed);
}

/// The first thread of a program, which has a place in the book when it was executed by a guest.
pub(crate) fn begin(task: &mut Task, place: usize, boot: &Boot, path: &[u8]) {
    let Some(book) = book() else {
        return;
    };
    let Some(slot) = slot_at(place) else {
        child(task);
        if let Some(slot) = task.thread.slot().and_then(slot_at) {
            trace::started(&book, slot, boot, path);
        }
        return;
    };
    task.thread.set_slot(place);
    name(slot);
    // The call that brought it here has succeeded.
    let doing = usize::try_from(slot.get(Word::Doing)).unwrap_or(0);
    if let Some(call) = doing.checked_sub(1)
        && special::executes(call)
    {
        let now = host::observe::ticks();
        let took = now.saturating_sub(slot.get(Word::Since));
        if book.wanted().tally {
            count(task, slot, call, took, took, false);
        }
        trace::executed(&book, slot, now);
    }
    slot.set(Word::Doing, 0);
}

/// A new thread or process, or one whose place is another's by now.
pub(crate) fn child(task: &mut Task) {
    let Some(book) = book() else {
        return;
    };
    let (pid, tid) = numbers(task);
    if let Some((index, slot)) = book.take_slot(pid, tid, host::observe::ticks()) {
        task.thread
            .set_slot(book::SLOTS_FROM + index * book::SLOT_WORDS);
        name(slot);
    }
}

/// The numbers of the process and of the thread.
fn numbers(task: &Task) -> (u32, u32) {
    let known = |number: u32, call: usize| match number {
        0 => host_call!(call).map_or(0, |id| u32::try_from(id).unwrap_or(0)),
        _ => number,
    };
    let (pid, tid) = task.thread.ids();
    (known(pid, nr::GETPID), known(tid, nr::GETTID))
}

/// The thread's slot, if it is still its own: observers come and go.
fn own_slot(task: &Task) -> Option<Slot<'static>> {
    let slot = task.thread.slot().and_then(slot_at)?;
    let holder = slot.get(Word::Ids) & 0xffff_ffff;
    let (_, tid) = task.thread.ids();
    (holder != 0 && (tid == 0 || holder == u64::from(tid))).then_some(slot)
}

/// The slot whose words begin there.
fn slot_at(place: usize) -> Option<Slot<'static>> {
    let from = place.checked_sub(book::SLOTS_FROM)?;
    book()?.slot(from / book::SLOT_WORDS)
}

/// Notes the thread's name.
fn name(slot: Slot<'_>) {
    const PR_GET_NAME: usize = 16;
    let mut name = [0u64; 2];
    let at = name.as_mut_ptr().expose_provenance();
    if host_call!(nr::PRCTL, PR_GET_NAME, at, 0, 0, 0).is_ok() {
        slot.set(Word::Name, name[0]);
        slot.set(Word::NameEnd, name[1]);
    }
}

/// A signal goes to the guest's handler.
pub(crate) fn signal(task: &Task, info: &SigInfo) {
    if let Some(book) = book()
        && let Some(slot) = task.thread.slot().and_then(slot_at)
    {
        trace::signal(&book, slot, info);
    }
}

/// Serves the call in the task's registers, and notes what is wanted of it.
pub(crate) fn dispatch(task: &mut Task) {
    let Some(book) = door::book(task) else {
        return syscalls::dispatch(task);
    };
    host::observe::time_host_calls();
    if own_slot(task).is_none() && book.lost().load(Ordering::Relaxed) == 0 {
        child(task);
        own_slot(task).into_iter().for_each(sites);
    }
    let record = task.thread.record();
    let mut number = task.thread.frame().regs.rax & 0xffff_ffff;
    if record.kind == KIND_INT80 {
        number = u32::try_from(number)
            .ok()
            .and_then(compat32::translate)
            .unwrap_or(usize::MAX);
    }
    let slot = own_slot(task);
    // Of a call that trapped, the handler noted the time.
    let trapped_at = task.thread.take_began();
    let began = if record.kind == KIND_TRAPPED && trapped_at != 0 {
        trapped_at
    } else {
        host::observe::ticks()
    };
    let _ = task.thread.take_host_ticks();
    if let Some(slot) = slot {
        before(slot, number, began, record.kind == KIND_TRAPPED);
    }
    let place = task.thread.slot();
    let ends = special::ends(number);
    if let Some(slot) = slot {
        if ends {
            end(task, slot, number, book.wanted());
        } else if special::returns_from_signal(number) {
            // It leaves by another way.
            slot.set(Word::Doing, 0);
            count_in(task, slot, number, book.wanted());
        }
    }
    let args = task.thread.frame().regs.args();
    let call = slot.and_then(|slot| trace::begin(task, &book, slot, number, args));
    let injection = slot.and_then(|slot| trace::injection(&book, slot, number));
    let injected = injection.is_some_and(|injection| trace::inject_before(task, injection));
    if !injected {
        syscalls::dispatch(task);
    }
    if ends {
        // A signal came first. The reader may have taken the slot for free.
        task.thread.forget_slot();
        return child(task);
    }
    // A forked child has another slot, and has not made the call.
    let Some(slot) =
        slot.filter(|_| task.thread.slot() == place && !special::returns_from_signal(number))
    else {
        return;
    };
    let took = host::observe::ticks().saturating_sub(began);
    let host = task.thread.take_host_ticks().min(took);
    if let Some(call) = call {
        call.end(task, &book, slot, took, injected);
    }
    if let Some(injection) = injection {
        trace::inject_after(injection);
    }
    slot.set(Word::Doing, 0);
    slot.add(Word::Host, host);
    slot.add(Word::Brand, took - host);
    if book.wanted().tally && !task.thread.will_restart() {
        let failed = Errno::decode(task.thread.frame().regs.rax).is_err();
        count(task, slot, number, took, took - host, failed);
    }
}

fn before(slot: Slot<'_>, number: usize, began: u64, trapped: bool) {
    slot.set(Word::Since, began);
    let doing = number.checked_add(1).unwrap_or(0);
    slot.set(Word::Doing, u64::try_from(doing).unwrap_or(0));
    if trapped {
        slot.add(Word::Trapped, 1);
        if slot.get(Word::Trapped).is_multiple_of(LOOK_AFTER) {
            sites(slot);
        }
    }
}

fn sites(slot: Slot<'_>) {
    let (patched, trapped) = PATCHER.tally();
    let half = |count: usize| u64::from(u32::try_from(count).unwrap_or(u32::MAX));
    slot.set(Word::Patched, half(trapped) << 32 | half(patched));
}

/// The thread is about to end, and its process with exit_group(2).
fn end(task: &mut Task, slot: Slot<'static>, number: usize, wanted: Wanted) {
    count_in(task, slot, number, wanted);
    sites(slot);
    slot.set(Word::Last, u64::from(special::ends_process(number)));
    slot.set(Word::Ended, host::observe::ticks());
}

/// Counts a call that does not come back.
fn count_in(task: &mut Task, slot: Slot<'static>, number: usize, wanted: Wanted) {
    if wanted.tally {
        count(task, slot, number, 0, 0, false);
    }
}

/// Counts a call in the thread's cell for it.
fn count(task: &mut Task, slot: Slot<'static>, nr: usize, took: u64, brand: u64, failed: bool) {
    let cell = match task.thread.cell(nr) {
        Some(words) => Some(Cell::of(words)),
        None => {
            let cell = slot.cell_of(nr);
            if let Some(cell) = &cell {
                task.thread.set_cell(nr, cell.words());
            }
            cell
        }
    };
    if let Some(cell) = cell {
        cell.count(took, brand, failed);
    }
}
