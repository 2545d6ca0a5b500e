//! How fast requests are answered: whoever asks more often waits.

use std::time::{Duration, Instant};

/// How many requests may come at once.
const BURST: u32 = 64;
/// After them, one in this time.
const EACH: Duration = Duration::from_millis(10);

/// Counts requests.
#[derive(Debug)]
pub(super) struct Pace {
    /// When all requests so far would have been due, had each taken its time.
    due: Instant,
}

impl Pace {
    pub(super) fn new() -> Self {
        Self {
            due: Instant::now(),
        }
    }

    /// How long the next request must wait.
    pub(super) fn wait(&mut self) -> Duration {
        self.wait_at(Instant::now())
    }

    fn wait_at(&mut self, now: Instant) -> Duration {
        self.due = self.due.max(now) + EACH;
        self.due.saturating_duration_since(now + EACH * BURST)
    }
}

#[cfg(test)]
mod tests {
    use super::{BURST, EACH, Pace};
    use std::time::{Duration, Instant};

    #[test]
    fn a_burst_is_free_and_what_follows_is_not() {
        let mut now = Instant::now();
        let mut pace = Pace { due: now };
        for _ in 0..BURST {
            assert_eq!(pace.wait_at(now), Duration::ZERO);
        }
        for _ in 0..5 {
            assert_eq!(pace.wait_at(now), EACH);
            now += EACH;
        }
        now += EACH * BURST;
        assert_eq!(pace.wait_at(now), Duration::ZERO);
    }
}
