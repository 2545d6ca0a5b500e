//! `lx zones`, `lx ps`, `lx kill` and `lx zone inspect`: what runs, and its end.

use std::fmt::Write;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::{Value, json};
use zone::zones::{Zone, all, find};
use zone::{Error, Process};

use crate::cli::{Kill, Ps, Zones};
use crate::failure::{Failure, OWN_ERROR};

/// `lx zones`.
pub(crate) fn list(options: &Zones) -> Result<Vec<u8>, Failure> {
    let zones = all().map_err(failed)?;
    if options.json {
        return Ok(as_json(zones.iter().map(Zone::describe).collect()));
    }
    let mut rows = vec![["ZONE", "PID", "AGE", "ROOT"].map(str::to_owned)];
    for zone in &zones {
        // Of layers the topmost.
        let root = zone.config.rootfs.as_deref();
        let root = root.or(zone.config.layers.last().map(PathBuf::as_path));
        rows.push([
            zone.config.name.clone(),
            zone.init().to_string(),
            age(zone.age().as_secs()),
            root.map_or_else(|| "/".to_owned(), |root| root.display().to_string()),
        ]);
    }
    Ok(table(&rows))
}

/// `lx ps`.
pub(crate) fn processes(options: &Ps) -> Result<Vec<u8>, Failure> {
    let zones = match &options.zone {
        Some(name) => vec![find(name).map_err(failed)?],
        None => all().map_err(failed)?,
    };
    let mut found = Vec::new();
    for zone in &zones {
        let processes = zone.processes().map_err(failed)?;
        found.extend(processes.into_iter().map(|process| (zone, process)));
    }
    if options.json {
        return Ok(as_json(found.iter().map(entry).collect()));
    }
    let titles = ["ZONE", "PID", "HOSTPID", "UID", "S", "TIME", "COMMAND"];
    let mut rows = vec![titles.map(str::to_owned)];
    for (zone, process) in found {
        rows.push([
            zone.config.name.clone(),
            process.pid.to_string(),
            process.host_pid.to_string(),
            process.user.to_string(),
            process.state.to_string(),
            time(process.seconds),
            process.command,
        ]);
    }
    Ok(table(&rows))
}

fn entry((zone, process): &(&Zone, Process)) -> Value {
    json!({
        "zone": zone.config.name,
        "pid": process.pid,
        "host_pid": process.host_pid,
        "uid": process.user,
        "state": process.state,
        "seconds": process.seconds,
        "command": process.command,
    })
}

/// `lx zone inspect`.
pub(crate) fn inspect(name: &str) -> Result<Vec<u8>, Failure> {
    Ok(as_json(find(name).map_err(failed)?.describe()))
}

/// `lx kill`. Each zone gets its signal, whatever becomes of the others.
pub(crate) fn kill(options: &Kill) -> ExitCode {
    let mut status = ExitCode::SUCCESS;
    for name in &options.zones {
        let sent = find(name).and_then(|zone| zone.signal(options.signal));
        if let Err(error) = sent {
            // With stderr closed there is nobody to tell.
            let _ = writeln!(io::stderr(), "lx: {}", failed(error));
            status = ExitCode::from(OWN_ERROR);
        }
    }
    status
}

fn failed(error: Error) -> Failure {
    Failure::about(error.subject, &error.error)
}

fn as_json(value: Value) -> Vec<u8> {
    format!("{value:#}\n").into_bytes()
}

/// Columns as wide as they must be. A guest chooses what some of it says, so nothing in there can
/// steer a terminal.
fn table<const N: usize>(rows: &[[String; N]]) -> Vec<u8> {
    let plain = |text: &String| -> String {
        let shown = |c: char| if c.is_control() { '?' } else { c };
        text.chars().map(shown).collect()
    };
    let rows: Vec<[String; N]> = rows.iter().map(|row| row.each_ref().map(plain)).collect();
    let width = |column: usize| {
        let widths = rows.iter().map(|row| row[column].chars().count());
        widths.max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..N).map(width).collect();
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            // Writing to a String cannot fail.
            let _ = write!(line, "{cell:<width$}  ");
        }
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text.into_bytes()
}

/// Minutes and seconds of processor time, as ps(1) has them.
fn time(seconds: u64) -> String {
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

/// The two largest units.
fn age(seconds: u64) -> String {
    let units = [("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)];
    let first = units.iter().position(|(_, unit)| seconds >= *unit);
    let first = first.unwrap_or(units.len() - 1);
    let mut left = seconds;
    let mut text = String::new();
    for (name, unit) in units.iter().skip(first).take(2) {
        let _ = write!(text, "{}{name}", left / unit);
        left %= unit;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{age, table, time};

    #[test]
    fn times_are_short() {
        assert_eq!(time(0), "0:00");
        assert_eq!(time(3671), "61:11");
        assert_eq!(age(0), "0s");
        assert_eq!(age(59), "59s");
        assert_eq!(age(61), "1m1s");
        assert_eq!(age(3600), "1h0m");
        assert_eq!(age(90_061), "1d1h");
    }

    #[test]
    fn a_table_has_columns_and_no_control_characters() {
        let rows = [["A", "LONG"], ["wide", "\u{1b}[2J\nx"]].map(|row| row.map(str::to_owned));
        let text = String::from_utf8(table(&rows)).expect("it is text");
        assert_eq!(text, "A     LONG\nwide  ?[2J?x\n");
    }
}
