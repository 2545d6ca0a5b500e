//! The results as one page for browsers that needs nothing else: it holds the records as JSON, and a
//! script that shows, filters and compares them.

use super::json::{Record, replace};
use std::path::Path;

const PAGE: &str = include_str!("page.html");
/// Stands in the page for the records.
const PLACE: &str = "/*RECORDS*/[]";

/// Writes a page of these records; those of the same suite can be compared in it.
pub fn write(path: &Path, records: &[Record]) -> Result<(), String> {
    replace(path, text(records)?.as_bytes())
}

fn text(records: &[Record]) -> Result<String, String> {
    let json = serde_json::to_string(records).map_err(|error| error.to_string())?;
    // Nothing in it may end the script element that it stands in; both are the same to JSON.
    let json = json.replace('<', "\\u003c");
    Ok(PAGE.replacen(PLACE, &json, 1))
}

#[cfg(test)]
mod tests {
    use super::text;
    use crate::report::json::Record;
    use crate::report::{Entry, Verdict};

    #[test]
    fn nothing_in_a_record_ends_the_script() {
        let entry = Entry {
            case: "</script><b>".into(),
            way: None,
            verdict: Verdict::Failed("<!--".into()),
            native: None,
            lx: None,
        };
        let page = text(&[Record::of("own", 0, 0.0, &[entry])]).expect("valid");
        assert_eq!(page.matches("</script>").count(), 1);
        assert!(!page.contains("<!--"));
        assert!(page.contains("\\u003c/script>"));
        assert!(!page.contains("RECORDS"));
    }
}
