//! Whole programs: what people run, each long enough that its start does not decide.

use crate::command::{self, Outcome};
use crate::mode::Mode;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// One whole program, started as `argv` in the scratch directory.
#[derive(Debug)]
pub(crate) struct Workload {
    /// Its name in the report.
    pub(crate) name: &'static str,
    /// The command line; the first word is looked up in `TOOL_PATH`.
    argv: &'static [&'static str],
    /// Further tools that the command line starts.
    needs: &'static [&'static str],
}

/// Where tools are looked up: wrappers in the caller's own PATH would be measured with them.
const TOOL_PATH: &str = "/usr/bin:/bin";
/// How long one program may take under any mode.
const LIMIT: Duration = Duration::from_secs(240);

/// The list.
pub(crate) const ALL: &[Workload] = &[
    Workload {
        name: "bash forks and pipes",
        argv: &[
            "bash",
            "-c",
            "for i in $(seq 100); do x=$(echo $i | cat); /bin/true; (exit 0); done; echo $x",
        ],
        needs: &["seq", "cat"],
    },
    Workload {
        name: "gcc -O2",
        argv: &["gcc", "-O2", "-c", "one.c", "-o", "/dev/null"],
        needs: &[],
    },
    Workload {
        name: "make -j2",
        argv: &[
            "sh",
            "-c",
            "make -s -C project clean && make -s -j2 -C project",
        ],
        needs: &["make", "cc"],
    },
    Workload {
        name: "git status, log, gc",
        argv: &[
            "sh",
            "-c",
            "cd tree && for i in 1 2 3; do git status -s; git log --stat; done && git gc -q",
        ],
        needs: &["git"],
    },
    Workload {
        name: "tar and xz",
        argv: &[
            "sh",
            "-c",
            "tar cf - tree | xz -1 -T1 | xz -d | tar tf - | wc -l",
        ],
        needs: &["tar", "xz", "wc"],
    },
    Workload {
        name: "find /usr",
        argv: &[
            "find",
            "/usr/share",
            "/usr/include",
            "/usr/lib",
            "-newer",
            "/etc/passwd",
            "-name",
            "*.h",
        ],
        needs: &[],
    },
    Workload {
        name: "grep -r",
        argv: &["grep", "-rc", "signal77", "tree", "/usr/include"],
        needs: &[],
    },
    Workload {
        name: "python3 imports",
        argv: &[
            "python3",
            "-B",
            "-c",
            "import asyncio, json, http.client, sqlite3, unittest, xml.dom.minidom, email, ctypes, \
             multiprocessing, decimal, logging.handlers, urllib.request, concurrent.futures",
        ],
        needs: &[],
    },
    Workload {
        name: "python3 compute",
        argv: &[
            "python3",
            "-c",
            "import hashlib\nd={}\nfor i in range(300000): d[i%5003]=d.get(i%5003,0)+i*i\n\
             print(sum(d.values()), hashlib.sha256(b'x'*20000000).hexdigest())",
        ],
        needs: &[],
    },
    Workload {
        name: "sqlite3 inserts",
        argv: &["sh", "-c", "rm -f t.db; sqlite3 -bail t.db < inserts.sql"],
        needs: &["sqlite3", "rm"],
    },
    Workload {
        name: "sort",
        argv: &["sort", "-S", "4M", "-o", "sorted.txt", "big.txt"],
        needs: &[],
    },
    Workload {
        name: "perl",
        argv: &[
            "perl",
            "-e",
            "my %n; open my $f, '<', 'big.txt' or die; while (<$f>) { $n{$_}++ for split }\n\
             print scalar(keys %n), ' ', (sort { $n{$b} <=> $n{$a} } keys %n)[0], \"\\n\";",
        ],
        needs: &[],
    },
];

impl Workload {
    /// The tool that is not installed here, if there is one.
    pub(crate) fn missing(&self) -> Option<&'static str> {
        let first = self.argv.first();
        first
            .into_iter()
            .chain(self.needs)
            .copied()
            .find(|tool| find_tool(tool).is_none())
    }

    /// Milliseconds of one run under `mode`, or why there is no figure.
    pub(crate) fn time(&self, mode: &Mode, dir: &Path) -> Result<f64, String> {
        let [tool, args @ ..] = self.argv else {
            return Err("empty command line".into());
        };
        let program = find_tool(tool).ok_or("not installed")?;
        let mut command = mode.command(&program, args.iter());
        command
            .current_dir(dir)
            .env("PATH", TOOL_PATH)
            .env("HOME", dir);
        command
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("MAKEFLAGS", "");
        match command::run(command, LIMIT) {
            // grep and find say 1 for "nothing found" or "some directory unreadable".
            Outcome::Done { status, wall, .. } if matches!(status.code(), Some(0 | 1)) => {
                Ok(wall.as_secs_f64() * 1e3)
            }
            Outcome::Done { status, stderr, .. } => Err(format!(
                "{status} {}",
                stderr.lines().next().unwrap_or_default()
            )),
            Outcome::TooLong => Err(format!("took longer than {LIMIT:?}")),
            Outcome::NotStarted(error) => Err(error.to_string()),
        }
    }
}

/// The file that a tool's name stands for.
fn find_tool(name: &str) -> Option<PathBuf> {
    TOOL_PATH
        .as_bytes()
        .split(|byte| *byte == b':')
        .map(|dir| Path::new(OsStr::from_bytes(dir)).join(name))
        .find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_commands_not_empty() {
        for (i, workload) in ALL.iter().enumerate() {
            assert!(!workload.argv.is_empty());
            assert!(
                ALL.iter()
                    .skip(i + 1)
                    .all(|other| other.name != workload.name)
            );
        }
    }

    #[test]
    fn a_missing_tool_is_named() {
        let needs = &["no-such-tool-here"];
        let workload = Workload {
            name: "x",
            argv: &["sh", "-c", "exit 0"],
            needs,
        };
        assert_eq!(workload.missing(), Some("no-such-tool-here"));
        let workload = Workload {
            name: "x",
            argv: &["sh", "-c", "exit 0"],
            needs: &[],
        };
        assert_eq!(workload.missing(), None);
        assert!(workload.time(&Mode::native(), Path::new("/")).unwrap() > 0.0);
    }

    #[test]
    fn a_failing_program_has_no_figure() {
        let workload = Workload {
            name: "x",
            argv: &["sh", "-c", "exit 9"],
            needs: &[],
        };
        assert!(workload.time(&Mode::native(), Path::new("/")).is_err());
    }
}
