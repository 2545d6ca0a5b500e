//! Zones without namespaces, as root and as an ordinary user.

mod terminals;

use crate::common::{Folder, LX, run, start, stderr, stdout};
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A static program that is a shell and its tools.
const BUSYBOX: &str = "/usr/bin/busybox";
/// The ordinary user, by number: nobody.
const NOBODY: u32 = 65534;

/// A root directory with busybox in it.
pub(crate) struct Zone {
    folder: Folder,
    pub(crate) user: u32,
}

impl Zone {
    /// One for an ordinary user.
    pub(crate) fn each(name: &str, test: impl Fn(&Self)) {
        if !Path::new(BUSYBOX).exists() {
            println!("skipped: {BUSYBOX} is missing");
            return;
        }
        let user = nix::unistd::geteuid().as_raw();
        let user = if user == 0 { NOBODY } else { user };
        test(&Self::new(&format!("bare-{name}-{user}"), user));
    }

    fn new(name: &str, user: u32) -> Self {
        let zone = Self {
            folder: Folder::new(name),
            user,
        };
        for directory in [
            "root",
            "root/bin",
            "root/etc",
            "root/tmp",
            "root/usr/lib",
            "run",
            "out",
        ] {
            let path = zone.path(directory);
            fs::create_dir_all(&path).expect("it is made");
            chown(&path, Some(user), Some(user)).expect("it is given away");
        }
        fs::set_permissions(zone.path("run"), fs::Permissions::from_mode(0o700)).expect("its own");
        let bin = zone.path("root/bin");
        fs::copy(BUSYBOX, bin.join("busybox")).expect("it is copied");
        for tool in [
            "sh", "cat", "ls", "ln", "mkdir", "mv", "pwd", "readlink", "rm", "rmdir", "stat",
            "touch", "uname", "chmod", "env", "sleep", "ps", "test", "head", "kill", "setsid",
            "grep", "tr", "hostname", "tty",
        ] {
            symlink("busybox", bin.join(tool)).expect("it is made");
        }
        symlink("usr/lib", zone.path("root/lib")).expect("it is made");
        symlink("/etc/name", zone.path("root/usr/lib/absolute")).expect("it is made");
        symlink("/dev", zone.path("root/devices")).expect("it is made");
        fs::write(zone.path("root/etc/name"), "inside\n").expect("it is written");
        fs::write(zone.path("out/name"), "outside\n").expect("it is written");
        fs::copy(LX, zone.path("lx")).expect("it is copied");
        zone
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// lx with these arguments, as the zone's user.
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

    pub(crate) fn zoned(&self, arguments: &[&str]) -> Command {
        let root = self.path("root");
        let root = root.to_str().expect("it is plain");
        let zoned = ["run", "--isolation", "bare", "--rootfs", root];
        self.lx(&[&zoned, arguments].concat())
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        run(self.zoned(arguments))
    }

    /// A zone of that name that has made the file `/tmp/on`.
    fn begin(&self, name: &str, script: &str) -> Running {
        let script = format!("{script}; touch /tmp/on; sleep 1000");
        let mut zoned = self.zoned(&["--name", name, "/bin/sh", "-c", &script]);
        let child = start(&mut zoned);
        let running = Running(child);
        until("it begins", || self.path("root/tmp/on").exists());
        running
    }

    /// What it keeps of its zones.
    fn kept(&self) -> Vec<std::ffi::OsString> {
        let zones = fs::read_dir(self.path("run/lx/zones")).expect("it is there");
        let names = zones.map(|entry| entry.expect("it is listed").file_name());
        names.filter(|name| name != ".lock").collect()
    }

    /// What a script prints in the zone.
    pub(crate) fn sh(&self, script: &str) -> String {
        let output = self.run(&["/bin/sh", "-c", script]);
        let text = stdout(&output) + &stderr(&output);
        assert!(output.status.success(), "{script}: {text}");
        text
    }
}

/// The zsched of a zone; a failed test leaves none.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Whether a process of the host sleeps for so many seconds.
fn sleeps(mark: &str) -> bool {
    fs::read_dir("/proc").expect("/proc").any(|entry| {
        let path = entry.expect("it is listed").path().join("cmdline");
        let line = fs::read(path).unwrap_or_default();
        line.starts_with(b"sleep\0") && line[6..].starts_with(mark.as_bytes())
    })
}

fn until(what: &str, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn paths_mean_what_they_mean_in_a_chroot() {
    Zone::each("paths", |zone| {
        for path in [
            "/etc/name",
            "/lib/absolute",
            "/../../etc/name",
            "/etc/../etc/./name",
            "//etc//name",
            "/proc/self/root/etc/name",
            "/proc/self/cwd/etc/name",
        ] {
            assert_eq!(zone.sh(&format!("cat {path}")), "inside\n", "{path}");
        }
        assert_eq!(
            zone.sh("cd /usr/lib; cat ../../../../etc/name absolute"),
            "inside\ninside\n"
        );
        assert_eq!(
            zone.sh("cd /lib; /bin/pwd; cd -P ..; /bin/pwd; cd -P ..; /bin/pwd"),
            "/usr/lib\n/usr\n/\n"
        );
        // The shell's own idea of it and the kernel's.
        assert_eq!(
            zone.sh("mkdir /tmp/a; cd /tmp/a; rmdir ../a; /bin/pwd 2>/dev/null || echo gone")
                .lines()
                .last(),
            Some("gone")
        );
    });
}

#[test]
fn what_is_made_is_made_inside() {
    Zone::each("made", |zone| {
        zone.sh(
            "cd /tmp; mkdir d; echo 1 > /tmp/d/f; ln -s /tmp/d s; ln s/f h; mv s/f /../tmp/g; \
             mkdir -p s/x/y; rm -r s/x; chmod 600 /tmp/g; touch s/t; rm s/t; ln -sf /tmp/new link; \
             echo 2 > link",
        );
        let tmp = zone.path("root/tmp");
        let names = |path: &Path| {
            let entries = fs::read_dir(path).expect("it is there");
            let mut names: Vec<_> = entries
                .map(|entry| entry.expect("it is listed").file_name())
                .collect();
            names.sort();
            names
        };
        assert_eq!(names(&tmp), ["d", "g", "h", "link", "new", "s"]);
        assert_eq!(names(&tmp.join("d")), Vec::<std::ffi::OsString>::new());
        assert_eq!(fs::read(tmp.join("new")).expect("it is there"), b"2\n");
        let mode = fs::metadata(tmp.join("g"))
            .expect("it is there")
            .permissions();
        assert_eq!(mode.mode() & 0o777, 0o600);
        assert_eq!(
            fs::read_link(tmp.join("s")).expect("a link"),
            Path::new("/tmp/d")
        );
    });
}

#[test]
fn mounts_are_where_they_were_asked_for() {
    Zone::each("mounts", |zone| {
        let out = zone.path("out");
        let volume = format!("{}:/srv/data", out.display());
        let output = zone.run(&[
            "-v",
            &volume,
            "--tmpfs",
            "/scratch",
            "/bin/sh",
            "-c",
            "cat /srv/data/name; cd /srv/data; pwd; cd ..; ls; cat data/../../etc/name; \
             rmdir data || echo busy; echo x > /scratch/x; cat /scratch/x; echo > /devices/null; \
             ls /devices/; test -c /dev/null && echo device",
        ]);
        let text = stdout(&output);
        assert!(output.status.success(), "{text}{}", stderr(&output));
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines[..6],
            ["outside", "/srv/data", "data", "inside", "busy", "x"]
        );
        assert!(
            lines.contains(&"urandom") && lines.ends_with(&["device"]),
            "{text}"
        );
    });
}

#[test]
fn proc_shows_the_zone() {
    Zone::each("proc", |zone| {
        let text = zone.sh("ls /proc; readlink /proc/self/exe; readlink /proc/self/cwd");
        let numbers: Vec<&str> = text
            .lines()
            .filter(|line| line.bytes().all(|byte| byte.is_ascii_digit()))
            .collect();
        // zsched, the shell and ls.
        assert_eq!(numbers.len(), 3, "{text}");
        for name in ["meminfo", "self", "sys", "uptime", "/bin/busybox", "/"] {
            assert!(text.lines().any(|line| line == name), "{name}: {text}");
        }
        assert!(zone.sh("cat /proc/meminfo").starts_with("MemTotal:"));
        assert!(
            zone.sh("cd /proc/; cat version")
                .starts_with("Linux version ")
        );
        assert_eq!(
            zone.sh("cd /proc/sys; cat kernel/ostype ../sys/kernel/ostype"),
            "Linux\nLinux\n"
        );
        assert!(!zone.sh("cat /proc/self/maps").contains("memfd:lx"));
        let this = std::process::id();
        assert_eq!(
            zone.sh(&format!("ls -d /proc/{this} 2>/dev/null || echo none")),
            "none\n"
        );
    });
}

#[test]
fn the_first_process_is_number_1() {
    Zone::each("numbers", |zone| {
        assert_eq!(zone.sh("echo $$ $PPID; readlink /proc/self"), "1 0\n1\n");
        let text =
            zone.sh("ls -d /proc/0 /proc/1 /proc/1/task/1; ls /proc/1/task; cat /proc/0/comm");
        assert_eq!(text, "/proc/0\n/proc/1\n/proc/1/task/1\n1\nzsched\n");
        let lines = zone.sh("cat /proc/1/status; true").to_lowercase();
        for line in ["tgid:\t1\n", "pid:\t1\n", "ppid:\t0\n", "nspid:\t1\n"] {
            assert!(lines.contains(line), "{line}: {lines}");
        }
        // The numbers of its group and session are its own, and its child's parent is 1.
        let fields = zone.sh("cat /proc/1/stat; grep PPid /proc/self/status; true");
        assert!(fields.starts_with("1 (sh) "), "{fields}");
        assert!(fields.contains(" 0 1 1 0 -1 "), "{fields}");
        assert!(fields.ends_with("PPid:\t1\n"), "{fields}");
        // A reaper takes the number, if one is asked for.
        let output = zone.run(&[
            "--init",
            "/bin/sh",
            "-c",
            "echo $PPID; test $$ -gt 1 && echo yes",
        ]);
        assert_eq!(stdout(&output), "1\nyes\n");
    });
}

#[test]
fn processes_outside_are_not_there() {
    Zone::each("outside", |zone| {
        let this = std::process::id();
        let script = format!(
            "kill -0 {this} 2>&1; kill -0 1 && echo one; kill -9 1; kill -TERM 1; kill -9 -1 2>/dev/null; kill -TERM 0; \
             echo alive; kill -0 999999 2>&1"
        );
        let text = zone.sh(&format!("{script}; true"));
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 4, "{text}");
        assert!(lines[0].ends_with("No such process"), "{text}");
        assert_eq!(lines[1..3], ["one", "alive"]);
        assert!(lines[3].ends_with("No such process"), "{text}");
    });
}

#[test]
fn orphans_come_to_the_first_process() {
    Zone::each("orphans", |zone| {
        // The middle one ends before it: its parent is then the shell, which is 1.
        let text = zone.sh(
            "sh -c 'sh -c \"sleep 0.3; grep PPid /proc/self/status; grep PPid /proc/\\$\\$/status\" &'; \
             sleep 1",
        );
        let parents: Vec<&str> = text.lines().collect();
        assert_eq!(parents.len(), 2, "{text}");
        assert_eq!(parents[1], "PPid:\t1", "{text}");
    });
}

#[test]
fn devices_of_mounts_are_opened_when_told() {
    Zone::each("nodev", |zone| {
        let null = zone.path("out/null");
        let mut mknod = Command::new("mknod");
        mknod.args(["-m", "666"]).arg(&null).args(["c", "1", "3"]);
        if !run(mknod).status.success() {
            println!("skipped: only root makes devices");
            return;
        }
        let script = "cat /mnt/null /mnt/../mnt/null && echo open; \
            grep -c ' /mnt .*nodev' /proc/mounts; true";
        for (options, printed) in [
            (
                "",
                "cat: can't open '/mnt/null': Permission denied\n\
                 cat: can't open '/mnt/../mnt/null': Permission denied\n1\n",
            ),
            (":dev", "open\n0\n"),
        ] {
            let volume = format!("{}:/mnt{options}", zone.path("out").display());
            let script = format!("exec 2>&1; {script}");
            let output = zone.run(&["-v", &volume, "sh", "-c", &script]);
            assert_eq!(stdout(&output), printed, "{}", stderr(&output));
        }
    });
}

#[test]
fn programs_find_their_interpreters_inside() {
    Zone::each("exec", |zone| {
        let script = zone.path("root/bin/script");
        fs::write(&script, "#!/bin/sh\necho $0 $1\n").expect("it is written");
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("it is made");
        assert_eq!(
            zone.sh("script x; cd /bin; ./script y"),
            "/bin/script x\n./script y\n"
        );
        assert_eq!(stdout(&zone.run(&["script", "z"])), "/bin/script z\n");
        assert_eq!(stdout(&zone.run(&["-w", "/usr/lib", "pwd"])), "/usr/lib\n");
        let output = zone.run(&["--hostname", "h1", "uname", "-n"]);
        assert_eq!(stdout(&output), "h1\n");
        let output = zone.run(&["/usr/bin/env"]);
        assert_eq!(output.status.code(), Some(127), "{}", stderr(&output));
        assert_eq!(zone.run(&["sh", "-c", "exit 7"]).status.code(), Some(7));
    });
}

#[test]
fn nothing_outlives_the_zone() {
    Zone::each("end", |zone| {
        let mark = format!("{}", 7000 + u64::from(std::process::id()));
        zone.sh(&format!("sleep {mark} & sleep {mark} & exit 0"));
        assert!(!sleeps(&mark));
        assert!(zone.kept().is_empty(), "{:?}", zone.kept());
    });
}

#[test]
fn nothing_outlives_a_killed_zsched() {
    Zone::each("killed", |zone| {
        let mark = format!("{}", 8000 + u64::from(std::process::id()));
        // Also what is in a session of its own, and has lost its parent.
        let script = format!("(setsid sleep {mark} &); sleep {mark} & true");
        let mut zsched = zone.begin("killed", &script);
        until("they sleep", || sleeps(&mark));
        zsched.0.kill().expect("it is killed");
        zsched.0.wait().expect("it ends");
        until("they end", || !sleeps(&mark));
        // Its directory is the next command's to remove.
        assert_eq!(zone.kept(), ["killed"]);
        run(zone.lx(&["info"]));
        assert!(zone.kept().is_empty(), "{:?}", zone.kept());
    });
}

#[test]
fn processes_are_listed_from_outside() {
    Zone::each("listed", |zone| {
        let mut zsched = zone.begin("listed", "sleep 999 & true");
        let output = run(zone.lx(&["ps", "listed", "--json"]));
        let text = stdout(&output);
        let list: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
        let pids: Vec<_> = list.as_array().expect("a list").iter().collect();
        // The shell has become its last command.
        assert_eq!(pids.len(), 2, "{text}");
        assert_eq!(pids[0]["pid"], 1, "{text}");
        let output = run(zone.lx(&["zone", "inspect", "listed"]));
        let state: serde_json::Value = serde_json::from_str(&stdout(&output)).expect("JSON");
        assert_eq!(state["isolation"], "bare");
        assert!(run(zone.lx(&["kill", "listed"])).status.success());
        assert_eq!(
            std::os::unix::process::ExitStatusExt::signal(&zsched.0.wait().expect("it ends")),
            Some(9)
        );
        assert!(zone.kept().is_empty(), "{:?}", zone.kept());
    });
}

#[test]
fn a_program_more_is_in_the_zone() {
    Zone::each("exec-more", |zone| {
        let mut zsched = zone.begin("more", "sleep 999 & true");
        let exec = |arguments: &[&str]| run(zone.lx(&[&["exec"], arguments].concat()));
        let output = exec(&[
            "-e",
            "A=b",
            "-w",
            "/etc",
            "more",
            "sh",
            "-c",
            "pwd; cat name; echo $A $PPID; uname -n; ls -d /proc/1; exit 9",
        ]);
        let text = stdout(&output);
        assert_eq!(output.status.code(), Some(9), "{text}{}", stderr(&output));
        assert_eq!(text, "/etc\ninside\nb 0\nmore\n/proc/1\n");
        // The facts are written every second.
        let running = || stdout(&exec(&["more", "cat", "/proc/loadavg"]));
        until("they are counted", || !running().contains("/1 "));
        // Each sees the other, and what is outside is not there for either.
        let this = std::process::id();
        let output = exec(&["more", "sh", "-c", &format!("kill -0 {this} || echo none")]);
        assert_eq!(stdout(&output), "none\n");
        let mut other = zone
            .lx(&["exec", "more", "sleep", "998"])
            .spawn()
            .expect("it starts");
        until("it is listed", || {
            stdout(&exec(&["more", "ps"])).matches("sleep 99").count() == 2
        });
        assert!(run(zone.lx(&["kill", "more"])).status.success());
        zsched.0.wait().expect("it ends");
        let end = other.wait().expect("it ends");
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&end), Some(9));
        assert!(zone.kept().is_empty(), "{:?}", zone.kept());
    });
}

#[test]
fn what_is_mounted_is_told_as_the_zone_sees_it() {
    Zone::each("told", |zone| {
        let volume = format!("{}:/srv/my data", zone.path("out").display());
        let script =
            "cat /proc/self/mounts; grep /srv /proc/self/mountinfo; cat /etc/mtab | head -1";
        symlink("/proc/self/mounts", zone.path("root/etc/mtab")).expect("it is made");
        let output = zone.run(&["-v", &volume, "--tmpfs", "/mem", "/bin/sh", "-c", script]);
        let text = stdout(&output);
        let host = zone.path("root");
        assert!(!text.contains(host.to_str().expect("plain")), "{text}");
        let has = |line: &str| text.lines().any(|other| other.starts_with(line));
        for line in [
            "proc /proc proc rw,nosuid,nodev,noexec",
            "sysfs /sys sysfs ro,",
            "cgroup /sys/fs/cgroup cgroup2 ro,",
            "tmpfs /dev tmpfs rw,",
            "tmpfs /mem tmpfs rw,",
        ] {
            assert!(has(line), "{line}: {text}");
        }
        assert!(text.contains(" /srv/my\\040data "), "{text}");
        let maps = zone.sh("grep busybox /proc/self/maps; true");
        assert!(
            maps.lines().all(|line| line.ends_with(" /bin/busybox")),
            "{maps}"
        );
    });
}

#[test]
fn a_file_handed_over_for_reading_stays_as_it_is() {
    Zone::each("stdin", |zone| {
        let path = zone.path("handed-over");
        fs::write(&path, "first\n").expect("it is written");
        chown(&path, Some(zone.user), Some(zone.user)).expect("it is given away");
        let script = "cat; cat /proc/self/fd/0; echo x >> /proc/self/fd/0 || echo kept";
        let given = |mut command: Command| {
            command.stdin(fs::File::open(&path).expect("it opens"));
            assert_eq!(stdout(&run(command)), "first\nfirst\nkept\n");
        };
        given(zone.zoned(&["/bin/sh", "-c", script]));
        let running = zone.begin("stdin", "true");
        given(zone.lx(&["exec", "stdin", "sh", "-c", script]));
        drop(running);
        let kept = fs::read_to_string(&path).expect("it is there");
        assert_eq!(kept, "first\n");
    });
}

#[test]
fn what_needs_namespaces_is_refused() {
    Zone::each("refused", |zone| {
        let output = zone.run(&["--net", "none", "/bin/sh"]);
        let message = stderr(&output);
        assert_eq!(output.status.code(), Some(125), "{message}");
        assert!(
            message.contains("namespaces") && message.lines().count() == 1,
            "{message}"
        );
    });
}

#[test]
fn what_the_bare_way_cannot_keep_apart_is_refused() {
    if nix::unistd::geteuid().is_root() {
        let mut command = Command::new(LX);
        command.args(["run", "--isolation", "bare", "/bin/true"]);
        let output = run(command);
        assert_eq!(output.status.code(), Some(125));
        assert!(
            stderr(&output).contains("ordinary user"),
            "{}",
            stderr(&output)
        );
    }
    Zone::each("kept-apart", |zone| {
        for options in [
            &["-v", "/tmp:/mnt:ro", "-v", "/tmp:/srv"][..],
            &["--tmpfs", "/mnt:size=1m"],
            &["--net", "none"],
            &["--users", "host", "--user", "7"],
        ] {
            let output = zone.run(&[options, &["/bin/true"]].concat());
            assert_eq!(output.status.code(), Some(125), "{options:?}");
            assert_eq!(stderr(&output).lines().count(), 1, "{options:?}");
        }
    });
}
