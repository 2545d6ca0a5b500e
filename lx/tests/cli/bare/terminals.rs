//! Terminals of a zone without namespaces: those that it is given, and those that it makes.

use super::Zone;
use crate::common::{run, stderr, stdout};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::pty::openpty;
use nix::unistd::ttyname;
use std::os::fd::AsFd;
use std::os::unix::fs::{chown, symlink};
use std::path::Path;
use std::process::Output;

/// Succeeds with so many lines, without the terminal's carriage returns.
fn lines(output: &Output, count: usize) -> Vec<String> {
    let text = stdout(output);
    assert!(output.status.success(), "{text}{}", stderr(output));
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), count, "{text}");
    lines
}

#[test]
fn a_terminal_is_the_zones() {
    Zone::each("tty", |zone| {
        // It can be opened by its name, and by that of every process's own.
        let script = "tty; ls -1 /dev/pts; echo again >$(tty); echo own >/dev/tty";
        let given = |lines: &[String]| {
            assert_eq!(lines[0], format!("/dev/pts/{}", lines[1]));
            assert_eq!(lines[2..], ["ptmx", "again", "own"]);
        };
        given(&lines(&zone.run(&["-t", "sh", "-c", script]), 5));
        let running = zone.begin("with-terminal", "true");
        let exec = ["exec", "-t", "with-terminal", "sh", "-c", script];
        given(&lines(&run(zone.lx(&exec)), 5));
        // It is gone with its program.
        let exec = ["exec", "with-terminal", "ls", "/dev/pts"];
        assert_eq!(lines(&run(zone.lx(&exec)), 1), ["ptmx"]);
        drop(running);
    });
}

#[test]
fn programs_make_terminals() {
    const SCRIPT: &str = "/usr/bin/script";
    if !Path::new(SCRIPT).exists() {
        println!("skipped: {SCRIPT} is missing");
        return;
    }
    Zone::each("script", |zone| {
        symlink("usr/lib64", zone.path("root/lib64")).expect("it is made");
        let tools = ["-v", "/usr:/usr:ro"];
        let inner =
            "tty; ls -1 /dev/pts; stat -c %F,%t $(tty); chmod 600 $(tty); echo own >/dev/tty";
        let scripted = [SCRIPT, "-qec", inner, "/dev/null"];
        let lines = lines(&zone.run(&[&tools[..], &scripted].concat()), 5);
        assert_eq!(lines[0], format!("/dev/pts/{}", lines[1]));
        assert_eq!(lines[2..], ["ptmx", "character special file,88", "own"]);
    });
}

#[test]
fn terminals_of_others_are_not_there() {
    Zone::each("foreign-tty", |zone| {
        let pty = openpty(None, None).expect("it is made");
        let name = ttyname(&pty.slave).expect("it has one");
        chown(&name, Some(zone.user), None).expect("it is given away");
        let name = name.to_str().expect("plain");
        let text = zone.sh(&format!(
            "echo x >{name} || echo refused; cd /dev/pts; ls; echo x >${{PWD}}/../pts/{} || echo refused",
            name.rsplit('/').next().unwrap_or_default()
        ));
        assert_eq!(text.matches("refused").count(), 2, "{text}");
        assert!(text.lines().any(|line| line == "ptmx"), "{text}");
        let mut master = [PollFd::new(pty.master.as_fd(), PollFlags::POLLIN)];
        let ready = poll(&mut master, PollTimeout::ZERO);
        assert_eq!(ready, Ok(0), "nothing was written to it");
    });
}
