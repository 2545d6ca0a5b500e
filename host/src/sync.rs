//! Locks of the brand. No futex and no thread-local storage: a lock is held for a few hundred
//! instructions, never across a host call that waits, and never by a signal handler's victim,
//! since handlers take locks only when they interrupted guest code.
//!
//! fork(2) must find every lock free, or the child would wait for a thread that it does not have:
//! [`forking`] waits until no lock is held and keeps others out until its guard is dropped.

use core::cell::UnsafeCell;
use core::ops::{Deref, DerefMut};
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use abi::nr;

// What every fork writes to lies in one page, which parent and child then copy (`.bss.lx_fork`).
#[unsafe(link_section = ".bss.lx_fork")]
static FORKING: AtomicBool = AtomicBool::new(false);
#[unsafe(link_section = ".bss.lx_fork")]
static HELD: AtomicU32 = AtomicU32::new(0);

/// Mutual exclusion around a `T`. Locks do not nest, but for those taken by
/// [`Lock::lock_innermost`].
pub struct Lock<T> {
    locked: AtomicBool,
    value: UnsafeCell<T>,
}

// SAFETY: the lock gives out one reference at a time.
unsafe impl<T: Send> Sync for Lock<T> {}

impl<T> Lock<T> {
    /// A free lock around `value`.
    pub const fn new(value: T) -> Self {
        Self {
            locked: AtomicBool::new(false),
            value: UnsafeCell::new(value),
        }
    }

    /// Waits for the lock, and for a fork that is under way.
    pub fn lock(&self) -> Guard<'_, T> {
        for round in 0.. {
            HELD.fetch_add(1, Ordering::SeqCst);
            if !FORKING.load(Ordering::SeqCst) {
                break;
            }
            HELD.fetch_sub(1, Ordering::SeqCst);
            relax(round);
        }
        self.acquire();
        Guard {
            lock: self,
            counted: true,
        }
    }

    /// Waits for a lock that may be taken while another one is held. A fork must hold it itself.
    pub fn lock_innermost(&self) -> Guard<'_, T> {
        self.acquire();
        Guard {
            lock: self,
            counted: false,
        }
    }

    fn acquire(&self) {
        let mut spins = 0u32;
        while self.locked.swap(true, Ordering::Acquire) {
            spins += 1;
            if spins.is_multiple_of(64) {
                relax(spins / 64)
            } else {
                core::hint::spin_loop()
            }
        }
    }
}

/// Lets another thread run, in the `round`th round of waiting for it: a real-time thread yields to its like
/// only (sched(7)), so that it must sleep for others to get on.
pub fn relax(round: u32) {
    const YIELDS: u32 = 8;
    const CLOCK_MONOTONIC: usize = 1;
    if round < YIELDS {
        let _ = crate::host_call!(nr::SCHED_YIELD);
    } else {
        // 50 microseconds.
        let time = [0usize, 50_000];
        let at = time.as_ptr().expose_provenance();
        let _ = crate::host_call!(nr::CLOCK_NANOSLEEP, CLOCK_MONOTONIC, 0, at, 0);
    }
}

/// A held lock.
pub struct Guard<'a, T> {
    lock: &'a Lock<T>,
    counted: bool,
}

impl<T> Deref for Guard<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        // SAFETY: the lock is held.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T> DerefMut for Guard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the lock is held.
        unsafe { &mut *self.lock.value.get() }
    }
}

impl<T> Drop for Guard<'_, T> {
    fn drop(&mut self) {
        self.lock.locked.store(false, Ordering::Release);
        if self.counted {
            HELD.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

/// While this lives no other thread holds a lock.
pub struct Forking(());

/// Waits until no lock is held, and keeps them free.
pub fn forking() -> Forking {
    for round in 0.. {
        if !FORKING.swap(true, Ordering::SeqCst) {
            break;
        }
        relax(round);
    }
    for round in 0.. {
        if HELD.load(Ordering::SeqCst) == 0 {
            break;
        }
        relax(round);
    }
    Forking(())
}

impl Drop for Forking {
    fn drop(&mut self) {
        FORKING.store(false, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    #[test]
    fn counts_exactly() {
        static COUNT: Lock<u64> = Lock::new(0);
        let threads: Vec<_> = (0..4)
            .map(|_| {
                std::thread::spawn(|| {
                    for i in 0..2_000 {
                        if i % 500 == 0 {
                            drop(forking());
                        }
                        *COUNT.lock() += 1;
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(*COUNT.lock(), 8_000);
    }
}
