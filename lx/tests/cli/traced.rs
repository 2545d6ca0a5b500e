//! `lx trace`: its lines are strace's, but for what `docs/observing.md` says.

use std::path::Path;
use std::process::Command;

use regex_lite::Regex;

use crate::common::{Folder, lx, run, stderr, stdout};

fn has_strace() -> bool {
    // Of another version, lines are others.
    let version = Command::new("strace").arg("-V").output();
    let version = version.map_or_else(|_| String::new(), |output| stdout(&output));
    let found = version.contains("version 6.1");
    if !found {
        eprintln!("skipped: there is no strace 6.1");
    }
    found
}

/// The lines less what is another in each run: addresses, numbers of processes, times, random bytes,
/// and how much memory and space is free.
fn lines(file: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(file).expect("it was written");
    let changes = [
        (r"0x[0-9a-f]{5,16}", "ADDRESS"),
        (r"\s+=", " ="),
        (r#"getrandom\("[^ ]*"#, "getrandom("),
        (
            r"^(set_tid_address|getpid|gettid|getppid|clone|vfork|wait4|rt_sigreturn)(.*) = \d+$",
            "$1$2 = N",
        ),
        (r"(si_pid=|kill\(|wait4\()\d+", "$1"),
        (r"tv_(sec|nsec|usec)=\d+", "tv_$1=T"),
        (r"(si_utime|si_stime|f_bfree|f_bavail|f_ffree)=\d+", "$1=N"),
        (r"/\* \d+ vars \*/", "VARS"),
        (r" /\* \d{4}-\d\d-\d\dT[^ ]* \*/", ""),
        (r"^sysinfo.*", "sysinfo"),
    ]
    .map(|(pattern, with)| (Regex::new(pattern).expect("a pattern"), with));
    let changed = |line: &str| {
        let mut line = line.to_owned();
        for (pattern, with) in &changes {
            line = pattern.replace_all(&line, *with).into_owned();
        }
        line
    };
    text.lines().map(changed).collect()
}

#[test]
fn lines_are_straces() {
    if !has_strace() {
        return;
    }
    let folder = Folder::new("trace-strace");
    let (ours, theirs) = (folder.path().join("lx"), folder.path().join("strace"));
    for command in [
        &["ls", "-l", "/etc"][..],
        &["cat", "/etc/passwd", "/nonexistent/file"],
        &["sort", "/etc/services"],
        &["id"],
        &["uname", "-a"],
        &["stat", "/dev/null", "/etc"],
        &["touch", "-d", "2020-01-01", "/tmp/lx-cli-touched"],
        &[
            "dd",
            "if=/dev/zero",
            "of=/dev/null",
            "bs=7",
            "count=3",
            "status=none",
        ],
        &[
            "bash",
            "-c",
            "trap 'echo x' USR1; kill -USR1 $$; (exit 3); echo $? | cat",
        ],
    ] {
        let path = ours.to_str().expect("it is text");
        run(lx(&[&["trace", "-o", path, "--"][..], command].concat()));
        let mut strace = Command::new("strace");
        strace.arg("-o").arg(&theirs).args(command);
        run(strace);
        let (ours, theirs) = (lines(&ours), lines(&theirs));
        assert!(ours.len() > 20, "{command:?}: {ours:?}");
        if command[0] == "bash" {
            // When the children end is not the same each time; when they were made is.
            let made = |lines: &[String]| {
                lines
                    .iter()
                    .filter(|line| line.starts_with("clone"))
                    .count()
            };
            assert_eq!(made(&ours), made(&theirs), "{ours:#?}");
            let signal = |lines: &[String]| {
                lines
                    .iter()
                    .find(|line| line.starts_with("--- SIGUSR1"))
                    .cloned()
            };
            assert_eq!(signal(&ours), signal(&theirs));
            continue;
        }
        for (ours, theirs) in ours.iter().zip(&theirs) {
            assert_eq!(ours, theirs, "{command:?}");
        }
        assert_eq!(ours.len(), theirs.len(), "{command:?}");
    }
}

fn traced(arguments: &[&str]) -> String {
    let output = run(lx(&[&["trace"][..], arguments].concat()));
    stderr(&output)
}

#[test]
fn calls_are_chosen_and_described() {
    let text = traced(&["-y", "-T", "-e", "openat,read", "--", "cat", "/etc/passwd"]);
    let pattern = Regex::new(
        r#"(?m)^openat\(AT_FDCWD<[^>]*>, "/etc/passwd", O_RDONLY\) = 3</etc/passwd> <\d+\.\d{6}>$"#,
    );
    assert!(pattern.expect("a pattern").is_match(&text), "{text}");
    assert!(text.contains("read(3</etc/passwd>, \"root:"), "{text}");
    assert!(!text.contains("mmap("), "{text}");

    let text = traced(&["-Z", "-e", "%file", "--", "cat", "/nonexistent/file"]);
    assert!(
        text.contains("ENOENT (No such file or directory)"),
        "{text}"
    );
    assert!(!text.contains(" = 3"), "{text}");

    let text = traced(&["-s", "4", "-e", "write", "--", "echo", "abcdefgh"]);
    assert!(text.contains("write(1, \"abcd\"..., 9)"), "{text}");
}

#[test]
fn processes_are_followed_when_asked() {
    let script = "cat /dev/null; exit 4";
    let folder = Folder::new("trace-follow");
    let file = folder.path().join("all");
    let path = file.to_str().expect("it is text");
    let output = run(lx(&["trace", "-f", "-o", path, "--", "sh", "-c", script]));
    assert_eq!(output.status.code(), Some(4));
    let text = std::fs::read_to_string(&file).expect("it was written");
    assert_eq!(text.matches(" +++ exited with ").count(), 2, "{text}");
    assert!(
        text.contains("execve(\"/usr/bin/cat\", [\"cat\", \"/dev/null\"]"),
        "{text}"
    );

    let one = traced(&["--", "sh", "-c", script]);
    assert_eq!(one.matches("+++ exited with ").count(), 1, "{one}");

    run(lx(&["trace", "-ff", "-o", path, "--", "sh", "-c", script]));
    let files = std::fs::read_dir(folder.path())
        .expect("it is there")
        .count();
    assert_eq!(files, 3);
}

#[test]
fn calls_fail_when_told_to() {
    let rule = "inject=openat:error=EACCES:when=1";
    let text = traced(&["-e", "openat", "-e", rule, "--", "cat", "/etc/passwd"]);
    let first = text.lines().next().unwrap_or_default();
    assert!(
        first.ends_with("= -1 EACCES (Permission denied) (INJECTED)"),
        "{text}"
    );
    assert_eq!(text.matches("INJECTED").count(), 1, "{text}");

    let output = run(lx(&[
        "trace",
        "-e",
        "none",
        "-e",
        "inject=write:retval=6",
        "--",
        "sh",
        "-c",
        "echo hello",
    ]));
    assert!(
        output.status.success() || output.status.code() == Some(1),
        "{output:?}"
    );
    assert!(output.stdout.is_empty(), "{output:?}");

    let output = run(lx(&[
        "trace",
        "-e",
        "none",
        "-e",
        "inject=getpid:signal=TERM",
        "--",
        "bash",
        "-c",
        "true",
    ]));
    assert_eq!(stderr(&output).trim_end(), "+++ killed by SIGTERM +++");
}

#[test]
fn a_summary_counts_as_strace_does() {
    if !has_strace() {
        return;
    }
    let counts = |text: &str| -> Vec<(String, String)> {
        let mut counts: Vec<_> = text
            .lines()
            .filter_map(|line| {
                let fields: Vec<&str> = line.split_ascii_whitespace().collect();
                let [_, _, _, count, .., name] = fields[..] else {
                    return None;
                };
                let counted = count.parse::<u64>().is_ok() && name != "execve" && name != "total";
                counted.then(|| (name.to_owned(), count.to_owned()))
            })
            .collect();
        counts.sort();
        counts
    };
    let ours = traced(&["-c", "--", "ls", "/"]);
    let mut strace = Command::new("strace");
    strace.args(["-c", "ls", "/"]);
    let theirs = stderr(&run(strace));
    assert_eq!(counts(&ours), counts(&theirs));
}
