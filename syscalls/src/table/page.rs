//! The compatibility page: the table as Markdown, for `docs/compatibility.md`.

use super::{Class, Row, TABLE};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

const INTRODUCTION: &str = "\
# Compatibility

Every system call of Linux 6.18 for x86-64 and how lx serves it. `cargo xtask compat` writes this
page from the dispatch table; do not edit it.

| class | meaning |
| --- | --- |
| served | answered in the brand, without a host call |
| translated | a handler checks, rewrites or virtualises, then makes host calls |
| direct | same meaning on the host and harmless arguments: forwarded unchanged |
| refused | a defined error |

A number without a row answers ENOSYS and is counted. With `--kernel-version V`, calls that first
appeared after V answer ENOSYS too.
";

/// The text of `docs/compatibility.md`. It depends on the table alone.
#[must_use]
pub fn compatibility_page() -> String {
    let rows: Vec<&Row> = TABLE.iter().flatten().collect();
    let mut page = String::from(INTRODUCTION);
    page.push_str(&summary(&rows));
    page.push_str("\n## Calls\n\n");
    page.push_str("| number | call | class | since | note |\n| ---: | --- | --- | --- | --- |\n");
    for row in rows {
        page.push_str(&line(row));
    }
    page
}

/// How many calls each class has.
fn summary(rows: &[&Row]) -> String {
    let count = |name| rows.iter().filter(|row| row.class.name() == name).count();
    let refused = count("refused");
    let mut text = format!("\n{} calls: ", rows.len());
    for name in ["served", "translated", "direct"] {
        text.push_str(&format!("{} {name}, ", count(name)));
    }
    text.push_str(&format!("{refused} refused.\n"));
    text
}

/// The line of one call.
fn line(row: &Row) -> String {
    let arguments: Vec<&str> = row.args.iter().map(|arg| arg.name).collect();
    let class = match row.class {
        Class::Refused(errno) => format!("refused: {}", errno.name()),
        class => String::from(class.name()),
    };
    format!(
        "| {} | `{}({})` | {class} | {} | {} |\n",
        row.nr,
        row.name,
        arguments.join(", "),
        row.since,
        row.note.replace('|', "\\|"),
    )
}
