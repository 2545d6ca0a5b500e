//! Seeded random sequences of calls, natively and under lx; a difference is made short and kept.

pub mod program;
pub mod shrink;

use crate::child::{End, Job, Shown, run as run_job};
use crate::guests::{self, Guest};
use crate::lx::{self, Mode, OF_THIS_USER};
use crate::pool;
use crate::report::{self, Entry, Tally, Verdict, first_difference};
use program::{Line, generate, text};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// `conformance generated`.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// The lx to test [default: the one beside this program]
    #[arg(long, value_name = "FILE")]
    pub lx: Option<PathBuf>,
    /// The first seed
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// How many programs: one for each seed from the first on
    #[arg(long, default_value_t = 50)]
    pub count: u64,
    /// Calls in one program
    #[arg(long, default_value_t = 120)]
    pub length: usize,
    /// Only these modes
    #[arg(long, value_enum, value_delimiter = ',')]
    pub modes: Vec<Mode>,
    /// Run natively only, and check that the output is the same twice
    #[arg(long)]
    pub native: bool,
    /// Programs at a time [default: one per processor]
    #[arg(long)]
    pub jobs: Option<usize>,
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
    Path::new(env!("CARGO_MANIFEST_DIR")).join("regressions")
}

/// Runs the kept programs, then the generated ones, and prints a report.
pub fn run(options: &Options) -> Result<Tally, String> {
    Ok(report::print(&entries(options)?))
}

/// Runs the kept programs, then the generated ones.
pub fn entries(options: &Options) -> Result<Vec<Entry>, String> {
    let source = guests::folder().join("generated/interpreter.c");
    let interpreters = guests::build(&source, "interpreter")?;
    let lx = if options.native {
        PathBuf::new()
    } else {
        lx::locate(options.lx.as_deref())?
    };
    let modes = if options.modes.is_empty() {
        OF_THIS_USER.to_vec()
    } else {
        options.modes.clone()
    };
    let bench = Bench {
        options,
        interpreters,
        lx,
        modes,
    };
    let mut tasks: Vec<Task> = kept()?.into_iter().map(Task::Kept).collect();
    tasks.extend((0..options.count).map(|n| Task::Seed(options.seed.wrapping_add(n))));
    let workers = options.jobs.unwrap_or_else(pool::default_workers);
    let mut entries = Vec::new();
    for result in pool::map(&tasks, workers, |task| bench.one(task)) {
        entries.extend(result?);
    }
    Ok(entries)
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

struct Bench<'a> {
    options: &'a Options,
    interpreters: Vec<Guest>,
    lx: PathBuf,
    modes: Vec<Mode>,
}

impl Bench<'_> {
    fn one(&self, task: &Task) -> Result<Vec<Entry>, String> {
        match task {
            Task::Kept(path) => {
                let name = path
                    .file_stem()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned();
                self.compare(&name, path, None)
            }
            Task::Seed(seed) => {
                let lines = generate(*seed, self.options.length);
                let written = Written::new(&lines)?;
                self.compare(&format!("seed-{seed}"), &written.0, Some(&lines))
            }
        }
    }

    fn compare(
        &self,
        name: &str,
        path: &Path,
        lines: Option<&[Line]>,
    ) -> Result<Vec<Entry>, String> {
        let mut entries = Vec::new();
        // Each seed takes the next build of the interpreter.
        let which = name
            .bytes()
            .fold(0_usize, |sum, byte| sum + usize::from(byte));
        let interpreter = &self.interpreters[which % self.interpreters.len()];
        let entry = |mode, verdict| Entry {
            case: format!("generated/{name}"),
            mode,
            verdict,
        };
        let native = self.native(interpreter, path)?;
        let again = self.native(interpreter, path)?;
        if !native.agrees(&again) || native.end == End::TimedOut {
            let why = first_difference(&native.stdout, &again.stdout);
            entries.push(entry(
                None,
                Verdict::Skipped(format!("not the same twice natively: {why}")),
            ));
            return Ok(entries);
        }
        if self.options.native {
            entries.push(entry(None, Verdict::Passed));
            return Ok(entries);
        }
        for mode in &self.modes {
            let shown = self.under_lx(interpreter, path, *mode)?;
            if shown.agrees(&native) {
                entries.push(entry(Some(*mode), Verdict::Passed));
                continue;
            }
            let mut why = describe(&native, &shown);
            if let Some(lines) = lines {
                let short = self.shorten(interpreter, lines, *mode);
                why = format!("{why}; in short: {}", text(&short).replace('\n', "; "));
                if !self.options.discard {
                    self.keep(name, *mode, &short)?;
                }
            }
            entries.push(entry(Some(*mode), Verdict::Failed(why)));
        }
        Ok(entries)
    }

    fn native(&self, interpreter: &Guest, path: &Path) -> Result<Shown, String> {
        let line = vec![interpreter.program.clone().into_os_string(), path.into()];
        run_job(&Job {
            line,
            user: None,
            mode: None,
            limit: LIMIT,
            input: None,
        })
    }

    fn under_lx(&self, interpreter: &Guest, path: &Path, mode: Mode) -> Result<Shown, String> {
        let line = [interpreter.program.clone().into_os_string(), path.into()];
        let line = lx::command_line(&self.lx, mode, &line);
        run_job(&Job {
            line,
            user: None,
            mode: Some(mode),
            limit: LIMIT,
            input: None,
        })
    }

    fn shorten(&self, interpreter: &Guest, lines: &[Line], mode: Mode) -> Vec<Line> {
        shrink::shrink(lines, SHRINK_BUDGET, |shorter| {
            let Ok(written) = Written::new(shorter) else {
                return false;
            };
            let native = self.native(interpreter, &written.0);
            let shown = self.under_lx(interpreter, &written.0, mode);
            matches!((native, shown), (Ok(native), Ok(shown)) if !native.agrees(&shown))
        })
    }

    fn keep(&self, name: &str, mode: Mode, lines: &[Line]) -> Result<(), String> {
        let path = regressions().join(format!("{name}-{mode}.calls"));
        fs::create_dir_all(regressions()).map_err(|e| e.to_string())?;
        fs::write(&path, text(lines)).map_err(|e| format!("{}: {e}", path.display()))
    }
}

fn describe(native: &Shown, shown: &Shown) -> String {
    let difference = first_difference(&native.stdout, &shown.stdout);
    if native.end == shown.end {
        return difference;
    }
    format!(
        "ended by {}, expected {}; {difference}",
        shown.end, native.end
    )
}

/// A program's text in a file that goes away with this value.
struct Written(PathBuf);

impl Written {
    fn new(lines: &[Line]) -> Result<Self, String> {
        use std::sync::atomic::{AtomicU64, Ordering};
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let serial = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("lx-conf-{}-{serial}.calls", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::write(&path, text(lines)).map_err(|e| format!("{}: {e}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        drop(fs::remove_file(&self.0));
    }
}
