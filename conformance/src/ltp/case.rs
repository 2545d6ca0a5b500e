//! The lists of cases in LTP's `runtest/`: one `TAG COMMAND LINE` per line.

use std::fs;
use std::path::Path;

/// One line of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Name, unique in its list.
    pub tag: String,
    /// Shell command line.
    pub command: String,
}

/// Reads a list.
pub fn read(path: &Path) -> Result<Vec<Case>, String> {
    let text = fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(parse(&text))
}

fn parse(text: &str) -> Vec<Case> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(char::is_whitespace))
        .map(|(tag, command)| Case {
            tag: tag.to_owned(),
            command: command.trim().to_owned(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn comments_and_blank_lines_are_no_cases() {
        let cases = parse("#DESCRIPTION:x\n\na01 a01\nb_16\tb -i 4  -t 2\n");
        let pairs: Vec<(&str, &str)> = cases
            .iter()
            .map(|case| (case.tag.as_str(), case.command.as_str()))
            .collect();
        assert_eq!(pairs, [("a01", "a01"), ("b_16", "b -i 4  -t 2")]);
    }
}
