//! What lx adds to a zone at /system, and the layer that outlives it.

use crate::common::{run, stderr, stdout};
use crate::rooted::{Zone, wait_for};
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

#[test]
fn the_brand_is_an_object() {
    Zone::each("zone-object", |zone| {
        let script = "cd /system/object; echo *; busybox od -An -tx1 -N4 lx/object; \
            busybox stat -c %s lx/object; cat lx/object | busybox wc -c; \
            busybox grep ' /system/' /proc/mounts; echo x > lx/object || echo read-only";
        let text = zone.prints(&["sh", "-c", script]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[..2], ["lx", " 7f 45 4c 46"], "{text}");
        assert!(
            lines[2].parse().is_ok_and(|size: u32| size > 100_000),
            "{text}"
        );
        assert_eq!(lines[2], lines[3], "{text}");
        assert!(
            lines[4].starts_with("objfs /system/object objfs ro,"),
            "{text}"
        );
        assert!(
            lines[5].starts_with("ctfs /system/contract ctfs ro,"),
            "{text}"
        );
        assert_eq!(lines[6..], ["read-only"], "{text}");
        if Path::new("/usr/bin/readelf").exists() {
            let readelf = ["/native/usr/bin/readelf", "-hW", "/system/object/lx/object"];
            let text = zone.prints(&readelf);
            assert!(text.contains("Position-Independent Executable"), "{text}");
        }
        let text = zone.prints(&["--no-native", "sh", "-c", "echo /system/*/*"]);
        assert_eq!(text, "/system/*/*\n");
    });
}

#[test]
fn what_lx_starts_is_a_contract() {
    Zone::each("zone-contract", |zone| {
        let name = format!("contract-{}-{}", std::process::id(), zone.user);
        // The orphan belongs to it, too.
        let script = "(sleep 1000 &); touch /started; exec sleep 1000";
        let mut child = zone
            .zoned(&["--name", &name, "sh", "-c", script])
            .spawn()
            .expect("it starts");
        wait_for(zone, "started");
        let exec = |script: &str| {
            let output = run(zone.lx(&["exec", &name, "sh", "-c", script]));
            assert!(output.status.success(), "{}", stderr(&output));
            stdout(&output)
        };
        let text = exec("cat /system/contract/process/1/status; echo own $$");
        assert!(
            text.starts_with("ctid: 1\ntype: process\nstate: owned\n"),
            "{text}"
        );
        let members = text.lines().find(|line| line.starts_with("members:"));
        let members = members.expect("they are listed").split(' ').count() - 1;
        assert_eq!(members, 2, "{text}");
        let text = exec(
            "cd /system/contract; cat all/$$/status; echo $(cat process/$$/events); \
            echo nonsense > process/$$/ctl || echo invalid",
        );
        assert!(text.contains("\nstate: owned\n"), "{text}");
        assert!(text.ends_with("\n\ninvalid\n"), "{text}");

        // A tree of its own ends as its contract is told.
        let script = "(sleep 999 &); touch /second; echo $$ > /number; exec sleep 999";
        let second = zone
            .lx(&["exec", &name, "sh", "-c", script])
            .stdout(Stdio::null())
            .spawn();
        let mut second = second.expect("it starts");
        wait_for(zone, "number");
        exec(
            "until test -s /number; do sleep 0.01; done; \
            echo signal 15 > /system/contract/process/$(cat /number)/ctl",
        );
        assert_eq!(second.wait().expect("it ends").signal(), Some(15));
        let start = Instant::now();
        while exec("echo /system/contract/all/*").matches("all/").count() > 2 {
            assert!(start.elapsed() < Duration::from_secs(60), "it stays");
            sleep(Duration::from_millis(100));
        }
        assert!(!exec("busybox ps").contains("sleep 999"));
        run(zone.lx(&["kill", &name]));
        child.wait().expect("it ends");
        zone.nothing_is_left();
    });
}

#[test]
fn an_upper_layer_lasts() {
    Zone::each("zone-upper", |zone| {
        let (lower, upper) = (zone.path("root"), zone.path("run/changes"));
        let plain = |path: &Path| path.to_str().expect("it is plain").to_owned();
        let (lower, upper) = (plain(&lower), plain(&upper));
        fs::write(zone.path("root/old"), "old\n").expect("it is written");
        zone.own("root/old");
        let layered = |more: &[&str]| {
            let options = ["run", "--layer", &lower, "--upper", &upper];
            zone.lx(&[&options[..], more].concat())
        };
        let script = "echo new > /new; busybox rm /old; cat /new";
        let output = run(layered(&["sh", "-c", script]));
        assert_eq!(stdout(&output), "new\n", "{}", stderr(&output));
        let script = "cat /new; cat /old || echo gone; echo more >> /new";
        let output = run(layered(&["sh", "-c", script]));
        assert_eq!(stdout(&output), "new\ngone\n", "{}", stderr(&output));
        let kept = fs::read_to_string(zone.path("run/changes/upper/new"));
        assert_eq!(kept.ok().as_deref(), Some("new\nmore\n"));
        assert!(zone.path("root/old").exists() && !zone.path("root/new").exists());

        // One zone at a time.
        let mut first = layered(&["sh", "-c", "touch /begun; exec sleep 1000"]);
        let mut first = first.spawn().expect("it starts");
        wait_for(zone, "../run/changes/upper/begun");
        let output = run(layered(&["true"]));
        assert_eq!(output.status.code(), Some(125));
        assert!(stderr(&output).contains("another zone is using it"));
        first.kill().expect("it is killed");
        first.wait().expect("it ends");

        let file = zone.path("root/old");
        let file = plain(&file);
        for (bad, why) in [(&*file, "--upper"), (&*lower, "one in the other")] {
            let options = ["run", "--layer", &lower, "--upper", bad, "true"];
            let output = run(zone.lx(&options));
            let message = stderr(&output);
            assert_eq!(output.status.code(), Some(125), "{message}");
            assert!(
                message.contains(why) && message.lines().count() == 1,
                "{message}"
            );
        }
        let output = run(zone.lx(&["run", "--upper", &upper, "true"]));
        assert_eq!(output.status.code(), Some(2));
    });
}
