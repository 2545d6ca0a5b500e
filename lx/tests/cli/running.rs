//! The commands that look at zones that run, end them and enter them.

use crate::common::{run, stderr, stdout};
use crate::rooted::{Zone, wait_for};
use std::os::unix::fs::symlink;
use std::os::unix::process::ExitStatusExt;
use std::process::Child;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// A zone that sleeps.
struct Running<'a> {
    zone: &'a Zone,
    name: String,
    child: Child,
}

impl<'a> Running<'a> {
    fn start(zone: &'a Zone, name: &str, options: &[&str]) -> Self {
        let script = "sleep 1000 & exec sleep 1000";
        let arguments = [&["--name", name], options, &["sh", "-c", script]].concat();
        let child = zone.zoned(&arguments).spawn().expect("it starts");
        let start = Instant::now();
        let sleepers = || {
            stdout(&run(zone.lx(&["ps", name])))
                .matches("  sleep 1000\n")
                .count()
        };
        while sleepers() != 2 {
            assert!(start.elapsed() < Duration::from_secs(60), "it never slept");
            sleep(Duration::from_millis(5));
        }
        let name = name.to_owned();
        Self { zone, name, child }
    }

    /// What a command of lx says.
    fn says(&self, arguments: &[&str]) -> String {
        let output = run(self.zone.lx(arguments));
        let message = stderr(&output);
        assert!(output.status.success(), "{arguments:?}: {message}");
        stdout(&output)
    }

    fn json(&self, arguments: &[&str]) -> serde_json::Value {
        serde_json::from_str(&self.says(arguments)).expect("it is JSON")
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if self.child.try_wait().expect("it can be asked").is_none() {
            run(self.zone.lx(&["kill", &self.name]));
            self.child.wait().expect("it ends");
        }
    }
}

#[test]
fn a_program_more_is_in_the_zone_as_the_others() {
    Zone::each("zone-exec", |zone| {
        let name = format!("exec-{}", std::process::id());
        let options = ["--hostname", "h", "--kernel-version", "4.14.7"];
        let running = Running::start(zone, &name, &options);
        let script = "id -u; hostname; pwd; echo $A $HOME; uname -r; kill -0 1 2 && echo reached; \
            cat /proc/2/comm; echo $(cat /proc/sys/kernel/hostname) /proc/[0-9]*; \
            cat /proc/self/status";
        let exec = ["exec", "-e", "A=b", "-w", "/bin", &name, "sh", "-c", script];
        symlink("busybox", zone.path("root/bin/uname")).expect("it is made");
        let text = running.says(&exec);
        let lines: Vec<&str> = text.lines().collect();
        let expected = ["0", "h", "/bin", "b /", "4.14.7", "reached"];
        assert_eq!(lines[..6], expected, "{text}");
        // Busybox gives itself the tool's name some time after its start.
        assert!(["busybox", "sleep"].contains(&lines[6]), "{text}");
        assert!(
            lines[7].starts_with("h /proc/0 /proc/1 /proc/2 /proc/"),
            "{text}"
        );
        // Nobody has no ids but his own, for which programs could gain anything.
        let gains_nothing = format!("NoNewPrivs:\t{}", u8::from(zone.user != 0));
        for line in ["PPid:\t0", &gains_nothing, "CapPrm:\t00000000a00425fb"] {
            assert!(lines.contains(&line), "{line}: {text}");
        }
        let status = |arguments: &[&str]| {
            let output = run(zone.lx(&[&["exec"], arguments].concat()));
            (output.status.code(), stderr(&output))
        };
        assert_eq!(status(&[&name, "sh", "-c", "exit 9"]).0, Some(9));
        assert_eq!(status(&[&name, "nothing"]).0, Some(127));
        assert_eq!(status(&["-u", "bob", &name, "true"]).0, Some(125));
        assert_eq!(status(&["no-zone", "true"]).0, Some(125));
        if zone.user == 0 {
            let text = running.says(&["exec", "-u", "7:8", &name, "id"]);
            assert_eq!(text, "uid=7 gid=8\n");
        }
        drop(running);
        zone.nothing_is_left();
    });
}

#[test]
fn a_program_more_ends_with_the_zone() {
    Zone::each("zone-exec-end", |zone| {
        let name = format!("exec-end-{}", std::process::id());
        let running = Running::start(zone, &name, &[]);
        let mut child = zone
            .lx(&["exec", &name, "sh", "-c", "echo > /in; sleep 1000"])
            .spawn()
            .expect("it starts");
        wait_for(zone, "in");
        running.says(&["kill", &name]);
        assert_eq!(child.wait().expect("it ends").signal(), Some(9));
        drop(running);
        zone.nothing_is_left();
    });
}

#[test]
fn a_terminal_is_of_the_zone() {
    Zone::each("zone-tty", |zone| {
        let script = "tty; stty size; exit 6";
        let output = zone.run(&["-t", "sh", "-c", script]);
        let text = stdout(&output);
        assert_eq!(output.status.code(), Some(6), "{}", stderr(&output));
        assert!(text.starts_with("/dev/pts/0\r\n"), "{text}");
        let name = format!("tty-{}", std::process::id());
        let running = Running::start(zone, &name, &[]);
        let text = running.says(&["exec", "-it", &name, "tty"]);
        assert_eq!(text, "/dev/pts/0\r\n");
        // What it is told comes from a terminal too: an empty input ends it.
        let text = running.says(&["exec", "-t", &name, "cat"]);
        assert_eq!(text, "");
    });
}

#[test]
fn zones_and_their_processes_are_listed_and_ended() {
    Zone::each("zone-list", |zone| {
        let name = format!("list-{}", std::process::id());
        let mut running = Running::start(zone, &name, &[]);
        let zones = running.json(&["zones", "--json"]);
        let zones = zones.as_array().expect("a list");
        assert!(zones.iter().any(|zone| zone["name"] == *name), "{zones:?}");
        assert!(running.says(&["zones"]).contains(&format!("\n{name} ")));
        let processes = running.json(&["ps", &name, "--json"]);
        let processes = processes.as_array().expect("a list");
        assert_eq!(processes.len(), 2, "{processes:?}");
        for (process, pid) in processes.iter().zip(1..) {
            assert_eq!(process["pid"], pid, "{processes:?}");
            assert_eq!(process["uid"], 0, "{processes:?}");
            assert_eq!(process["command"], "sleep 1000", "{processes:?}");
        }
        assert!(running.says(&["ps"]).contains("sleep 1000"));

        // Process 1 has no handler for it.
        running.says(&["kill", "-s", "TERM", &name]);
        assert!(running.child.try_wait().expect("it can be asked").is_none());
        running.says(&["kill", &name]);
        zone.nothing_is_left();
        assert_eq!(running.child.wait().expect("it ends").signal(), Some(9));
        let again = run(zone.lx(&["kill", &name]));
        assert_eq!(again.status.code(), Some(125));
        assert!(stderr(&again).contains("not running"), "{again:?}");
    });
}

/// Whatever command comes next.
#[test]
fn dead_zones_are_cleaned_up() {
    Zone::each("zone-dead", |zone| {
        let name = format!("dead-{}", std::process::id());
        let mut running = Running::start(zone, &name, &[]);
        running.child.kill().expect("it is killed");
        running.child.wait().expect("it ends");
        drop(running);
        run(zone.lx(&["info"]));
        zone.nothing_is_left();
    });
}

#[test]
fn inspect_says_what_a_zone_is_and_how_it_is_confined() {
    Zone::each("zone-report", |zone| {
        let name = format!("report-{}", std::process::id());
        let options = ["--allow-weaker", "landlock-scopes", "--hostname", "h"];
        let running = Running::start(zone, &name, &options);
        let state = running.json(&["zone", "inspect", &name]);
        drop(running);
        assert_eq!(state["state"], "running");
        assert_eq!(state["config"]["hostname"], "h");
        let layers = state["confinement"].as_array().expect("a list");
        for name in ["seccomp", "capabilities", "limits", "descriptors"] {
            let layer = layers.iter().find(|layer| layer["layer"] == name);
            assert_eq!(layer.expect(name)["active"], true, "{name}");
        }
        let layer = layers.iter().find(|layer| layer["layer"] == "no-new-privs");
        let layer = layer.expect("it is there");
        // Nobody has no ids but his own.
        let is_root = zone.user == 0;
        assert_eq!(layer["active"], !is_root, "{layer}");
        let why = if is_root {
            "allowed"
        } else {
            "no ids but its own"
        };
        let detail = layer["detail"].as_str().unwrap_or_default();
        assert!(detail.contains(why), "{layer}");
        zone.nothing_is_left();
    });
}
