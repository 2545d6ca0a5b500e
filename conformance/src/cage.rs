//! Namespaces with whose end everything ends that a run began: processes, mounts, System V objects,
//! message queues, shared memory, the host name.
//!
//! This program starts itself twice over for that. `@cage` makes the namespaces and its child in
//! them; that one, `@first`, is the first process of the process namespace, makes the mounts, starts
//! the run's program, reaps, and writes down how the program ended. When either dies, the kernel
//! kills all the rest. `@restricted` starts a program in the restricted environment alone. These names
//! are no commands for users.

use crate::child::{End, Job, end_of};
use crate::lx;
use crate::restricted;
use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use nix::unistd::{Gid, Uid, getegid, geteuid, setsid};
use rustix::mount::{MountFlags, MountPropagationFlags, mount, mount_change};
use rustix::process::{WaitOptions, wait};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus, Stdio};
use std::sync::OnceLock;

const OUTER: &str = "@cage";
const INNER: &str = "@first";
/// The role that is the restricted environment.
pub(crate) const BARED: &str = "@restricted";
/// Asks for the restricted environment.
const RESTRICTED: &str = "restricted";

/// The program that makes them, where this machine lets it.
#[derive(Clone, Debug)]
pub(crate) struct Cage(PathBuf);

impl Cage {
    /// None where it cannot be made: a run is then only a process group.
    pub(crate) fn find() -> Option<&'static Self> {
        static FOUND: OnceLock<Option<Cage>> = OnceLock::new();
        FOUND.get_or_init(Self::probe).as_ref()
    }

    fn probe() -> Option<Self> {
        let own = std::env::current_exe().ok()?;
        // The tests of this crate are other programs.
        let named = own.file_name() == Some(OsStr::new("conformance"));
        let program = if named {
            own
        } else {
            lx::beside("conformance")?
        };
        let mut command = Command::new(&program);
        command.args([OUTER, "/dev/null", "-", "-", "true"]);
        let works = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        works
            .is_ok_and(|status| status.success())
            .then_some(Self(program))
    }

    /// What runs a job, but for the job's own line; `status` is the file for how it ends.
    pub(crate) fn command(&self, job: &Job, status: &Path) -> Command {
        let mut command = Command::new(&self.0);
        let place = if job.restricted { RESTRICTED } else { "-" };
        let numbers = job.numbers_from.map_or("-".to_owned(), |n| n.to_string());
        command.arg(OUTER).arg(status).args([place, &numbers]);
        command
    }
}

/// How a caged run ended, as its first process wrote it down.
pub(crate) fn end(status: &Path) -> Option<End> {
    let raw = fs::read_to_string(status).ok()?.trim().parse().ok()?;
    Some(end_of(ExitStatus::from_raw(raw)))
}

/// Does what the arguments of this program ask for, if they are those of a cage.
#[must_use]
pub fn answer() -> Option<ExitCode> {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let (role, rest) = arguments.split_first()?;
    let result = match role.to_str()? {
        OUTER => outer(rest),
        INNER => inner(rest),
        BARED => bared(rest),
        _ => return None,
    };
    Some(result.unwrap_or_else(|why| {
        eprintln!("conformance: cage: {why}");
        ExitCode::from(2)
    }))
}

fn outer(arguments: &[OsString]) -> Result<ExitCode, String> {
    set_pdeathsig(Signal::SIGKILL).map_err(|e| format!("prctl: {e}"))?;
    let mut spaces = CloneFlags::CLONE_NEWPID
        | CloneFlags::CLONE_NEWNS
        | CloneFlags::CLONE_NEWIPC
        | CloneFlags::CLONE_NEWUTS;
    let (user, group) = (geteuid(), getegid());
    if !user.is_root() {
        spaces |= CloneFlags::CLONE_NEWUSER;
    }
    unshare(spaces).map_err(|e| format!("unshare: {e}"))?;
    if !user.is_root() {
        map_self(user, group)?;
    }
    let mut child = again(INNER, arguments)?;
    let status = child.wait().map_err(|e| format!("wait: {e}"))?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// An ordinary user's own number is the only one that it may map (user_namespaces(7)).
fn map_self(user: Uid, group: Gid) -> Result<(), String> {
    let write = |file: &str, text: String| {
        let path = Path::new("/proc/self").join(file);
        fs::write(&path, text).map_err(|e| format!("{}: {e}", path.display()))
    };
    write("setgroups", "deny".to_owned())?;
    write("uid_map", format!("{user} {user} 1"))?;
    write("gid_map", format!("{group} {group} 1"))
}

fn again(role: &str, arguments: &[OsString]) -> Result<std::process::Child, String> {
    let own = std::env::current_exe().map_err(|e| format!("current executable: {e}"))?;
    Command::new(own)
        .arg(role)
        .args(arguments)
        .spawn()
        .map_err(|e| format!("{role}: {e}"))
}

fn bared(arguments: &[OsString]) -> Result<ExitCode, String> {
    let [program, rest @ ..] = arguments else {
        return Err("too few arguments".to_owned());
    };
    let started = restricted::spawn(Command::new(program).args(rest));
    let status = started.and_then(|mut child| child.wait());
    let status = status.map_err(|e| format!("{}: {e}", Path::new(program).display()))?;
    let number = status.code().or(status.signal().map(|signal| 128 + signal));
    Ok(ExitCode::from(
        number
            .and_then(|number| u8::try_from(number).ok())
            .unwrap_or(u8::MAX),
    ))
}

fn inner(arguments: &[OsString]) -> Result<ExitCode, String> {
    set_pdeathsig(Signal::SIGKILL).map_err(|e| format!("prctl: {e}"))?;
    let [status, place, numbers_from, program, rest @ ..] = arguments else {
        return Err("too few arguments".to_owned());
    };
    let number = |word: &OsString| word.to_str().and_then(|word| word.parse::<u32>().ok());
    setsid().map_err(|e| format!("setsid: {e}"))?;
    mounts()?;
    if let Some(number) = number(numbers_from) {
        // Where that cannot be written, names made of process numbers may meet.
        let _ = fs::write("/proc/sys/kernel/ns_last_pid", number.to_string());
    }
    let mut command = Command::new(program);
    command.args(rest).process_group(0);
    let started = match place == RESTRICTED {
        true => restricted::spawn(&mut command),
        false => command.spawn(),
    };
    let child = started.map_err(|e| format!("{}: {e}", Path::new(program).display()))?;
    let pid = i32::try_from(child.id()).map_err(|e| e.to_string())?;
    let raw = loop {
        match wait(WaitOptions::empty()).map_err(|e| format!("wait: {e}"))? {
            Some((of, status)) if of.as_raw_nonzero().get() == pid => break status.as_raw(),
            _ => {}
        }
    };
    fs::write(status, raw.to_string())
        .map_err(|e| format!("{}: {e}", Path::new(status).display()))?;
    Ok(ExitCode::SUCCESS)
}

/// What shows the processes, and what is held in memory by name, is the run's own.
fn mounts() -> Result<(), String> {
    mount_change(
        "/",
        MountPropagationFlags::REC | MountPropagationFlags::PRIVATE,
    )
    .map_err(|e| format!("mounts: {e}"))?;
    let quiet = MountFlags::NOSUID | MountFlags::NODEV;
    mount("proc", "/proc", "proc", quiet | MountFlags::NOEXEC, None)
        .map_err(|e| format!("/proc: {e}"))?;
    if Path::new("/dev/shm").is_dir() {
        mount("shm", "/dev/shm", "tmpfs", quiet, Some(c"mode=1777"))
            .map_err(|e| format!("/dev/shm: {e}"))?;
    }
    Ok(())
}

/// Frees the devices that belong to no namespace and whose files lie in the folder.
pub(crate) fn free_devices(folder: &Path) {
    for device in loop_devices_of(folder) {
        quietly("losetup", &["-d".as_ref(), device.as_ref()]);
    }
    let swaps = fs::read_to_string("/proc/swaps").unwrap_or_default();
    let files = swaps.lines().filter_map(|line| line.split(' ').next());
    for file in files.map(Path::new).filter(|file| file.starts_with(folder)) {
        quietly("swapoff", &[file]);
    }
}

/// Removes a folder that programs of any kind have worked in.
pub(crate) fn remove(folder: &Path) {
    if fs::remove_dir_all(folder).is_ok() || !folder.exists() {
        return;
    }
    // Programs set the immutable and append-only attributes on files.
    quietly("chattr", &["-R".as_ref(), "-ia".as_ref(), folder]);
    // What cannot be removed stays for the system's own cleaning of the folder it lies in.
    drop(fs::remove_dir_all(folder));
}

/// Loop devices whose backing file lies in the folder.
fn loop_devices_of(folder: &Path) -> Vec<PathBuf> {
    let Ok(listed) = fs::read_dir("/sys/block") else {
        return Vec::new();
    };
    listed
        .filter_map(|entry| entry.ok())
        .filter(|entry| {
            fs::read_to_string(entry.path().join("loop/backing_file"))
                .is_ok_and(|file| Path::new(file.trim()).starts_with(folder))
        })
        .map(|entry| Path::new("/dev").join(entry.file_name()))
        .collect()
}

/// Runs a clean-up tool; a failure leaves only what the next clean-up finds again.
fn quietly(program: &str, arguments: &[&Path]) {
    let command = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    drop(command);
}
