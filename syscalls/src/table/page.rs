//! The compatibility page: the table as Markdown, for `docs/compatibility.md`.

use super::zone::{Verdict, Way, allowed, is_needed, rule, verdict};
use super::{Class, Row, TABLE};
use abi::nr::LIMIT;
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

What differs in a zone stands in a column of its own: the filter that confines it answers, whatever
privileges the guest has (`docs/host-calls.md` says why).

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
    page.push_str("| number | call | class | in a zone | since | note |\n");
    page.push_str("| ---: | --- | --- | --- | --- | --- |\n");
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
        "| {} | `{}({})` | {class} | {} | {} | {} |\n",
        row.nr,
        row.name,
        arguments.join(", "),
        in_zone(row),
        row.since,
        row.note.replace('|', "\\|"),
    )
}

/// How a zone's filter changes what becomes of a direct call.
fn in_zone(row: &Row) -> String {
    if row.class != Class::Direct {
        return String::new();
    }
    match verdict(usize::from(row.nr), Way::Namespaces) {
        Verdict::Allow => String::new(),
        Verdict::Refuse(errno) => String::from(errno.name()),
        Verdict::Only(_, errno) | Verdict::Except(_, errno) => {
            format!("some arguments: {}", errno.name())
        }
    }
}

const HOST_CALLS: &str = "\
# Host calls of a zone

What the seccomp filter lets a zone's processes ask of the host, the brand and the guest alike:
what the dispatch table says that serving its rows takes (`via`), what the brand takes besides
(`syscalls/src/table/needs.rs`), less what is withheld (`syscalls/src/table/withheld.rs`).
`cargo xtask compat` writes this page; do not edit it. Calls of the 32-bit ABIs are ENOSYS.
";

/// The text of `docs/host-calls.md`.
#[must_use]
pub fn host_calls_page() -> String {
    let all: Vec<(usize, Verdict)> = allowed(Way::Namespaces).collect();
    let plain = all.iter().filter(|(_, v)| *v == Verdict::Allow).count();
    let mut page = format!(
        "{HOST_CALLS}\n**{}** host calls are allowed, {} of them with checked arguments. The number \
         may only fall.\n",
        all.len(),
        all.len() - plain,
    );
    page.push_str("\n## Allowed\n\n");
    for (nr, verdict) in &all {
        if *verdict == Verdict::Allow {
            page.push_str(&format!("`{}` ", name(*nr)));
        }
    }
    page.truncate(page.trim_end().len());
    page.push_str(
        "\n\n## Allowed with some arguments\n\n| call | else | why |\n| --- | --- | --- |\n",
    );
    let is_checked = |verdict| matches!(verdict, Verdict::Only(..) | Verdict::Except(..));
    let is_refused = |verdict| matches!(verdict, Verdict::Refuse(_));
    for (nr, _) in all.iter().filter(|(_, verdict)| is_checked(*verdict)) {
        page.push_str(&withheld(*nr, Way::Namespaces));
    }
    page.push_str("\n## Withheld\n\n| call | answer | why |\n| --- | --- | --- |\n");
    for nr in (0..LIMIT).filter(|nr| is_needed(*nr) && is_refused(verdict(*nr, Way::Namespaces))) {
        page.push_str(&withheld(nr, Way::Namespaces));
    }
    page.push_str(&format!(
        "\n## Without namespaces\n\nLandlock and the warden take their place; **{}** host calls are \
         allowed. What differs:\n\n| call | else | why |\n| --- | --- | --- |\n",
        allowed(Way::Bare).count()
    ));
    let differs = |nr: &usize| verdict(*nr, Way::Bare) != verdict(*nr, Way::Namespaces);
    for nr in (0..LIMIT).filter(differs) {
        page.push_str(&withheld(nr, Way::Bare));
    }
    page
}

fn withheld(nr: usize, way: Way) -> String {
    let errno = match verdict(nr, way) {
        Verdict::Allow => "",
        Verdict::Only(_, errno) => &format!("{}, with other arguments", errno.name()),
        Verdict::Except(_, errno) => &format!("{}, with some arguments", errno.name()),
        Verdict::Refuse(errno) => errno.name(),
    };
    let why = rule(nr, way).map_or("", |rule| rule.why);
    format!("| `{}` | {errno} | {why} |\n", name(nr))
}

fn name(nr: usize) -> &'static str {
    super::row(nr).map_or("", |row| row.name)
}
