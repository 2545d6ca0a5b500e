//! Every row of the dispatch table that is not refused has a case in the conformance suite's own
//! guests.
//!
//! A guest covers the calls that its source names: as `SYS_name` or `__NR_name`, or by calling a
//! function of that name. For calls that go by another name there, a line of its head says
//! `//! covers: CALL=WORD…`, and the word has to stand in the source.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The page that the dispatch table makes; `compat --check` keeps it true.
const PAGE: &str = "docs/compatibility.md";
const GUESTS: &str = "conformance/guests";

/// The rows without a case, and the heads that claim what the source does not show.
pub(super) fn problems(root: &Path) -> Result<Vec<String>, String> {
    let read = |path: &Path| {
        fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
    };
    let rows = rows(&read(&root.join(PAGE))?);
    if rows.is_empty() {
        return Err(format!("{PAGE}: no rows"));
    }
    let folder = root.join(GUESTS);
    let listed = fs::read_dir(&folder).map_err(|error| format!("{GUESTS}: {error}"))?;
    let (mut covered, mut problems) = (BTreeSet::new(), Vec::new());
    for entry in listed.flatten() {
        let path = entry.path();
        if path.extension().is_none_or(|ending| ending != "c") {
            continue;
        }
        let text = read(&path)?;
        let words = words(&text);
        for (call, word) in claims(&text) {
            if !words.contains(&word) {
                let file = entry.file_name().to_string_lossy().into_owned();
                problems.push(format!(
                    "{GUESTS}/{file}: covers {call} by {word}, which is not there"
                ));
            }
            covered.insert(call);
        }
        covered.extend(words);
    }
    let missing = rows.into_iter().filter(|row| !covered.contains(row));
    problems
        .extend(missing.map(|row| format!("{row}: no guest of the conformance suite calls it")));
    problems.sort();
    Ok(problems)
}

/// The calls that are not refused, from lines such as ``| 3 | `close(fd)` | direct | …``.
fn rows(page: &str) -> Vec<String> {
    let row = |line: &str| {
        let mut cells = line.split('|').map(str::trim).skip(1);
        cells.next()?.parse::<u32>().ok()?;
        let (name, _) = cells.next()?.strip_prefix('`')?.split_once('(')?;
        (!cells.next()?.starts_with("refused")).then(|| name.to_owned())
    };
    page.lines().filter_map(row).collect()
}

/// What the lines `//! covers: CALL=WORD…` of a head say.
fn claims(text: &str) -> Vec<(String, String)> {
    let lines = text
        .lines()
        .filter_map(|line| line.strip_prefix("//! covers:"));
    let pair = |word: &str| {
        let (call, word) = word.split_once('=').unwrap_or((word, word));
        (call.to_owned(), word.to_owned())
    };
    lines
        .flat_map(|line| line.split_whitespace().map(pair))
        .collect()
}

/// The functions that a C source calls, and the numbers of calls that it names or writes.
fn words(text: &str) -> BTreeSet<String> {
    let code = without_comments_and_strings(text);
    let mut words = BTreeSet::new();
    let mut rest = code.as_str();
    while let Some(start) = rest.find(|c: char| c.is_ascii_alphanumeric() || c == '_') {
        rest = &rest[start..];
        let end = rest
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(rest.len());
        let (word, tail) = rest.split_at(end);
        let number = word.strip_prefix("SYS_").or(word.strip_prefix("__NR_"));
        if let Some(call) = number {
            words.insert(call.to_owned());
        } else if tail.trim_start().starts_with('(') || word.parse::<u32>().is_ok() {
            words.insert(word.to_owned());
        }
        rest = tail;
    }
    words
}

/// C without `//` and `/* */` comments and without what stands in quotes.
fn without_comments_and_strings(text: &str) -> String {
    let mut code = String::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match (character, characters.peek()) {
            ('/', Some('/')) => {
                while characters.next().is_some_and(|c| c != '\n') {}
                code.push('\n');
            }
            ('/', Some('*')) => {
                let mut before = ' ';
                for c in characters.by_ref() {
                    if before == '*' && c == '/' {
                        break;
                    }
                    before = c;
                }
                code.push(' ');
            }
            ('"' | '\'', _) => {
                let mut escaped = false;
                for c in characters.by_ref() {
                    if c == character && !escaped || c == '\n' {
                        break;
                    }
                    escaped = c == '\\' && !escaped;
                }
                code.push(' ');
            }
            _ => code.push(character),
        }
    }
    code
}

#[cfg(test)]
mod tests {
    use super::{claims, problems, rows, words};

    #[test]
    fn refused_rows_need_no_case() {
        let page = "| 0 | `read(fd)` | direct |  | 1.0 | x |\n| 1 | `acct(x)` | refused: ENOSYS | |\n| n |\n";
        assert_eq!(rows(page), ["read"]);
    }

    #[test]
    fn a_source_covers_what_it_calls() {
        let source = "// open(x)\nR(close (3)); syscall(SYS_dup, 1); puts(\"mount()\"); syscall(443);\n\
                      /* pipe( */ char c = '\"'; int fork; kill(1);";
        let words = words(source);
        for word in ["close", "dup", "443", "kill"] {
            assert!(words.contains(word), "{word}");
        }
        for word in ["open", "mount", "pipe", "fork"] {
            assert!(!words.contains(word), "{word}");
        }
    }

    #[test]
    fn a_head_claims_calls_by_other_words() {
        let head = "//! X.\n//! covers: newfstatat=fstatat exit_group\n";
        let pairs = claims(head);
        assert_eq!(pairs[0], ("newfstatat".to_owned(), "fstatat".to_owned()));
        assert_eq!(pairs[1], ("exit_group".to_owned(), "exit_group".to_owned()));
    }

    #[test]
    fn all_rows_are_covered() {
        let found = problems(&crate::run::root()).expect("the sources are there");
        assert!(found.is_empty(), "{found:#?}");
    }
}
