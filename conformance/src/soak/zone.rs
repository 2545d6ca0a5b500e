//! A zone of the soak's, and whether anything of it is left.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// In the environment of all that is started, with the zone's name: what is left over is found by it.
const MARK: &str = "LX_SOAK";
/// How long the end of a zone's processes may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A zone that runs: the lx process, which is its zsched, and what lx knows of it.
pub(super) struct Zone {
    lx: PathBuf,
    name: String,
    zsched: Child,
    directory: PathBuf,
    groups: Vec<PathBuf>,
    first: i32,
}

impl Zone {
    /// Starts one with the host's root that runs a script of the shell with one argument.
    pub(super) fn start(
        lx: &Path,
        name: &str,
        script: &str,
        argument: &Path,
    ) -> Result<Self, String> {
        let zsched = Command::new(lx)
            .args(["run", "--isolation", "namespaces", "--name", name])
            .args([
                "--memory", "512m", "--pids", "300", "--", "/bin/sh", "-c", script, "sh",
            ])
            .arg(argument)
            .env(MARK, name)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|e| format!("{}: {e}", lx.display()))?;
        let mut zone = Self {
            lx: lx.to_owned(),
            name: name.to_owned(),
            zsched,
            directory: PathBuf::new(),
            groups: Vec::new(),
            first: 0,
        };
        match zone.look_up() {
            Ok(()) => Ok(zone),
            Err(why) => {
                zone.kill_zsched()?;
                Err(why)
            }
        }
    }

    /// Waits until lx says that it runs.
    fn look_up(&mut self) -> Result<(), String> {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(told) = self.told()? {
                let path = |value: &Value| value.as_str().map(PathBuf::from);
                let first = told["init"]["pid"]
                    .as_i64()
                    .and_then(|pid| i32::try_from(pid).ok());
                self.directory = path(&told["directory"]).unwrap_or_default();
                self.groups = told["cgroups"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(path)
                    .collect();
                self.first = first.ok_or_else(|| format!("{}: no first process", self.name))?;
                return Ok(());
            }
            if Instant::now() > until {
                return Err(format!("{}: did not start", self.name));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// What `lx zones` says of it.
    fn told(&self) -> Result<Option<Value>, String> {
        let output = Command::new(&self.lx)
            .args(["zones", "--json"])
            .output()
            .map_err(|e| format!("lx zones: {e}"))?;
        let all: Vec<Value> =
            serde_json::from_slice(&output.stdout).map_err(|e| format!("lx zones: {e}"))?;
        Ok(all
            .into_iter()
            .find(|zone| zone["name"] == self.name.as_str()))
    }

    /// zsched's number.
    pub(super) fn zsched(&self) -> u32 {
        self.zsched.id()
    }

    /// The host's number of its first process.
    pub(super) fn first(&self) -> i32 {
        self.first
    }

    /// Its processes but the first and zsched's.
    pub(super) fn others(&self) -> Vec<i32> {
        let own = i32::try_from(self.zsched.id()).unwrap_or(0);
        let known = [own, self.first];
        let of_guest = |pid: &i32| !known.contains(pid) && parent(*pid) != Some(own);
        marked(&self.name).into_iter().filter(of_guest).collect()
    }

    /// Runs a command in it: whether that ended well.
    pub(super) fn exec(&self, words: &[&str]) -> Result<bool, String> {
        let status = Command::new(&self.lx)
            .args(["exec", &self.name, "--"])
            .args(words)
            .env(MARK, &self.name)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .status();
        Ok(status.map_err(|e| format!("lx exec: {e}"))?.success())
    }

    /// Kills zsched.
    pub(super) fn kill_zsched(&mut self) -> Result<(), String> {
        self.zsched
            .kill()
            .map_err(|e| format!("{}: kill: {e}", self.name))
    }

    /// Asks it to end, as one presses Ctrl-C.
    pub(super) fn end(&mut self) -> Result<(), String> {
        let pid = i32::try_from(self.zsched.id()).map_err(|e| e.to_string())?;
        // One that has ended already is what was wanted.
        let _ = kill(Pid::from_raw(self.first), Signal::SIGKILL);
        let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
        Ok(())
    }

    /// Waits for zsched and gives the last line that the script printed; an error when anything of the
    /// zone is left after a while.
    pub(super) fn wait(mut self) -> Result<Option<String>, String> {
        let out = self.zsched.stdout.take();
        self.zsched
            .wait()
            .map_err(|e| format!("{}: wait: {e}", self.name))?;
        let lines = out.into_iter().flat_map(|out| BufReader::new(out).lines());
        let last = lines.map_while(Result::ok).last();
        let until = Instant::now() + PATIENCE;
        loop {
            // Any command of lx removes what dead zones left.
            let told = self.told()?;
            let left = self.left(told.is_some());
            if left.is_empty() {
                return Ok(last);
            }
            if Instant::now() > until {
                return Err(format!("{}: left: {}", self.name, left.join(", ")));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn left(&self, listed: bool) -> Vec<String> {
        let mut left = Vec::new();
        if listed {
            left.push("the zone in lx zones".to_owned());
        }
        left.extend(
            marked(&self.name)
                .iter()
                .map(|pid| format!("process {pid}")),
        );
        let paths = self.groups.iter().chain([&self.directory]);
        let there = paths.filter(|path| path.exists());
        left.extend(there.map(|path| path.display().to_string()));
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        let mounted = mounts.lines().filter(|line| line.contains(&self.name));
        left.extend(mounted.map(|line| format!("mount {line}")));
        left
    }
}

impl Drop for Zone {
    fn drop(&mut self) {
        // Whatever ended the soak before it ended the zone. One that was waited for is not there.
        drop(self.zsched.kill());
        drop(self.zsched.wait());
    }
}

/// The processes with this mark in their environment that have not ended.
fn marked(name: &str) -> Vec<i32> {
    let wanted = format!("{MARK}={name}");
    let has = |pid: &i32| {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment
            .split(|byte| *byte == 0)
            .any(|one| one == wanted.as_bytes())
    };
    let own = i32::try_from(std::process::id()).unwrap_or(0);
    let listed = fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = listed.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    numbers.filter(|pid| *pid != own && has(pid)).collect()
}

/// The parent of a process (proc_pid_stat(5)).
fn parent(pid: i32) -> Option<i32> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    text.rsplit_once(')')?
        .1
        .split_whitespace()
        .nth(1)?
        .parse()
        .ok()
}
