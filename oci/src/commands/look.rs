//! What a container is doing: `state`, `list` and `ps`.

use std::fmt::Write;
use std::process::Command;

use serde_json::{Value, json};

use super::print;
use crate::cli::{Form, Global, List, Ps};
use crate::container::Container;
use crate::error::{Context, Error, Result};

/// `state`.
pub(crate) fn state(global: &Global, id: &str) -> Result<()> {
    let container = Container::find(&global.root(), id)?;
    print(&format!("{:#}\n", container.describe()))
}

/// `list`.
pub(crate) fn list(global: &Global, options: &List) -> Result<()> {
    let all = Container::all(&global.root())?;
    if options.quiet {
        let lines: Vec<String> = all
            .iter()
            .map(|one| format!("{}\n", one.state.id))
            .collect();
        return print(&lines.concat());
    }
    let all: Vec<Value> = all.iter().map(Container::listed).collect();
    match options.format {
        Form::Json => print(&format!("{}\n", json!(all))),
        Form::Table => print(&table(&all)),
    }
}

fn table(containers: &[Value]) -> String {
    const COLUMNS: [&str; 6] = ["id", "pid", "status", "bundle", "created", "owner"];
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let titles = COLUMNS.map(str::to_uppercase).to_vec();
    let rows = containers
        .iter()
        .map(|one| COLUMNS.map(|column| text(&one[column])).to_vec());
    let rows: Vec<Vec<String>> = std::iter::once(titles).chain(rows).collect();
    let width = |column: usize| {
        let widths = rows.iter().map(|row| row[column].len());
        widths.max().unwrap_or(0).max(8)
    };
    let mut table = String::new();
    for row in &rows {
        for (column, cell) in row.iter().enumerate() {
            let width = width(column) + 3;
            // Writing to a String cannot fail.
            let _ = write!(table, "{cell:<width$}");
        }
        table.truncate(table.trim_end().len());
        table.push('\n');
    }
    table
}

/// `ps`.
pub(crate) fn ps(global: &Global, options: &Ps) -> Result<()> {
    let container = Container::find(&global.root(), &options.id)?;
    let zone = zone::zones::find(&container.state.lx.zone)?;
    let mut pids: Vec<i32> = zone.processes()?.iter().map(|one| one.host_pid).collect();
    pids.sort_unstable();
    if options.format == Form::Json {
        return print(&format!("{}\n", json!(pids)));
    }
    let mut command = Command::new("ps");
    match options.options.is_empty() {
        true => command.arg("-ef"),
        false => command.args(&options.options),
    };
    let output = command.output().about("ps")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(Error::new(format!("ps: {said}")));
    }
    print(&lines_of(&String::from_utf8_lossy(&output.stdout), &pids)?)
}

/// The title, and the lines of these processes.
fn lines_of(text: &str, pids: &[i32]) -> Result<String> {
    let title = text.lines().next().unwrap_or_default();
    let column = title.split_whitespace().position(|word| word == "PID");
    let column = column.ok_or_else(|| Error::new("couldn't find PID field in ps output"))?;
    let of_one = |line: &&str| {
        let number = line.split_whitespace().nth(column);
        number
            .and_then(|number| number.parse().ok())
            .is_some_and(|pid| pids.contains(&pid))
    };
    let lines = text.lines().skip(1).filter(of_one);
    Ok(std::iter::once(title)
        .chain(lines)
        .map(|line| format!("{line}\n"))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::{lines_of, table};
    use serde_json::json;

    #[test]
    fn only_the_containers_processes_are_shown() {
        let text = "UID   PID CMD\nroot    1 init\nroot   12 a b\n";
        assert_eq!(
            lines_of(text, &[12]),
            Ok("UID   PID CMD\nroot   12 a b\n".to_owned())
        );
        assert!(lines_of("A B\n1 2\n", &[1]).is_err());
    }

    #[test]
    fn containers_stand_in_columns() {
        let one = json!({"id": "a", "pid": 7, "status": "running", "bundle": "/b",
            "created": "now", "owner": "root"});
        let text = table(&[one]);
        assert!(text.starts_with("ID         PID"), "{text}");
        assert!(text.contains("\na          7          running"), "{text}");
    }
}
