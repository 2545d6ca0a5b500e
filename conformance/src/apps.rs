//! Whole programs: each script of `apps/` natively first, then under lx, and both compared.
//!
//! A script is one case. Lines at its head say what it needs:
//! `#: needs: COMMAND…` (absent ones skip the case), `#: limit: SECONDS` (of a native run) and
//! `#: quick` (part of `--quick`). A script that leaves with status 77 skips itself. What it
//! prints must be the same at every native run; it works in a fresh folder of its own.

use crate::child::{Job, Shown, run as run_job};
use crate::expect::Expectations;
use crate::judge::{Tries, difference, judged, native_trouble};
use crate::lx::{self, Mode};
use crate::pool;
use crate::report::{self, Entry, Tally, Verdict};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where commands are looked for, as the runs themselves do.
const PATH: [&str; 5] = ["/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"];

/// `conformance apps`.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// The lx to test [default: the one beside this program]
    #[arg(long, value_name = "FILE")]
    pub lx: Option<PathBuf>,
    /// How lx catches calls
    #[arg(long, value_enum, value_delimiter = ',', default_values = ["rewrite", "sud"])]
    pub mode: Vec<Mode>,
    /// Only the scripts that are marked as quick
    #[arg(long)]
    pub quick: bool,
    /// Run natively only, and check that the output is the same each time
    #[arg(long)]
    pub native: bool,
    /// How often each script is run in each mode
    #[arg(long, default_value_t = 1)]
    pub repeat: u32,
    /// How often a failed script is tried again, to tell flaky from broken
    #[arg(long, default_value_t = 1)]
    pub retries: u32,
    /// Scripts at a time [default: one per processor]
    #[arg(long)]
    pub jobs: Option<usize>,
    /// Print both outputs of a failed script in full
    #[arg(long)]
    pub full: bool,
    /// Only scripts whose name contains this
    #[arg(long)]
    pub filter: Option<String>,
}

/// One script.
#[derive(Clone, Debug, PartialEq, Eq)]
struct App {
    name: String,
    script: PathBuf,
    needs: Vec<String>,
    limit: Duration,
    quick: bool,
}

/// Runs the list and prints its report.
pub fn run(options: &Options) -> Result<Tally, String> {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut apps = read_all(&home.join("apps"))?;
    apps.retain(|app| !options.quick || app.quick);
    if let Some(filter) = &options.filter {
        apps.retain(|app| app.name.contains(filter.as_str()));
    }
    let lx = match options.native {
        true => PathBuf::new(),
        false => lx::locate(options.lx.as_deref())?,
    };
    let runner = Runner {
        options,
        lx,
        expectations: Expectations::read(&home.join("expectations/apps.txt"))?,
        caged: nix::unistd::geteuid().is_root() && find("unshare"),
    };
    let workers = options.jobs.unwrap_or_else(pool::default_workers);
    let results = pool::map(&apps, workers, |app| runner.one(app));
    let mut entries = Vec::new();
    for result in results {
        entries.extend(result?);
    }
    println!();
    Ok(report::print(&entries))
}

fn read_all(folder: &Path) -> Result<Vec<App>, String> {
    read_scripts(folder, parse)
}

/// All scripts of a folder by name, as `parse` reads their text.
pub(crate) fn read_scripts<T>(
    folder: &Path,
    parse: impl Fn(&Path, &str) -> Result<T, String>,
) -> Result<Vec<T>, String> {
    let listed = fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let mut scripts: Vec<PathBuf> = listed
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|ending| ending == "sh"))
        .collect();
    scripts.sort();
    scripts
        .into_iter()
        .map(|script| {
            let named = |e: String| format!("{}: {e}", script.display());
            let text = fs::read_to_string(&script).map_err(|e| named(e.to_string()))?;
            parse(&script, &text).map_err(named)
        })
        .collect()
}

fn parse(script: &Path, text: &str) -> Result<App, String> {
    let name = script.file_stem().unwrap_or_default().to_string_lossy();
    let mut app = App {
        name: name.into_owned(),
        script: script.to_owned(),
        needs: Vec::new(),
        limit: Duration::from_secs(60),
        quick: false,
    };
    for line in text.lines().filter_map(|line| line.strip_prefix("#:")) {
        match line.trim().split_once(':') {
            Some(("needs", rest)) => app.needs.extend(rest.split_whitespace().map(str::to_owned)),
            Some(("limit", rest)) => {
                let seconds = rest.trim().parse().map_err(|e| format!("limit: {e}"))?;
                app.limit = Duration::from_secs(seconds);
            }
            None if line.trim() == "quick" => app.quick = true,
            _ => return Err(format!("unknown head line {line}")),
        }
    }
    Ok(app)
}

/// Whether a command is where the runs look for it.
pub(crate) fn find(command: &str) -> bool {
    PATH.iter()
        .any(|folder| Path::new(folder).join(command).is_file())
}

struct Runner<'a> {
    options: &'a Options,
    lx: PathBuf,
    expectations: Expectations,
    /// Whether runs get a process namespace of their own, so that nothing outlives them.
    caged: bool,
}

impl Runner<'_> {
    /// All entries of one script: one for the native run when that alone tells something, else
    /// one for each mode.
    fn one(&self, app: &App) -> Result<Vec<Entry>, String> {
        let entry = |mode, verdict| Entry {
            case: app.name.clone(),
            mode,
            verdict,
        };
        let absent: Vec<&str> = app
            .needs
            .iter()
            .map(String::as_str)
            .filter(|c| !find(c))
            .collect();
        if !absent.is_empty() {
            let why = format!("not installed: {}", absent.join(" "));
            return Ok(vec![entry(None, Verdict::Skipped(why))]);
        }
        let native = self.shown(app, None)?;
        if let Some(verdict) = native_trouble(&native) {
            return Ok(vec![entry(None, verdict)]);
        }
        if self.options.native {
            return Ok(vec![entry(None, self.natively(app, &native)?)]);
        }
        self.options
            .mode
            .iter()
            .map(|&mode| Ok(entry(Some(mode), self.judged(app, mode, &native)?)))
            .collect()
    }

    /// More native runs, which must all show the same.
    fn natively(&self, app: &App, first: &Shown) -> Result<Verdict, String> {
        let mut took = first.took;
        for _ in 1..self.options.repeat {
            let again = self.shown(app, None)?;
            took = took.max(again.took);
            if !again.agrees(first) {
                return Ok(Verdict::Failed(format!(
                    "unstable: {}",
                    difference(first, &again, self.options.full)
                )));
            }
        }
        println!("ok      {} natively, {:.1} s", app.name, took.as_secs_f64());
        Ok(Verdict::Passed)
    }

    fn judged(&self, app: &App, mode: Mode, native: &Shown) -> Result<Verdict, String> {
        let tries = Tries {
            repeat: self.options.repeat,
            retries: self.options.retries,
        };
        let exception = self.expectations.find(&app.name, mode);
        judged(exception, tries, || self.attempt(app, mode, native))
    }

    /// One run under lx: none when it agrees with the native one, else what differs.
    fn attempt(&self, app: &App, mode: Mode, native: &Shown) -> Result<Option<String>, String> {
        let shown = self.shown(app, Some(mode))?;
        let agrees = shown.agrees(native);
        println!(
            "{} {} [{mode}] native {:.1} s, lx {:.1} s",
            if agrees { "ok     " } else { "DIFFERS" },
            app.name,
            native.took.as_secs_f64(),
            shown.took.as_secs_f64(),
        );
        Ok((!agrees).then(|| difference(native, &shown, self.options.full)))
    }

    fn shown(&self, app: &App, mode: Option<Mode>) -> Result<Shown, String> {
        let script: [OsString; 2] = ["/bin/bash".into(), app.script.clone().into()];
        let inner = match mode {
            None => script.to_vec(),
            Some(mode) => lx::command_line(&self.lx, mode, &script),
        };
        let mut line: Vec<OsString> = Vec::new();
        if self.caged {
            let cage = [
                "unshare",
                "--pid",
                "--fork",
                "--kill-child",
                "--mount-proc",
                "--",
            ];
            line.extend(cage.map(OsString::from));
            // The namespace's first process ignores signals that it does not handle, so it is
            // a shell that waits for the script, not the script.
            let first = ["/bin/sh", "-c", "\"$@\"; exit $?", "sh"];
            line.extend(first.map(OsString::from));
        }
        line.extend(inner);
        // Twice the native limit under lx, since every call may trap.
        let limit = if mode.is_some() {
            app.limit * 2
        } else {
            app.limit
        };
        run_job(&Job {
            line,
            user: None,
            mode,
            limit,
            input: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{parse, read_all};
    use std::path::Path;
    use std::time::Duration;

    #[test]
    fn head_lines_are_read() {
        let text = "#!/bin/bash\n#: needs: a b\n#: limit: 9\n#: quick\n# c\necho\n";
        let app = parse(Path::new("x/name.sh"), text).expect("valid");
        assert_eq!(app.name, "name");
        assert_eq!(app.needs, ["a", "b"]);
        assert_eq!(app.limit, Duration::from_secs(9));
        assert!(app.quick);
        assert!(parse(Path::new("x.sh"), "#: speed: 1\n").is_err());
    }

    #[test]
    fn all_scripts_have_valid_heads() {
        let apps = read_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("apps")).expect("valid");
        assert!(apps.len() >= 25);
        assert!(apps.iter().all(|app| !app.needs.is_empty()));
    }
}
