//! What a run yields: the data behind the table, the JSON file and the chart.

use serde::{Deserialize, Serialize};

/// One whole run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Report {
    /// Where it ran.
    pub(crate) machine: Machine,
    /// Rounds of native against `lx`; peers may have run fewer.
    pub(crate) rounds: u32,
    /// Which figure of a round's batches counts: `median` or `least`.
    pub(crate) statistic: String,
    /// The modes measured against native, in the order of columns.
    pub(crate) modes: Vec<String>,
    /// Modes that were asked for and could not run, each with the reason.
    pub(crate) absent: Vec<Absent>,
    /// The measurements, grouped.
    pub(crate) rows: Vec<Row>,
}

/// The machine of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Machine {
    /// Release of the host kernel.
    pub(crate) kernel: String,
    /// The processor's model name.
    pub(crate) cpu: String,
    /// Number of processors.
    pub(crate) cpus: usize,
}

/// A mode that could not run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Absent {
    /// Name of the mode.
    pub(crate) mode: String,
    /// Why it could not run.
    pub(crate) why: String,
}

/// The part of the report that a row belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Group {
    /// Single operations of the guest.
    Operations,
    /// Whole programs.
    Programs,
    /// Start-up and memory.
    Process,
}

/// One measurement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    /// Where it stands.
    pub(crate) group: Group,
    /// Its name, unique within the report.
    pub(crate) name: String,
    /// Unit of the values.
    pub(crate) unit: String,
    /// Median of the native rounds.
    pub(crate) native: Option<f64>,
    /// One cell for each of the report's modes, in the same order.
    pub(crate) cells: Vec<Cell>,
    /// The limit that `lx` has to keep, if there is one.
    pub(crate) target: Option<Target>,
}

/// What one mode showed in one row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Cell {
    /// Median of the mode's rounds.
    pub(crate) value: Option<f64>,
    /// Median of the rounds' ratios to native.
    pub(crate) ratio: Option<f64>,
}

/// A limit that a row's figure has to keep.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Target {
    /// The ratio to native is at most this.
    Ratio(f64),
    /// The value itself is at most this.
    Value(f64),
    /// The value exceeds the native one by at most this.
    Over(f64),
}

impl Target {
    /// Whether `cell` keeps the limit; `None` when there is nothing to judge.
    pub(crate) fn met(self, native: Option<f64>, cell: Cell) -> Option<bool> {
        match self {
            Self::Ratio(limit) => Some(cell.ratio? <= limit),
            Self::Value(limit) => Some(cell.value? <= limit),
            Self::Over(limit) => Some(cell.value? - native? <= limit),
        }
    }
}

impl Report {
    /// The rows of one group.
    pub(crate) fn group(&self, group: Group) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(move |row| row.group == group)
    }

    /// Judges every row that has a target by the first mode: (kept, judged).
    pub(crate) fn targets_kept(&self) -> (usize, usize) {
        let verdicts: Vec<bool> = self
            .rows
            .iter()
            .filter_map(|row| row.target?.met(row.native, *row.cells.first()?))
            .collect();
        (
            verdicts.iter().filter(|kept| **kept).count(),
            verdicts.len(),
        )
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A small report with every kind of row.
    pub(crate) fn sample() -> Report {
        let cell = |value: f64, ratio: f64| Cell {
            value: Some(value),
            ratio: Some(ratio),
        };
        Report {
            machine: Machine {
                kernel: "6.18".into(),
                cpu: "a & b <c>".into(),
                cpus: 2,
            },
            rounds: 5,
            statistic: "median".into(),
            modes: vec!["lx".into(), "proot".into()],
            absent: vec![Absent {
                mode: "runsc".into(),
                why: "not installed".into(),
            }],
            rows: vec![
                Row {
                    group: Group::Operations,
                    name: "getpid".into(),
                    unit: "ns".into(),
                    native: Some(90.0),
                    cells: vec![cell(18.0, 0.2), cell(7200.0, 80.0)],
                    target: Some(Target::Ratio(0.4)),
                },
                Row {
                    group: Group::Programs,
                    name: "sort".into(),
                    unit: "ms".into(),
                    native: Some(500.0),
                    cells: vec![cell(600.0, 1.2), Cell::default()],
                    target: Some(Target::Ratio(1.15)),
                },
                Row {
                    group: Group::Process,
                    name: "private memory".into(),
                    unit: "KiB".into(),
                    native: Some(300.0),
                    cells: vec![cell(900.0, 3.0), cell(2500.0, 8.3)],
                    target: Some(Target::Over(2048.0)),
                },
            ],
        }
    }

    #[test]
    fn targets_judge_ratio_value_and_excess() {
        let cell = Cell {
            value: Some(5.0),
            ratio: Some(1.25),
        };
        assert_eq!(Target::Ratio(1.25).met(Some(4.0), cell), Some(true));
        assert_eq!(Target::Ratio(1.2).met(Some(4.0), cell), Some(false));
        assert_eq!(Target::Value(4.9).met(None, cell), Some(false));
        assert_eq!(Target::Over(1.0).met(Some(4.0), cell), Some(true));
        assert_eq!(Target::Over(1.0).met(None, cell), None);
        assert_eq!(Target::Ratio(1.0).met(None, Cell::default()), None);
    }

    #[test]
    fn counts_kept_targets_of_the_first_mode() {
        assert_eq!(sample().targets_kept(), (2, 3));
    }

    #[test]
    fn survives_json() {
        let report = sample();
        let text = serde_json::to_string(&report).unwrap();
        assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), report);
    }
}
