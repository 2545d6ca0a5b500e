//! One bounded run of one case, in namespaces of its own.
//!
//! A case may leave processes in new sessions, mounts, SysV objects and host names behind, and a
//! layer that is at fault may send a signal to every process there is. So the command runs as a
//! descendant of the first process of a new PID namespace, with new mount, IPC and UTS
//! namespaces (util-linux `unshare`): when that first process is killed, the kernel ends all the
//! rest. Loop devices and swap files belong to no namespace and are looked for afterwards.

use super::output;
use super::record::{End, Run};
use crate::lx::Mode;
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// More output than this ends a run, and no more than this is read.
const MOST_OUTPUT: u64 = 16 << 20;

/// What to run.
#[derive(Clone, Copy, Debug)]
pub struct Plan<'a> {
    /// Where LTP is installed.
    pub ltp: &'a Path,
    /// The case's shell command.
    pub command: &'a str,
    /// Under this lx in this mode, or natively.
    pub lx: Option<(&'a Path, Mode)>,
    /// Wall time after which all of it is killed.
    pub limit: Duration,
    /// LTP_RUNTIME_MUL.
    pub runtime: f32,
}

/// The first process of the namespace: it starts process numbers at a place of its own, since
/// cases name control groups after theirs, and stays, since the first process of a namespace
/// is immune to signals that it does not handle. It sets the soft limit of descriptors that
/// the kernel gives to its first process, since cases open as many as they may.
const FIRST: &str = "echo \"$0\" >/proc/sys/kernel/ns_last_pid 2>/dev/null; \
                     ulimit -S -n 1024; \"$@\"; exit $?";

/// Runs it.
pub fn run(plan: &Plan<'_>) -> Result<Run, String> {
    static SERIAL: AtomicU32 = AtomicU32::new(0);
    let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("lx-ltp-{}-{serial}", std::process::id()));
    let work = folder.join("tmp");
    fs::create_dir_all(&work).map_err(|e| format!("{}: {e}", work.display()))?;
    // Cases change to an unprivileged user and go on working in here.
    for path in [&folder, &work] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o777)).map_err(|e| e.to_string())?;
    }
    let result = run_in(plan, &folder, &work, serial);
    clean(&folder);
    result
}

fn run_in(plan: &Plan<'_>, folder: &Path, work: &Path, serial: u32) -> Result<Run, String> {
    let out = folder.join("out");
    let output = File::create(&out).map_err(|e| format!("{}: {e}", out.display()))?;
    let errors = output.try_clone().map_err(|e| e.to_string())?;
    let mut command = command(plan, work, serial);
    command.stdin(Stdio::null()).stdout(output).stderr(errors);
    let begun = Instant::now();
    let mut child = command.spawn().map_err(|e| format!("setsid: {e}"))?;
    let status = wait(&mut child, begun + plan.limit, &out)?;
    let seconds = begun.elapsed().as_secs_f64();
    let text = read_some(&out)?;
    Ok(Run {
        end: status.map_or(End::TimeLimit, |status| End::Exit(code(status))),
        seconds,
        counts: output::count(&text),
        lines: output::telling_lines(&text),
    })
}

fn command(plan: &Plan<'_>, work: &Path, serial: u32) -> Command {
    // Not a group leader, so that setsid(1) does not fork and the child is the session.
    let mut command = Command::new("setsid");
    command
        .args(["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"])
        .args(["--mount", "--ipc", "--uts", "--", "/bin/sh", "-c", FIRST])
        .arg(format!("{}", 2000 + serial % 200 * 100));
    if let Some((lx, mode)) = plan.lx {
        command
            .arg(lx)
            .arg("run")
            .args(mode.options())
            .arg("--")
            .env("LX_INTERCEPT", mode.intercept());
    }
    let path = std::env::var("PATH").unwrap_or_default();
    let bin = plan.ltp.join("testcases/bin");
    command
        .args(["/bin/sh", "-c", plan.command])
        .current_dir(work)
        .env("LTPROOT", plan.ltp)
        .env("PATH", format!("{path}:/usr/sbin:/sbin:{}", bin.display()))
        .env("TMPDIR", work)
        .env("LTP_COLORIZE_OUTPUT", "0")
        .env("LTP_RUNTIME_MUL", plan.runtime.to_string())
        .env("LTP_TIMEOUT_MUL", if plan.lx.is_some() { "2" } else { "1" })
        .env("LC_ALL", "C");
    command
}

/// Waits to the limit, then kills the session's first process, and with it the namespace.
fn wait(child: &mut Child, until: Instant, out: &Path) -> Result<Option<ExitStatus>, String> {
    let mut pause = Duration::from_micros(500);
    loop {
        if let Some(status) = child.try_wait().map_err(|e| format!("wait: {e}"))? {
            return Ok(Some(status));
        }
        let flooded = || fs::metadata(out).is_ok_and(|meta| meta.len() > MOST_OUTPUT);
        if Instant::now() >= until || flooded() {
            break;
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    }
    let pid = Pid::from_raw(child.id().cast_signed());
    // ESRCH only tells that it ended by itself meanwhile.
    let _ = kill(pid, Signal::SIGKILL);
    let _ = killpg(pid, Signal::SIGKILL);
    child.wait().map_err(|e| format!("wait: {e}"))?;
    Ok(None)
}

/// The status as a shell reports it.
fn code(status: ExitStatus) -> i32 {
    status
        .code()
        .unwrap_or_else(|| 128 + status.signal().unwrap_or(0))
}

fn read_some(path: &Path) -> Result<String, String> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MOST_OUTPUT).read_to_end(&mut bytes))
        .map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Frees what no namespace frees, then removes the folder.
fn clean(folder: &Path) {
    for device in loop_devices_of(folder) {
        quietly("losetup", &["-d".as_ref(), device.as_ref()]);
    }
    let swaps = fs::read_to_string("/proc/swaps").unwrap_or_default();
    let files = swaps.lines().filter_map(|line| line.split(' ').next());
    for file in files.map(Path::new).filter(|file| file.starts_with(folder)) {
        quietly("swapoff", &[file]);
    }
    if fs::remove_dir_all(folder).is_err() {
        // Cases set the immutable and append-only attributes on files.
        quietly("chattr", &["-R".as_ref(), "-ia".as_ref(), folder]);
        drop(fs::remove_dir_all(folder));
    }
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
