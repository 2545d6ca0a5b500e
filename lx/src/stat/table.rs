//! The report as a table.

use std::fmt::Write;

use super::Figures;
use super::figures::ProcessFigures;
use crate::observed::as_float;

pub(super) fn render(figures: &Figures, per_process: bool) -> String {
    let mut text = String::new();
    if per_process && figures.processes.len() > 1 {
        for process in &figures.processes {
            one(&mut text, process);
            text.push('\n');
        }
    }
    one(&mut text, &figures.total);
    if figures.unobserved_threads > 0 {
        let _ = writeln!(
            text,
            "{} threads more were not observed: there were too many at once",
            figures.unobserved_threads
        );
    }
    text
}

fn one(text: &mut String, process: &ProcessFigures) {
    let who = match process.pid {
        Some(pid) => format!("{} ({pid})", process.name),
        None => process.name.clone(),
    };
    let (count, errors) = process.count();
    let whole = process.guest_ns + process.brand_ns + process.host_ns;
    let _ = writeln!(
        text,
        "{who}: {count} calls, {errors} errors, {} thread{}",
        process.threads,
        if process.threads == 1 { "" } else { "s" }
    );
    let _ = writeln!(
        text,
        "time: program {} ({}), lx {} ({}), kernel {} ({})",
        duration(process.guest_ns),
        part(process.guest_ns, whole),
        duration(process.brand_ns),
        part(process.brand_ns, whole),
        duration(process.host_ns),
        part(process.host_ns, whole),
    );
    let _ = writeln!(
        text,
        "call sites: {} rewritten, {} still trapped; {} calls trapped",
        process.sites_rewritten, process.sites_trapped, process.trapped_calls
    );
    let all: u64 = process.calls.iter().map(|call| call.total_ns).sum();
    let _ = writeln!(
        text,
        "{:>6} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>8}  call",
        "time", "total", "mean", "p50", "p99", "max", "calls", "errors"
    );
    for call in &process.calls {
        let errors = match call.errors {
            0 => String::new(),
            errors => errors.to_string(),
        };
        let _ = writeln!(
            text,
            "{:>6} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {errors:>8}  {}",
            part(call.total_ns, all),
            duration(call.total_ns),
            duration(call.mean_ns),
            duration(call.p50_ns),
            duration(call.p99_ns),
            duration(call.max_ns),
            call.count,
            call.name,
        );
    }
}

fn part(some: u64, all: u64) -> String {
    let percent = 100.0 * as_float(some) / as_float(all.max(1));
    format!("{percent:.1}%")
}

/// A duration with three digits and its unit.
fn duration(nanos: u64) -> String {
    let units = [(1_000_000_000, "s"), (1_000_000, "ms"), (1000, "us")];
    let Some((size, unit)) = units.into_iter().find(|&(size, _)| nanos >= size) else {
        return format!("{nanos}ns");
    };
    let value = as_float(nanos) / as_float(size);
    let digits = match value {
        100.0.. => 0,
        10.0.. => 1,
        _ => 2,
    };
    format!("{value:.digits$}{unit}")
}

#[cfg(test)]
mod tests {
    use super::{duration, part};

    #[test]
    fn durations_have_three_digits() {
        assert_eq!(duration(0), "0ns");
        assert_eq!(duration(999), "999ns");
        assert_eq!(duration(1234), "1.23us");
        assert_eq!(duration(12_345_678), "12.3ms");
        assert_eq!(duration(123_456_789_000), "123s");
        assert_eq!((part(1, 3), part(0, 0)), ("33.3%".into(), "0.0%".into()));
    }
}
