//! What is printed of a run.

use super::reasons::Class;
use super::record::{CaseRecord, Record, Run, Verdict};
use crate::report::Tally;

/// One line of progress.
#[must_use]
pub fn line(record: &CaseRecord) -> String {
    let run = |run: &Option<Run>| {
        run.as_ref().map_or("not run".to_owned(), |run| {
            format!("{} {:.1} s", run.end_text(), run.seconds)
        })
    };
    let word = match record.verdict {
        Verdict::NativeOnly => "natively",
        Verdict::NotNative => "not natively",
        Verdict::Passed => "passed",
        Verdict::Flaky => "flaky",
        Verdict::Differs => "DIFFERS",
        Verdict::Skipped => "skipped",
    };
    let tag = &record.tag;
    format!(
        "{word:12} {tag}: native {}, lx {}",
        run(&record.native),
        run(&record.lx)
    )
}

/// Counts for the summary.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Figures {
    native: usize,
    under_lx: usize,
    flaky: usize,
    known: usize,
    unknown: usize,
    skipped: usize,
    not_native: usize,
}

impl Figures {
    fn of(cases: &[CaseRecord]) -> Self {
        let mut figures = Self::default();
        for case in cases {
            let counts_for_lx = match case.verdict {
                Verdict::Skipped => {
                    figures.skipped += 1;
                    continue;
                }
                Verdict::NotNative => {
                    figures.not_native += 1;
                    continue;
                }
                Verdict::Passed => true,
                Verdict::Flaky => {
                    figures.flaky += 1;
                    true
                }
                Verdict::Differs => {
                    match case.reason {
                        Some(_) => figures.known += 1,
                        None => figures.unknown += 1,
                    }
                    false
                }
                Verdict::NativeOnly => false,
            };
            figures.native += 1;
            figures.under_lx += usize::from(counts_for_lx);
        }
        figures
    }

    /// Share in tenths of a per cent, rounded down.
    fn share(self) -> String {
        let tenths = (self.under_lx * 1000).checked_div(self.native).unwrap_or(0);
        format!("{}.{} %", tenths / 10, tenths % 10)
    }
}

/// Prints the differences and the figures.
pub fn print(record: &Record, full: bool) -> Tally {
    let figures = Figures::of(&record.cases);
    println!();
    for class in [Class::Never, Class::Native, Class::Missing, Class::Hardware] {
        let of_class: Vec<&CaseRecord> = differing(record)
            .filter(|case| case.reason.as_ref().is_some_and(|r| r.class == class))
            .collect();
        if !of_class.is_empty() {
            println!("{} ({}):", class.title(), of_class.len());
            of_class.iter().for_each(|case| difference(case, full));
        }
    }
    if figures.unknown > 0 {
        println!("without a reason ({}):", figures.unknown);
        differing(record)
            .filter(|case| case.reason.is_none())
            .for_each(|case| difference(case, full));
    }
    named(record, "passed at a later try", |case| {
        case.verdict == Verdict::Flaky
    });
    named(
        record,
        "passed with fewer checks than natively",
        CaseRecord::shows_less,
    );
    named(record, "listed with a reason, but passed", |case| {
        case.reason.is_some() && matches!(case.verdict, Verdict::Passed)
    });
    named(record, "not run, being harmful", |case| {
        case.verdict == Verdict::Skipped
    });
    println!(
        "did not pass natively or not applicable: {}",
        figures.not_native
    );
    match record.mode {
        Some(_) => println!(
            "passed natively {}, of these under lx {} ({})",
            figures.native,
            figures.under_lx,
            figures.share()
        ),
        None => println!("passed natively {}", figures.native),
    }
    Tally {
        passed: figures.under_lx,
        failed: figures.unknown,
        skipped: figures.known + figures.skipped,
        flaky: figures.flaky,
    }
}

fn differing(record: &Record) -> impl Iterator<Item = &CaseRecord> {
    record
        .cases
        .iter()
        .filter(|case| case.verdict == Verdict::Differs)
}

fn difference(case: &CaseRecord, full: bool) {
    let end = case.lx.as_ref().map_or(String::new(), Run::end_text);
    let reason = case
        .reason
        .as_ref()
        .map_or("", |reason| reason.text.as_str());
    println!("  {} [{end}] {reason}", case.tag);
    let shown = match (full, &case.reason) {
        (true, _) => usize::MAX,
        (false, None) => 1,
        (false, Some(_)) => 0,
    };
    let lines = case.lx.iter().flat_map(|run| &run.lines);
    lines.take(shown).for_each(|line| println!("      {line}"));
}

fn named(record: &Record, title: &str, wanted: impl Fn(&CaseRecord) -> bool) {
    let names: Vec<&str> = record
        .cases
        .iter()
        .filter(|case| wanted(case))
        .map(|case| case.tag.as_str())
        .collect();
    if !names.is_empty() {
        println!("{title} ({}): {}", names.len(), names.join(" "));
    }
}

#[cfg(test)]
mod tests {
    use super::Figures;

    #[test]
    fn share_is_rounded_down() {
        let figures = Figures {
            native: 3,
            under_lx: 2,
            ..Figures::default()
        };
        assert_eq!(figures.share(), "66.6 %");
        assert_eq!(Figures::default().share(), "0.0 %");
    }
}
