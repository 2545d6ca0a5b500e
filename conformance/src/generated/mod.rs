//! Seeded random sequences of calls, natively and under lx; a difference is made short and kept.

pub mod program;
pub mod shrink;

use crate::child::{Job, Scratch, Shown, run as run_job};
use crate::data;
use crate::guests::{self, Guest};
use crate::judge::{difference, native_trouble};
use crate::lx::Lx;
use crate::options::Common;
use crate::own::environment;
use crate::report::{Entry, Tally, Verdict};
use crate::runner;
use crate::suite::{At, Setting, Suite, Target};
use crate::way::Way;
use program::{Line, generate, text};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// `conformance generated`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Options {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub common: Common,
    /// The first seed
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// How many programs: one for each seed from the first on
    #[arg(long, default_value_t = 50)]
    pub count: u64,
    /// Calls in one program
    #[arg(long, default_value_t = 120)]
    pub length: usize,
    /// Do not keep what fails in `regressions/`
    #[arg(long)]
    pub discard: bool,
}

/// Runs as many native tries while a program is made short.
const SHRINK_BUDGET: usize = 150;
const LIMIT: Duration = Duration::from_secs(20);

/// The folder of kept programs.
#[must_use]
pub fn regressions() -> PathBuf {
    data::folder().join("regressions")
}

/// Runs the kept programs, then the generated ones, and prints a report.
pub fn run(options: &Options) -> Result<Tally, String> {
    runner::run(&Sequences::new(options)?, tasks(options)?, &options.common)
}

/// Runs the kept programs, then the generated ones.
pub fn entries(options: &Options) -> Result<Vec<Entry>, String> {
    runner::entries(&Sequences::new(options)?, &tasks(options)?, &options.common)
}

fn tasks(options: &Options) -> Result<Vec<Task>, String> {
    let mut tasks: Vec<Task> = kept()?.into_iter().map(Task::Kept).collect();
    tasks.extend((0..options.count).map(|n| Task::Seed(options.seed.wrapping_add(n))));
    Ok(tasks)
}

fn kept() -> Result<Vec<PathBuf>, String> {
    let folder = regressions();
    let Ok(listed) = fs::read_dir(&folder) else {
        return Ok(Vec::new());
    };
    let mut paths: Vec<PathBuf> = listed
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "calls"));
    paths.sort();
    Ok(paths)
}

enum Task {
    Kept(PathBuf),
    Seed(u64),
}

struct Sequences<'a> {
    options: &'a Options,
    interpreters: Vec<Guest>,
}

impl<'a> Sequences<'a> {
    fn new(options: &'a Options) -> Result<Self, String> {
        let source = guests::folder().join("generated/interpreter.c");
        Ok(Self {
            options,
            interpreters: guests::build(&source, "interpreter")?,
        })
    }

    /// Each program takes the next build of the interpreter.
    fn interpreter(&self, task: &Task) -> Result<&Guest, String> {
        let name = self.label(task);
        let sum = name
            .bytes()
            .fold(0_usize, |sum, byte| sum + usize::from(byte));
        let which = sum.checked_rem(self.interpreters.len()).unwrap_or(0);
        let found = self.interpreters.get(which);
        found.ok_or_else(|| "the interpreter has no builds".to_owned())
    }

    fn lines(&self, seed: u64) -> Vec<Line> {
        generate(seed, self.options.length)
    }

    fn one(&self, task: &Task, program: &Path, at: At<'_>) -> Result<Shown, String> {
        let interpreter = self.interpreter(task)?;
        let line = [interpreter.program.clone().into_os_string(), program.into()];
        run_job(&match at {
            At::Natively(setting) => Job {
                restricted: setting == Setting::Restricted,
                ..Job::new(line.to_vec(), LIMIT)
            },
            At::Under(target, lx, _) => Job {
                restricted: target.way.is_restricted(),
                way: Some(target.way),
                ..Job::new(target.way.command_line(lx, &environment(), &line), LIMIT)
            },
        })
    }

    fn shorten(&self, task: &Task, target: &Target, lx: &Lx, lines: &[Line]) -> Vec<Line> {
        shrink::shrink(lines, SHRINK_BUDGET, |shorter| {
            let Ok(written) = Written::new(shorter) else {
                return false;
            };
            let Ok(native) = self.one(task, &written.path(), At::Natively(target.setting)) else {
                return false;
            };
            let at = At::Under(target, lx.of(target.way), &native);
            let shown = self.one(task, &written.path(), at);
            shown.is_ok_and(|shown| !shown.agrees(&native))
        })
    }
}

impl Suite for Sequences<'_> {
    type Case = Task;

    fn name(&self) -> String {
        "generated".to_owned()
    }

    fn usual(&self) -> Vec<Way> {
        Way::OF_THIS_USER.to_vec()
    }

    fn expectations(&self) -> PathBuf {
        data::folder().join("expectations/generated.txt")
    }

    fn label(&self, task: &Task) -> String {
        match task {
            Task::Kept(path) => path
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
            Task::Seed(seed) => format!("seed-{seed}"),
        }
    }

    /// What is not the same twice natively tells nothing.
    fn runs_twice(&self) -> bool {
        true
    }

    fn run(&self, task: &Task, at: At<'_>) -> Result<Shown, String> {
        match task {
            Task::Kept(path) => self.one(task, path, at),
            Task::Seed(seed) => {
                let written = Written::new(&self.lines(*seed))?;
                self.one(task, &written.path(), at)
            }
        }
    }

    fn unfit(&self, native: &Shown) -> Option<Verdict> {
        native_trouble(native)
    }

    fn differs(&self, native: &Shown, got: &Shown) -> Option<String> {
        difference(native, got, self.options.common.full)
    }

    /// Makes a failing program short, and keeps it.
    fn examined(&self, task: &Task, target: &Target, why: String) -> Result<String, String> {
        let Task::Seed(seed) = task else {
            return Ok(why);
        };
        let lx = Lx::find(self.options.common.lx.as_deref(), &[target.way])?;
        let short = text(&self.shorten(task, target, &lx, &self.lines(*seed)));
        if !self.options.discard {
            let path = regressions().join(format!("seed-{seed}-{}.calls", target.way));
            fs::create_dir_all(regressions()).map_err(|e| e.to_string())?;
            fs::write(&path, &short).map_err(|e| format!("{}: {e}", path.display()))?;
        }
        Ok(format!("{why}; in short: {}", short.replace('\n', "; ")))
    }
}

/// A program's text in a file that goes away with this value.
struct Written(Scratch);

impl Written {
    fn new(lines: &[Line]) -> Result<Self, String> {
        let written = Self(Scratch::new()?);
        let path = written.path();
        fs::write(&path, text(lines)).map_err(|e| format!("{}: {e}", path.display()))?;
        Ok(written)
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("program.calls")
    }
}
