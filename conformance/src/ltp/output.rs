//! What LTP's programs print: the results of their checks, in either form.
//!
//! Programs of the newer library print `file.c:12: TPASS: text`; those of the older one print
//! `name    1  TPASS  :  text`.

use crate::child::{End, Shown};
use crate::report::{Counts, Ran};
use std::time::Duration;

/// What is kept of a run.
#[must_use]
pub fn kept(shown: &Shown) -> Ran {
    let text = String::from_utf8_lossy(&shown.stdout);
    Ran {
        end: end_text(shown.end),
        seconds: shown.took.as_secs_f64(),
        counts: Some(count(&text)),
        lines: telling_lines(&text),
    }
}

/// A run of which that was kept, as far as it can be told from it.
#[must_use]
pub fn remembered(ran: &Ran) -> Shown {
    let passes = ran.counts.map_or(0, |counts| counts.pass);
    let line = "earlier: TPASS: see there\n";
    let lines = (0..passes).flat_map(|_| line.bytes());
    Shown {
        stdout: lines.collect(),
        stderr: Vec::new(),
        end: match ran.end.as_str() {
            "pass" => End::Exit(0),
            "not applicable" => End::Exit(32),
            "time limit" => End::TimedOut,
            _ => End::Exit(1),
        },
        took: Duration::from_secs_f64(ran.seconds.max(0.0)),
    }
}

/// The end in a word or two; LTP's exit status is a mask.
#[must_use]
pub fn end_text(end: End) -> String {
    match end {
        End::Exit(0) => "pass".to_owned(),
        End::Exit(32) => "not applicable".to_owned(),
        // The shell found or could start no such program: it is not installed.
        End::Exit(126 | 127) => "not installed".to_owned(),
        End::Exit(status @ 129..) => format!("signal {}", status - 128),
        End::Exit(status) => {
            let bits = [(1, "fail"), (2, "broken"), (4, "warning"), (32, "n/a")];
            let names: Vec<&str> = bits
                .iter()
                .filter(|(bit, _)| status & bit != 0)
                .map(|(_, name)| *name)
                .collect();
            format!("exit {status} ({})", names.join("+"))
        }
        other => other.to_string(),
    }
}

/// The result word of a line, if it states one.
fn word(line: &str) -> Option<&'static str> {
    const WORDS: [&str; 5] = ["TPASS", "TFAIL", "TBROK", "TWARN", "TCONF"];
    WORDS.into_iter().find(|word| {
        line.split_once(word).is_some_and(|(before, after)| {
            // Old form: spaces, then a colon; new form: a colon at once.
            before.ends_with([' ', '\t']) && after.trim_start().starts_with(':')
        })
    })
}

/// Counts the checks in a whole output.
#[must_use]
pub fn count(text: &str) -> Counts {
    let mut counts = Counts::default();
    for line in text.lines() {
        let slot = match word(line) {
            Some("TPASS") => &mut counts.pass,
            Some("TFAIL") => &mut counts.fail,
            Some("TBROK") => &mut counts.broken,
            Some("TWARN") => &mut counts.warning,
            Some(_) => &mut counts.not_applicable,
            None => continue,
        };
        *slot += 1;
    }
    counts
}

/// The lines that tell why a case did not pass: its bad results, or else its last lines.
#[must_use]
pub fn telling_lines(text: &str) -> Vec<String> {
    const MOST: usize = 12;
    let bad = |line: &&str| matches!(word(line), Some(word) if word != "TPASS");
    let mut lines: Vec<String> = text.lines().filter(bad).take(MOST).map(short).collect();
    let rest = MOST.saturating_sub(lines.len()).min(4);
    let all: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim().is_empty() && !bad(line))
        .collect();
    lines.extend(
        all.iter()
            .skip(all.len().saturating_sub(rest))
            .map(|l| short(l)),
    );
    lines
}

fn short(line: &str) -> String {
    line.trim().chars().take(240).collect()
}

#[cfg(test)]
mod tests {
    use super::{count, end_text, kept, remembered, telling_lines};
    use crate::child::{End, Shown};
    use crate::report::Counts;
    use std::time::Duration;

    #[test]
    fn statuses_are_masks() {
        assert_eq!(end_text(End::Exit(0)), "pass");
        assert_eq!(end_text(End::Exit(33)), "exit 33 (fail+n/a)");
        assert_eq!(end_text(End::Exit(127)), "not installed");
        assert_eq!(end_text(End::Exit(139)), "signal 11");
        assert_eq!(end_text(End::Signal(9)), "signal 9");
    }

    #[test]
    fn a_run_is_remembered_by_its_end_and_its_checks() {
        let shown = Shown {
            stdout: b"a.c:1: TPASS: x\na.c:2: TPASS: y\n".to_vec(),
            stderr: Vec::new(),
            end: End::Exit(0),
            took: Duration::from_secs(2),
        };
        let again = remembered(&kept(&shown));
        assert_eq!((again.end, again.took), (shown.end, shown.took));
        assert_eq!(kept(&again).counts, kept(&shown).counts);
    }

    #[test]
    fn both_forms_are_counted() {
        let text = "x.c:9: TPASS: fine\nabort01    1  TPASS  :  fine\nx.c:1: TCONF: no\n\
                    TPASS\nx.c:2: TINFO: TFAIL is not meant\nf    2  TFAIL  :  f.c:8: bad\n";
        let expected = Counts {
            pass: 2,
            fail: 1,
            not_applicable: 1,
            ..Counts::default()
        };
        assert_eq!(count(text), expected);
    }

    #[test]
    fn bad_results_are_told_first() {
        let lines = telling_lines("a.c:1: TPASS: y\na.c:2: TFAIL: n\nSummary:\n\npassed 1\n");
        assert_eq!(lines.first().map(String::as_str), Some("a.c:2: TFAIL: n"));
        assert_eq!(lines.last().map(String::as_str), Some("passed 1"));
    }
}
