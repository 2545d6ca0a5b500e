//! The report as JSON.

use super::Figures;

pub(super) fn render(figures: &Figures) -> String {
    let mut text = serde_json::to_string_pretty(figures).unwrap_or_default();
    text.push('\n');
    text
}
