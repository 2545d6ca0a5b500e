//! What the tests of zones share: a root directory, and who runs zones there.

use crate::common::{Folder, LX, run, stderr, stdout};
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// A static program that is a shell and its tools.
const BUSYBOX: &str = "/usr/bin/busybox";
/// The ordinary user, by number: nobody.
const NOBODY: u32 = 65534;

/// A root directory with busybox in it, and who runs zones there.
pub(crate) struct Zone {
    folder: Folder,
    pub(crate) user: u32,
}

impl Zone {
    /// One for each user that this test can be, unless busybox is missing. Without root's rights,
    /// the only user is oneself.
    pub(crate) fn each(name: &str, test: impl Fn(&Self)) {
        if !Path::new(BUSYBOX).exists() {
            println!("skipped: {BUSYBOX} is missing");
            return;
        }
        let user = nix::unistd::geteuid().as_raw();
        let others = if user == 0 { Some(NOBODY) } else { None };
        for user in [user].into_iter().chain(others) {
            test(&Self::new(&format!("{name}-{user}"), user));
        }
    }

    fn new(name: &str, user: u32) -> Self {
        let folder = Folder::new(name);
        let zone = Self { folder, user };
        let bin = zone.path("root/bin");
        fs::create_dir_all(&bin).expect("it is made");
        copy(BUSYBOX, &bin.join("busybox"));
        for tool in [
            "sh", "id", "cat", "sleep", "hostname", "mount", "touch", "kill", "env", "true",
            "head", "tail", "ps", "tty", "stty",
        ] {
            symlink("busybox", bin.join(tool)).expect("it is made");
        }
        copy(LX, &zone.path("lx"));
        zone.own("root");
        zone.own("root/bin");
        fs::create_dir(zone.path("run")).expect("it is made");
        zone.own("run");
        fs::set_permissions(zone.path("run"), fs::Permissions::from_mode(0o700)).expect("its own");
        zone
    }

    pub(crate) fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn own(&self, name: &str) {
        chown(self.path(name), Some(self.user), Some(self.user)).expect("it is given away");
    }

    /// lx with these arguments, as the user.
    pub(crate) fn lx(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.path("lx"));
        command
            .args(arguments)
            .env_remove("LX_INTERCEPT")
            .env("XDG_RUNTIME_DIR", self.path("run"))
            .stdin(Stdio::null());
        if nix::unistd::geteuid().as_raw() != self.user {
            command.uid(self.user).gid(self.user);
        }
        command
    }

    /// `lx run --rootfs ...` with these arguments.
    pub(crate) fn zoned(&self, arguments: &[&str]) -> Command {
        let root = self.path("root");
        let root = root.to_str().expect("the path is plain");
        self.lx(&[&["run", "--rootfs", root], arguments].concat())
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        run(self.zoned(arguments))
    }

    /// What a successful run prints.
    pub(crate) fn prints(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            stderr(&output)
        );
        stdout(&output)
    }

    pub(crate) fn fails(&self, arguments: &[&str], status: i32, text: &str) {
        let output = self.run(arguments);
        let message = stderr(&output);
        assert_eq!(
            output.status.code(),
            Some(status),
            "{arguments:?}: {message}"
        );
        assert!(message.starts_with("lx: "), "{arguments:?}: {message}");
        assert!(message.contains(text), "{arguments:?}: {message}");
        assert_eq!(message.lines().count(), 1, "{arguments:?}: {message}");
        self.nothing_is_left();
    }

    /// No directory of a zone is left.
    pub(crate) fn nothing_is_left(&self) {
        let zones = if self.user == 0 {
            return;
        } else {
            self.path("run/lx/zones")
        };
        let left: Vec<_> = fs::read_dir(zones)
            .into_iter()
            .flatten()
            .map(|entry| entry.expect("an entry").file_name())
            .filter(|name| name != ".lock")
            .collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

/// Waits until the guest has written to the file `name` in the root.
pub(crate) fn wait_for(zone: &Zone, name: &str) {
    let start = Instant::now();
    while !zone.path("root").join(name).exists() {
        assert!(
            start.elapsed() < Duration::from_secs(60),
            "{name} never came"
        );
        sleep(Duration::from_millis(5));
    }
}

/// Copies a program. This process never has the copy open: a child that another test starts in that
/// moment would keep it from being executed (`ETXTBSY` of execve(2)).
fn copy(from: &str, to: &Path) {
    let status = Command::new("cp").arg(from).arg(to).status();
    assert!(status.expect("it starts").success(), "{from}");
}
