//! Zones that run out of something: the programs in them are told so, and go on.

use crate::child::{End, Job, run};
use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);

/// One way to run out: options of the zone, a script of bash, and what it has to print.
struct Shortage {
    what: &'static str,
    options: &'static [&'static str],
    script: &'static str,
    prints: &'static str,
}

const SHORTAGES: [Shortage; 4] = [
    Shortage {
        what: "disk",
        options: &["--tmpfs", "/mnt:size=1m"],
        script: "cd /mnt; head -c 4m /dev/zero > f 2> /dev/null; echo $? $(stat -c %s f); rm f; \
                 echo room > f; cat f",
        prints: "1 1048576\nroom\n",
    },
    Shortage {
        what: "memory",
        options: &["--memory", "64m"],
        script: "head -c 300m /dev/zero | tail -c 250m > /dev/null; echo ${PIPESTATUS[1]}; \
                 echo room | tail -n 1",
        prints: "137\nroom\n",
    },
    Shortage {
        what: "pids",
        options: &["--pids", "24"],
        script: "sh -c 'while :; do sleep 60 & done' 2> /dev/null; kill $(pgrep sleep); \
                 sleep 0.5; echo $(echo room)",
        prints: "room\n",
    },
    Shortage {
        what: "descriptors",
        options: &[],
        script: "ulimit -n 40; for i in {10..60}; do eval \"exec $i< /dev/null\" || break; done \
                 2> /dev/null; echo $i; exec 20<&-; exec 21<&-; exec 22<&-; cat <<< room",
        prints: "40\nroom\n",
    },
];

/// Runs out of each: how often.
pub(super) fn round(lx: &Path) -> Result<u64, String> {
    for shortage in &SHORTAGES {
        let mut line: Vec<OsString> = vec![lx.into()];
        let words = ["run", "--isolation", "namespaces"].iter();
        line.extend(words.chain(shortage.options).map(Into::into));
        line.extend(["--", "/bin/bash", "-c", shortage.script].map(Into::into));
        let shown = run(&Job::new(line, LIMIT))?;
        let printed = String::from_utf8_lossy(&shown.stdout);
        if shown.end != End::Exit(0) || printed != shortage.prints {
            let told = String::from_utf8_lossy(&shown.stderr);
            return Err(format!(
                "out of {}: {}: {printed:?} {told:?}",
                shortage.what, shown.end
            ));
        }
    }
    Ok(SHORTAGES.len().try_into().unwrap_or(0))
}
