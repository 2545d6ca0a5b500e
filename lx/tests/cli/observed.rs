//! `lx stat`: what it counts is what strace counts.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::common::{Folder, lx, run, start, stderr, stdout};

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
    let text = fs::read_to_string(file).expect("it was written");
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
    let text = fs::read_to_string(file).expect("it was written");
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

/// A program that waits for a file `go`, then changes its directory 300 times, and ends. In front of the
/// script, the arguments of lx.
fn waiting(folder: &Folder, arguments: &[&str]) -> Child {
    const SCRIPT: &str = ": >ready; while ! [ -e go ]; do sleep 0.02; done
        i=0; while [ $i -lt 300 ]; do cd .; i=$((i + 1)); done";
    let directory = folder.path().to_str().expect("it is text");
    let program = ["-w", directory, "--", "sh", "-c", SCRIPT];
    let arguments = [&["run"][..], arguments, &program].concat();
    let guest = start(&mut lx(&arguments));
    assert!(within_seconds(20, || folder.path().join("ready").exists()));
    guest
}

/// Starts an observer, and lets the guest `go` when `file`, where it writes, says that it is at it.
fn observed(folder: &Folder, arguments: &[&str], file: &str, sign: &str) -> Child {
    let path = folder.path().join(file);
    let mut command = lx(arguments);
    command.stderr(File::create(&path).expect("it is made"));
    let observer = start(&mut command);
    let text = || fs::read_to_string(&path).unwrap_or_default();
    assert!(within_seconds(20, || text().contains(sign)), "{}", text());
    observer
}

fn within_seconds(seconds: u64, condition: impl Fn() -> bool) -> bool {
    let end = Instant::now() + Duration::from_secs(seconds);
    while !condition() {
        if Instant::now() > end {
            return false;
        }
        sleep(Duration::from_millis(20));
    }
    true
}

#[test]
fn what_runs_already_is_observed() {
    for zone in [false, true] {
        let folder = Folder::new(if zone { "stat-zone" } else { "stat-running" });
        let name = format!("observed-{}", std::process::id());
        let zoned = ["--isolation", "namespaces", "--name", &name];
        let mut guest = waiting(&folder, if zone { &zoned } else { &[] });
        let target = if zone {
            name.clone()
        } else {
            guest.id().to_string()
        };
        // One after the other; the first goes while the guest runs.
        let mut first = observed(
            &folder,
            &["stat", "-i", "1", "-p", &target],
            "first",
            "wait4",
        );
        let report = stderr(&run(lx(&["stat", "-p", &target])));
        assert!(report.contains("another lx observes it"), "{report}");
        let pid = Pid::from_raw(i32::try_from(first.id()).expect("it is small"));
        kill(pid, Signal::SIGINT).expect("it runs");
        assert_eq!(first.wait().expect("it ends").code(), Some(0));

        let file = folder.path().join("report");
        let path = file.to_str().expect("it is text");
        let arguments = ["stat", "-i", "1", "--json", "-o", path, "-p", &target];
        let mut second = observed(&folder, &arguments, "second", "wait4");
        fs::write(folder.path().join("go"), "").expect("it is written");
        assert!(guest.wait().expect("it ends").success());
        assert_eq!(second.wait().expect("it ends").code(), Some(0));
        let text = fs::read_to_string(&file).expect("it was written");
        let report: Value = serde_json::from_str(&text).expect("it is JSON");
        let calls = report["total"]["calls"].as_array().expect("a list");
        let chdir = calls.iter().find(|call| call["name"] == "chdir");
        assert_eq!(chdir.expect("it was counted")["count"], 300, "{text}");
    }
}

#[test]
fn the_calls_of_what_runs_already_are_printed() {
    let folder = Folder::new("trace-running");
    let mut guest = waiting(&folder, &[]);
    let target = guest.id().to_string();
    let arguments = ["trace", "-f", "-e", "execve,chdir", "-p", &target];
    let mut observer = observed(&folder, &arguments, "trace", "execve(");
    fs::write(folder.path().join("go"), "").expect("it is written");
    assert!(guest.wait().expect("it ends").success());
    assert_eq!(observer.wait().expect("it ends").code(), Some(0));
    let text = fs::read_to_string(folder.path().join("trace")).expect("it was written");
    assert_eq!(text.matches("chdir(").count(), 300, "{text}");
}

#[test]
fn what_cannot_be_observed() {
    let own = std::process::id().to_string();
    for (arguments, text) in [
        (["stat", "-p", &own], "lx does not run it"),
        (["trace", "-p", "2000000000"], "No such process"),
        (["stat", "-p", "no-such-zone"], "it is not running"),
    ] {
        let output = run(lx(&arguments));
        assert_eq!(output.status.code(), Some(125), "{output:?}");
        assert!(stderr(&output).contains(text), "{output:?}");
    }
    assert_eq!(run(lx(&["stat", "-p", &own, "ls"])).status.code(), Some(2));
}
