//! What LTP's programs print: the results of their checks, in either form.
//!
//! Programs of the newer library print `file.c:12: TPASS: text`; those of the older one print
//! `name    1  TPASS  :  text`.

use serde::{Deserialize, Serialize};

/// How many checks ended in which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// TPASS.
    pub pass: u32,
    /// TFAIL.
    pub fail: u32,
    /// TBROK.
    pub broken: u32,
    /// TWARN.
    pub warning: u32,
    /// TCONF.
    pub not_applicable: u32,
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
    use super::{Counts, count, telling_lines};

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
