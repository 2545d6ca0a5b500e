//! `-e inject=SET:...`: what is done to calls.

use abi::Errno;
use decode::signal_number;
use observe::book::Injection;

use crate::failure::Failure;

/// Reads what stands behind the calls. A fault without more is `ENOSYS`.
pub(super) fn parse(text: &str, fault: bool) -> Result<Injection, Failure> {
    let wrong = |part: &str| Failure::own(format!("-e inject: {part} is not understood"));
    let mut rule = Injection {
        first: 1,
        last: u64::MAX,
        step: 1,
        ..Injection::default()
    };
    for part in text.split(':').filter(|part| !part.is_empty()) {
        let (key, value) = part.split_once('=').ok_or_else(|| wrong(part))?;
        match key {
            "error" => {
                let errno = errno(value).ok_or_else(|| wrong(part))?;
                rule.result = Some(0u64.wrapping_sub(errno.into()));
            }
            "retval" => rule.result = Some(number(value).ok_or_else(|| wrong(part))?),
            "signal" => rule.signal = signal_number(value).ok_or_else(|| wrong(part))?,
            "delay_enter" => rule.delay_before = time(value).ok_or_else(|| wrong(part))?,
            "delay_exit" => rule.delay_after = time(value).ok_or_else(|| wrong(part))?,
            "when" => {
                (rule.first, rule.last, rule.step) = when(value).ok_or_else(|| wrong(part))?;
            }
            _ => return Err(wrong(part)),
        }
    }
    if fault && rule.result.is_none() {
        rule.result = Some(0u64.wrapping_sub(Errno::ENOSYS.number().into()));
    }
    let nothing =
        rule.result.is_none() && (rule.signal, rule.delay_before, rule.delay_after) == (0, 0, 0);
    if nothing {
        return Err(Failure::own(
            "-e inject: expected error=, retval=, signal=, delay_enter= or delay_exit=",
        ));
    }
    Ok(rule)
}

/// An error by name or number.
fn errno(text: &str) -> Option<u16> {
    let known = (1..4096u16).filter_map(Errno::from_raw);
    let mut named = known.filter(|errno| errno.name() == text);
    let named = named.next().map(Errno::number);
    named.or_else(|| {
        text.parse()
            .ok()
            .filter(|number| (1..4096).contains(number))
    })
}

fn number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

/// A time in microseconds, or with a unit; in nanoseconds.
fn time(text: &str) -> Option<u64> {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let size = match unit {
        "" | "us" => 1000,
        "ns" => 1,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(size)
}

/// `FIRST[..LAST][+[STEP]]`.
fn when(text: &str) -> Option<(u64, u64, u64)> {
    let (range, step) = match text.split_once('+') {
        Some((range, "")) => (range, 1),
        Some((range, step)) => (range, step.parse().ok()?),
        None => (text, 0),
    };
    let (first, last) = match range.split_once("..") {
        Some((first, last)) => (first.parse().ok()?, last.parse().ok()?),
        None => (range.parse().ok()?, u64::MAX),
    };
    // A range without a step is all of it.
    let step = if step == 0 && range.contains("..") {
        1
    } else {
        step
    };
    (first > 0 && last >= first).then_some((first, last, step))
}

#[cfg(test)]
mod tests {
    use super::{parse, time, when};

    #[test]
    fn rules() {
        let rule = parse("error=ENOENT:when=3", false).expect("a rule");
        assert_eq!(rule.result, Some(0u64.wrapping_sub(2)));
        assert!(rule.is_due(3) && !rule.is_due(1) && !rule.is_due(4));
        let rule = parse("retval=0x10:signal=USR1:delay_exit=2ms", false).expect("a rule");
        assert_eq!(
            (rule.result, rule.signal, rule.delay_after),
            (Some(16), 10, 2_000_000)
        );
        assert!(rule.is_due(1) && rule.is_due(100));
        assert_eq!(
            parse("", true).expect("a fault").result,
            Some(0u64.wrapping_sub(38))
        );
        assert!(parse("", false).is_err() && parse("error", false).is_err());
    }

    #[test]
    fn times_and_numbers_of_calls() {
        assert_eq!(
            (time("5"), time("1s"), time("1h")),
            (Some(5000), Some(1_000_000_000), None)
        );
        assert_eq!(when("2"), Some((2, u64::MAX, 0)));
        assert_eq!(when("2+"), Some((2, u64::MAX, 1)));
        assert_eq!(when("2..6+2"), Some((2, 6, 2)));
        assert_eq!(when("2..6"), Some((2, 6, 1)));
        assert_eq!((when("0"), when("3..2"), when("x")), (None, None, None));
    }
}
