//! Zones in the host's namespaces, as root and as an ordinary user.

use crate::common::{run, stderr, stdout};
use crate::rooted::{Zone, wait_for};
use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

#[test]
fn the_first_process_is_pid_1_in_its_own_root() {
    Zone::each("zone-first", |zone| {
        let script =
            "echo $$; id -u; hostname; env; cat /proc/1/comm; for f in /*; do echo $f; done";
        let text = zone.prints(&["--hostname", "h.example", "-e", "A=b", "sh", "-c", script]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[..3], ["1", "0", "h.example"]);
        for line in [
            "HOSTNAME=h.example",
            "A=b",
            "HOME=/",
            "sh",
            "/bin",
            "/dev",
            "/proc",
            "/sys",
        ] {
            assert!(lines.contains(&line), "{line}: {text}");
        }
        assert!(!text.contains("XDG_RUNTIME_DIR"), "{text}");
        zone.nothing_is_left();
    });
}

#[test]
fn proc_speaks_of_the_zone() {
    Zone::each("zone-proc", |zone| {
        let script = "cat /proc/sys/kernel/hostname /proc/uptime; echo /proc/*; \
            echo $(cat /proc/sys/net/ipv4/conf/lo/forwarding); \
            cat /proc/kcore || echo hidden; echo 1 > /proc/sys/vm/swappiness || echo read-only; \
            echo 77 > /proc/sys/net/core/somaxconn; cat /proc/sys/net/core/somaxconn; \
            sleep 1.2; cat /proc/loadavg";
        let text = zone.prints(&["--hostname", "h", "sh", "-c", script]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "h", "{text}");
        let uptime = lines[1]
            .split('.')
            .next()
            .and_then(|word| word.parse().ok());
        assert!(uptime.is_some_and(|seconds: u32| seconds < 60), "{text}");
        let names: Vec<&str> = lines[2].split(' ').collect();
        for name in ["1", "self", "stat", "sys", "sysvipc", "meminfo", "version"] {
            assert!(
                names.contains(&format!("/proc/{name}").as_str()),
                "{name}: {text}"
            );
        }
        for name in ["kcore", "acpi", "mtrr", "sysrq-trigger", "config.gz"] {
            assert!(
                !names.contains(&format!("/proc/{name}").as_str()),
                "{name}: {text}"
            );
        }
        // A new network begins with what the host's has (`devconf_inherit_init_net`).
        assert!(matches!(lines[3], "0" | "1"), "{text}");
        assert_eq!(lines[4..6], ["hidden", "read-only"], "{text}");
        assert_eq!(lines[6], "77", "{text}");
        // zsched has counted the processes: the shell, and what it runs.
        let tasks = lines[7]
            .split(['/', ' '])
            .nth(4)
            .and_then(|word| word.parse().ok());
        assert!(
            tasks.is_some_and(|tasks: u32| (1..10).contains(&tasks)),
            "{text}"
        );
    });
}

#[test]
fn root_of_the_zone_sets_what_is_the_zones() {
    Zone::each("zone-sysctls", |zone| {
        // The kernel alone wants capabilities for these that no zone has.
        let script = "cd /proc/sys/kernel; echo first > hostname; hostname; \
            busybox printf 'second\\n' > hostname; hostname; printf x >> hostname; hostname; \
            echo dom > domainname; cat domainname; : > hostname; echo > hostname; cat hostname; \
            cd ../net; echo 1 > ipv4/ip_forward; cat ipv4/ip_forward; \
            echo many > core/somaxconn || echo invalid; \
            printf 78 1<>core/somaxconn; cat core/somaxconn";
        let text = zone.prints(&["--hostname", "h", "sh", "-c", script]);
        let expected = ["first", "second", "x", "dom", "", "1", "invalid", "78"];
        assert_eq!(text.lines().collect::<Vec<_>>(), expected);
        if zone.user == 0 {
            let script = "for f in kernel/hostname net/core/somaxconn; do \
                echo 1 > /proc/sys/$f || echo 1 >> /proc/sys/$f || echo denied; done";
            let text = zone.prints(&["--user", "1", "sh", "-c", script]);
            assert_eq!(text, "denied\ndenied\n");
        }
        // With the host's network, there is none of its own.
        let script = "echo 1 > /proc/sys/net/ipv4/ip_forward || echo read-only; \
            echo h2 > /proc/sys/kernel/hostname; hostname";
        let text = zone.prints(&["--net", "host", "sh", "-c", script]);
        assert_eq!(text, "read-only\nh2\n");
    });
}

#[test]
fn layers_are_one_root_and_stay_as_they_are() {
    Zone::each("zone-layers", |zone| {
        let upper = zone.path("a:b,c");
        fs::create_dir(&upper).expect("it is made");
        fs::write(upper.join("both"), "upper\n").expect("it is written");
        fs::write(zone.path("root/both"), "lower\n").expect("it is written");
        fs::write(zone.path("root/one"), "one\n").expect("it is written");
        // Of others' files it may own none (user_namespaces(7)).
        for file in ["root/both", "root/one", "a:b,c", "a:b,c/both"] {
            zone.own(file);
        }
        let lower = zone.path("root");
        let layers = [
            "run",
            "--layer",
            lower.to_str().expect("it is plain"),
            "--layer",
            upper.to_str().expect("it is plain"),
        ];
        let script = "cat /both /one; echo two > /one; cat /one; busybox rm /both; \
            cat /both || echo gone; echo $(head -n 1 /proc/mounts)";
        let output = run(zone.lx(&[&layers[..], &["sh", "-c", script]].concat()));
        let text = stdout(&output);
        assert!(
            text.starts_with("upper\none\ntwo\ngone\noverlay / overlay "),
            "{text} {}",
            stderr(&output)
        );
        assert_eq!(
            fs::read_to_string(upper.join("both")).ok().as_deref(),
            Some("upper\n")
        );
        assert_eq!(
            fs::read_to_string(lower.join("one")).ok().as_deref(),
            Some("one\n")
        );
        let output = run(zone.lx(&[&layers[..], &["--layer", "/no/such/layer", "true"]].concat()));
        assert_eq!(output.status.code(), Some(125));
        assert_eq!(
            stderr(&output),
            "lx: /no/such/layer: No such file or directory\n"
        );
        zone.nothing_is_left();
    });
}

#[test]
fn sys_and_the_mounts_speak_of_the_zone() {
    Zone::each("zone-sys", |zone| {
        let script = "echo $(cat /sys/class/net/lo/mtu /sys/class/net/lo/statistics/rx_packets); \
            cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/cpu.max /proc/1/cgroup; \
            cat /sys/fs/cgroup/cgroup.procs; cat /sys/devices/system/cpu/online; \
            echo /sys/class/net/* /sys/block/*; \
            echo x > /sys/fs/cgroup/memory.max || echo read-only; \
            cd /proc; cat 0/comm 0/task/0/comm; echo 0 [0-9]; echo sys/.*sched";
        let text = zone.prints(&["--net", "none", "sh", "-c", script]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "65536 0", "{text}");
        assert_eq!(lines[1..4], ["max", "max 100000", "0::/"], "{text}");
        // The shell and cat.
        assert_eq!(lines[4], "1", "{text}");
        assert!(lines[5].parse::<u32>().is_ok(), "{text}");
        assert!(lines[6].starts_with(|c: char| c.is_ascii_digit()), "{text}");
        assert_eq!(lines[7], "/sys/class/net/lo /sys/block/*", "{text}");
        assert_eq!(lines[8..11], ["read-only", "zsched", "zsched"], "{text}");
        assert_eq!(lines[11], "0 0 1", "{text}");
        assert_eq!(lines[12], "sys/.*sched", "{text}");

        let mounts = zone.prints(&["cat", "/proc/self/mounts", "/proc/mounts"]);
        let info = zone.prints(&["cat", "/proc/self/mountinfo"]);
        for text in [&mounts, &info] {
            assert!(!text.contains("placeholders"), "{text}");
            assert!(!text.contains(" /proc/"), "{text}");
        }
        for line in ["sysfs /sys sysfs ro,", "cgroup /sys/fs/cgroup cgroup2 ro,"] {
            let found = mounts.lines().filter(|other| other.starts_with(line));
            assert_eq!(found.count(), 2, "{mounts}");
        }
        assert!(info.contains(" / /sys/fs/cgroup ro,"), "{info}");
    });
}

#[test]
fn the_exit_status_is_the_programs() {
    Zone::each("zone-status", |zone| {
        assert_eq!(zone.run(&["sh", "-c", "exit 7"]).status.code(), Some(7));
        assert!(zone.prints(&["--init", "sh", "-c", "echo $$"]).trim() != "1");
        assert_eq!(
            zone.run(&["--init", "sh", "-c", "exit 7"]).status.code(),
            Some(7)
        );
        let killed = zone.run(&["--init", "sh", "-c", "kill -9 $$"]);
        assert_eq!(killed.status.code(), Some(137));
        zone.fails(&["no-such-program"], 127, "not found");
        zone.fails(&["/bin/none"], 127, "No such file");
        zone.fails(&["/bin"], 126, "directory");
        zone.nothing_is_left();
    });
}

#[test]
fn signals_are_passed_on() {
    Zone::each("zone-signals", |zone| {
        let script =
            "trap 'echo usr1' USR1; trap 'exit 3' TERM; touch /up; while :; do sleep 0.1; done";
        let child = zone
            .zoned(&["sh", "-c", script])
            .stdout(Stdio::piped())
            .spawn();
        let child = child.expect("it starts");
        wait_for(zone, "up");
        let pid = nix::unistd::Pid::from_raw(i32::try_from(child.id()).expect("a pid"));
        let send = |signal| nix::sys::signal::kill(pid, signal).expect("it is sent");
        send(nix::sys::signal::Signal::SIGUSR1);
        sleep(Duration::from_millis(300));
        send(nix::sys::signal::Signal::SIGTERM);
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(output.status.code(), Some(3));
        assert_eq!(stdout(&output), "usr1\n");
    });
}

#[test]
fn the_zone_ends_with_zsched() {
    Zone::each("zone-killed", |zone| {
        let mark = format!("{}", 100_000 + std::process::id());
        let script = format!("sleep {mark} & touch /up; exec sleep {mark}");
        let mut child = zone
            .zoned(&["--name", "z", "sh", "-c", &script])
            .spawn()
            .expect("it starts");
        wait_for(zone, "up");
        zone.run(&["--name", "other", "true"]);
        let second = zone.run(&["--name", "z", "true"]);
        assert_eq!(second.status.code(), Some(125));
        assert!(stderr(&second).contains("running already"), "{second:?}");
        child.kill().expect("it is killed");
        assert_eq!(child.wait().expect("it ends").signal(), Some(9));
        let start = Instant::now();
        while anyone_runs(&mark) {
            assert!(
                start.elapsed() < Duration::from_secs(60),
                "the zone lives on"
            );
            sleep(Duration::from_millis(5));
        }
        // Its name is free again, and what it left is gone.
        zone.prints(&["--name", "z", "true"]);
        zone.nothing_is_left();
    });
}

/// Another user's process 1 is one that the kernel would not kill.
#[test]
fn the_zone_ends_with_zsched_whoever_runs_in_it() {
    Zone::each("zone-guard", |zone| {
        if zone.user != 0 {
            return;
        }
        let mark = format!("{}", 200_000 + std::process::id());
        fs::create_dir(zone.path("root/etc")).expect("it is made");
        fs::write(zone.path("root/etc/passwd"), "ann:x:7:8::/:/bin/sh\n").expect("written");
        let command = format!("exec sleep {mark}");
        let mut child = zone
            .zoned(&["busybox", "su", "-c", &command, "ann"])
            .spawn()
            .expect("it starts");
        let start = Instant::now();
        let in_time = |what| assert!(start.elapsed() < Duration::from_secs(60), "{what}");
        while !runs_as(&mark, 7) {
            in_time("it never changed its user");
            sleep(Duration::from_millis(5));
        }
        child.kill().expect("it is killed");
        child.wait().expect("it ends");
        while anyone_runs(&mark) {
            in_time("the zone lives on");
            sleep(Duration::from_millis(5));
        }
    });
}

#[test]
fn limits_hold_or_are_refused() {
    Zone::each("zone-limits", |zone| {
        let name = format!("limits-{}", std::process::id());
        let limits = [
            "--name", &name, "--memory", "64m", "--pids", "20", "--cpus", "0.5",
        ];
        let script = "sleep 1.2; while read a b c; do echo $b; break; done < /proc/meminfo; \
            head -c 200m /dev/zero | tail > /dev/null || echo $?";
        let arguments = [&limits[..], &["--init", "sh", "-c", script]].concat();
        let output = zone.run(&arguments);
        if !output.status.success() {
            let message = stderr(&output);
            assert_eq!(output.status.code(), Some(125), "{message}");
            assert!(message.contains("the limit cannot be set"), "{message}");
            assert_eq!(message.lines().count(), 1, "{message}");
            println!("no limits for user {}: {message}", zone.user);
        } else {
            assert!(stdout(&output).starts_with("65536\n"), "{output:?}");
            assert!(stdout(&output).contains("137"), "{output:?}");
            let forks = "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21; do \
                sleep 1 & done";
            let output = zone.run(&[&limits[..], &["sh", "-c", forks]].concat());
            assert!(stderr(&output).contains("fork"), "{output:?}");
        }
        for controller in ["memory", "pids", "cpu", "cpuacct", "unified", ""] {
            let path = Path::new("/sys/fs/cgroup").join(controller);
            assert!(!path.join(format!("lx-{name}")).exists(), "{controller}");
        }
        zone.nothing_is_left();
    });
}

/// Whether a process of that user has `mark` among its arguments.
fn runs_as(mark: &str, user: u32) -> bool {
    with_mark(mark).iter().any(|process| {
        let status = fs::metadata(process);
        status.is_ok_and(|status| std::os::unix::fs::MetadataExt::uid(&status) == user)
    })
}

/// Whether a process has `mark` among its arguments.
fn anyone_runs(mark: &str) -> bool {
    !with_mark(mark).is_empty()
}

/// The directories in /proc of such processes.
fn with_mark(mark: &str) -> Vec<std::path::PathBuf> {
    let processes = fs::read_dir("/proc").expect("it can be read");
    let paths = processes.flatten().map(|entry| entry.path());
    let has = |path: &std::path::PathBuf| {
        let line = fs::read(path.join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line);
        line.split('\0').any(|argument| argument == mark)
    };
    paths.filter(has).collect()
}

#[test]
fn mounts_are_where_they_were_asked_for() {
    Zone::each("zone-mounts", |zone| {
        fs::create_dir(zone.path("data")).expect("it is made");
        fs::write(zone.path("data/file"), "text\n").expect("it is written");
        zone.own("data");
        let path = |name: &str| {
            zone.path(name)
                .to_str()
                .expect("the path is plain")
                .to_owned()
        };
        let (data, made) = (path("data"), path("run/made/here"));
        let script = "cat /a/file /b; touch /made/f /t/f; touch /a/x || echo a is read-only; \
            touch /x || echo root is read-only; touch /dev/shm/x /c/y; cat /proc/mounts";
        let text = zone.prints(&[
            "--read-only",
            "-v",
            &format!("{data}:/a:ro"),
            "--mount",
            &format!("type=bind,source={data}/file,target=/b,readonly"),
            "--mount",
            &format!("type=bind,source={data},target=/c"),
            "-v",
            &format!("{made}:/made"),
            "--tmpfs",
            "/t:size=1m",
            "sh",
            "-c",
            script,
        ]);
        assert!(
            text.starts_with("text\ntext\na is read-only\nroot is read-only\n"),
            "{text}"
        );
        assert!(text.contains(" /t tmpfs rw,nosuid,nodev,noexec"), "{text}");
        assert!(zone.path("run/made/here/f").exists() && zone.path("data/y").exists());
        assert!(!zone.path("root/t/f").exists());
    });
}

#[test]
fn what_the_zone_does_not_need_is_gone() {
    Zone::each("zone-confined", |zone| {
        let script = "cat /proc/self/status /proc/self/limits; mknod /n c 1 3; ls /proc/self/fd";
        symlink("busybox", zone.path("root/bin/mknod")).expect("it is made");
        symlink("busybox", zone.path("root/bin/ls")).expect("it is made");
        let output = zone.run(&["sh", "-c", script]);
        let text = stdout(&output);
        for set in ["CapPrm", "CapEff", "CapBnd"] {
            assert!(
                text.contains(&format!("{set}:\t00000000a00425fb\n")),
                "{text}"
            );
        }
        let gains_nothing = format!("NoNewPrivs:\t{}\n", u8::from(zone.user != 0));
        for line in [&gains_nothing, "CapInh:\t0000000000000000\n"] {
            assert!(text.contains(line), "{line}: {text}");
        }
        let cores = text
            .lines()
            .find(|line| line.starts_with("Max core file size"));
        let cores: Vec<&str> = cores.unwrap_or_default().split_whitespace().collect();
        let pattern = fs::read_to_string("/proc/sys/kernel/core_pattern").unwrap_or_default();
        let elsewhere = pattern.starts_with(['|', '@']) || pattern.contains('/');
        assert_eq!(cores[4..] == ["1", "1", "bytes"], elsewhere, "{pattern}");
        assert!(stderr(&output).contains("Operation not permitted"));
        assert!(text.ends_with("\n0\n1\n2\n3\n"), "{text}");

        let user = zone.prints(&["--user", "7", "cat", "/proc/self/status"]);
        assert!(user.contains("CapPrm:\t0000000000000000\n"), "{user}");
        let net = zone.prints(&["--net", "host", "cat", "/proc/self/status"]);
        assert!(net.contains("CapPrm:\t00000000a00405fb\n"), "{net}");
    });
}

#[test]
fn links_of_the_root_do_not_lead_out_of_it() {
    Zone::each("zone-links", |zone| {
        let outside = zone.path("outside");
        fs::create_dir(&outside).expect("it is made");
        zone.own("outside");
        symlink(&outside, zone.path("root/out")).expect("it is made");
        symlink("../../../../etc", zone.path("root/up")).expect("it is made");
        fs::create_dir(zone.path("root/etc")).expect("it is made");
        zone.own("root/etc");
        zone.prints(&["--tmpfs", "/up/t", "true"]);
        assert!(zone.path("root/etc/t").is_dir() && !Path::new("/etc/t").exists());
        // What it leads to is missing in the zone.
        zone.fails(&["--tmpfs", "/out/t", "true"], 125, "/out/t");
        assert!(!outside.join("t").exists());
    });
}

#[test]
fn users_are_those_of_the_root() {
    Zone::each("zone-users", |zone| {
        fs::create_dir(zone.path("root/etc")).expect("it is made");
        fs::write(zone.path("root/etc/passwd"), "ann:x:1000:100::/home/ann:\n").expect("written");
        let script = "id -u; id -g; echo $HOME";
        let text = zone.prints(&["--user", "ann", "sh", "-c", script]);
        assert_eq!(text, "1000\n100\n/home/ann\n");
        assert_eq!(
            zone.prints(&["--user", "7:8", "sh", "-c", script]),
            "7\n8\n/\n"
        );
        zone.fails(&["--user", "bob", "true"], 125, "unknown user 'bob'");
        zone.fails(&["--user", "ann:bob", "true"], 125, "unknown group 'bob'");
    });
}

#[test]
fn bad_input_leaves_nothing() {
    Zone::each("zone-bad", |zone| {
        let fails = |arguments: &[&str], status, text: &str| {
            let output = run(zone.lx(&[&["run"], arguments].concat()));
            let message = stderr(&output);
            assert_eq!(
                output.status.code(),
                Some(status),
                "{arguments:?}: {message}"
            );
            assert!(message.contains(text), "{arguments:?}: {message}");
            assert_eq!(message.lines().count(), 1, "{arguments:?}: {message}");
            zone.nothing_is_left();
        };
        fails(&["--rootfs", "/no/such", "true"], 125, "No such file");
        fails(&["--rootfs", "/etc/passwd", "true"], 125, "not a directory");
        fails(&["--hostname", "h", "true"], 2, "--rootfs");
        for (option, value) in [
            ("-v", "/a"),
            ("-v", "/a:b"),
            ("-v", "/a:/b:fast"),
            ("--tmpfs", "/t:size=much"),
            ("--mount", "type=disk,source=/a,target=/b"),
            ("--name", "../x"),
            ("--net", "all"),
            ("--isolation", "none"),
            ("--allow-weaker", "walls"),
            ("--memory", "64x"),
            ("--memory", "1k"),
            ("--pids", "0"),
            ("--cpus", "x"),
        ] {
            fails(&["--rootfs", "/", option, value, "true"], 2, option);
        }
        zone.fails(
            &["--mount", "type=bind,source=/no/such,target=/x", "true"],
            125,
            "/no/such",
        );
        zone.fails(&["--tmpfs", "/bin/sh", "true"], 125, "/bin/sh");
    });
}

#[test]
fn the_network_is_a_loopback_device() {
    Zone::each("zone-net", |zone| {
        let text = zone.prints(&["cat", "/proc/net/dev"]);
        assert_eq!(text.lines().count(), 3, "{text}");
        assert!(text.contains("lo:"), "{text}");
    });
}

#[test]
fn the_hosts_tools_run_in_a_root_that_lacks_them() {
    Zone::each("native", |zone| {
        for (tool, arguments, expected) in [
            (
                "/native/bin/bash",
                &["-c", "echo ${BASH_VERSION%%.*} | /native/usr/bin/wc -l"][..],
                "1\n",
            ),
            // A link to an absolute path, which leads on beneath /native.
            ("/native/usr/bin/awk", &["BEGIN { print 6 * 7 }"], "42\n"),
            (
                "/native/usr/bin/python3",
                &["-c", "import json, ctypes; print(json.dumps(1))"],
                "1\n",
            ),
            ("/native/usr/bin/git", &["--version"], "git version"),
            (
                "/native/usr/bin/perl",
                &["-MList::Util=sum", "-e", "print sum(1..4)"],
                "10",
            ),
        ] {
            let on_host = tool.strip_prefix("/native").expect("all are tools");
            if !Path::new(on_host).exists() {
                println!("skipped: {on_host} is missing");
                continue;
            }
            let printed = zone.prints(&[&[tool], arguments].concat());
            assert!(printed.starts_with(expected), "{tool}: {printed}");
        }
        // From a shell of the zone; and nothing can be written there.
        let script = "/native/bin/echo fine; touch /native/usr/x 2>/dev/null || echo sealed";
        assert_eq!(zone.prints(&["/bin/sh", "-c", script]), "fine\nsealed\n");
        zone.fails(
            &["--no-native", "/native/bin/bash"],
            127,
            "/native/bin/bash",
        );
    });
}
