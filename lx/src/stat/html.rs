//! The report as one page that needs nothing but a browser: the figures as JSON, and a script that
//! draws them.

use super::Figures;

const PAGE: &str = include_str!("page.html");
const MARK: &str = "{/*FIGURES*/}";

pub(super) fn render(figures: &Figures) -> String {
    let json = serde_json::to_string(figures).unwrap_or_default();
    // In a script element `</` could end it, whatever it is part of.
    PAGE.replacen(MARK, &json.replace('<', "\\u003c"), 1)
}

#[cfg(test)]
mod tests {
    use super::{MARK, PAGE};

    #[test]
    fn the_page_has_one_place_for_the_figures_and_loads_nothing() {
        assert_eq!(PAGE.matches(MARK).count(), 1);
        for outside in ["http://", "https://", "src=", "@import", "url("] {
            let found = PAGE.replace("http://www.w3.org/2000/svg", "");
            assert!(!found.contains(outside), "{outside}");
        }
    }
}
