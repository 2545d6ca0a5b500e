//! What came of the attempts, over all runs.

use crate::report::Tally;
use std::collections::BTreeSet;

/// What is left out of a build without confinement, as the attempts name it.
const CONFINEMENT: [&str; 2] = ["filter", "capability"];

/// What the name of a run in a zone has in it.
pub(super) const IN_ZONE: &str = ", zone";

/// What came of one attempt in one way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) name: String,
    /// `call` or `jump`.
    pub(super) way: String,
    pub(super) reached: bool,
    /// The error or signal that it ended with.
    pub(super) end: String,
    /// What is to stop it.
    pub(super) stopper: String,
    /// Why it need not succeed anywhere.
    pub(super) unshown: Option<String>,
}

impl Line {
    /// Reads a line of the guest program.
    pub(super) fn parse(line: &str) -> Option<Self> {
        let parts: Vec<&str> = line.split('\t').collect();
        let [name, way, outcome, end, stopper, unshown] = parts[..] else {
            return None;
        };
        // Of those that only the targets can tell, the targets tell.
        let end = match outcome {
            "outside" => "no effect outside",
            _ => end,
        };
        Some(Self {
            name: name.to_owned(),
            way: way.to_owned(),
            reached: outcome == "reached",
            end: end.to_owned(),
            stopper: stopper.to_owned(),
            unshown: (!unshown.is_empty()).then(|| unshown.to_owned()),
        })
    }
}

/// What one run showed.
#[derive(Debug, Default)]
pub(super) struct Shown {
    pub(super) lines: Vec<Line>,
    /// What of the targets and the host was touched.
    pub(super) touched: Vec<String>,
}

/// What an attempt came to in one way, over all runs.
#[derive(Debug, Default)]
struct Cell {
    ends: BTreeSet<String>,
    /// The runs in which it succeeded.
    reached: Vec<String>,
    runs: usize,
}

#[derive(Debug)]
struct Row {
    name: String,
    stopper: String,
    unshown: Option<String>,
    call: Cell,
    jump: Cell,
}

impl Row {
    /// Whether it succeeded where what stops it was missing: for what confinement alone stops, that
    /// is a zone.
    fn is_shown(&self) -> bool {
        let mut reached = self.jump.reached.iter();
        match CONFINEMENT.contains(&self.stopper.as_str()) {
            true => reached.any(|run| run.contains(IN_ZONE)),
            false => reached.next().is_some(),
        }
    }
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Table {
    rows: Vec<Row>,
    touched: Vec<String>,
    runs: Vec<String>,
}

impl Table {
    /// Adds what one run showed.
    pub(super) fn add(&mut self, run: &str, shown: Shown) {
        self.runs.push(run.to_owned());
        for line in shown.lines {
            let at = self.rows.iter().position(|row| row.name == line.name);
            let at = at.unwrap_or_else(|| {
                self.rows.push(Row {
                    name: line.name.clone(),
                    stopper: line.stopper,
                    unshown: line.unshown,
                    call: Cell::default(),
                    jump: Cell::default(),
                });
                self.rows.len() - 1
            });
            let row = &mut self.rows[at];
            let cell = match line.way.as_str() {
                "call" => &mut row.call,
                _ => &mut row.jump,
            };
            cell.runs += 1;
            if line.reached {
                cell.reached.push(run.to_owned());
                cell.ends.insert("REACHED".to_owned());
            } else {
                cell.ends.insert(line.end);
            }
        }
        let touched = shown.touched.into_iter();
        self.touched
            .extend(touched.map(|what| format!("{what} ({run})")));
    }

    /// One line for each attempt.
    pub(super) fn print(&self) {
        let ends = |cell: &Cell| cell.ends.iter().cloned().collect::<Vec<_>>().join(", ");
        println!(
            "{:46} | {:24} | {:24} | what stops it past the brand",
            "attempt", "as a guest's call", "past the brand"
        );
        for row in &self.rows {
            println!(
                "{:46} | {:24} | {:24} | {}",
                row.name,
                ends(&row.call),
                ends(&row.jump),
                row.stopper
            );
        }
        println!("{} attempts in {} runs", self.rows.len(), self.runs.len());
    }

    /// Nothing may have been reached.
    pub(super) fn judge(&self) -> Tally {
        let mut tally = Tally::default();
        for row in &self.rows {
            for (cell, way) in [(&row.call, "call"), (&row.jump, "past the brand")] {
                match (cell.runs, cell.reached.as_slice()) {
                    (0, _) => {}
                    (_, []) => tally.passed += 1,
                    (_, runs) => {
                        tally.failed += 1;
                        println!("FAILED   {} [{way}]: {}", row.name, runs.join("; "));
                    }
                }
            }
        }
        for what in &self.touched {
            tally.failed += 1;
            println!("FAILED   touched from inside: {what}");
        }
        if self.rows.is_empty() {
            tally.failed += 1;
            println!("FAILED   no attempt was made");
        }
        tally
    }

    /// Each must have been reached somewhere past the brand, unless it says why it cannot be.
    pub(super) fn judge_control(&self) -> Tally {
        let mut tally = Tally::default();
        for run in &self.runs {
            let reached = |row: &&Row| row.jump.reached.contains(run);
            let count = self.rows.iter().filter(reached).count();
            println!("{run}: {count} attempts past the brand succeed");
        }
        for row in self.rows.iter().filter(|row| row.jump.runs > 0) {
            match (row.is_shown(), &row.unshown) {
                (true, _) => tally.passed += 1,
                (false, Some(why)) => {
                    tally.skipped += 1;
                    println!("skipped  {}: {why}", row.name);
                }
                (false, None) => {
                    tally.failed += 1;
                    println!(
                        "FAILED   {}: nothing shows that it is stopped by: {}",
                        row.name, row.stopper
                    );
                }
            }
        }
        tally
    }
}

#[cfg(test)]
mod tests {
    use super::{Line, Shown, Table};

    fn shown(lines: &[&str], touched: &[&str]) -> Shown {
        Shown {
            lines: lines.iter().filter_map(|line| Line::parse(line)).collect(),
            touched: touched.iter().map(|what| (*what).to_owned()).collect(),
        }
    }

    #[test]
    fn lines_have_six_parts() {
        let line = Line::parse("kill\tjump\tstopped\tESRCH\tpid namespace\t").expect("a line");
        assert_eq!((line.way.as_str(), line.end.as_str()), ("jump", "ESRCH"));
        assert!(!line.reached && line.unshown.is_none());
        assert_eq!(Line::parse("end"), None);
    }

    #[test]
    fn what_was_reached_in_any_run_fails() {
        let mut table = Table::default();
        table.add(
            "one",
            shown(
                &[
                    "a\tcall\tstopped\tEPERM\tx\t",
                    "a\tjump\tstopped\tEPERM\tx\t",
                ],
                &[],
            ),
        );
        assert_eq!((table.judge().passed, table.judge().failed), (2, 0));
        table.add("two", shown(&["a\tjump\treached\t-\tx\t"], &["a file"]));
        assert_eq!((table.judge().passed, table.judge().failed), (1, 2));
        assert_eq!(Table::default().judge().failed, 1);
    }

    #[test]
    fn the_control_wants_success_somewhere() {
        let mut table = Table::default();
        let lines = [
            "a\tjump\tstopped\tEPERM\tx\t",
            "b\tjump\tstopped\tEPERM\tx\tit cannot",
            "c\tcall\tstopped\tEPERM\tx\t",
        ];
        table.add("one", shown(&lines, &[]));
        let tally = table.judge_control();
        assert_eq!((tally.passed, tally.failed, tally.skipped), (0, 1, 1));
        table.add("two", shown(&["a\tjump\treached\t-\tx\t"], &["a file"]));
        assert_eq!(table.judge_control().passed, 1);
        table.add("no zone", shown(&["d\tjump\treached\t-\tfilter\t"], &[]));
        assert_eq!(table.judge_control().failed, 1);
        table.add(
            "user 0, zone",
            shown(&["d\tjump\treached\t-\tfilter\t"], &[]),
        );
        assert_eq!(table.judge_control().failed, 0);
    }
}
