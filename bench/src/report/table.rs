//! The table of ratios, as plain text for a terminal and as Markdown for a page.

use crate::results::{Cell, Group, Report, Row, Target};
use std::fmt::Write as _;

/// Headings of the groups in the order of the report.
const GROUPS: [(Group, &str); 3] = [
    (Group::Operations, "Operations"),
    (Group::Programs, "Whole programs"),
    (Group::Process, "Start and memory"),
];

/// The table for a terminal.
pub(crate) fn text(report: &Report) -> String {
    let mut out = String::new();
    for (group, title) in GROUPS {
        let rows: Vec<Vec<String>> = report.group(group).map(line).collect();
        if rows.is_empty() {
            continue;
        }
        let _ = writeln!(out, "\n{title}");
        out.push_str(&aligned(&heading(report), &rows));
    }
    let (kept, judged) = report.targets_kept();
    let _ = writeln!(out, "\n{kept} of {judged} targets kept");
    for absent in &report.absent {
        let _ = writeln!(out, "left out: {}: {}", absent.mode, absent.why);
    }
    out
}

/// The page: the same tables, with the chart where its file name is given.
pub(crate) fn markdown(report: &Report, chart: Option<&str>) -> String {
    let machine = &report.machine;
    let (kept, judged) = report.targets_kept();
    let mut out = format!(
        "# Benchmarks\n\nMade by `cargo xtask bench` on Linux {}, {} × {}: {} rounds of native and \
         every layer in turn. A ratio is the layer's figure over the native one, taken round by \
         round; the median is shown. Of each round's batches the {} one counts. {kept} of {judged} \
         targets are kept.\n",
        machine.kernel, machine.cpus, machine.cpu, report.rounds, report.statistic
    );
    if let Some(chart) = chart {
        let _ = write!(out, "\n![Ratios to native, logarithmic]({chart})\n");
    }
    for (group, title) in GROUPS {
        let rows: Vec<Vec<String>> = report.group(group).map(line).collect();
        if rows.is_empty() {
            continue;
        }
        let heading = heading(report);
        let _ = write!(out, "\n## {title}\n\n| {} |\n", heading.join(" | "));
        let rule: Vec<&str> = (0..heading.len())
            .map(|i| if i == 0 { "---" } else { "---:" })
            .collect();
        let _ = writeln!(out, "| {} |", rule.join(" | "));
        for row in rows {
            let _ = writeln!(out, "| {} |", row.join(" | "));
        }
    }
    for absent in &report.absent {
        let _ = write!(out, "\nLeft out: {}: {}\n", absent.mode, absent.why);
    }
    out
}

fn heading(report: &Report) -> Vec<String> {
    let modes = report.modes.iter().cloned();
    ["measurement", "native"]
        .map(String::from)
        .into_iter()
        .chain(modes)
        .chain(["target", "verdict"].map(String::from))
        .collect()
}

fn line(row: &Row) -> Vec<String> {
    let mut fields = vec![
        row.name.clone(),
        row.native.map_or_else(dash, |v| value(v, &row.unit)),
    ];
    fields.extend(row.cells.iter().map(|cell| shown(row, *cell)));
    fields.push(
        row.target
            .map_or_else(String::new, |target| limit(target, &row.unit)),
    );
    let verdict = row
        .target
        .zip(row.cells.first())
        .and_then(|(t, c)| t.met(row.native, *c));
    fields.push(match verdict {
        Some(true) => "ok".into(),
        Some(false) => "miss".into(),
        None => String::new(),
    });
    fields
}

/// A ratio, or the value itself where that is what the target is about.
fn shown(row: &Row, cell: Cell) -> String {
    match row.target {
        Some(Target::Value(_) | Target::Over(_)) => {
            cell.value.map_or_else(dash, |v| value(v, &row.unit))
        }
        _ => cell.ratio.map_or_else(dash, ratio),
    }
}

fn limit(target: Target, unit: &str) -> String {
    match target {
        Target::Ratio(limit) => format!("≤ {limit}"),
        Target::Value(limit) => format!("≤ {}", value(limit, unit)),
        Target::Over(limit) => format!("≤ native + {}", value(limit, unit)),
    }
}

fn dash() -> String {
    "–".into()
}

/// A ratio with three significant figures or so.
pub(crate) fn ratio(ratio: f64) -> String {
    match ratio {
        r if r < 10.0 => format!("{r:.2}"),
        r if r < 100.0 => format!("{r:.1}"),
        r => format!("{r:.0}"),
    }
}

/// A value with its unit; nanoseconds grow into larger units.
fn value(value: f64, unit: &str) -> String {
    match unit {
        "ns" if value >= 1e6 => format!("{:.2} ms", value / 1e6),
        "ns" if value >= 1e4 => format!("{:.1} µs", value / 1e3),
        "ns" | "KiB" => format!("{value:.0} {unit}"),
        "ms" if value >= 100.0 => format!("{value:.0} ms"),
        _ => format!("{value:.2} {unit}"),
    }
}

fn aligned(heading: &[String], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows
            .iter()
            .map(|row| &row[column])
            .chain([&heading[column]]);
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..heading.len()).map(width).collect();
    let mut out = String::new();
    for row in std::iter::once(heading).chain(rows.iter().map(Vec::as_slice)) {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let _ = match column {
                0 => write!(line, "{cell:<width$}"),
                _ => write!(line, "  {cell:>width$}"),
            };
        }
        let _ = writeln!(out, "{}", line.trim_end());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::tests::sample;

    #[test]
    fn text_shows_ratios_targets_and_verdicts() {
        let text = text(&sample());
        let getpid = text
            .lines()
            .find(|line| line.starts_with("getpid"))
            .unwrap();
        let words: Vec<&str> = getpid.split_whitespace().collect();
        assert_eq!(
            words,
            ["getpid", "90", "ns", "0.20", "80.0", "≤", "0.4", "ok"]
        );
        assert!(
            text.lines()
                .any(|line| line.starts_with("sort") && line.ends_with("miss"))
        );
        assert!(text.contains("2 of 3 targets kept"));
        assert!(text.contains("left out: runsc: not installed"));
    }

    #[test]
    fn memory_shows_values_not_ratios() {
        let text = text(&sample());
        let line = text
            .lines()
            .find(|line| line.starts_with("private memory"))
            .unwrap();
        assert!(
            line.contains("900 KiB") && line.contains("≤ native + 2048 KiB"),
            "{line}"
        );
    }

    #[test]
    fn markdown_rows_have_as_many_cells_as_the_heading() {
        let page = markdown(&sample(), Some("bench.svg"));
        let counts: Vec<usize> = page
            .lines()
            .filter(|line| line.starts_with('|'))
            .map(|line| line.matches('|').count())
            .collect();
        assert!(!counts.is_empty() && counts.iter().all(|count| *count == counts[0]));
        assert!(page.contains("(bench.svg)"));
    }

    #[test]
    fn values_take_fitting_units() {
        assert_eq!(value(88.4, "ns"), "88 ns");
        assert_eq!(value(15_300.0, "ns"), "15.3 µs");
        assert_eq!(value(1_250_000.0, "ns"), "1.25 ms");
        assert_eq!(ratio(0.123), "0.12");
        assert_eq!(ratio(432.1), "432");
    }
}
