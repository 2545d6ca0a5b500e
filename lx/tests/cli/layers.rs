//! Zones without namespaces whose root is made of layers.

use crate::bare::Zone;
use crate::common::{run, stderr, stdout};
use host_std::confine::{Instruction, install_filter};
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::process::{Command, Output};
use std::thread;

/// Two layers, the root of [`Zone`] and one above in which there is more, with these options.
fn zoned(zone: &Zone, isolation: &str, options: &[&str], script: &str) -> Command {
    for directory in ["top", "top/etc", "top/usr", "top/usr/lib"] {
        let path = zone.path(directory);
        fs::create_dir_all(&path).expect("it is made");
        chown(&path, Some(zone.user), Some(zone.user)).expect("it is given away");
    }
    fs::write(zone.path("top/etc/name"), "above\n").expect("it is written");
    chown(zone.path("top/etc/name"), Some(zone.user), Some(zone.user)).expect("it is given away");
    fs::write(zone.path("top/usr/lib/more"), "more\n").expect("it is written");
    let mut command = zone.lx(&["run", "--isolation", isolation]);
    for layer in ["root", "top"] {
        command.arg("--layer").arg(zone.path(layer));
    }
    command.args(options).args(["/bin/sh", "-c", script]);
    command
}

/// What a script prints.
fn layered(zone: &Zone, options: &[&str], script: &str) -> String {
    said(run(zoned(zone, "bare", options, script)), script)
}

fn said(output: Output, script: &str) -> String {
    let text = stdout(&output) + &stderr(&output);
    assert!(output.status.success(), "{script}: {text}");
    text
}

#[test]
fn layers_are_one_root_and_stay_as_they_are() {
    Zone::each("layers", |zone| {
        fs::write(zone.path("root/etc/other"), "below\n").expect("it is written");
        let user = Some(zone.user);
        chown(zone.path("root/etc/other"), user, user).expect("it is given away");
        for (script, printed) in [
            ("cat /etc/name /etc/other /lib/more", "above\nbelow\nmore\n"),
            (
                "cd /lib; ls; cat ../../etc/other",
                "absolute\nmore\nbelow\n",
            ),
            ("echo 2 >> /etc/other; cat /etc/other", "below\n2\n"),
            (
                "rm /etc/name; ls /etc; cat /etc/name 2>/dev/null || echo gone",
                "other\ngone\n",
            ),
            (
                "rm /etc/name; mkdir /etc/name; ls /etc /etc/name; rmdir /etc/name; ls /etc",
                "/etc:\nname\nother\n\n/etc/name:\nother\n",
            ),
            (
                "rm -r /usr; ls /; mkdir /usr; ls /usr",
                "bin\ndev\ndevices\netc\nlib\nnative\nproc\nsys\ntmp\n",
            ),
            (
                "mv /etc/other /tmp/o; ls /etc /tmp; cat /tmp/o",
                "/etc:\nname\n\n/tmp:\no\nbelow\n",
            ),
            (
                "ln /etc/other /tmp/o; echo 3 >> /tmp/o; cat /etc/other",
                "below\n3\n",
            ),
            (
                "chmod 600 /etc/other; stat -c %a /etc/other; cat /etc/other",
                "600\nbelow\n",
            ),
            (
                "exec 3</etc/other; chmod 640 /proc/self/fd/3; stat -c %a /etc/other",
                "640\n",
            ),
            (
                "grep ' / ' /proc/mounts",
                "overlay / overlay rw,nosuid,relatime,userxattr 0 0\n",
            ),
            (
                "stat -f -c %t /etc; stat -f -c %t /etc/other",
                "794c7630\n794c7630\n",
            ),
            (
                "a=$(stat -c %d:%i /etc/other); echo 1 >> /etc/other; \
              test $a = $(stat -c %d:%i /etc/other) && echo same",
                "same\n",
            ),
            (
                "cd /usr/lib; mkdir ../new; cd ../new; pwd; touch f; ls; rm -r ../new; ls .. ; \
              /bin/pwd 2>/dev/null || echo nowhere",
                "/usr/new\nf\nlib\nnowhere\n",
            ),
            (
                "echo '#!/bin/sh' > /bin/new; echo 'echo run $0' >> /bin/new; chmod 755 /bin/new; new",
                "run /bin/new\n",
            ),
            (
                "echo x > /dev/null; test -c /dev/null && test -d /proc/self && readlink /proc/self/exe",
                "/bin/busybox\n",
            ),
        ] {
            assert_eq!(layered(zone, &[], script), printed, "{script}");
        }
        // Nothing of it lasts, and nothing was changed.
        let text = |name: &str| fs::read(zone.path(name)).expect("it is there");
        assert_eq!(text("root/etc/other"), b"below\n");
        assert_eq!(text("top/etc/name"), b"above\n");
        let mode = fs::metadata(zone.path("root/etc/other")).expect("it is there");
        assert_eq!(mode.permissions().mode() & 0o777, 0o644);
        for made in [
            "root/usr/new",
            "root/bin/new",
            "root/tmp/o",
            "top/tmp",
            "top/dev",
        ] {
            assert!(!zone.path(made).exists(), "{made}");
        }
    });
}

#[test]
fn a_read_only_root_of_layers_stays_as_it_is() {
    Zone::each("layers-ro", |zone| {
        for refused in [
            "echo 1 > /etc/name",
            "echo 1 >> /etc/name",
            "echo 1 > /etc/new",
            "rm /etc/name",
            "mkdir /etc/new",
            "mv /etc/name /etc/new",
            "ln /etc/name /etc/new",
            "ln -s /etc/name /etc/new",
            "chmod 600 /etc/name",
            "touch /etc/name",
            "rmdir /tmp",
        ] {
            let script = format!("({refused}) 2>&1 && echo done; ls /etc; cat /etc/name");
            let text = layered(zone, &["--read-only"], &script);
            assert!(
                text.contains("Read-only file system\n"),
                "{refused}: {text}"
            );
            assert!(text.ends_with("\nname\nabove\n"), "{refused}: {text}");
        }
        let script = "mkdir /etc 2>&1; echo x > /dev/null";
        assert_eq!(
            layered(zone, &["--read-only"], script),
            "mkdir: can't create directory '/etc': File exists\n"
        );
    });
}

#[test]
fn what_is_changed_can_be_kept() {
    Zone::each("layers-upper", |zone| {
        let upper = zone.path("run/changes");
        let options = ["--upper", upper.to_str().expect("it is plain")];
        let script = "echo new > /new; rm /etc/name; mkdir /usr/lib/d; cat /new";
        assert_eq!(layered(zone, &options, script), "new\n");
        let script = "cat /new; ls /etc; rmdir /usr/lib/d && echo more >> /new; ls /usr/lib";
        assert_eq!(layered(zone, &options, script), "new\nabsolute\nmore\n");
        let kept = fs::read_to_string(upper.join("upper/new"));
        assert_eq!(kept.ok().as_deref(), Some("new\nmore\n"));
        assert!(zone.path("top/etc/name").exists() && !zone.path("root/new").exists());
        // Overlayfs goes on where it was left, where the host has it.
        if zone.user != 0 && nix::unistd::geteuid().is_root() {
            let script = "cat /new; ls /etc; rm /new; touch /etc/name /etc/other";
            let output = run(zoned(zone, "namespaces", &options, script));
            assert_eq!(said(output, script), "new\nmore\n");
            let script = "ls / /etc";
            let text = layered(zone, &options, script);
            assert!(
                !text.contains("new") && text.ends_with("/etc:\nname\nother\n"),
                "{text}"
            );
        }
        let taken = layered(zone, &options, "ls /etc").len();
        assert!(taken > 0, "the lock is free again");
    });
}

#[test]
fn a_host_without_overlayfs_has_layers_all_the_same() {
    Zone::each("layers-auto", |zone| {
        let script = "rm /etc/name; ls /etc; grep -c ' /proc ' /proc/mounts";
        let command = zoned(zone, "auto", &[], script);
        // A filter is its thread's, and that of what the thread starts.
        let output = thread::scope(|scope| {
            let restricted = scope.spawn(|| {
                install_filter(&without_namespaces()).expect("it is installed");
                run(command)
            });
            restricted.join().expect("it ends")
        });
        // With namespaces it would be a mount for each entry of /proc.
        assert_eq!(said(output, script), "1\n");
    });
}

/// A filter that refuses unshare(2).
fn without_namespaces() -> [Instruction; 4] {
    const LOAD: u16 = 0x20;
    const JUMP_EQUAL: u16 = 0x15;
    const RETURN: u16 = 0x06;
    const UNSHARE: u32 = 272;
    const ALLOW: u32 = 0x7fff_0000;
    /// `SECCOMP_RET_ERRNO` with `EPERM`.
    const REFUSE: u32 = 0x0005_0001;
    let step = |code, jf, k| Instruction { code, jt: 0, jf, k };
    [
        step(LOAD, 0, 0),
        step(JUMP_EQUAL, 1, UNSHARE),
        step(RETURN, 0, REFUSE),
        step(RETURN, 0, ALLOW),
    ]
}
