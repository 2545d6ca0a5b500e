//! How zones end, and what they may use.

use crate::common::{stderr, stdout};
use crate::rooted::{Zone, wait_for};
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

#[test]
fn the_exit_status_is_the_programs() {
    Zone::each("zone-status", |zone| {
        assert_eq!(zone.run(&["sh", "-c", "exit 7"]).status.code(), Some(7));
        assert!(zone.prints(&["--init", "sh", "-c", "echo $$"]).trim() != "1");
        assert_eq!(
            zone.run(&["--init", "sh", "-c", "exit 7"]).status.code(),
            Some(7)
        );
        let killed = zone.run(&["--init", "sh", "-c", "kill -9 $$"]);
        assert_eq!(killed.status.code(), Some(137));
        zone.fails(&["no-such-program"], 127, "not found");
        zone.fails(&["/bin/none"], 127, "No such file");
        zone.fails(&["/bin"], 126, "directory");
        zone.nothing_is_left();
    });
}

#[test]
fn signals_are_passed_on() {
    Zone::each("zone-signals", |zone| {
        let script =
            "trap 'echo usr1' USR1; trap 'exit 3' TERM; touch /up; while :; do sleep 0.1; done";
        let child = zone
            .zoned(&["sh", "-c", script])
            .stdout(Stdio::piped())
            .spawn();
        let child = child.expect("it starts");
        wait_for(zone, "up");
        let pid = nix::unistd::Pid::from_raw(i32::try_from(child.id()).expect("a pid"));
        let send = |signal| nix::sys::signal::kill(pid, signal).expect("it is sent");
        send(nix::sys::signal::Signal::SIGUSR1);
        sleep(Duration::from_millis(300));
        send(nix::sys::signal::Signal::SIGTERM);
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(output.status.code(), Some(3));
        assert_eq!(stdout(&output), "usr1\n");
    });
}

#[test]
fn the_zone_ends_with_zsched() {
    Zone::each("zone-killed", |zone| {
        let mark = format!("{}", 100_000 + std::process::id());
        let script = format!("sleep {mark} & touch /up; exec sleep {mark}");
        let mut child = zone
            .zoned(&["--name", "z", "sh", "-c", &script])
            .spawn()
            .expect("it starts");
        wait_for(zone, "up");
        zone.run(&["--name", "other", "true"]);
        let second = zone.run(&["--name", "z", "true"]);
        assert_eq!(second.status.code(), Some(125));
        assert!(stderr(&second).contains("running already"), "{second:?}");
        child.kill().expect("it is killed");
        assert_eq!(child.wait().expect("it ends").signal(), Some(9));
        let start = Instant::now();
        while anyone_runs(&mark) {
            assert!(
                start.elapsed() < Duration::from_secs(60),
                "the zone lives on"
            );
            sleep(Duration::from_millis(5));
        }
        // Its name is free again, and what it left is gone.
        zone.prints(&["--name", "z", "true"]);
        zone.nothing_is_left();
    });
}

/// Another user's process 1 is one that the kernel would not kill.
#[test]
fn the_zone_ends_with_zsched_whoever_runs_in_it() {
    Zone::each("zone-guard", |zone| {
        if zone.user != 0 {
            return;
        }
        let mark = format!("{}", 200_000 + std::process::id());
        fs::create_dir(zone.path("root/etc")).expect("it is made");
        fs::write(zone.path("root/etc/passwd"), "ann:x:7:8::/:/bin/sh\n").expect("written");
        let command = format!("exec sleep {mark}");
        let mut child = zone
            .zoned(&["busybox", "su", "-c", &command, "ann"])
            .spawn()
            .expect("it starts");
        let start = Instant::now();
        let in_time = |what| assert!(start.elapsed() < Duration::from_secs(60), "{what}");
        while !runs_as(&mark, 7) {
            in_time("it never changed its user");
            sleep(Duration::from_millis(5));
        }
        child.kill().expect("it is killed");
        child.wait().expect("it ends");
        while anyone_runs(&mark) {
            in_time("the zone lives on");
            sleep(Duration::from_millis(5));
        }
    });
}

#[test]
fn limits_hold_or_are_refused() {
    Zone::each("zone-limits", |zone| {
        let name = format!("limits-{}", std::process::id());
        let limits = [
            "--name", &name, "--memory", "64m", "--pids", "20", "--cpus", "0.5",
        ];
        let script = "sleep 1.2; while read a b c; do echo $b; break; done < /proc/meminfo; \
            head -c 200m /dev/zero | tail > /dev/null || echo $?";
        let arguments = [&limits[..], &["--init", "sh", "-c", script]].concat();
        let output = zone.run(&arguments);
        if !output.status.success() {
            let message = stderr(&output);
            assert_eq!(output.status.code(), Some(125), "{message}");
            assert!(message.contains("the limit cannot be set"), "{message}");
            assert_eq!(message.lines().count(), 1, "{message}");
            println!("no limits for user {}: {message}", zone.user);
        } else {
            assert!(stdout(&output).starts_with("65536\n"), "{output:?}");
            assert!(stdout(&output).contains("137"), "{output:?}");
            let forks = "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21; do \
                sleep 1 & done";
            let output = zone.run(&[&limits[..], &["sh", "-c", forks]].concat());
            assert!(stderr(&output).contains("fork"), "{output:?}");
        }
        for controller in ["memory", "pids", "cpu", "cpuacct", "unified", ""] {
            let path = Path::new("/sys/fs/cgroup").join(controller);
            assert!(!path.join(format!("lx-{name}")).exists(), "{controller}");
        }
        zone.nothing_is_left();
    });
}

/// Whether a process of that user has `mark` among its arguments.
fn runs_as(mark: &str, user: u32) -> bool {
    with_mark(mark).iter().any(|process| {
        let status = fs::metadata(process);
        status.is_ok_and(|status| std::os::unix::fs::MetadataExt::uid(&status) == user)
    })
}

/// Whether a process has `mark` among its arguments.
fn anyone_runs(mark: &str) -> bool {
    !with_mark(mark).is_empty()
}

/// The directories in /proc of such processes.
fn with_mark(mark: &str) -> Vec<std::path::PathBuf> {
    let processes = fs::read_dir("/proc").expect("it can be read");
    let paths = processes.flatten().map(|entry| entry.path());
    let has = |path: &std::path::PathBuf| {
        let line = fs::read(path.join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line);
        line.split('\0').any(|argument| argument == mark)
    };
    paths.filter(has).collect()
}
