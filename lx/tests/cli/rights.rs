//! Set-id programs and file capabilities in zones on the host's root.

use crate::common::{run, stderr, stdout};
use crate::rooted::{Zone, wait_for};
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::process::{Command, Stdio};

/// Says who runs it.
const ID: &str = "/usr/bin/id";
/// Whom the program makes its user.
const OWNER: u32 = 1001;

/// A zone of root's with the folder `programs`, in which `id` has the owner's rights; not for others.
fn with_programs(name: &str, test: impl Fn(&Zone, &str)) {
    Zone::each(name, |zone| {
        if zone.user != 0 {
            return;
        }
        let folder = zone.path("programs");
        fs::create_dir(&folder).expect("it is made");
        let program = folder.join("id");
        let copied = Command::new("cp").arg(ID).arg(&program).status();
        assert!(copied.expect("cp starts").success());
        chown(&program, Some(OWNER), Some(OWNER)).expect("it is given away");
        fs::set_permissions(&program, Permissions::from_mode(0o4755)).expect("it is changed");
        test(zone, program.to_str().expect("the path is plain"));
    });
}

/// What a program prints in a zone on the host's root, as user 1000.
fn prints(zone: &Zone, options: &[&str], command: &[&str]) -> String {
    let first = ["run", "--isolation", "namespaces", "--user", "1000"];
    let output = run(zone.lx(&[&first, options, &["--"], command].concat()));
    assert!(output.status.success(), "{command:?}: {}", stderr(&output));
    stdout(&output)
}

#[test]
fn programs_get_their_rights_unless_the_zone_or_a_mount_forbids() {
    with_programs("rights", |zone, id| {
        let shell = format!("{id} -u; {id} -ru");
        let script = ["sh", "-c", &shell];
        assert_eq!(
            prints(zone, &[], &[id, "-u"]),
            "1001\n",
            "the first program"
        );
        assert_eq!(prints(zone, &[], &script), "1001\n1000\n");
        assert_eq!(prints(zone, &["--init"], &script), "1001\n1000\n");
        let forbidden = prints(zone, &["--no-new-privileges"], &script);
        assert_eq!(forbidden, "1000\n1000\n");
        let other = zone.path("other");
        fs::create_dir(&other).expect("it is made");
        let (from, other) = (zone.path("programs"), other.display().to_string());
        let volume = format!("{}:{other}:nosuid", from.display());
        let there = format!("{other}/id");
        assert_eq!(prints(zone, &["-v", &volume], &[&there, "-u"]), "1000\n");
        let volume = format!("{}:{other}", from.display());
        assert_eq!(prints(zone, &["-v", &volume], &[&there, "-u"]), "1001\n");
    });
}

#[test]
fn file_capabilities_count() {
    with_programs("rights-caps", |zone, id| {
        // As long as its name says where it lies; the status is that of whoever reads it.
        let cat = Path::new(id).with_file_name("cat");
        let cat = cat.to_str().expect("the path is plain");
        let command = format!("cp /usr/bin/cat {cat} && setcap cap_chown+ep {cat}");
        let made = Command::new("sh").args(["-c", &command]).status();
        if !made.is_ok_and(|status| status.success()) {
            println!("skipped: no file capabilities here");
            return;
        }
        let status = prints(zone, &[], &[cat, "/proc/self/status"]);
        let line = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name));
            line.unwrap_or_default().to_owned()
        };
        assert_eq!(line("CapEff"), "CapEff:\t0000000000000001", "{status}");
        assert_eq!(line("NoNewPrivs"), "NoNewPrivs:\t0", "{status}");
    });
}

#[test]
fn programs_that_enter_a_zone_later_have_them_too() {
    with_programs("rights-exec", |zone, id| {
        let name = format!("rights-{}", std::process::id());
        for (option, user) in [("--init", "1001\n"), ("--no-new-privileges", "1000\n")] {
            let ready = zone.path("root/ready");
            let script = format!("touch {} && exec sleep 1000", ready.display());
            let arguments = ["run", "--isolation", "namespaces", "--name", &name, option];
            let mut command = zone.lx(&[&arguments[..], &["--", "sh", "-c", &script]].concat());
            let mut running = command.stdout(Stdio::null()).spawn().expect("it starts");
            wait_for(zone, "ready");
            let output = run(zone.lx(&["exec", "--user", "1000", &name, id, "-u"]));
            run(zone.lx(&["kill", &name]));
            running.wait().expect("it ends");
            fs::remove_file(ready).expect("it is there");
            assert_eq!(stdout(&output), user, "{option}: {}", stderr(&output));
        }
    });
}
