//! What is done when a signal arrives (`get_signal`, `handle_signal`).

use abi::signal::{SIG_DFL, SIG_IGN, SIGSEGV, SigInfo, SigSet, SignalNumber, sa, si};
use host::Outcome;
use host::frame::Delivery;
use host::signal::send_to_host_default;

use super::queue::give_back;
use super::{IGNORED_BY_DEFAULT, handler_mask, host_mask};
use crate::Task;

/// Acts on a signal for the guest thread `task`.
pub fn deliver(task: &mut Task, info: &SigInfo, delivery: &mut Delivery<'_>) -> Outcome {
    let signal = info.signal();
    if delivery.fault.is_some() {
        fault(task, signal, info, delivery);
    } else if task.blocked.contains(signal) {
        // The handler of a signal that came first blocks it.
        if SigSet::PROTECTED.contains(signal) {
            task.kept.put(info);
        } else {
            give_back(info);
        }
    } else {
        act(task, signal, info, delivery);
    }
    let mut mask = host_mask(task.blocked);
    if let Some(dying) = task.dying {
        mask = mask.without(SigSet::of(&[dying]));
    }
    Outcome::Mask(mask)
}

/// A fault of the guest's: it cannot be blocked or ignored (`force_sig_info_to_task`).
fn fault(task: &mut Task, signal: SignalNumber, info: &SigInfo, delivery: &mut Delivery<'_>) {
    let handler = task.sighand.action(signal).handler;
    if handler != SIG_DFL && handler != SIG_IGN && !task.blocked.contains(signal) {
        return act(task, signal, info, delivery);
    }
    task.dying = Some(signal);
    send_to_host_default(info);
}

/// Carries out the action of a signal that is not blocked.
fn act(task: &mut Task, signal: SignalNumber, info: &SigInfo, delivery: &mut Delivery<'_>) {
    let action = task.sighand.action(signal);
    match action.handler {
        SIG_IGN => return,
        SIG_DFL => {
            // The host had a handler when it took the signal; meanwhile the guest has none.
            if !IGNORED_BY_DEFAULT.contains(signal) {
                task.dying = Some(signal);
                send_to_host_default(info);
            }
            return;
        }
        _ => {}
    }
    let place = task
        .altstack
        .place(delivery.regs.rsp, action.flags & sa::ONSTACK != 0);
    let mask = task.saved_mask.unwrap_or(task.blocked);
    if action.flags & sa::RESETHAND != 0 {
        task.sighand.reset(signal);
    }
    let told = crate::numbers::told(info);
    if delivery.push(&action, &told, &place, mask).is_err() {
        return force_segv(task, signal, delivery);
    }
    task.saved_mask = None;
    task.altstack.disarm();
    task.blocked = task.blocked.union(handler_mask(signal, &action));
}

/// The frame of `failed` could not be pushed (`force_sigsegv`).
fn force_segv(task: &mut Task, failed: SignalNumber, delivery: &mut Delivery<'_>) {
    let handler = task.sighand.action(SIGSEGV).handler;
    let info = SigInfo {
        signo: i32::from(SIGSEGV),
        code: si::KERNEL,
        ..SigInfo::ZERO
    };
    let handled = handler != SIG_DFL && handler != SIG_IGN;
    if failed != SIGSEGV && handled && !task.blocked.contains(SIGSEGV) {
        act(task, SIGSEGV, &info, delivery);
    } else {
        task.dying = Some(SIGSEGV);
        send_to_host_default(&info);
    }
}
