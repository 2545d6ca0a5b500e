//! Sets of processors as /sys writes them (cpuset(7), "Formats").

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Write;

/// How a set of processors is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Processors {
    /// `0-3,7`.
    List,
    /// Hexadecimal words of 32 bits, the highest first, with commas between.
    Mask,
}

/// The processors `of`, which is a bit for each, that are also in `among`, in this form. A mask is
/// as wide as that of `among`.
pub(super) fn text(form: Processors, of: &[u64], among: Option<&str>) -> String {
    let has = |cpu: usize| {
        of.get(cpu / 64)
            .is_some_and(|word| word >> (cpu % 64) & 1 == 1)
    };
    let among = among.map(str::trim_end);
    let named = among.map(|text| match form {
        Processors::List => of_list(text),
        Processors::Mask => of_mask(text),
    });
    let all = (0..of.len() * 64).filter(|cpu| has(*cpu)).collect();
    let set: Vec<usize> = match named {
        Some(named) => named.into_iter().filter(|cpu| has(*cpu)).collect(),
        None => all,
    };
    let mut text = match form {
        Processors::List => list(&set),
        Processors::Mask => mask(&set, among),
    };
    text.push('\n');
    text
}

/// The processors that a list names; words that are none are passed over.
fn of_list(text: &str) -> Vec<usize> {
    let ranges = text.split(',').filter_map(|range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        Some(first.parse().ok()?..=last.parse().ok()?)
    });
    // More than any kernel supports.
    ranges.flatten().take(1 << 16).collect()
}

/// The processors that a mask names.
fn of_mask(text: &str) -> Vec<usize> {
    let digits = text.chars().rev().filter_map(|digit| digit.to_digit(16));
    let bits = digits.flat_map(|digit| (0..4).map(move |bit| digit >> bit & 1 == 1));
    bits.enumerate()
        .filter_map(|(cpu, set)| set.then_some(cpu))
        .collect()
}

fn list(set: &[usize]) -> String {
    let mut text = String::new();
    for run in set.chunk_by(|one, next| one + 1 == *next) {
        if !text.is_empty() {
            text.push(',');
        }
        match run {
            [one] => text.push_str(&one.to_string()),
            [first, .., last] => {
                let _ = write!(text, "{first}-{last}");
            }
            [] => {}
        }
    }
    text
}

/// As wide as `model`, else as it must be.
fn mask(set: &[usize], model: Option<&str>) -> String {
    let needed = set.last().map_or(1, |last| last / 4 + 1);
    let width = model.map_or(needed, |model| {
        model.chars().filter(char::is_ascii_hexdigit).count()
    });
    let mut text = String::new();
    for digit in (0..width).rev() {
        let bit = |bit: usize| u32::from(set.contains(&(digit * 4 + bit))) << bit;
        let value = bit(0) | bit(1) | bit(2) | bit(3);
        text.push(char::from_digit(value, 16).unwrap_or('0'));
        if digit % 8 == 0 && digit > 0 {
            text.push(',');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Processors, text};

    #[test]
    fn lists() {
        let of = [0b1111_0110, 1];
        for (among, expected) in [
            (None, "1-2,4-7,64\n"),
            (Some("0-5\n"), "1-2,4-5\n"),
            (Some("0,3,64\n"), "64\n"),
            (Some("\n"), "\n"),
            (Some("x,2-y,7-1"), "\n"),
        ] {
            assert_eq!(text(Processors::List, &of, among), expected, "{among:?}");
        }
    }

    #[test]
    fn masks() {
        let of = [0b1111_0110, 1];
        for (among, expected) in [
            (None, "1,00000000,000000f6\n"),
            (Some("3\n"), "2\n"),
            (Some("ffffffff,0000000f\n"), "00000000,00000006\n"),
            (Some("\n"), "\n"),
        ] {
            assert_eq!(text(Processors::Mask, &of, among), expected, "{among:?}");
        }
    }

    /// What the kernel writes for all its processors comes out the same.
    #[test]
    fn as_the_kernel_writes_them() {
        extern crate std;
        let all = [u64::MAX; 16];
        for (form, file) in [
            (Processors::List, "core_cpus_list"),
            (Processors::Mask, "core_cpus"),
        ] {
            let path = std::format!("/sys/devices/system/cpu/cpu0/topology/{file}");
            if let Ok(host) = std::fs::read_to_string(path) {
                assert_eq!(text(form, &all, Some(&host)), host);
            }
        }
    }
}
