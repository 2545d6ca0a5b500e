//! The results in the form of JUnit, which build servers read.

use super::json::{Line, Record};
use std::fmt::Write;

/// One `testsuites` document with a `testsuite` for each way.
#[must_use]
pub fn text(record: &Record) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    let mut ways: Vec<&str> = record.entries.iter().map(way).collect();
    ways.sort_unstable();
    ways.dedup();
    for name in ways {
        let lines: Vec<&Line> = record.entries.iter().filter(|l| way(l) == name).collect();
        let count = |word: &str| lines.iter().filter(|l| l.verdict == word).count();
        let seconds: f64 = lines.iter().map(|line| seconds(line)).sum();
        // Writing to a string never fails.
        let _ = writeln!(
            out,
            "  <testsuite name=\"{}.{}\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\" \
             time=\"{seconds:.3}\">",
            escaped(&record.suite),
            escaped(name),
            lines.len(),
            count("failed") + count("flaky"),
            count("expected") + count("skipped") + count("not-native"),
        );
        lines.iter().for_each(|line| case(&mut out, record, line));
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

fn way(line: &Line) -> &str {
    line.way.as_deref().unwrap_or("native")
}

fn seconds(line: &Line) -> f64 {
    let run = line.lx.as_ref().or(line.native.as_ref());
    run.map_or(0.0, |run| run.seconds)
}

fn case(out: &mut String, record: &Record, line: &Line) {
    let _ = write!(
        out,
        "    <testcase classname=\"{}.{}\" name=\"{}\" time=\"{:.3}\"",
        escaped(&record.suite),
        escaped(way(line)),
        escaped(&line.case),
        seconds(line)
    );
    let why = match line.class {
        Some(class) => format!("{}: {}", class.title(), line.why),
        None => line.why.clone(),
    };
    let element = match line.verdict.as_str() {
        "passed" => {
            out.push_str("/>\n");
            return;
        }
        // The form has no word for it, and it is no pass.
        "flaky" | "failed" => "failure",
        _ => "skipped",
    };
    let why = escaped(&why);
    let _ = writeln!(
        out,
        ">\n      <{element} message=\"{why}\"/>\n    </testcase>"
    );
}

/// Text for an attribute; what XML 1.0 has no way to write becomes `?`.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            '\t' => out.push_str("&#9;"),
            '\u{fffe}' | '\u{ffff}' => out.push('?'),
            other if other.is_control() => out.push('?'),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{escaped, text};
    use crate::expect::Class;
    use crate::report::json::Record;
    use crate::report::{Entry, Verdict};
    use crate::way::Way;

    #[test]
    fn every_verdict_has_its_form() {
        let entry = |case: &str, verdict| Entry {
            case: case.into(),
            way: Some(Way::ZONE),
            verdict,
            native: None,
            lx: None,
        };
        let entries = [
            entry("a", Verdict::Passed),
            entry("b", Verdict::Flaky("once".into())),
            entry("c", Verdict::Expected(Class::Never, "<no>".into())),
        ];
        let text = text(&Record::of("own", 0, 1.0, &entries));
        assert!(text.contains("tests=\"3\" failures=\"1\" errors=\"0\" skipped=\"1\""));
        assert!(text.contains("name=\"a\" time=\"0.000\"/>"));
        assert!(text.contains("<failure message=\"once\"/>"));
        assert!(text.contains("<skipped message=\"never in a zone: &lt;no&gt;\"/>"));
    }

    #[test]
    fn what_xml_cannot_hold_is_replaced() {
        assert_eq!(escaped("a\u{1b}\"\n&"), "a?&quot;&#10;&amp;");
    }
}
