//! lx under the commands of an engine, as root and as an ordinary user. `conformance/oci` compares it
//! with runc.

use crate::common::{run, start, stderr, stdout};
use crate::rooted::{Zone, wait_for};
use std::fs;
use std::process::{Command, Output, Stdio};

impl Zone {
    /// A bundle around its root, whose program is a script of the shell.
    fn bundle(&self, script: &str) {
        let namespaces = ["pid", "mount", "ipc", "uts", "network"];
        let namespaces = namespaces.map(|kind| format!(r#"{{"type": "{kind}"}}"#));
        let config = format!(
            r#"{{"ociVersion": "1.0.2", "root": {{"path": "root"}}, "hostname": "box",
            "process": {{"user": {{"uid": 0, "gid": 0}}, "args": ["sh", "-c", {script:?}],
                "env": ["PATH=/bin"], "cwd": "/"}},
            "linux": {{"namespaces": [{}]}}}}"#,
            namespaces.join(", ")
        );
        fs::write(self.path("config.json"), config).expect("it is written");
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let root = self.path("run/oci");
        let mut command = self.lx(&["--root", &root.to_string_lossy()]);
        // Zones of root stand beside those of other tests.
        let own = |word: &&str| match *word {
            "ONE" => {
                let folder = self.path("");
                let name = folder.file_name().unwrap_or_default();
                name.to_string_lossy().into_owned()
            }
            word => word.to_owned(),
        };
        command
            .args(arguments.iter().map(own))
            .current_dir(self.path(""));
        command
    }

    fn engine(&self, arguments: &[&str]) -> Output {
        run(self.command(arguments))
    }

    fn engine_does(&self, arguments: &[&str]) -> String {
        let output = self.engine(arguments);
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            stderr(&output)
        );
        stdout(&output)
    }
}

#[test]
fn a_bundle_is_run_to_its_end() {
    Zone::each("oci-run", |zone| {
        zone.bundle("echo $$; hostname; id -u; exit 7");
        let output = zone.engine(&["run", "ONE"]);
        assert_eq!(stdout(&output), "1\nbox\n0\n", "{}", stderr(&output));
        assert_eq!(output.status.code(), Some(7));
        assert_eq!(zone.engine_does(&["list", "-q"]), "");
        zone.nothing_is_left();
    });
}

#[test]
fn a_container_waits_for_its_start() {
    Zone::each("oci-create", |zone| {
        zone.bundle("touch /begun; exec sleep 60");
        zone.own("root");
        // What it writes goes where `create` would write: nobody waits for its end there.
        let mut create = zone.command(&["create", "ONE"]);
        create.stdout(Stdio::null()).stderr(Stdio::null());
        assert!(start(&mut create).wait().expect("it ends").success());
        let state = || zone.engine_does(&["state", "ONE"]);
        assert!(state().contains("\"created\""), "{}", state());
        assert!(!zone.path("root/begun").exists());
        zone.engine_does(&["start", "ONE"]);
        assert!(state().contains("\"running\""), "{}", state());
        wait_for(zone, "begun");
        let output = zone.engine(&["exec", "ONE", "sh", "-c", "hostname; exit 3"]);
        assert_eq!(
            (stdout(&output).as_str(), output.status.code()),
            ("box\n", Some(3))
        );
        assert!(!zone.engine(&["delete", "ONE"]).status.success(), "it runs");
        zone.engine_does(&["kill", "ONE", "KILL"]);
        while !state().contains("\"stopped\"") {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        zone.engine_does(&["delete", "ONE"]);
        assert!(
            !zone.engine(&["state", "ONE"]).status.success(),
            "it is gone"
        );
        zone.nothing_is_left();
    });
}

#[test]
fn what_cannot_begin_leaves_nothing() {
    Zone::each("oci-fail", |zone| {
        zone.bundle("true");
        let config = fs::read_to_string(zone.path("config.json")).expect("it is there");
        let changed = |from: &str, to: &str| {
            assert!(config.contains(from), "{from}");
            fs::write(zone.path("config.json"), config.replace(from, to)).expect("it is written");
            let output = zone.engine(&["create", "ONE"]);
            assert_eq!(output.status.code(), Some(1), "{to}");
            assert_eq!(zone.engine_does(&["list", "-q"]), "");
            zone.nothing_is_left();
            stderr(&output)
        };
        assert!(changed("\"sh\"", "\"none\"").contains("executable file not found in $PATH"));
        assert!(changed("\"pid\"", "\"time\"").contains("namespace"));
        assert!(changed("\"root\"}", "\"no\"}").contains("No such file"));
        let hook =
            r#""linux": {"x": 0}, "hooks": {"createRuntime": [{"path": "/bin/false"}]}, "linux""#;
        let hook = hook.replacen(r#""linux": {"x": 0}, "#, "", 1);
        assert!(changed("\"linux\"", &hook).contains("createRuntime hook"));
    });
}
