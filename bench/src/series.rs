//! From the rounds' figures to a row of the report.

use crate::results::{Cell, Group, Row};
use crate::stats;
use crate::targets;

/// One row in the making: a figure for each mode and round; mode 0 is native.
pub(crate) struct Series {
    group: Group,
    /// Name of the row.
    pub(crate) name: String,
    unit: &'static str,
    /// Indexed by mode, then by round.
    pub(crate) figures: Vec<Vec<Option<f64>>>,
}

impl Series {
    /// An empty one.
    pub(crate) fn new(
        group: Group,
        name: &str,
        unit: &'static str,
        modes: usize,
        rounds: usize,
    ) -> Self {
        Self {
            group,
            name: name.into(),
            unit,
            figures: vec![vec![None; rounds]; modes],
        }
    }

    /// The medians.
    pub(crate) fn row(&self) -> Row {
        let median = |figures: &[Option<f64>]| {
            stats::median(&figures.iter().copied().flatten().collect::<Vec<f64>>())
        };
        let native = &self.figures[0];
        let cells = self.figures[1..]
            .iter()
            .map(|f| Cell {
                value: median(f),
                ratio: stats::median_ratio(native, f),
            })
            .collect();
        Row {
            group: self.group,
            name: self.name.clone(),
            unit: self.unit.into(),
            native: median(native),
            cells,
            target: targets::target(&self.name),
        }
    }
}

/// Whether `name` fits one of the alternatives of `pattern`.
pub(crate) fn fits(pattern: Option<&str>, name: &str) -> bool {
    let Some(pattern) = pattern else { return true };
    pattern.split('|').any(|alternative| {
        let (start, rest) = match alternative.strip_prefix('^') {
            Some(rest) => (true, rest),
            None => (false, alternative),
        };
        match (start, rest.strip_suffix('$')) {
            (true, Some(whole)) => name == whole,
            (true, None) => name.starts_with(rest),
            (false, Some(end)) => name.ends_with(end),
            (false, None) => name.contains(rest),
        }
    })
}

/// The geometric mean of the programs' ratios, for each mode over the programs it could run.
pub(crate) fn mean_row(rows: &[Row], modes: usize) -> Row {
    let mean = |m: usize| {
        let ratios: Vec<f64> = rows.iter().filter_map(|row| row.cells[m].ratio).collect();
        Cell {
            value: None,
            ratio: stats::geometric_mean(&ratios),
        }
    };
    Row {
        group: Group::Programs,
        name: targets::MEAN.into(),
        unit: String::new(),
        native: None,
        cells: (0..modes).map(mean).collect(),
        target: targets::target(targets::MEAN),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_select_by_part_start_end_and_whole() {
        assert!(fits(None, "getpid"));
        assert!(fits(Some("^getpid$|fork"), "getpid"));
        assert!(!fits(Some("^getpid$|fork"), "getppid"));
        assert!(fits(Some("^getpid$|fork"), "vfork_exec"));
        assert!(fits(Some("^pipe"), "pipe_1") && !fits(Some("^pipe"), "pingpong_pipe"));
        assert!(fits(Some("pipe$"), "pingpong_pipe"));
    }

    #[test]
    fn a_row_has_medians_and_ratios_of_pairs() {
        let mut series = Series::new(Group::Operations, "getpid", "ns", 2, 3);
        series.figures[0] = vec![Some(100.0), Some(200.0), Some(100.0)];
        series.figures[1] = vec![Some(30.0), Some(60.0), None];
        let row = series.row();
        assert_eq!(row.native, Some(100.0));
        assert_eq!(
            row.cells,
            [Cell {
                value: Some(45.0),
                ratio: Some(0.3)
            }]
        );
        assert_eq!(row.target, targets::target("getpid"));
        let mean = mean_row(&[row], 1);
        assert!((mean.cells[0].ratio.unwrap() - 0.3).abs() < 1e-9);
    }
}
