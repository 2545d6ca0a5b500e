//! The results on a terminal.

use super::json::Record;
use super::{Entry, Ran, Tally, Verdict};
use crate::expect::Class;
use crate::way::Way;

/// Lines of a failed case's output that are shown, unless all are asked for.
const FEW: usize = 3;

/// Prints what is not a plain pass, a table of the ways, and the counts.
pub fn print(entries: &[Entry], full: bool) -> Tally {
    for entry in entries {
        show(entry, full);
    }
    let fewer: Vec<&str> = entries
        .iter()
        .filter(|e| shows_less(e))
        .map(|e| e.case.as_str())
        .collect();
    if !fewer.is_empty() {
        println!(
            "passed with fewer checks than natively: {}",
            fewer.join(" ")
        );
    }
    let tally = Tally::of(entries);
    for line in table(entries) {
        println!("{line}");
    }
    println!("{}", tally.line());
    tally
}

/// Prints what changed against an earlier run.
pub fn print_changes(record: &Record, before: &Record) {
    for (old, new) in record.changes(before) {
        let way = new.way.as_deref().unwrap_or("native");
        println!(
            "changed  {} [{way}]: {} before, now {}",
            new.case, old.verdict, new.verdict
        );
    }
}

fn show(entry: &Entry, full: bool) {
    let way = entry.way.map_or("native".to_owned(), |way| way.to_string());
    let word = match &entry.verdict {
        Verdict::Passed | Verdict::NotNative(_) => return,
        Verdict::Flaky(_) => "flaky",
        Verdict::Failed(_) => "FAILED",
        Verdict::Expected(..) => "expected",
        Verdict::Skipped(_) => "skipped",
    };
    let class = match entry.verdict.class() {
        Some(class) => format!("{}: ", class.title()),
        None => String::new(),
    };
    let why = entry.verdict.why().trim_end();
    println!("{word:8} {} [{way}]: {class}{why}", entry.case);
    let most = match entry.verdict {
        Verdict::Failed(_) | Verdict::Flaky(_) if full => usize::MAX,
        Verdict::Failed(_) => FEW,
        _ => 0,
    };
    let lines = entry.lx.iter().flat_map(|run| &run.lines);
    lines
        .take(most)
        .for_each(|line| println!("         {line}"));
}

/// Passed in both, but fewer checks of it did under lx than natively, and more had to be left out.
fn shows_less(entry: &Entry) -> bool {
    let counts = |run: &Option<Ran>| run.as_ref().and_then(|run| run.counts).unwrap_or_default();
    let (native, lx) = (counts(&entry.native), counts(&entry.lx));
    entry.verdict == Verdict::Passed
        && lx.pass < native.pass
        && lx.not_applicable > native.not_applicable
}

/// One line for each way in which cases were run under lx. What passes there of what passes natively
/// is the figure that counts.
fn table(entries: &[Entry]) -> Vec<String> {
    let mut ways: Vec<Way> = entries.iter().filter_map(|entry| entry.way).collect();
    ways.sort_unstable();
    ways.dedup();
    let row = |name: &str, cells: [String; 6]| {
        let cells = cells.map(|cell| format!("{cell:>11}")).concat();
        format!("{name:14}{cells}")
    };
    let heads = ["natively", "passed", "share", "flaky", "expected", "failed"];
    let mut lines = vec![row("", heads.map(str::to_owned))];
    for way in ways {
        let of_way = || entries.iter().filter(move |entry| entry.way == Some(way));
        let count = |wanted: fn(&Verdict) -> bool| of_way().filter(|e| wanted(&e.verdict)).count();
        let passed = count(|verdict| matches!(verdict, Verdict::Passed));
        let flaky = count(|verdict| matches!(verdict, Verdict::Flaky(_)));
        let expected = count(|verdict| matches!(verdict, Verdict::Expected(..)));
        let failed = count(|verdict| matches!(verdict, Verdict::Failed(_)));
        let natively = passed + flaky + expected + failed;
        let numbers = [flaky, expected, failed].map(|number| number.to_string());
        let [flaky, expected, failed] = numbers;
        let cells = [
            natively.to_string(),
            passed.to_string(),
            share(passed, natively),
            flaky,
            expected,
            failed,
        ];
        lines.push(row(&way.to_string(), cells));
        for class in Class::ALL {
            let of_class = of_way().filter(|entry| entry.verdict.class() == Some(class));
            match of_class.count() {
                0 => {}
                number => lines.push(format!("  {}: {number}", class.title())),
            }
        }
    }
    if lines.len() == 1 {
        lines.clear();
    }
    lines
}

/// In tenths of a per cent, rounded down.
fn share(part: usize, whole: usize) -> String {
    let tenths = (part * 1000).checked_div(whole).unwrap_or(0);
    format!("{}.{} %", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::{share, table};
    use crate::report::{Entry, Verdict};
    use crate::way::Way;

    #[test]
    fn share_is_rounded_down() {
        assert_eq!(share(2, 3), "66.6 %");
        assert_eq!(share(0, 0), "0.0 %");
    }

    #[test]
    fn what_does_not_pass_natively_is_no_part_of_the_share() {
        let entry = |verdict| Entry {
            case: "c".into(),
            way: Some(Way::BARE),
            verdict,
            native: None,
            lx: None,
        };
        let entries = [
            entry(Verdict::Passed),
            entry(Verdict::NotNative("exit 1".into())),
        ];
        let lines = table(&entries);
        assert!(lines[1].starts_with("bare"));
        assert!(lines[1].contains("100.0 %"));
    }
}
