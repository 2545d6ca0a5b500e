//! `lx stat`: what it counts is what strace counts.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::common::{Folder, lx, run, stderr, stdout};

type Counts = BTreeMap<String, (u64, u64)>;

/// What strace does not count, or not as lx does: it counts the exec that starts the program, which
/// is no call of the guest's; of calls that end the process it sees no end.
const DIFFERENT: [&str; 3] = ["execve", "exit", "exit_group"];

fn has_strace() -> bool {
    let found = Command::new("strace").arg("-V").output().is_ok();
    if !found {
        eprintln!("skipped: strace is not installed");
    }
    found
}

fn counted_by_lx(file: &Path, command: &[&str]) -> (Counts, Value) {
    let path = file.to_str().expect("it is text");
    let arguments = [&["stat", "--json", "-o", path, "--"][..], command].concat();
    let output = run(lx(&arguments));
    assert!(output.status.success(), "{output:?}");
    let text = std::fs::read_to_string(file).expect("it was written");
    let report: Value = serde_json::from_str(&text).expect("it is JSON");
    let calls = report["total"]["calls"].as_array().expect("a list");
    let number = |value: &Value| value.as_u64().expect("a number");
    let counts = calls.iter().map(|call| {
        let name = call["name"].as_str().expect("a name").to_owned();
        (name, (number(&call["count"]), number(&call["errors"])))
    });
    (counts.collect(), report)
}

fn counted_by_strace(file: &Path, command: &[&str]) -> Counts {
    let mut strace = Command::new("strace");
    strace.args(["-f", "-c", "-o"]).arg(file).args(command);
    let output = run(strace);
    assert!(output.status.success(), "{output:?}");
    let text = std::fs::read_to_string(file).expect("it was written");
    let mut counts = Counts::new();
    for line in text.lines() {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let [time, _, _, count, middle @ .., name] = &fields[..] else {
            continue;
        };
        if time.parse::<f64>().is_err() || *name == "total" {
            continue;
        }
        let number = |text: &str| text.parse().expect("a number");
        let errors = middle.first().map_or(0, |errors| number(errors));
        counts.insert((*name).to_owned(), (number(count), errors));
    }
    counts
}

#[test]
fn calls_are_counted_as_strace_counts_them() {
    if !has_strace() {
        return;
    }
    let folder = Folder::new("stat-strace");
    for command in [
        &["ls", "/"][..],
        &["cat", "/etc/passwd", "/etc/group"],
        &["find", "/usr/share/doc/bash"],
        &["sort", "/etc/services"],
        &["sh", "-c", "exec cat /etc/passwd"],
        &["dd", "if=/dev/zero", "of=/dev/null", "bs=1", "count=5000"],
    ] {
        let (mut ours, _) = counted_by_lx(&folder.path().join("lx"), command);
        let mut theirs = counted_by_strace(&folder.path().join("strace"), command);
        for name in DIFFERENT {
            ours.remove(name);
            theirs.remove(name);
        }
        assert!(ours.len() > 5, "{command:?}: {ours:?}");
        assert_eq!(ours, theirs, "{command:?}");
    }
}

#[test]
fn threads_and_children_are_counted_apart_and_together() {
    let folder = Folder::new("stat-processes");
    let script = "(exit 0); cat /dev/null; for i in 1 2 3; do :; done";
    let (counts, report) = counted_by_lx(&folder.path().join("lx"), &["sh", "-c", script]);
    assert_eq!(counts["execve"].0, 1, "{counts:?}");
    assert_eq!(counts["exit_group"].0, 3, "{counts:?}");
    let processes = report["processes"].as_array().expect("a list");
    assert_eq!(processes.len(), 3, "{report}");
    for process in processes {
        let calls = process["calls"].as_array().expect("a list");
        for call in calls {
            let at = |key: &str| call[key].as_u64().expect("a number");
            let buckets = call["histogram"].as_array().expect("a list");
            let sum: u64 = buckets.iter().filter_map(|pair| pair[1].as_u64()).sum();
            assert_eq!(sum, at("count"), "{call}");
            assert!(
                at("p50_ns") <= at("p99_ns") && at("p99_ns") <= at("max_ns"),
                "{call}"
            );
            assert!(at("brand_ns") <= at("total_ns"), "{call}");
        }
    }
}

#[test]
fn the_forms_of_the_report() {
    let output = run(lx(&["stat", "sh", "-c", "echo out; exit 5"]));
    assert_eq!(output.status.code(), Some(5));
    assert_eq!(stdout(&output), "out\n");
    let table = stderr(&output);
    assert!(
        table.contains("exit_group") && table.contains("call sites:"),
        "{table}"
    );

    let output = run(lx(&["stat", "--csv", "true"]));
    let text = stderr(&output);
    let mut lines = text.lines();
    let columns = lines.next().expect("a head").split(',').count();
    assert!(
        lines.all(|line| line.split(',').count() == columns),
        "{text}"
    );

    let output = run(lx(&["stat", "--html", "--", "sh", "-c", ": '</script>'"]));
    let page = stderr(&output);
    assert!(page.starts_with("<!doctype html>"), "{page}");
    assert_eq!(page.matches("</script>").count(), 1);

    let output = run(lx(&["stat", "/nonexistent"]));
    assert_eq!(output.status.code(), Some(127));
}

#[test]
fn every_way_to_intercept_counts() {
    for way in ["rewrite", "sud", "trap"] {
        let mut command = lx(&["stat", "--csv", "echo", "x"]);
        command.env("LX_INTERCEPT", way);
        let output = run(command);
        assert!(
            stderr(&output).contains(",echo,write,1,0,"),
            "{way}: {output:?}"
        );
    }
}
