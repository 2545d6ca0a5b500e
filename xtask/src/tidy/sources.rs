//! What is checked in the text of one file.

use std::path::Path;

use super::tokens::{self, Token};

/// Marks of work that is not done; in pieces, so that this file has none.
const MARKS: &[&str] = &[
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
];

/// Macros that stand for code that does not exist.
const STUBS: &[&str] = &[concat!("to", "do"), concat!("unimple", "mented")];

/// Whether a file is looked at.
pub(super) fn is_source(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    matches!(
        extension,
        Some("rs" | "S" | "c" | "h" | "sh" | "toml" | "md")
    )
}

/// Whether `unsafe` may stand in a file: below `host`, and nowhere else.
pub(super) fn may_be_unsafe(path: &Path) -> bool {
    path.starts_with("host")
}

/// What is wrong in the file at `path`.
pub(super) fn problems(path: &Path, text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if let Some(mark) = MARKS.iter().find(|mark| has_word(line, mark)) {
            problems.push(format!("{}:{number}: {mark}", path.display()));
        }
    }
    if path.extension().is_some_and(|extension| extension == "rs") {
        problems.extend(code_problems(path, text));
    }
    problems
}

fn code_problems(path: &Path, text: &str) -> Vec<String> {
    let tokens: Vec<Token> = tokens::tokens(text).collect();
    let mut problems = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        let place = || format!("{}:{}", path.display(), token.line);
        if token.text == "unsafe" && !may_be_unsafe(path) {
            problems.push(format!("{}: `unsafe` outside host", place()));
        }
        let is_macro = tokens.get(index + 1).is_some_and(|next| next.text == "!");
        if is_macro && STUBS.contains(&token.text) {
            problems.push(format!("{}: {}!", place(), token.text));
        }
    }
    problems
}

/// Whether the file has the inner attribute `#![attribute]`.
pub(super) fn has_attribute(text: &str, attribute: &str) -> bool {
    let code: String = tokens::tokens(text).map(|token| token.text).collect();
    code.contains(&format!("#![{attribute}]"))
}

/// Whether a manifest says `[lints]` and under it `workspace = true`.
pub(super) fn takes_workspace_lints(manifest: &str) -> bool {
    let mut lines = manifest
        .lines()
        .map(str::trim)
        .skip_while(|line| *line != "[lints]")
        .skip(1);
    lines
        .by_ref()
        .take_while(|line| !line.starts_with('['))
        .any(|line| line.replace(' ', "") == "workspace=true")
}

/// Whether `word` stands in `line` by itself.
fn has_word(line: &str, word: &str) -> bool {
    let is_part = |character: char| character.is_alphanumeric() || character == '_';
    line.match_indices(word).any(|(start, _)| {
        let before = line[..start].chars().next_back();
        let after = line[start + word.len()..].chars().next();
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

#[cfg(test)]
mod tests {
    use super::{MARKS, STUBS, has_attribute, problems, takes_workspace_lints};
    use std::path::Path;

    fn count(path: &str, text: &str) -> usize {
        problems(Path::new(path), text).len()
    }

    #[test]
    fn unsafe_stands_in_host_only() {
        let code = "fn f() { unsafe { g() } }";
        assert_eq!(count("host/src/a.rs", code), 0);
        assert_eq!(count("host/std/src/a.rs", code), 0);
        assert_eq!(count("kernel/src/a.rs", code), 1);
        assert_eq!(count("lx/src/host/a.rs", code), 1);
        assert_eq!(
            count("kernel/src/a.rs", "#[unsafe(no_mangle)] fn f() {}"),
            1
        );
    }

    #[test]
    fn only_code_counts() {
        let text = "#![forbid(unsafe_code)]\n// unsafe\nconst S: &str = \"unsafe\";\n";
        assert_eq!(count("kernel/src/a.rs", text), 0);
    }

    #[test]
    fn unfinished_work_is_found_everywhere() {
        for mark in MARKS {
            assert_eq!(count("host/src/a.S", &format!("# {mark}: later")), 1);
            assert_eq!(count("abi/src/a.rs", &format!("// {mark}S_{mark}")), 0);
        }
        for stub in STUBS {
            assert_eq!(
                count("host/src/a.rs", &format!("fn f() {{ {stub}!() }}")),
                1
            );
            assert_eq!(count("host/src/a.rs", &format!("fn f() {{ {stub}() }}")), 0);
        }
    }

    #[test]
    fn attributes_are_found_in_code_only() {
        assert!(has_attribute(
            "//! x\n#![forbid(unsafe_code)]\n",
            "forbid(unsafe_code)"
        ));
        assert!(has_attribute("#! [ no_std ]", "no_std"));
        assert!(!has_attribute("// #![no_std]\n", "no_std"));
    }

    #[test]
    fn lints_must_be_the_workspaces() {
        assert!(takes_workspace_lints(
            "[package]\n[lints]\nworkspace = true\n"
        ));
        assert!(!takes_workspace_lints(
            "[lints]\n[dependencies]\nworkspace = true\n"
        ));
        assert!(!takes_workspace_lints("[package]\nworkspace = true\n"));
    }
}
