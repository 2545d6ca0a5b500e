//! A folder of programs made with GoogleTest: each is asked for its tests, and each test is run
//! natively and under lx. What passes natively has to pass under lx.

use crate::child::{End, Job, Shown, run as run_job};
use crate::data;
use crate::options::Common;
use crate::own::environment;
use crate::pool;
use crate::report::{Ran, Tally, Verdict};
use crate::runner;
use crate::suite::{At, Setting, Suite};
use crate::way::Way;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// `conformance gtest`.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub common: Common,
    /// The folder of the programs
    #[arg(long, value_name = "DIR")]
    pub folder: PathBuf,
    /// Seconds that a native run may take
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    pub limit: u64,
}

/// One test of one program.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Test {
    program: PathBuf,
    name: String,
    label: String,
}

/// Runs the suite and prints its report.
pub fn run(options: &Options) -> Result<Tally, String> {
    let suite = Gtest {
        limit: Duration::from_secs(options.limit),
    };
    let programs = programs(&options.folder)?;
    let workers = options.common.jobs.unwrap_or_else(pool::default_workers);
    let mut tests = Vec::new();
    for listed in pool::map(&programs, workers, |program| suite.tests(program)) {
        tests.extend(listed?);
    }
    runner::run(&suite, tests, &options.common)
}

/// The files of the folder that can be executed, by name.
fn programs(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let about = |e: std::io::Error| format!("{}: {e}", folder.display());
    let folder = folder.canonicalize().map_err(about)?;
    let listed = fs::read_dir(&folder).map_err(about)?;
    let executable = |path: &PathBuf| {
        fs::metadata(path)
            .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
    };
    let mut programs: Vec<PathBuf> = listed
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(executable)
        .collect();
    programs.sort();
    match programs.is_empty() {
        true => Err(format!("{}: no programs", folder.display())),
        false => Ok(programs),
    }
}

struct Gtest {
    limit: Duration,
}

impl Gtest {
    fn tests(&self, program: &Path) -> Result<Vec<Test>, String> {
        let line = vec![program.into(), "--gtest_list_tests".into()];
        let listed = run_job(&Job::new(line, self.limit))?;
        if listed.end != End::Exit(0) {
            return Err(format!(
                "{} --gtest_list_tests: {}",
                program.display(),
                listed.end
            ));
        }
        let stem = program.file_name().unwrap_or_default().to_string_lossy();
        let names = names(&String::from_utf8_lossy(&listed.stdout));
        let test = |name: String| Test {
            program: program.to_owned(),
            label: format!("{stem}/{name}"),
            name,
        };
        Ok(names.into_iter().map(test).collect())
    }
}

/// The full names in the answer to `--gtest_list_tests`: suites stand at the margin and end in a
/// dot, their tests beneath them; what follows a `#` is the value of a parameter. Disabled tests
/// are left out, as GoogleTest does.
fn names(text: &str) -> Vec<String> {
    let mut suite = String::new();
    let mut names = Vec::new();
    for line in text.lines() {
        let word = line.split('#').next().unwrap_or_default().trim_end();
        match word.strip_prefix("  ") {
            Some(test) if !suite.is_empty() => names.push(format!("{suite}{}", test.trim())),
            Some(_) => {}
            // Programs print lines of their own before the list.
            None if word.ends_with('.') && !word.contains(' ') => suite = word.to_owned(),
            None => suite.clear(),
        }
    }
    let disabled = |name: &String| {
        name.split(['.', '/'])
            .any(|part| part.starts_with("DISABLED_"))
    };
    names.retain(|name| !disabled(name));
    names
}

impl Suite for Gtest {
    type Case = Test;

    fn name(&self) -> String {
        "gtest".to_owned()
    }

    fn usual(&self) -> Vec<Way> {
        vec![Way::REWRITE]
    }

    fn expectations(&self) -> PathBuf {
        data::folder().join("expectations/gtest.txt")
    }

    fn label(&self, test: &Test) -> String {
        test.label.clone()
    }

    fn run(&self, test: &Test, at: At<'_>) -> Result<Shown, String> {
        let line = [
            test.program.clone().into_os_string(),
            format!("--gtest_filter={}", test.name).into(),
            "--gtest_color=no".into(),
        ];
        let job = match at {
            At::Natively(setting) => Job {
                restricted: setting == Setting::Restricted,
                ..Job::new(line.to_vec(), self.limit)
            },
            At::Under(target, lx, _) => Job {
                restricted: target.way.is_restricted(),
                way: Some(target.way),
                // Every call may trap.
                ..Job::new(
                    target.way.command_line(lx, &environment(), &line),
                    self.limit * 2,
                )
            },
        };
        run_job(&Job {
            foreign: true,
            ..job
        })
    }

    fn unfit(&self, native: &Shown) -> Option<Verdict> {
        match native.end {
            End::Exit(0) if skipped(native) => Some(Verdict::NotNative("skips itself".to_owned())),
            End::Exit(0) => None,
            other => Some(Verdict::NotNative(other.to_string())),
        }
    }

    fn differs(&self, _native: &Shown, got: &Shown) -> Option<String> {
        match got.end {
            End::Exit(0) if skipped(got) => Some("skips itself under lx only".to_owned()),
            End::Exit(0) => None,
            other => {
                let first = failures(got).into_iter().next();
                Some(first.unwrap_or_else(|| format!("ended by {other}")))
            }
        }
    }

    fn kept(&self, shown: &Shown) -> Ran {
        Ran {
            lines: failures(shown),
            ..Ran::of(shown)
        }
    }
}

fn skipped(shown: &Shown) -> bool {
    String::from_utf8_lossy(&shown.stdout).contains("[  SKIPPED ]")
}

/// The places of failed checks, each with what was expected.
fn failures(shown: &Shown) -> Vec<String> {
    const MOST: usize = 12;
    let text = String::from_utf8_lossy(&shown.stdout);
    let mut lines = text.lines();
    let mut found = Vec::new();
    while let Some(line) = lines.next() {
        if line.ends_with(": Failure") && found.len() < MOST {
            let what = lines.next().unwrap_or_default();
            found.push(format!("{line}: {}", what.trim()));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn a_list_gives_full_names() {
        let text = "Running main() from gtest_main.cc\nPlain.\n  One\n  DISABLED_Two\n\
                    All/Param.\n  Case/0  # GetParam() = 4-byte object <01-00>\n  Case/1\n\
                    Typed/0.  # TypeParam = int\n  Works\n";
        assert_eq!(
            names(text),
            [
                "Plain.One",
                "All/Param.Case/0",
                "All/Param.Case/1",
                "Typed/0.Works"
            ]
        );
    }
}
