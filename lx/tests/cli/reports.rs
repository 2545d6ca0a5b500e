//! The commands of lx that only report.

use crate::common::{Folder, LX, lx, run, stderr, stdout};
use serde_json::Value;
use std::process::Command;

/// What lx prints when called so, which must succeed.
fn printed(arguments: &[&str]) -> String {
    let output = run(lx(arguments));
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    assert!(output.stderr.is_empty(), "{arguments:?}: {output:?}");
    stdout(&output)
}

fn json(arguments: &[&str]) -> Value {
    serde_json::from_str(&printed(arguments)).expect("it is JSON")
}

#[test]
fn help_teaches_by_examples() {
    for command in [
        &[][..],
        &["run"],
        &["inspect"],
        &["info"],
        &["completions"],
        &["man"],
    ] {
        for option in ["-h", "--help"] {
            let text = printed(&[command, &[option]].concat());
            assert!(text.contains("Example"), "{command:?} {option}: {text}");
            assert!(text.contains("Usage:"), "{command:?} {option}: {text}");
        }
    }
    let text = printed(&["run", "--help"]);
    for word in [
        "127",
        "126",
        "125",
        "LX_INTERCEPT",
        "--kernel-version",
        "--argv0",
    ] {
        assert!(text.contains(word), "{word}: {text}");
    }
    assert!(printed(&["--version"]).starts_with("lx "));
}

#[test]
fn every_shell_has_completions() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = printed(&["completions", shell]);
        assert!(script.contains("kernel-version"), "{shell}: {script}");
    }
}

#[test]
fn the_man_page_has_every_command() {
    let page = printed(&["man"]);
    for word in [
        ".TH lx",
        "LX RUN",
        "LX INSPECT",
        "LX INFO",
        "kernel\\-version",
    ] {
        assert!(page.contains(word), "{word}: {page}");
    }
}

#[test]
fn info_tells_what_will_be_used() {
    let text = printed(&["info"]);
    for word in [
        "kernel",
        "Syscall User Dispatch",
        "Landlock",
        "interception",
    ] {
        assert!(text.contains(word), "{word}: {text}");
    }
    let report = json(&["info", "--json"]);
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").expect("it can be read");
    assert_eq!(report["kernel"], release.trim());
    let mode = report["intercept"]["mode"].as_str().expect("a mode");
    assert!(["rewrite", "trap", "none"].contains(&mode), "{mode}");
    assert_eq!(report["features"].as_array().map(Vec::len), Some(5));
}

#[test]
fn inspect_shows_the_sites_of_a_program() {
    let text = printed(&["inspect", LX]);
    for word in ["entry", "interpreter  none", "LOAD", "GNU_STACK", "summary"] {
        assert!(text.contains(word), "{word}");
    }
    let report = json(&["inspect", "--json", LX]);
    assert_eq!(report["bits"], 64);
    assert_eq!(report["machine"], "X86_64");
    assert_eq!(report["stack"], "not_executable");
    let sites = report["sites"].as_array().expect("sites");
    let counts = report["summary"].as_object().expect("counts").values();
    let sum: u64 = counts.filter_map(Value::as_u64).sum();
    assert_eq!(u64::try_from(sites.len()).expect("it fits"), sum);
    assert!(
        sites.iter().any(|site| site["number"].is_u64()),
        "{}",
        report["summary"]
    );
}

#[test]
fn a_reader_that_stops_early_is_no_error() {
    let call = format!("'{LX}' inspect '{LX}' | head -n 1");
    let mut command = std::process::Command::new("bash");
    command.args(["-o", "pipefail", "-c", &call]);
    let output = run(command);
    assert!(output.status.success(), "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
}

#[test]
fn conformance_is_its_runner_or_says_what_is_missing() {
    let folder = Folder::new("conformance");
    let lx = folder.path().join("lx");
    std::fs::copy(LX, &lx).expect("it is copied");
    let started = || {
        let mut command = Command::new(&lx);
        command.args(["conformance", "own", "--help"]);
        run(command)
    };
    let missing = started();
    assert_eq!(missing.status.code(), Some(125));
    let told = stderr(&missing);
    assert!(
        told.contains("conformance suite is not installed"),
        "{told}"
    );

    let runner = folder.path().join("conformance");
    std::fs::write(&runner, "#!/bin/sh\necho \"$LX_UNDER_TEST\" \"$@\"\n").expect("it is written");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&runner, mode).expect("it is made executable");
    let lx = lx.canonicalize().expect("it is there");
    assert_eq!(stdout(&started()), format!("{} own --help\n", lx.display()));
}
