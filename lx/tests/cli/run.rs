//! What a guest inherits from lx, and what lx's parent sees of the guest's end.

use crate::common::{Folder, LX, lx, run, stderr, stdout};
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Output, Stdio};

/// The ways to catch calls that every host of the tests has.
const MODES: [&str; 3] = ["rewrite", "sud", "trap"];

/// Runs `sh -c script` under lx in that mode.
fn guest_shell(mode: &str, script: &str) -> Output {
    let mut command = lx(&["run", "sh", "-c", script]);
    command.env("LX_INTERCEPT", mode);
    run(command)
}

/// What lx prints when called so, which must succeed.
fn printed(arguments: &[&str]) -> String {
    let output = run(lx(arguments));
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    assert_eq!(stderr(&output), "", "{arguments:?}");
    stdout(&output)
}

#[test]
fn the_exit_status_is_the_guests() {
    for mode in MODES {
        for status in [0, 1, 7, 125, 126, 127, 255] {
            let output = guest_shell(mode, &format!("exit {status}"));
            assert_eq!(
                output.status.code(),
                Some(status),
                "{mode}: {}",
                stderr(&output)
            );
        }
    }
}

#[test]
fn a_signal_that_ends_the_guest_ends_lx() {
    for mode in MODES {
        for (name, number) in [
            ("TERM", 15),
            ("KILL", 9),
            ("INT", 2),
            ("USR1", 10),
            ("PIPE", 13),
        ] {
            let output = guest_shell(mode, &format!("kill -{name} $$"));
            assert_eq!(
                output.status.signal(),
                Some(number),
                "{mode} {name}: {output:?}"
            );
        }
    }
}

#[test]
fn options_reach_the_guest() {
    let script = "echo \"$0 $A $B\"; pwd; cat";
    let mut command = lx(&[
        "run", "-e", "A=1", "-e", "B=x y", "-w", "/usr", "--argv0", "name",
    ]);
    command
        .args(["--", "sh", "-c", script])
        .stdin(Stdio::piped());
    let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
    child
        .stdin
        .take()
        .expect("a pipe")
        .write_all(b"input\n")
        .expect("it is written");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(stdout(&output), "name 1 x y\n/usr\ninput\n");
}

#[test]
fn the_kernel_version_is_shown() {
    assert_eq!(
        printed(&["run", "--kernel-version", "4.14.7-lx", "uname", "-r"]),
        "4.14.7-lx\n"
    );
}

#[test]
fn arguments_and_environment_are_the_native_ones() {
    let native = |arguments: &[&str]| {
        let mut command = Command::new(arguments[0]);
        command
            .args(&arguments[1..])
            .env_remove("LX_INTERCEPT")
            .stdin(Stdio::null());
        stdout(&run(command))
    };
    for arguments in [
        &["env"][..],
        &["cat", "/proc/self/cmdline"],
        &["cat", "/proc/self/comm"],
        &["cat", "/proc/self/environ"],
        &["readlink", "/proc/self/exe"],
        &["ls", "/proc/self/fd"],
        &["sh", "-c", "ulimit -a; umask; echo $0 $#", "a", "b", ""],
    ] {
        let under_lx = printed(&[&["run"], arguments].concat());
        assert_eq!(under_lx, native(arguments), "{arguments:?}");
    }
}

/// What `script` prints in a native shell where `$LX` stands for nothing, and for `lx run`.
fn compared(script: &str) {
    let of = |prefix: &str| {
        let mut command = Command::new("sh");
        command
            .args(["-c", &script.replace("$LX", prefix)])
            .stdin(Stdio::null());
        command.env_remove("LX_INTERCEPT");
        let output = run(command);
        (stdout(&output), output.status)
    };
    assert_eq!(of(&format!("{LX} run")), of(""), "{script}");
}

#[test]
fn signal_state_is_inherited() {
    compared("exec $LX grep -E 'Sig(Ign|Blk)' /proc/self/status");
    compared("trap '' PIPE; exec $LX grep -E 'Sig(Ign|Blk)' /proc/self/status");
    compared("trap '' INT QUIT HUP USR1; exec $LX grep -E 'Sig(Ign|Blk)' /proc/self/status");
    compared("$LX yes | head -n 1");
}

#[test]
fn descriptors_are_inherited() {
    compared("exec $LX ls /proc/self/fd 7</dev/null");
    compared("exec $LX ls /proc/self/fd <&-");
    compared("exec $LX sh -c 'ls /proc/self/fd >&2' >&- 2>/dev/null");
    compared("ulimit -n 64; exec $LX ls /proc/self/fd");
    compared("ulimit -Sn 1024; exec $LX sh -c 'ulimit -n; ulimit -Hn'");
}

#[test]
fn scripts_run_by_their_interpreter() {
    let folder = Folder::new("script");
    let inner = folder.executable("inner", b"#!/bin/sh -u\necho \"$0\" \"$@\"\n");
    let line = format!("#!{inner} one two\n");
    let outer = folder.executable("outer", line.as_bytes());
    let expected = format!("{inner} one two {outer} three\n");
    assert_eq!(printed(&["run", &outer, "three"]), expected);
}

#[test]
fn lx_leaves_nothing_behind() {
    let folder = Folder::new("nothing");
    let mut command = lx(&["run", "true"]);
    command
        .current_dir(folder.path())
        .env("TMPDIR", folder.path())
        .env("HOME", folder.path());
    assert!(run(command).status.success());
    assert!(folder.names().is_empty());
}

#[test]
fn lx_runs_under_lx() {
    // A guest has no Syscall User Dispatch of its own, so the inner one uses a seccomp filter.
    let inner = ["-e", "LX_INTERCEPT=trap", LX, "run", "echo", "inner"];
    let mut command = lx(&[&["run"], &inner[..]].concat());
    command.env("LX_INTERCEPT", "sud");
    let output = run(command);
    assert_eq!(stdout(&output), "inner\n", "{output:?}");
}
