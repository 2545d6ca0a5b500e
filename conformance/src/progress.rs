//! What a run says of itself while it goes on: on a terminal one line that changes, and elsewhere
//! nothing but the failures.

use crate::report::{Entry, Verdict};
use std::io::{IsTerminal, Write, stderr};
use std::sync::Mutex;

/// Columns of the line that changes.
const WIDTH: usize = 78;

/// See above.
#[derive(Debug)]
pub(crate) struct Progress {
    total: usize,
    terminal: bool,
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    done: usize,
    failed: usize,
    flaky: usize,
}

impl Progress {
    /// For a run of so many cases.
    pub(crate) fn new(total: usize) -> Self {
        Self {
            total,
            terminal: stderr().is_terminal(),
            counts: Mutex::default(),
        }
    }

    /// A case begins.
    pub(crate) fn begin(&self, label: &str) {
        if let Ok(counts) = self.counts.lock() {
            self.draw(&counts, label);
        }
    }

    /// A case is over.
    pub(crate) fn done(&self, label: &str, entries: &[Entry]) {
        let Ok(mut counts) = self.counts.lock() else {
            return;
        };
        let of =
            |wanted: fn(&Verdict) -> bool| entries.iter().filter(|e| wanted(&e.verdict)).count();
        counts.done += 1;
        counts.failed += of(|verdict| matches!(verdict, Verdict::Failed(_)));
        counts.flaky += of(|verdict| matches!(verdict, Verdict::Flaky(_)));
        for entry in entries {
            if matches!(entry.verdict, Verdict::Failed(_) | Verdict::Flaky(_)) {
                self.clear();
                let way = entry.way.map_or("native".to_owned(), |way| way.to_string());
                let word = entry.verdict.word();
                let _ = writeln!(stderr(), "{word} so far: {} [{way}]", entry.case);
            }
        }
        self.draw(&counts, label);
    }

    /// The run is over.
    pub(crate) fn end(&self) {
        self.clear();
    }

    fn draw(&self, counts: &Counts, label: &str) {
        if self.terminal {
            let line = line(counts, self.total, label);
            // With stderr closed there is nobody to tell.
            let _ = write!(stderr(), "\r\u{1b}[K{line}");
        }
    }

    fn clear(&self) {
        if self.terminal {
            let _ = write!(stderr(), "\r\u{1b}[K");
        }
    }
}

fn line(counts: &Counts, total: usize, label: &str) -> String {
    let mut line = format!("[{}/{total}]", counts.done);
    for (number, word) in [(counts.failed, "failed"), (counts.flaky, "flaky")] {
        if number > 0 {
            line.push_str(&format!(" {number} {word}"));
        }
    }
    line.push(' ');
    line.push_str(label);
    line.chars().take(WIDTH).collect()
}

#[cfg(test)]
mod tests {
    use super::{Counts, line};

    #[test]
    fn a_line_names_what_is_not_well() {
        let counts = Counts {
            done: 3,
            failed: 1,
            flaky: 0,
        };
        assert_eq!(line(&counts, 9, "exec/busy"), "[3/9] 1 failed exec/busy");
    }
}
