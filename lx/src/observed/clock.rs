//! Ticks of the processor's clock as time.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use host_std::probe::ticks;

/// The clock, by two moments of which both ticks and time are known: its start, and the last look.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    first: (u64, Instant),
    since_epoch: Duration,
    nanos_per_tick: f64,
}

impl Clock {
    pub(crate) fn start() -> Self {
        let first = (ticks(), Instant::now());
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
        let mut clock = Self {
            first,
            since_epoch: since_epoch.unwrap_or_default(),
            nanos_per_tick: 0.4,
        };
        std::thread::sleep(Duration::from_millis(1));
        clock.look();
        clock
    }

    /// Measures the length of a tick again: the longer ago the start is, the better.
    pub(crate) fn look(&mut self) {
        let (ticks, now) = (ticks(), Instant::now());
        let passed = ticks.saturating_sub(self.first.0);
        if passed > 0 {
            let nanos = now.duration_since(self.first.1).as_nanos();
            self.nanos_per_tick = as_float(u64::try_from(nanos).unwrap_or(0)) / as_float(passed);
        }
    }

    /// So many ticks, in nanoseconds.
    pub(crate) fn nanos(&self, ticks: u64) -> u64 {
        let nanos = Duration::try_from_secs_f64(as_float(ticks) * self.nanos_per_tick / 1e9);
        nanos.map_or(u64::MAX, |nanos| {
            u64::try_from(nanos.as_nanos()).unwrap_or(u64::MAX)
        })
    }

    /// The moment of a tick, since 1970.
    pub(crate) fn moment(&self, tick: u64) -> Duration {
        match tick.checked_sub(self.first.0) {
            Some(after) => self.since_epoch + Duration::from_nanos(self.nanos(after)),
            None => {
                let before = Duration::from_nanos(self.nanos(self.first.0 - tick));
                self.since_epoch.saturating_sub(before)
            }
        }
    }

    /// The time since the start.
    pub(crate) fn passed(&self) -> Duration {
        self.first.1.elapsed()
    }
}

/// Half of 53 digits more than suffice.
pub(crate) fn as_float(number: u64) -> f64 {
    let [high, low] = [number >> 32, number & 0xffff_ffff]
        .map(|half| f64::from(u32::try_from(half).unwrap_or(u32::MAX)));
    high * 4_294_967_296.0 + low
}

#[cfg(test)]
mod tests {
    use super::{Clock, as_float};
    use std::time::Duration;

    #[test]
    fn a_tick_has_a_length() {
        let mut clock = Clock::start();
        let before = host_std::probe::ticks();
        std::thread::sleep(Duration::from_millis(20));
        let after = host_std::probe::ticks();
        clock.look();
        let nanos = clock.nanos(after - before);
        assert!(clock.moment(after) > clock.moment(before));
        assert!((18_000_000..2_000_000_000).contains(&nanos), "{nanos}");
        assert!((as_float(1 << 40) - 1_099_511_627_776.0).abs() < 1.0);
    }
}
