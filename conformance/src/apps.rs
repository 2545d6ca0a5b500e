//! Whole programs: each script of `apps/` natively first, then under lx, and both compared.
//!
//! A script is one case. Lines at its head say what it needs:
//! `#: needs: COMMAND…` (absent ones skip the case), `#: limit: SECONDS` (of a native run) and
//! `#: quick` (part of `--quick`). A script that leaves with status 77 skips itself. What it
//! prints must be the same at every native run; it works in a fresh folder of its own.

use crate::child::{Job, PATH, Shown, run as run_job};
use crate::data;
use crate::judge::{difference, native_trouble};
use crate::options::Common;
use crate::own::environment;
use crate::report::{Entry, Tally, Verdict};
use crate::runner;
use crate::suite::{At, Setting, Suite};
use crate::way::Way;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// `conformance apps`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Options {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub common: Common,
    /// Only the scripts that are marked as quick
    #[arg(long)]
    pub quick: bool,
}

/// One script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct App {
    pub(crate) name: String,
    pub(crate) script: PathBuf,
    pub(crate) needs: Vec<String>,
    pub(crate) limit: Duration,
    quick: bool,
}

/// Runs the list and prints its report.
pub fn run(options: &Options) -> Result<Tally, String> {
    let mut apps = read_all(&data::folder().join("apps"))?;
    apps.retain(|app| !options.quick || app.quick);
    let suite = Apps {
        full: options.common.full,
    };
    runner::run(&suite, apps, &options.common)
}

/// Runs those that the filters let through.
pub(crate) fn entries(common: &Common) -> Result<Vec<Entry>, String> {
    let suite = Apps { full: common.full };
    let all = read_all(&data::folder().join("apps"))?;
    runner::entries(&suite, &runner::wanted(&suite, all, common)?, common)
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

pub(crate) fn parse(script: &Path, text: &str) -> Result<App, String> {
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

/// Why a script cannot run that needs these commands.
pub(crate) fn absent(needs: &[String]) -> Option<String> {
    let absent: Vec<&str> = needs
        .iter()
        .map(String::as_str)
        .filter(|command| !find(command))
        .collect();
    (!absent.is_empty()).then(|| format!("not installed: {}", absent.join(" ")))
}

/// Whether a command is where the runs look for it.
fn find(command: &str) -> bool {
    PATH.split(':')
        .any(|folder| Path::new(folder).join(command).is_file())
}

struct Apps {
    full: bool,
}

impl Suite for Apps {
    type Case = App;

    fn name(&self) -> String {
        "apps".to_owned()
    }

    fn usual(&self) -> Vec<Way> {
        vec![Way::REWRITE, Way::SUD]
    }

    fn expectations(&self) -> PathBuf {
        data::folder().join("expectations/apps.txt")
    }

    fn label(&self, app: &App) -> String {
        app.name.clone()
    }

    fn absent(&self, app: &App) -> Option<String> {
        absent(&app.needs)
    }

    fn run(&self, app: &App, at: At<'_>) -> Result<Shown, String> {
        let script: [OsString; 2] = ["/bin/bash".into(), app.script.clone().into()];
        run_job(&match at {
            At::Natively(setting) => Job {
                restricted: setting == Setting::Restricted,
                ..Job::new(script.to_vec(), app.limit)
            },
            // Twice the native limit under lx, since every call may trap.
            At::Under(target, lx, _) => Job {
                restricted: target.way.is_restricted(),
                way: Some(target.way),
                ..Job::new(
                    target.way.command_line(lx, &environment(), &script),
                    app.limit * 2,
                )
            },
        })
    }

    fn unfit(&self, native: &Shown) -> Option<Verdict> {
        native_trouble(native)
    }

    fn differs(&self, native: &Shown, got: &Shown) -> Option<String> {
        difference(native, got, self.full)
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
