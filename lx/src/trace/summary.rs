//! `-c`: the table that strace prints.

use std::fmt::Write;

use crate::observed::as_float;
use crate::stat::ProcessFigures;

pub(super) fn render(figures: &ProcessFigures) -> String {
    let rule = "------ ----------- ----------- --------- --------- ----------------";
    let mut text = format!(
        "{:>6} {:>11} {:>11} {:>9} {:>9} {}\n{rule}\n",
        "% time", "seconds", "usecs/call", "calls", "errors", "syscall"
    );
    let all: u64 = figures.calls.iter().map(|call| call.total_ns).sum();
    let mut line = |ns: u64, whole: u64, count: u64, errors: u64, name: &str| {
        let errors = if errors == 0 {
            String::new()
        } else {
            errors.to_string()
        };
        let _ = writeln!(
            text,
            "{:>6.2} {:>11.6} {:>11} {:>9} {errors:>9} {name}",
            100.0 * as_float(ns) / as_float(whole.max(1)),
            as_float(ns) / 1e9,
            ns / count.max(1) / 1000,
            count,
        );
    };
    let shown = figures
        .calls
        .iter()
        .filter(|call| !matches!(&*call.name, "exit" | "exit_group"));
    for call in shown.clone() {
        line(call.total_ns, all, call.count, call.errors, &call.name);
    }
    let sum = |field: fn(&crate::stat::CallFigures) -> u64| shown.clone().map(field).sum::<u64>();
    let (count, errors) = (sum(|call| call.count), sum(|call| call.errors));
    let _ = writeln!(text, "{rule}");
    let errors = if errors == 0 {
        String::new()
    } else {
        errors.to_string()
    };
    let _ = writeln!(
        text,
        "{:>6.2} {:>11.6} {:>11} {count:>9} {errors:>9} total",
        100.0,
        as_float(all) / 1e9,
        all / count.max(1) / 1000,
    );
    text
}
