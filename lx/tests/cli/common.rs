//! What the tests of the command line share.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// No test may take longer, even on a busy machine.
const LIMIT: Duration = Duration::from_secs(120);

/// The program under test.
pub(crate) const LX: &str = env!("CARGO_BIN_EXE_lx");

/// lx with these arguments, without input and without `LX_INTERCEPT` from outside.
pub(crate) fn lx(arguments: &[&str]) -> Command {
    let mut command = Command::new(LX);
    command
        .args(arguments)
        .env_remove("LX_INTERCEPT")
        .stdin(Stdio::null());
    command
}

/// Runs `command` to its end; one that takes too long is killed, and the test fails.
pub(crate) fn run(mut command: Command) -> Output {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = start(&mut command);
    let start = Instant::now();
    while child.try_wait().expect("it can be waited for").is_none() {
        if start.elapsed() > LIMIT {
            child.kill().expect("it can be killed");
            panic!("{command:?} takes longer than {LIMIT:?}");
        }
        thread::sleep(Duration::from_millis(5));
    }
    child.wait_with_output().expect("its output can be read")
}

/// Starts `command`. Where another test's new process still holds a program that was just copied, open
/// for writing, it is tried again.
pub(crate) fn start(command: &mut Command) -> Child {
    let start = Instant::now();
    loop {
        match command.spawn() {
            Err(error)
                if error.kind() == ErrorKind::ExecutableFileBusy && start.elapsed() < LIMIT =>
            {
                thread::sleep(Duration::from_millis(5));
            }
            result => return result.expect("it starts"),
        }
    }
}

/// What it wrote to stdout.
pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What it wrote to stderr.
pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A directory of one test, removed at its end.
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// Makes it; `name` tells the tests apart.
    pub(crate) fn new(name: &str) -> Self {
        let name = format!("lx-cli-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).expect("the folder is made");
        Self(path)
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file that everyone may read and execute.
    pub(crate) fn executable(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.0.join(name);
        fs::write(&path, bytes).expect("the file is written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("its mode is set");
        path.to_str().expect("the path is plain").to_owned()
    }

    /// The names of what is in it.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).expect("it can be read");
        let mut names: Vec<String> = entries
            .map(|entry| {
                entry
                    .expect("an entry")
                    .file_name()
                    .to_string_lossy()
                    .into_owned()
            })
            .collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
