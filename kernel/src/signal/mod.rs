//! Signals of the guest, as `kernel/signal.c` and `arch/x86/kernel/signal.c` have them. The host
//! keeps the queues; here are the guest's actions, masks and alternate stacks, and what is done
//! when a signal arrives.

mod deliver;
mod queue;
mod stack;

pub use deliver::deliver;
pub(crate) use queue::take_for_thread;
pub use stack::AltStack;

use abi::signal::{
    SIG_DFL, SIG_IGN, SIGCHLD, SIGCONT, SIGRTMAX, SIGURG, SIGWINCH, SigAction, SigInfo, SigSet,
    SignalNumber, sa,
};
use abi::{Errno, SysResult};
use host::signal::Disposition;
use host::sync::Lock;

/// The actions of a process (`struct sighand_struct`), shared with CLONE_SIGHAND.
pub struct Sighand {
    actions: Lock<[SigAction; 64]>,
}

impl Sighand {
    /// All default, but for those in `ignored`.
    #[must_use]
    pub fn new(ignored: SigSet) -> Self {
        let mut actions = [SigAction::default(); 64];
        for (action, signal) in actions.iter_mut().zip(1..) {
            if ignored.contains(signal) {
                action.handler = SIG_IGN;
            }
        }
        Self {
            actions: Lock::new(actions),
        }
    }

    /// A copy, for a child without CLONE_SIGHAND; with `clear` handlers become default ones
    /// (CLONE_CLEAR_SIGHAND).
    #[must_use]
    pub fn copied(&self, clear: bool) -> Self {
        let mut actions = *self.actions.lock();
        if clear {
            for action in actions
                .iter_mut()
                .filter(|action| action.handler != SIG_IGN)
            {
                *action = SigAction::default();
            }
        }
        Self {
            actions: Lock::new(actions),
        }
    }

    /// The action of `signal`.
    #[must_use]
    pub fn action(&self, signal: SignalNumber) -> SigAction {
        let actions = self.actions.lock();
        actions
            .get(usize::from(signal).wrapping_sub(1))
            .copied()
            .unwrap_or_default()
    }

    /// Sets the action of `signal`, here and on the host; the old one.
    ///
    /// # Errors
    /// Those of rt_sigaction(2).
    pub fn set(&self, signal: SignalNumber, new: SigAction) -> SysResult<SigAction> {
        let mut actions = self.actions.lock();
        let action = actions
            .get_mut(usize::from(signal).wrapping_sub(1))
            .ok_or(Errno::EINVAL)?;
        if !SigSet::PROTECTED.contains(signal) && !host_has(signal, action, &new) {
            match new.handler {
                SIG_DFL => host::signal::set_uncaught(signal, false, new.flags)?,
                SIG_IGN => host::signal::set_uncaught(signal, true, new.flags)?,
                _ => host::signal::set_disposition(signal, Disposition::Catch(new.flags))?,
            }
        }
        Ok(core::mem::replace(action, new))
    }

    /// Back to the default, where the host has done so already (SA_RESETHAND).
    pub(crate) fn reset(&self, signal: SignalNumber) {
        let mut actions = self.actions.lock();
        if let Some(action) = actions.get_mut(usize::from(signal).wrapping_sub(1)) {
            action.handler = SIG_DFL;
        }
    }

    /// The signals whose handler satisfies `test`.
    pub fn those(&self, test: impl Fn(usize) -> bool) -> SigSet {
        let actions = self.actions.lock();
        let set = (1..=SIGRTMAX)
            .zip(actions.iter())
            .filter(|(_, action)| test(action.handler));
        set.fold(SigSet::EMPTY, |set, (signal, _)| {
            set.union(SigSet::of(&[signal]))
        })
    }
}

/// Whether the host need not be told: it does with `signal` what `new` asks for, and has nothing
/// pending to drop. posix_spawn(3) sets most signals to what they are already.
fn host_has(signal: SignalNumber, old: &SigAction, new: &SigAction) -> bool {
    let ignores =
        new.handler == SIG_IGN || new.handler == SIG_DFL && IGNORED_BY_DEFAULT.contains(signal);
    let same_kind =
        old.handler == new.handler || is_function(old.handler) && is_function(new.handler);
    same_kind
        && !ignores
        && host::signal::told(old.flags) == host::signal::told(new.flags)
        && new.flags & sa::RESETHAND == 0
        && !SigSet::UNBLOCKABLE.contains(signal)
}

/// The signals whose default action is to be ignored.
pub const IGNORED_BY_DEFAULT: SigSet = SigSet::of(&[SIGCHLD, SIGCONT, SIGURG, SIGWINCH]);

/// Protected signals that came while the guest blocked them: the host must not block them, so the
/// brand keeps them. Standard signals do not queue, but one can be pending for the thread and one
/// more for the process (signal(7)).
#[derive(Clone, Copy, Debug)]
pub struct Kept {
    thread: Pending,
    process: Pending,
}

/// One of each protected signal.
#[derive(Clone, Copy, Debug)]
struct Pending {
    set: SigSet,
    info: [SigInfo; 5],
}

const PROTECTED: [SignalNumber; 5] = [
    abi::signal::SIGILL,
    abi::signal::SIGTRAP,
    abi::signal::SIGBUS,
    abi::signal::SIGSEGV,
    abi::signal::SIGSYS,
];

impl Kept {
    /// None.
    pub const EMPTY: Self = Self {
        thread: Pending::EMPTY,
        process: Pending::EMPTY,
    };

    /// What is kept.
    #[must_use]
    pub const fn set(&self) -> SigSet {
        self.thread.set.union(self.process.set)
    }

    /// Of what is kept, that which is for the process alone.
    #[must_use]
    pub const fn for_process(&self) -> SigSet {
        self.process.set.without(self.thread.set)
    }

    /// Keeps one, unless that signal is kept already.
    pub fn put(&mut self, info: &SigInfo) {
        if info.is_for_thread() {
            self.thread.put(info);
        } else {
            self.process.put(info);
        }
    }

    /// Takes the lowest one that is in `wanted`, the thread's before the process's.
    pub fn take(&mut self, wanted: SigSet) -> Option<SigInfo> {
        self.thread
            .take(wanted)
            .or_else(|| self.process.take(wanted))
    }

    /// Drops that signal.
    pub fn drop_signal(&mut self, signal: SignalNumber) {
        while self.take(SigSet::of(&[signal])).is_some() {}
    }
}

impl Pending {
    const EMPTY: Self = Self {
        set: SigSet::EMPTY,
        info: [SigInfo::ZERO; 5],
    };

    fn put(&mut self, info: &SigInfo) {
        let signal = info.signal();
        let slot = PROTECTED.iter().position(|&protected| protected == signal);
        if let Some(to) = slot.and_then(|slot| self.info.get_mut(slot))
            && !self.set.contains(signal)
        {
            *to = *info;
            self.set = self.set.union(SigSet::of(&[signal]));
        }
    }

    fn take(&mut self, wanted: SigSet) -> Option<SigInfo> {
        let signal = self.set.intersection(wanted).first()?;
        let slot = PROTECTED
            .iter()
            .position(|&protected| protected == signal)?;
        self.set = self.set.without(SigSet::of(&[signal]));
        self.info.get(slot).copied()
    }
}

/// The host's mask that stands for a guest's.
#[must_use]
pub const fn host_mask(blocked: SigSet) -> SigSet {
    blocked.without(SigSet::PROTECTED)
}

/// Whether a handler is a function of the guest's.
#[must_use]
pub const fn is_function(handler: usize) -> bool {
    handler != SIG_DFL && handler != SIG_IGN
}

/// What is blocked while the handler of `signal` runs, besides what was.
#[must_use]
pub const fn handler_mask(signal: SignalNumber, action: &SigAction) -> SigSet {
    let own = if action.flags & sa::NODEFER == 0 {
        SigSet::of(&[signal])
    } else {
        SigSet::EMPTY
    };
    action.mask.union(own).without(SigSet::UNBLOCKABLE)
}
