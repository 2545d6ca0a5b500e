//! The host's tools in zones without namespaces.

use crate::bare::Zone;
use crate::common::{stderr, stdout};
use std::path::Path;

#[test]
fn the_hosts_tools_run_in_a_bare_root_that_lacks_them() {
    Zone::each("tools", |zone| {
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
                &[
                    "-c",
                    "import json, ctypes, os; print(os.path.realpath('/native/bin'))",
                ],
                "/native/usr/bin\n",
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
            let output = zone.run(&[&[tool], arguments].concat());
            let printed = stdout(&output) + &stderr(&output);
            assert!(printed.starts_with(expected), "{tool}: {printed}");
        }
        // From a shell of the zone, whose own files are what they are; and nothing can be written there.
        for (script, printed) in [
            (
                "/native/bin/echo fine; touch /native/usr/x 2>&1",
                "fine\ntouch: /native/usr/x: Read-only file system\n",
            ),
            (
                "cd /native/usr/lib && pwd && cd .. && ls -d bin && cd ../.. && pwd",
                "/native/usr/lib\nbin\n/\n",
            ),
            (
                "cat /etc/name; /native/bin/cat /etc/name; ls /usr/lib",
                "inside\ninside\nabsolute\n",
            ),
            (
                "readlink /native/bin; ls /native/usr/bin/env",
                "usr/bin\n/native/usr/bin/env\n",
            ),
            // What the zone lacks, a tool finds on the host.
            (
                "ls /usr/bin 2>/dev/null || /native/bin/ls /usr/bin/env",
                "/usr/bin/env\n",
            ),
            (
                "/native/bin/readlink /proc/self/exe",
                "/native/usr/bin/readlink\n",
            ),
            ("grep -c ' /native/usr ' /proc/mounts", "1\n"),
        ] {
            let output = zone.run(&["/bin/sh", "-c", &format!("{script}; true")]);
            assert_eq!(stdout(&output) + &stderr(&output), printed, "{script}");
        }
        let output = zone.run(&["--no-native", "/native/bin/bash"]);
        assert_eq!(output.status.code(), Some(127));
        assert!(zone.sh("ls /").contains("native"));
    });
}
