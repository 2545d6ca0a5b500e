//! The chart: one band for each measurement, one bar for each layer, on a logarithmic axis on
//! which native is one. A bar to the left is faster than native, one to the right slower.

use crate::report::table;
use crate::results::{Group, Report, Row, Target};
use std::fmt::Write as _;

/// Width of the picture and of the column of names, pixels.
const WIDTH: f64 = 1000.0;
const NAMES: f64 = 190.0;
/// Room right of the axis for the figure of a bar that goes to the end.
const RIGHT: f64 = 60.0;
const BAR: f64 = 9.0;
/// Room that the figure beside a bar takes.
const FIGURE: f64 = 28.0;
const BAND_GAP: f64 = 7.0;
const TOP: f64 = 78.0;
const TITLE_HEIGHT: f64 = 30.0;
/// Colours that stay apart in grey and for colour-blind readers (after Okabe and Ito).
const COLOURS: [&str; 8] = [
    "#0072b2", "#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#999999", "#f0e442",
];

/// Maps ratios to pixels.
#[derive(Debug, Clone, Copy)]
struct Axis {
    /// Exponents of ten at the two ends.
    low: f64,
    high: f64,
}

impl Axis {
    fn over(ratios: impl Iterator<Item = f64>) -> Self {
        let (mut low, mut high) = (-1.0_f64, 1.0_f64);
        for ratio in ratios {
            low = low.min(ratio.log10().floor());
            high = high.max(ratio.log10().ceil());
        }
        Self { low, high }
    }

    fn x(self, ratio: f64) -> f64 {
        let share = (ratio.log10() - self.low) / (self.high - self.low);
        NAMES + share.clamp(0.0, 1.0) * (WIDTH - NAMES - RIGHT)
    }

    /// Powers of ten from end to end.
    fn ticks(self) -> impl Iterator<Item = f64> {
        let mut next = self.low;
        std::iter::from_fn(move || {
            let tick = (next <= self.high).then(|| 10_f64.powf(next));
            next += 1.0;
            tick
        })
    }
}

/// Draws the whole chart.
pub(crate) fn chart(report: &Report) -> String {
    let ratios = report
        .rows
        .iter()
        .flat_map(|row| &row.cells)
        .filter_map(|cell| cell.ratio);
    let axis = Axis::over(ratios.filter(|ratio| ratio.is_finite() && *ratio > 0.0));
    let mut body = String::new();
    let mut y = TOP;
    for (group, title) in [
        (Group::Operations, "Operations"),
        (Group::Programs, "Whole programs"),
        (Group::Process, "Start and memory"),
    ] {
        let rows: Vec<&Row> = report.group(group).collect();
        if rows.is_empty() {
            continue;
        }
        let _ = writeln!(
            body,
            "<text x=\"8\" y=\"{:.0}\" font-weight=\"bold\" font-size=\"13\">{title}</text>",
            y + 20.0
        );
        y += TITLE_HEIGHT;
        for (index, row) in rows.into_iter().enumerate() {
            y += band(&mut body, axis, row, y, index % 2 == 0);
        }
    }
    let height = y + 16.0;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH:.0}\" height=\"{height:.0}\" \
         viewBox=\"0 0 {WIDTH:.0} {height:.0}\" font-family=\"DejaVu Sans, Helvetica, sans-serif\" \
         font-size=\"11\" fill=\"#222\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    );
    out.push_str(&legend(report));
    out.push_str(&body);
    out.push_str(&grid(axis, height));
    out.push_str("</svg>\n");
    out
}

fn legend(report: &Report) -> String {
    let mut out = format!(
        "<text x=\"8\" y=\"20\" font-size=\"15\" font-weight=\"bold\">Figures relative to native \
         (logarithmic; 1 = native, left is faster)</text>\n\
         <text x=\"{:.0}\" y=\"20\" text-anchor=\"end\" fill=\"#666\">Linux {}, {}</text>\n",
        WIDTH - 8.0,
        escaped(&report.machine.kernel),
        escaped(&report.machine.cpu)
    );
    let mut x = 8.0;
    for (index, mode) in report.modes.iter().enumerate() {
        let _ = writeln!(
            out,
            "<rect x=\"{x:.0}\" y=\"33\" width=\"14\" height=\"11\" fill=\"{}\"/>\
             <text x=\"{:.0}\" y=\"43\">{}</text>",
            colour(index),
            x + 19.0,
            escaped(mode)
        );
        x += 44.0 + 7.0 * mode.chars().map(|_| 1.0).sum::<f64>();
    }
    let _ = writeln!(
        out,
        "<path d=\"M{x:.0} 32v13\" stroke=\"#000\" stroke-width=\"2\"/>\
         <text x=\"{:.0}\" y=\"43\">target of lx</text>",
        x + 6.0
    );
    out
}

/// Lines and figures of the axis, drawn over the bands so that bars do not hide them.
fn grid(axis: Axis, height: f64) -> String {
    let mut out = String::new();
    for tick in axis.ticks() {
        let x = axis.x(tick);
        let is_one = (tick - 1.0).abs() < 1e-9;
        let (stroke, opacity) = if is_one {
            ("#000", "0.8")
        } else {
            ("#888", "0.35")
        };
        let _ = writeln!(
            out,
            "<path d=\"M{x:.1} {:.0}V{:.0}\" stroke=\"{stroke}\" stroke-opacity=\"{opacity}\"/>\
             <text x=\"{x:.1}\" y=\"{:.0}\" text-anchor=\"middle\">{}</text>",
            TOP - 6.0,
            height - 10.0,
            TOP - 11.0,
            label(tick)
        );
    }
    out
}

fn label(tick: f64) -> String {
    if tick < 1.0 {
        format!("{tick}")
    } else {
        format!("{tick:.0}")
    }
}

/// Draws one measurement and returns the height that it took.
fn band(out: &mut String, axis: Axis, row: &Row, y: f64, shaded: bool) -> f64 {
    let bars = row.cells.iter().map(|_| BAR).sum::<f64>();
    let height = bars.max(14.0) + BAND_GAP;
    if shaded {
        let _ = writeln!(
            out,
            "<rect x=\"0\" y=\"{y:.1}\" width=\"{WIDTH:.0}\" height=\"{height:.1}\" fill=\"#f4f4f4\"/>"
        );
    }
    let _ = writeln!(
        out,
        "<text x=\"{:.0}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
        NAMES - 8.0,
        y + height / 2.0 + 4.0,
        escaped(&row.name)
    );
    let mark = match row.target {
        Some(Target::Ratio(limit)) => Some(axis.x(limit)),
        _ => None,
    };
    let mut top = y + BAND_GAP / 2.0;
    for (index, cell) in row.cells.iter().enumerate() {
        if let Some(ratio) = cell.ratio.filter(|ratio| ratio.is_finite() && *ratio > 0.0) {
            // Only the first bar, that of lx, is beside the mark.
            bar(
                out,
                axis,
                ratio,
                top,
                colour(index),
                mark.filter(|_| index == 0),
            );
        }
        top += BAR;
    }
    if let Some(x) = mark {
        let _ = writeln!(
            out,
            "<path d=\"M{x:.1} {:.1}v{:.1}\" stroke=\"#000\" stroke-width=\"2\"/>",
            y + 1.0,
            BAR + BAND_GAP / 2.0
        );
    }
    height
}

fn bar(out: &mut String, axis: Axis, ratio: f64, top: f64, fill: &str, mark: Option<f64>) {
    let (one, end) = (axis.x(1.0), axis.x(ratio));
    let (left, width) = (one.min(end), (end - one).abs().max(1.0));
    // The figure stands beyond the bar's end, on the side to which the bar points, and beyond
    // the mark of the target when that would cross it.
    let covered = |from: f64, to: f64| mark.filter(|mark| (from..to).contains(mark));
    let (at, anchor) = if ratio < 1.0 {
        (covered(end - FIGURE, end).unwrap_or(end) - 3.0, "end")
    } else {
        (covered(end, end + FIGURE).unwrap_or(end) + 4.0, "start")
    };
    let _ = writeln!(
        out,
        "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{:.1}\" fill=\"{fill}\"/>\
         <text x=\"{at:.1}\" y=\"{:.1}\" font-size=\"9\" text-anchor=\"{anchor}\">{}</text>",
        BAR - 1.0,
        top + BAR - 1.5,
        table::ratio(ratio)
    );
}

fn colour(index: usize) -> &'static str {
    COLOURS[index % COLOURS.len()]
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::tests::sample;

    #[test]
    fn axis_is_logarithmic_and_stays_inside() {
        let axis = Axis::over([0.2, 80.0].into_iter());
        assert_eq!((axis.low, axis.high), (-1.0, 2.0));
        let (a, b, c) = (axis.x(0.1), axis.x(1.0), axis.x(10.0));
        assert!((b - a - (c - b)).abs() < 1e-9);
        assert!((axis.x(1e9) - (WIDTH - RIGHT)).abs() < 1e-9);
        assert_eq!(axis.ticks().count(), 4);
    }

    #[test]
    fn chart_escapes_text_and_closes_its_elements() {
        let svg = chart(&sample());
        assert!(svg.contains("a &amp; b &lt;c&gt;"));
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
        assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count());
        assert!(!svg.contains("NaN") && !svg.contains("inf"));
    }

    #[test]
    fn every_figure_has_a_bar() {
        let svg = chart(&sample());
        // Legend entries, shaded bands and the background aside: one bar for each known ratio.
        let bars = svg.matches("font-size=\"9\"").count();
        assert_eq!(bars, 5);
    }
}
