//! One run of all attempts: who starts the zone, its network, and how its calls are caught.

use super::place::{Folders, Place};
use super::table::{IN_ZONE, Line, Shown};
use super::target::Target;
use crate::child::{End, append, end_of, wait};
use crate::way::Intercept;
use std::fmt;
use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// All attempts together may take this long.
const LIMIT: Duration = Duration::from_secs(120);

/// How often a zone is entered in sight of the hunter.
const ENTRIES: usize = 5;

/// Where the attempts run.
#[derive(Clone, Copy, Debug)]
pub(super) enum Where {
    /// In a zone, with the host's network or one of its own.
    Zone { host_net: bool },
    /// In a zone that runs, with a network of its own.
    Joined,
    /// In a zone without namespaces.
    Bare,
    /// Under lx, without a zone.
    Host,
}

/// See above.
pub(super) struct Scenario {
    user: u32,
    place: Where,
    mode: Intercept,
    /// Tells this run's names apart from those of others.
    tag: String,
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = match self.place {
            Where::Zone { host_net: false } => format!("{IN_ZONE}, own network"),
            Where::Zone { host_net: true } => format!("{IN_ZONE}, host's network"),
            Where::Joined => format!("{IN_ZONE} entered"),
            Where::Bare => format!("{IN_ZONE} without namespaces"),
            Where::Host => ", no zone".to_owned(),
        };
        write!(f, "user {}{place}, {}", self.user, self.mode.name())
    }
}

impl Scenario {
    pub(super) fn new(user: u32, place: Where, mode: Intercept) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let serial = NEXT.fetch_add(1, Ordering::Relaxed);
        let tag = format!("{}-{serial}", std::process::id());
        Self {
            user,
            place,
            mode,
            tag,
        }
    }

    /// Makes the attempts whose name contains `filter`.
    pub(super) fn run(&self, place: &Place, filter: &str) -> Result<Shown, String> {
        let folders = Folders::make(place, self.user)?;
        let before = HostState::read(place)?;
        let host = self.host_target(place, &folders)?;
        let other = self.other_target(place, &folders)?;
        let mut facts = host.arguments("host");
        facts.extend(other.arguments("other"));
        facts.push(format!("only={filter}"));
        facts.push(format!("secret={}", self.secret("host")));
        facts.push(format!("host.lx={}", place.idle_lx().display()));
        facts.push(format!("host.disk={}", disk()));

        let running = place.running()?;
        facts.push(format!("host.running={running}"));

        let hunter = match self.place {
            Where::Joined => Some(self.hunter(place, &folders, &facts)?),
            _ => None,
        };
        let output = folders.path("attempts");
        let mut command = self.attempts(place, &folders, &facts);
        let end = finish(&mut command, File::open("/dev/null"), &output)?;
        let text = fs::read_to_string(&output).map_err(|error| error.to_string())?;
        let mut shown = Shown {
            lines: text.lines().filter_map(Line::parse).collect(),
            touched: Vec::new(),
        };
        if end != End::Exit(0) || !text.lines().any(|line| line == "end") {
            let last = text.lines().last().unwrap_or("no output");
            return Err(format!("the attempts ended by {end}: {last}"));
        }
        if !matches!(self.place, Where::Host) {
            shown
                .lines
                .push(self.directory_as_input(place, &folders, &facts)?);
        }
        if let Some(hunter) = hunter {
            shown.lines.push(self.hunt(place, &folders, hunter)?);
        }
        for (target, name) in [(host, "the host's"), (other, "the other zone's")] {
            let touched = target.end()?;
            let named = touched.into_iter().map(|what| format!("{name} {what}"));
            shown.touched.extend(named);
        }
        shown
            .touched
            .extend(before.changes(&HostState::read(place)?));
        Ok(shown)
    }

    fn secret(&self, whose: &str) -> String {
        format!("secret-{whose}-{}", self.tag)
    }

    fn as_user(&self, command: &mut Command) {
        if nix::unistd::geteuid().as_raw() != self.user {
            command.uid(self.user).gid(self.user);
        }
        // kill(2) of a group is among the attempts.
        command.process_group(0);
    }

    fn lx(&self, place: &Place, folders: &Folders, action: &str) -> Command {
        let mut command = Command::new(place.lx());
        command
            .arg(action)
            .env_clear()
            .env("LX_INTERCEPT", self.mode.name())
            .env("XDG_RUNTIME_DIR", folders.path("run"));
        self.as_user(&mut command);
        command
    }

    fn zone(&self, place: &Place, folders: &Folders, root: &str) -> Command {
        let mut command = self.lx(place, folders, "run");
        let how = match self.place {
            Where::Zone { host_net: true } => ["--net", "host"],
            Where::Bare => ["--isolation", "bare"],
            _ => ["--net", "none"],
        };
        command.arg("--rootfs").arg(folders.path(root));
        command.args(["--name", &self.zone_name(root)]).args(how);
        command.arg("--");
        command
    }

    /// `lx exec` in the zone that the hunter began.
    fn enter(&self, place: &Place, folders: &Folders) -> Command {
        let mut command = self.lx(place, folders, "exec");
        command.args([&self.zone_name("root"), "--"]);
        command
    }

    fn zone_name(&self, root: &str) -> String {
        format!("lx-escape-{root}-{}", self.tag)
    }

    fn host_target(&self, place: &Place, folders: &Folders) -> Result<Target, String> {
        let mut command = Command::new(place.program());
        let tag = format!("host-{}", self.tag);
        command.arg("target").arg(folders.path("out"));
        command.args([tag, self.secret("host")]);
        self.as_user(&mut command);
        Target::start(command)
    }

    fn other_target(&self, place: &Place, folders: &Folders) -> Result<Target, String> {
        let mut command = self.zone(place, folders, "other");
        let tag = format!("other-{}", self.tag);
        // Attempts look for the same secret in either place.
        command.args(["/escape", "target", "/out", &tag, &self.secret("host")]);
        let mut target = Target::start(command)?;
        let state = match self.user {
            0 => PathBuf::from("/run/lx/zones"),
            _ => folders.path("run/lx/zones"),
        };
        let state = state.join(self.zone_name("other")).join("state.json");
        target.set("pid", first_process(&state)?.to_string());
        target.set("zsched", target.id().to_string());
        target.set("state", state.display().to_string());
        target.set("root", folders.path("other").display().to_string());
        Ok(target)
    }

    /// A zone that waits for who enters it.
    fn hunter(&self, place: &Place, folders: &Folders, facts: &[String]) -> Result<Target, String> {
        let mut command = self.zone(place, folders, "root");
        command.args(["/escape", "hunt"]).args(facts);
        Target::start(command)
    }

    /// Enters the zone some more times, and asks the hunter what it caught.
    fn hunt(&self, place: &Place, folders: &Folders, hunter: Target) -> Result<Line, String> {
        let output = folders.path("entered");
        for _ in 0..ENTRIES {
            let mut command = self.enter(place, folders);
            command.args(["/escape", "read", "/none", ""]);
            finish(&mut command, File::open("/dev/null"), &output)?;
        }
        let caught = hunter.end()?;
        Ok(Line {
            name: "get out by a process that enters the zone".to_owned(),
            way: "jump".to_owned(),
            reached: !caught.is_empty(),
            end: "nothing caught".to_owned(),
            stopper: "not dumpable".to_owned(),
            unshown: None,
        })
    }

    fn attempts(&self, place: &Place, folders: &Folders, facts: &[String]) -> Command {
        let mut command = match self.place {
            Where::Zone { .. } | Where::Joined | Where::Bare => {
                let mut command = match self.place {
                    Where::Joined => self.enter(place, folders),
                    _ => self.zone(place, folders, "root"),
                };
                command.args(["/escape", "attempts", "zone=1", "here=/tmp"]);
                command.arg("program=/escape");
                let host_net = matches!(self.place, Where::Zone { host_net: true } | Where::Bare);
                command.arg(format!("host_net={}", i32::from(host_net)));
                let bare = matches!(self.place, Where::Bare);
                command.arg(format!("bare={}", i32::from(bare)));
                command
            }
            Where::Host => {
                let mut command = self.lx(place, folders, "run");
                command.arg("--").arg(place.program());
                command.args(["attempts", "zone=0", "host_net=1"]);
                command.arg(format!("here={}", folders.path("here").display()));
                command.arg(format!("program={}", place.program().display()));
                command
            }
        };
        command.args(facts);
        command
    }

    /// From a directory that was opened outside, `..` leads anywhere.
    fn directory_as_input(
        &self,
        place: &Place,
        folders: &Folders,
        facts: &[String],
    ) -> Result<Line, String> {
        let mut facts = facts.to_vec();
        facts.push("only=go up from every descriptor".to_owned());
        facts.rotate_right(1);
        let output = folders.path("directory");
        let mut command = self.attempts(place, folders, &facts);
        command.stderr(Stdio::null());
        let end = finish(&mut command, File::open(folders.path("out")), &output)?;
        let text = fs::read_to_string(&output).map_err(|error| error.to_string())?;
        let reached = text
            .lines()
            .filter_map(Line::parse)
            .any(|line| line.reached);
        Ok(Line {
            name: "go up from a directory as standard input".to_owned(),
            way: "jump".to_owned(),
            reached,
            end: if end == End::Exit(0) {
                "-"
            } else {
                "refused at the start"
            }
            .to_owned(),
            stopper: "lx".to_owned(),
            unshown: None,
        })
    }
}

/// Runs a command to its end, its output to a file.
fn finish(
    command: &mut Command,
    input: std::io::Result<File>,
    output: &Path,
) -> Result<End, String> {
    let input = input.map_err(|error| format!("standard input: {error}"))?;
    let mut child = command
        .stdin(input)
        .stdout(append(output)?)
        .spawn()
        .map_err(|error| format!("{:?}: {error}", command.get_program()))?;
    match wait(&mut child, Instant::now() + LIMIT)? {
        Some(status) => Ok(end_of(status)),
        None => {
            child.kill().map_err(|error| error.to_string())?;
            child.wait().map_err(|error| error.to_string())?;
            Ok(End::TimedOut)
        }
    }
}

/// The host's number of a zone's first process.
fn first_process(state: &Path) -> Result<i64, String> {
    let about = |error: &dyn fmt::Display| format!("{}: {error}", state.display());
    let text = fs::read_to_string(state).map_err(|error| about(&error))?;
    let json: serde_json::Value = serde_json::from_str(&text).map_err(|error| about(&error))?;
    let number = json["init"][0].as_i64();
    number.ok_or_else(|| about(&"it names no first process"))
}

/// The device number of one of the host's disks, or of its memory.
fn disk() -> u64 {
    let table = fs::read_to_string("/proc/partitions").unwrap_or_default();
    let number = |line: &str| {
        let mut words = line.split_whitespace();
        let (major, minor) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        Some(nix::sys::stat::makedev(major, minor))
    };
    table.lines().find_map(number).unwrap_or(0x101)
}

/// What of the host must stay as it is.
struct HostState {
    name: String,
    null_mode: u32,
    lx: (u64, i64, i64),
}

impl HostState {
    fn read(place: &Place) -> Result<Self, String> {
        let name = fs::read_to_string("/proc/sys/kernel/hostname");
        let null = fs::metadata("/dev/null").map_err(|error| format!("/dev/null: {error}"))?;
        let lx = fs::metadata(place.idle_lx()).map_err(|error| format!("lx: {error}"))?;
        Ok(Self {
            name: name.unwrap_or_default(),
            null_mode: null.permissions().mode(),
            lx: (lx.len(), lx.mtime(), lx.mtime_nsec()),
        })
    }

    fn changes(&self, now: &Self) -> Vec<String> {
        let parts = [
            (self.name != now.name, "the host's name"),
            (self.null_mode != now.null_mode, "the host's /dev/null"),
            (self.lx != now.lx, "the lx program"),
        ];
        let changed = parts.into_iter().filter(|(changed, _)| *changed);
        changed.map(|(_, what)| what.to_owned()).collect()
    }
}
