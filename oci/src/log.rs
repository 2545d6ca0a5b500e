//! Where errors go: the file that the engine names, in the form that it asks for, and standard error.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;

use chrono::{SecondsFormat, Utc};
use clap::ValueEnum;
use serde_json::json;

/// The form of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// `key=value`.
    Text,
    /// An object for each line.
    Json,
}

/// The log.
#[derive(Debug)]
pub(crate) struct Log {
    pub(crate) path: Option<PathBuf>,
    pub(crate) format: Format,
}

impl Log {
    /// Something to know.
    pub(crate) fn warn(&self, text: &str) {
        self.write("warning", text);
    }

    /// What ends the command.
    pub(crate) fn error(&self, text: &str) {
        self.write("error", text);
        // With stderr closed there is nobody to tell.
        let _ = writeln!(std::io::stderr(), "{}", line(Format::Text, "error", text));
    }

    /// A log that cannot be written is no reason to fail.
    fn write(&self, level: &str, text: &str) {
        let Some(path) = &self.path else {
            return;
        };
        let file = OpenOptions::new().create(true).append(true).open(path);
        if let Ok(mut file) = file {
            let _ = writeln!(file, "{}", line(self.format, level, text));
        }
    }
}

fn line(format: Format, level: &str, text: &str) -> String {
    let time = now();
    match format {
        Format::Json => json!({ "level": level, "msg": text, "time": time }).to_string(),
        Format::Text => format!("time={time:?} level={level} msg={text:?}"),
    }
}

/// The time as engines read it.
pub(crate) fn now() -> String {
    Utc::now().to_rfc3339_opts(SecondsFormat::Nanos, true)
}

#[cfg(test)]
mod tests {
    use super::{Format, line};

    #[test]
    fn a_line_is_one_line() {
        let text = line(Format::Text, "error", "a \"b\"\nc");
        assert!(text.ends_with(r#"level=error msg="a \"b\"\nc""#), "{text}");
        let text = line(Format::Json, "error", "a\nb");
        let value: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
        assert_eq!(
            (&value["level"], &value["msg"]),
            (&"error".into(), &"a\nb".into())
        );
    }
}
