//! Filters one upon the other, and the state of a task.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicU64, Ordering};

use abi::{Errno, SysResult};

use super::action::{ALLOW, Verdict, rank, strict};
use super::check::Program;
use super::insn::SeccompData;
use super::run::Outcome;
use super::{ARCH_X86_64, FilterFlags};

/// The most instructions that the filters of one task may have together
/// (`MAX_INSNS_PER_PATH`); each filter below the newest counts four more.
pub(super) const MAX_PATH: usize = 32768;
const PENALTY: usize = 4;

/// One installed filter, and those that were installed before it. Immutable, so that threads
/// and forked processes share it.
#[derive(Debug)]
pub struct Filter {
    program: Program,
    older: Option<Arc<Filter>>,
    count: u32,
    path: usize,
    /// Calls that were found to be allowed by this filter and all older ones, whatever their
    /// arguments; bit per number, x86-64 calls only.
    allowed: [AtomicU64; 8],
}

impl Filter {
    /// Puts `program` on top of `older`.
    fn stack(program: Program, older: Option<Arc<Self>>) -> SysResult<Arc<Self>> {
        let (count, below) = older
            .as_ref()
            .map_or((0, 0), |older| (older.count, older.path));
        let path = program.converted_len() + below;
        if path > MAX_PATH {
            return Err(Errno::ENOMEM);
        }
        let allowed = core::array::from_fn(|_| AtomicU64::new(0));
        Ok(Arc::new(Self {
            program,
            older,
            count: count + 1,
            path: path + PENALTY,
            allowed,
        }))
    }

    /// The program that was installed.
    #[must_use]
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// This filter and the older ones, the newest first.
    pub fn chain(&self) -> impl Iterator<Item = &Self> {
        core::iter::successors(Some(self), |filter| filter.older.as_deref())
    }

    /// All filters run; the most restrictive action wins, and among equals the newest filter's.
    fn judge(&self, data: &SeccompData) -> Verdict {
        let known = usize::try_from(data.nr)
            .ok()
            .filter(|_| data.arch == ARCH_X86_64)
            .and_then(|nr| Some((self.allowed.get(nr / 64)?, 1u64 << (nr % 64))));
        if let Some((word, bit)) = known
            && word.load(Ordering::Relaxed) & bit != 0
        {
            return Verdict::Allow;
        }
        let mut strictest = ALLOW;
        let mut by_number = true;
        for filter in self.chain() {
            let Outcome {
                value,
                depends_on_arguments,
            } = filter.program.outcome(data);
            by_number &= !depends_on_arguments;
            if rank(value) < rank(strictest) {
                strictest = value;
            }
        }
        let verdict = Verdict::of(strictest);
        if let Some((word, bit)) = known
            && by_number
            && verdict == Verdict::Allow
        {
            word.fetch_or(bit, Ordering::Relaxed);
        }
        verdict
    }
}

impl Drop for Filter {
    /// Frees a chain without recursion: thousands of filters are legal, a deep stack is not.
    fn drop(&mut self) {
        let mut next = self.older.take();
        while let Some(mut filter) = next.and_then(Arc::into_inner) {
            next = filter.older.take();
        }
    }
}

/// `Seccomp:` of /proc/PID/status, and what `PR_GET_SECCOMP` returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Mode {
    /// Every call is served.
    Disabled = 0,
    /// read, write, exit and rt_sigreturn only.
    Strict = 1,
    /// Filters decide.
    Filter = 2,
}

/// The seccomp state of one task. A new thread and a forked process start with a clone of it;
/// exec keeps it.
#[derive(Clone, Debug, Default)]
pub struct Seccomp {
    state: State,
}

#[derive(Clone, Debug, Default)]
enum State {
    #[default]
    Disabled,
    Strict,
    Filter(Arc<Filter>),
}

impl Seccomp {
    /// Every call is served.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            state: State::Disabled,
        }
    }

    /// The mode.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        match self.state {
            State::Disabled => Mode::Disabled,
            State::Strict => Mode::Strict,
            State::Filter(_) => Mode::Filter,
        }
    }

    /// How many filters are installed (`Seccomp_filters:`).
    #[must_use]
    pub fn filter_count(&self) -> u32 {
        self.newest().map_or(0, |filter| filter.count)
    }

    /// The newest filter.
    #[must_use]
    pub fn newest(&self) -> Option<&Arc<Filter>> {
        match &self.state {
            State::Filter(filter) => Some(filter),
            State::Disabled | State::Strict => None,
        }
    }

    /// What becomes of a call.
    #[must_use]
    pub fn judge(&self, data: &SeccompData) -> Verdict {
        match &self.state {
            State::Disabled => Verdict::Allow,
            State::Strict => strict(data),
            State::Filter(filter) => filter.judge(data),
        }
    }

    /// `SECCOMP_SET_MODE_STRICT`: the new state.
    ///
    /// # Errors
    /// `EINVAL` when filters are installed.
    pub fn made_strict(&self) -> SysResult<Self> {
        match self.mode() {
            Mode::Filter => Err(Errno::EINVAL),
            Mode::Disabled | Mode::Strict => Ok(Self {
                state: State::Strict,
            }),
        }
    }

    /// `SECCOMP_SET_MODE_FILTER`: the new state. With [`FilterFlags::tsync`] the caller first asks
    /// every other thread's state [`Seccomp::may_follow`], and then gives all of them a clone.
    /// The privilege (`no_new_privs` or `CAP_SYS_ADMIN`, else `EACCES`) is the caller's to check
    /// before it reads the program.
    ///
    /// # Errors
    /// `EINVAL` in strict mode, `ENOMEM` when the chain would become too long.
    pub fn with_filter(&self, program: Program, _flags: FilterFlags) -> SysResult<Self> {
        let older = match &self.state {
            State::Disabled => None,
            State::Strict => return Err(Errno::EINVAL),
            State::Filter(filter) => Some(Arc::clone(filter)),
        };
        Ok(Self {
            state: State::Filter(Filter::stack(program, older)?),
        })
    }

    /// Whether a thread with this state can be given that of `leader` and one filter more
    /// (`SECCOMP_FILTER_FLAG_TSYNC`): it has no filters, or the leader's are those and more.
    #[must_use]
    pub fn may_follow(&self, leader: &Self) -> bool {
        match &self.state {
            State::Disabled => true,
            State::Strict => false,
            State::Filter(mine) => leader.newest().is_some_and(|newest| {
                newest
                    .chain()
                    .any(|filter| core::ptr::eq(filter, &raw const **mine))
            }),
        }
    }
}
