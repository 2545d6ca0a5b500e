//! The lists of host calls are what the code says: every call that the image's sources make is
//! listed, by the rows of its family or by its crate's needs, and every listed one is made.
//!
//! Sources name host calls as `nr::NAME`, and nothing else reaches `syscall` instructions: the
//! assembly gets its numbers from there, but for those that it loads itself.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use syscalls::table::{BARE, NEEDS, Row, TABLE};

type Calls = BTreeSet<usize>;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn rows() -> impl Iterator<Item = &'static Row> {
    TABLE.iter().flatten()
}

/// The sources below `folder`, with their text less comments and unit tests.
fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).expect("the folder is there");
        for path in entries.map(|entry| entry.expect("it is listed").path()) {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if path.is_dir() {
                folders.push(path);
            } else if (name.ends_with(".rs") || name.ends_with(".S")) && name != "tests.rs" {
                let text = fs::read_to_string(&path).expect("it is text");
                let code = without_tests(&without_comments(&text));
                found.push((path, code));
            }
        }
    }
    found
}

fn without_comments(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let end = line.find("//").unwrap_or(line.len());
        line.get(..end).unwrap_or_default()
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Unit tests stand at a file's end.
fn without_tests(code: &str) -> String {
    let end = code.find("#[cfg(test)]\nmod tests {");
    code.get(..end.unwrap_or(code.len()))
        .unwrap_or_default()
        .to_owned()
}

fn is_part(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

/// The numbers that `code` names.
fn named(code: &str) -> Calls {
    let mut calls = Calls::new();
    for (at, found) in code.match_indices("nr::") {
        if code
            .get(..at)
            .is_some_and(|before| before.ends_with(is_part))
        {
            continue;
        }
        let rest = code.get(at + found.len()..).unwrap_or_default();
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let name = rest.get(..end).unwrap_or_default();
        if let Some(number) = number(name) {
            calls.insert(number);
        }
    }
    calls
}

/// The number of the call that `abi::nr` has as `name`.
fn number(name: &str) -> Option<usize> {
    let name = name.to_ascii_lowercase();
    rows()
        .find(|row| row.name == name)
        .map(|row| usize::from(row.nr))
}

/// What assembly loads by itself before a `syscall`.
fn loaded(code: &str) -> Calls {
    let lines: Vec<&str> = code.lines().map(str::trim).collect();
    lines
        .windows(2)
        .filter(|pair| pair[1].starts_with("syscall"))
        .filter_map(|pair| pair[0].strip_prefix("mov eax, ")?.parse().ok())
        .collect()
}

fn all(sources: &[(PathBuf, String)]) -> Calls {
    let in_rust = sources.iter().flat_map(|(_, code)| named(code));
    let in_assembly = sources.iter().flat_map(|(_, code)| loaded(code));
    in_rust.chain(in_assembly).collect()
}

fn show(calls: &Calls) -> Vec<&'static str> {
    calls
        .iter()
        .map(|nr| TABLE[*nr].as_ref().map_or("?", |row| row.name))
        .collect()
}

fn assert_same(place: &str, listed: &Calls, made: &Calls) {
    let unlisted = made - listed;
    assert!(
        unlisted.is_empty(),
        "{place} makes host calls that are not listed: {:?}",
        show(&unlisted)
    );
    let unused = listed - made;
    assert!(
        unused.is_empty(),
        "{place} has host calls listed that it does not make: {:?}",
        show(&unused)
    );
}

#[test]
fn every_crate_needs_what_it_makes() {
    for needs in NEEDS {
        let listed: Calls = needs.calls.iter().copied().collect();
        assert_eq!(listed.len(), needs.calls.len(), "{}: twice", needs.folder);
        let made = all(&sources(&root().join(needs.folder).join("src")));
        assert_same(needs.folder, &listed, &made);
    }
}

#[test]
fn zones_without_namespaces_make_what_is_listed() {
    let listed: Calls = BARE.iter().copied().collect();
    assert_eq!(listed.len(), BARE.len(), "twice");
    let mut code = sources(&root().join("syscalls/src/bare"));
    // Users of a zone's own are such zones' only.
    code.extend(sources(&root().join("syscalls/src/users")));
    // Which calls are served there is no host call.
    code.retain(|(path, _)| !path.ends_with("mod.rs"));
    assert_same("syscalls/src/bare", &listed, &all(&code));
}

/// The module below `crate` that a handler is in.
fn family(row: &Row) -> Option<&'static str> {
    let path: Vec<&str> = row.by.split("::").map(str::trim).collect();
    path.get(1).copied()
}

/// What the crates below the handlers make; a row may name it too.
fn below() -> Calls {
    NEEDS
        .iter()
        .flat_map(|needs| needs.calls)
        .copied()
        .collect()
}

#[test]
fn every_family_makes_what_its_rows_list() {
    let folder = root().join("syscalls/src");
    let families: BTreeSet<&str> = rows().filter_map(family).collect();
    let below = below();
    for name in &families {
        let module = folder.join(name);
        let file = folder.join(format!("{name}.rs"));
        let made = if module.is_dir() {
            all(&sources(&module))
        } else {
            let code = fs::read_to_string(file).expect("the family has a file");
            named(&without_tests(&without_comments(&code)))
        };
        let listed: Calls = rows()
            .filter(|row| family(row) == Some(name))
            .flat_map(|row| row.host)
            .copied()
            .filter(|nr| made.contains(nr) || !below.contains(nr))
            .collect();
        assert_same(name, &listed, &made);
    }
    // What is in no family makes no host call but those that it is handed.
    for (path, code) in sources(&folder) {
        let inside = path.strip_prefix(&folder).expect("it is below");
        let first = inside.iter().next().unwrap_or_default().to_string_lossy();
        let module = first.trim_end_matches(".rs");
        if !families.contains(module) && !matches!(module, "table" | "bare" | "users") {
            let made = named(&code);
            assert!(made.is_empty(), "{}: {:?}", path.display(), show(&made));
        }
    }
}

#[test]
fn rows_list_what_there_is_to_list() {
    for row in rows() {
        let calls: Calls = row.host.iter().copied().collect();
        assert_eq!(calls.len(), row.host.len(), "{}: twice", row.name);
        for nr in calls {
            assert!(TABLE[nr].is_some(), "{}", row.name);
        }
    }
}

#[test]
fn numbers_come_from_the_list_of_numbers_only() {
    for folder in NEEDS
        .map(|needs| needs.folder)
        .into_iter()
        .chain(["syscalls"])
    {
        for (path, code) in sources(&root().join(folder).join("src")) {
            for start in [
                "host_call!(",
                "forward(",
                "forward_blocking(",
                "call::call(",
            ] {
                for (at, found) in code.match_indices(start) {
                    let rest = code.get(at + found.len()..).unwrap_or_default();
                    let digit = rest.trim_start().starts_with(|c: char| c.is_ascii_digit());
                    assert!(!digit, "{}: {start}{:.20}", path.display(), rest);
                }
            }
        }
    }
}

#[test]
fn the_scan_sees_what_it_should() {
    let code = "host_call!(nr::READ, 0); // nr::WRITE\nabi::nr::CLOSE; xnr::OPEN; nr::LIMIT";
    let code = without_comments(code);
    assert_eq!(named(&code), Calls::from([0, 3]));
    assert_eq!(
        loaded("    mov eax, 15\n    syscall\n    mov eax, 7\n    ret\n"),
        Calls::from([15])
    );
    assert_eq!(without_tests("a\n#[cfg(test)]\nmod tests {\nb"), "a\n");
}
