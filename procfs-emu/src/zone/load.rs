//! `/proc/uptime`, `/proc/loadavg` and `/proc/pressure` (proc_uptime(5), proc_loadavg(5),
//! `Documentation/accounting/psi.rst`).

use alloc::vec::Vec;

use super::Moment;
use crate::text::put_decimal;

/// Microseconds in a hundredth of a second.
const HUNDREDTH: u64 = 10_000;

/// `uptime`: seconds since the zone began, and the sum of what its processors idled.
pub(super) fn uptime(moment: &Moment, out: &mut Vec<u8>) {
    put_hundredths(out, moment.uptime / (1000 * HUNDREDTH));
    out.push(b' ');
    put_hundredths(out, moment.idle() / HUNDREDTH);
    out.push(b'\n');
}

/// `loadavg`.
pub(super) fn loadavg(moment: &Moment, out: &mut Vec<u8>) {
    /// `FSHIFT`: averages are in 1/2048.
    const ONE: u64 = 2048;
    for load in moment.facts.load {
        // Rounded as in `loadavg_proc_show`.
        let load = load.saturating_add(ONE / 200);
        put_hundredths(out, load / ONE * 100 + load % ONE * 100 / ONE);
        out.push(b' ');
    }
    put_decimal(out, moment.facts.running, 1);
    out.push(b'/');
    put_decimal(out, moment.facts.pids_current, 1);
    out.push(b' ');
    put_decimal(out, moment.tid.into(), 1);
    out.push(b'\n');
}

/// `pressure/*`: a zone that waits for nothing.
pub(super) fn pressure(out: &mut Vec<u8>) {
    for kind in [&b"some"[..], b"full"] {
        out.extend_from_slice(kind);
        out.extend_from_slice(b" avg10=0.00 avg60=0.00 avg300=0.00 total=0\n");
    }
}

/// Appends a number of hundredths with two digits behind the point.
fn put_hundredths(out: &mut Vec<u8>, number: u64) {
    put_decimal(out, number / 100, 1);
    out.push(b'.');
    put_decimal(out, number % 100 / 10, 1);
    put_decimal(out, number % 10, 1);
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::super::moment::sampled;
    use super::{loadavg, pressure, uptime};
    use alloc::vec::Vec;

    #[test]
    fn texts() {
        // Two processors for 100.25 s, of which 4.5 s were used.
        assert_eq!(sampled(uptime), "100.25 196.00\n");
        assert_eq!(sampled(loadavg), "0.20 18.17 123.08 2/7 42\n");
    }

    #[test]
    fn pressure_has_the_kernels_form() {
        let mut ours = Vec::new();
        pressure(&mut ours);
        let ours = core::str::from_utf8(&ours).expect("text");
        let Ok(host) = std::fs::read_to_string("/proc/pressure/io") else {
            return;
        };
        let form = |text: &str| {
            let digits = |c: char| !c.is_ascii_digit();
            text.chars()
                .filter(|c| digits(*c))
                .collect::<std::string::String>()
        };
        assert_eq!(form(ours), form(&host));
    }
}
