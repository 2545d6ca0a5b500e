//! Runs a command to its end, but never longer than it may.

use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How a command ended.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It ended by itself.
    Done {
        /// Its exit status.
        status: ExitStatus,
        /// What it wrote, as text.
        stdout: String,
        /// What it wrote to standard error.
        stderr: String,
        /// From before its start until it was reaped.
        wall: Duration,
    },
    /// It took too long, and its process group was killed.
    TooLong,
    /// It could not be started.
    NotStarted(io::Error),
}

/// Runs `command` with no input, in a process group of its own.
pub(crate) fn run(mut command: Command, limit: Duration) -> Outcome {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0);
    let start = Instant::now();
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => return Outcome::NotStarted(error),
    };
    let stdout = drain(child.stdout.take());
    let stderr = drain(child.stderr.take());
    let Some((status, wall)) = wait(&mut child, start, limit) else {
        return Outcome::TooLong;
    };
    Outcome::Done {
        status,
        stdout: text(stdout),
        stderr: text(stderr),
        wall,
    }
}

/// Waits in this thread, so that the end is seen at once; another thread watches the clock.
fn wait(child: &mut Child, start: Instant, limit: Duration) -> Option<(ExitStatus, Duration)> {
    let (ended, watch) = std::sync::mpsc::channel::<()>();
    let group = group_of(child);
    let watchdog = thread::spawn(move || {
        use std::sync::mpsc::RecvTimeoutError::Timeout;
        let late = watch.recv_timeout(limit) == Err(Timeout);
        if late {
            // The child is not reaped yet, or is being reaped right now: its group's number is
            // taken until the last member is gone.
            let _ = nix::sys::signal::killpg(group, nix::sys::signal::Signal::SIGKILL);
        }
        late
    });
    let status = child.wait().ok();
    let wall = start.elapsed();
    drop(ended);
    let late = watchdog.join().unwrap_or(true);
    status.filter(|_| !late).map(|status| (status, wall))
}

fn group_of(child: &Child) -> nix::unistd::Pid {
    // A process number always fits: the kernel's limit is 2^22 (proc(5), pid_max).
    nix::unistd::Pid::from_raw(i32::try_from(child.id()).unwrap_or(i32::MAX))
}

/// Ends a child with everything that it started in its process group.
pub(crate) fn kill_group(child: &mut Child) {
    let _ = nix::sys::signal::killpg(group_of(child), nix::sys::signal::Signal::SIGKILL);
    let _ = child.wait();
}

fn drain<R: Read + Send + 'static>(pipe: Option<R>) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            let _ = pipe.read_to_end(&mut bytes);
        }
        bytes
    })
}

fn text(reader: JoinHandle<Vec<u8>>) -> String {
    String::from_utf8_lossy(&reader.join().unwrap_or_default()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn gives_status_and_output() {
        match run(
            shell("echo out; echo err >&2; exit 3"),
            Duration::from_secs(20),
        ) {
            Outcome::Done {
                status,
                stdout,
                stderr,
                ..
            } => {
                assert_eq!(status.code(), Some(3));
                assert_eq!((stdout.as_str(), stderr.as_str()), ("out\n", "err\n"));
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn ends_what_takes_too_long_with_its_children() {
        let start = Instant::now();
        let outcome = run(shell("sleep 60 & sleep 60"), Duration::from_millis(100));
        assert!(matches!(outcome, Outcome::TooLong));
        assert!(start.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn a_missing_program_is_not_started() {
        let outcome = run(Command::new("/no/such/program"), Duration::from_secs(1));
        assert!(matches!(outcome, Outcome::NotStarted(_)));
    }
}
