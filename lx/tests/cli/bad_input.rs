//! What lx says to bad input: one line on stderr, the right exit status, nothing left behind.

use crate::common::{Folder, LX, lx, run, stderr, stdout};
use std::fs;
use std::process::Command;

/// `command` fails with `status` and one line on stderr that contains `text`.
fn fails(command: Command, status: i32, text: &str) {
    let call = format!("{command:?}");
    let output = run(command);
    let message = stderr(&output);
    assert_eq!(output.status.code(), Some(status), "{call}: {message}");
    assert!(message.starts_with("lx: "), "{call}: {message}");
    assert!(message.contains(text), "{call}: {message}");
    assert_eq!(message.lines().count(), 1, "{call}: {message}");
    assert!(message.ends_with('\n'), "{call}: {message}");
    assert_eq!(stdout(&output), "", "{call}");
}

#[test]
fn a_missing_program() {
    fails(lx(&["run", "/no/such/program"]), 127, "No such file");
    fails(lx(&["run", "/etc/passwd/program"]), 127, "Not a directory");
    fails(lx(&["run", "no-such-program"]), 127, "not found");
    fails(lx(&["run", ""]), 127, "not found");
    fails(lx(&["run", "-e", "PATH=/nowhere", "ls"]), 127, "not found");
}

#[test]
fn what_is_no_program() {
    let folder = Folder::new("no-program");
    let text = folder.executable("text", b"hello\n");
    let empty = folder.executable("empty", b"");
    fails(lx(&["run", "/etc"]), 126, "directory");
    fails(lx(&["run", "/etc/passwd"]), 126, "Permission denied");
    fails(lx(&["run", "/dev/null"]), 126, "Permission denied");
    fails(lx(&["run", &text]), 126, "Exec format error");
    fails(lx(&["run", &empty]), 126, "Exec format error");
    assert_eq!(folder.names(), ["empty", "text"]);
}

#[test]
fn damaged_programs() {
    let folder = Folder::new("damaged");
    let whole = fs::read(LX).expect("lx can be read");
    for length in [4, 16, 63, 64, 100] {
        let file = folder.executable("cut", &whole[..length]);
        fails(lx(&["run", &file]), 126, "truncated");
    }
    let mut arm = whole.clone();
    arm[18] = 183;
    fails(
        lx(&["run", &folder.executable("arm", &arm)]),
        126,
        "another machine",
    );
    let mut small = whole;
    // The kernel looks at the machine only, so the class alone would not do.
    small[4] = 1;
    small[18] = 3;
    fails(
        lx(&["run", &folder.executable("small", &small)]),
        126,
        "32-bit",
    );
}

#[test]
fn scripts_without_interpreter() {
    let folder = Folder::new("scripts");
    let script = folder.executable("script", b"#!/no/such/shell -e\n");
    fails(lx(&["run", &script]), 127, "/no/such/shell");
    let nameless = folder.executable("nameless", b"#! \n");
    fails(lx(&["run", &nameless]), 126, "Exec format error");
}

#[test]
fn wrong_calls() {
    fails(lx(&[]), 2, "lx --help");
    fails(lx(&["fly"]), 2, "fly");
    fails(lx(&["--nonsense"]), 2, "--nonsense");
    fails(lx(&["run"]), 2, "lx run --help");
    fails(lx(&["run", "--nonsense", "ls"]), 2, "--nonsense");
    fails(lx(&["run", "-e", "novalue", "ls"]), 2, "K=V");
    fails(lx(&["inspect"]), 2, "FILE");
    fails(lx(&["completions", "tcl"]), 2, "tcl");
    for version in ["", "six", "6", "6.1.2.3", "v6.1", "6.1_x", "2.4.0"] {
        fails(
            lx(&["run", "--kernel-version", version, "true"]),
            2,
            "--kernel-version",
        );
    }
}

#[test]
fn errors_of_lx_itself() {
    fails(
        lx(&["run", "-w", "/no/such/directory", "true"]),
        125,
        "No such file",
    );
    fails(
        lx(&["run", "-w", "/etc/passwd", "true"]),
        125,
        "Not a directory",
    );
    let mut command = lx(&["run", "true"]);
    command.env("LX_INTERCEPT", "magic");
    fails(command, 125, "LX_INTERCEPT=magic");
    fails(lx(&["inspect", "/no/such/file"]), 125, "No such file");
    fails(lx(&["inspect", "/etc/passwd"]), 125, "not an ELF file");
    fails(lx(&["inspect", "/etc"]), 125, "directory");
    fails(lx(&["inspect", "/dev/null"]), 125, "not a regular file");
}

#[test]
fn a_file_name_cannot_forge_a_second_line() {
    let folder = Folder::new("newline");
    let file = folder.executable("a\nlx: b", b"text");
    fails(lx(&["run", &file]), 126, "a\\nlx: b");
}
