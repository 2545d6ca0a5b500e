//! Real root file systems: each script of `roots/` natively first, in a chroot with namespaces of
//! its own, then with zones of lx as root and as an ordinary user, and all compared.
//!
//! Lines at a script's head say `#: root: NAME` (made by `roots/build/NAME`), `#: needs: COMMAND…`
//! (of the host; absent ones skip the script) and `#: limit: SECONDS` (of a native run). Each run
//! gets a fresh copy of the root; `roots/lib` says how, and what a script can call.

mod build;

use crate::apps::{find, read_scripts};
use crate::child::{End, Job, Shown, run as run_job};
use crate::expect::Expectations;
use crate::judge::{Tries, difference, judged, native_trouble};
use crate::lx::{self, Mode};
use crate::pool;
use crate::report::{self, Entry, Tally, Verdict};
use build::{Made, Roots, USER};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// `conformance roots`.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// The lx to test [default: the one beside this program]
    #[arg(long, value_name = "FILE")]
    pub lx: Option<PathBuf>,
    /// How lx catches calls
    #[arg(long, value_enum, value_delimiter = ',', default_values = ["rewrite"])]
    pub mode: Vec<Mode>,
    /// Where the roots are kept once they are made [default: beside lx]
    #[arg(long, value_name = "DIR")]
    pub cache: Option<PathBuf>,
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
struct Script {
    name: String,
    file: PathBuf,
    root: String,
    needs: Vec<String>,
    limit: Duration,
}

/// Who runs the zones of a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Root,
    User,
}

/// Runs the list and prints its report.
pub fn run(options: &Options) -> Result<Tally, String> {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut scripts = read_scripts(&home.join("roots"), parse)?;
    if let Some(filter) = &options.filter {
        scripts.retain(|script| script.name.contains(filter.as_str()));
    }
    let lx = lx::locate(options.lx.as_deref())?;
    let cache = match &options.cache {
        Some(folder) => folder.clone(),
        None => lx.with_file_name("roots"),
    };
    let names: Vec<&str> = scripts.iter().map(|script| script.root.as_str()).collect();
    let runner = Runner {
        options,
        lx,
        lib: home.join("roots/lib"),
        expectations: Expectations::read(&home.join("expectations/roots.txt"))?,
        roots: Roots::make(&home.join("roots"), &cache, &names)?,
    };
    let workers = options.jobs.unwrap_or_else(pool::default_workers);
    let results = pool::map(&scripts, workers, |script| runner.one(script));
    let mut entries = Vec::new();
    for result in results {
        entries.extend(result?);
    }
    println!();
    Ok(report::print(&entries))
}

fn parse(file: &Path, text: &str) -> Result<Script, String> {
    let mut script = Script {
        name: file
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned(),
        file: file.to_owned(),
        root: String::new(),
        needs: Vec::new(),
        limit: Duration::from_secs(60),
    };
    for line in text.lines().filter_map(|line| line.strip_prefix("#:")) {
        match line.trim().split_once(':') {
            Some(("root", rest)) => script.root = rest.trim().to_owned(),
            Some(("needs", rest)) => script
                .needs
                .extend(rest.split_whitespace().map(str::to_owned)),
            Some(("limit", rest)) => {
                let seconds = rest.trim().parse().map_err(|e| format!("limit: {e}"))?;
                script.limit = Duration::from_secs(seconds);
            }
            _ => return Err(format!("unknown head line {line}")),
        }
    }
    if script.root.is_empty() {
        return Err("no head line names its root".to_owned());
    }
    Ok(script)
}

struct Runner<'a> {
    options: &'a Options,
    lx: PathBuf,
    /// Programs that the runs consist of.
    lib: PathBuf,
    expectations: Expectations,
    roots: Roots,
}

impl Runner<'_> {
    /// All entries of one script: one when there is nothing to compare, else one for each user in
    /// each mode.
    fn one(&self, script: &Script) -> Result<Vec<Entry>, String> {
        let alone = |verdict| {
            Ok(vec![Entry {
                case: script.name.clone(),
                mode: None,
                verdict,
            }])
        };
        let absent: Vec<&str> = script
            .needs
            .iter()
            .map(String::as_str)
            .filter(|command| !find(command))
            .collect();
        if !absent.is_empty() {
            return alone(Verdict::Skipped(format!(
                "not installed: {}",
                absent.join(" ")
            )));
        }
        let root = match self.roots.of_root(&script.root) {
            Made::Here(root) => root,
            Made::Not(why) => return alone(Verdict::Skipped(why)),
        };
        let native = self.shown(script, &root, None)?;
        if let Some(verdict) = native_trouble(&native) {
            return alone(verdict);
        }
        // What fails before its first zone would do so under lx too, and agree.
        if native.end != End::Exit(0) || native.stdout.is_empty() {
            let why = format!("native run: ended by {}", native.end);
            return alone(Verdict::Failed(why));
        }
        let mut entries = Vec::new();
        for (who, word) in [(Who::Root, "root"), (Who::User, "user")] {
            let root = match who {
                Who::Root => Made::Here(root.clone()),
                Who::User => self.roots.of_user(&script.root),
            };
            let name = format!("{}.{word}", script.name);
            for &mode in &self.options.mode {
                let verdict = match &root {
                    Made::Here(root) => self.judged(script, &name, root, (who, mode), &native)?,
                    Made::Not(why) => Verdict::Skipped(why.clone()),
                };
                entries.push(Entry {
                    case: name.clone(),
                    mode: Some(mode),
                    verdict,
                });
            }
        }
        Ok(entries)
    }

    fn judged(
        &self,
        script: &Script,
        name: &str,
        root: &Path,
        (who, mode): (Who, Mode),
        native: &Shown,
    ) -> Result<Verdict, String> {
        let tries = Tries {
            repeat: self.options.repeat,
            retries: self.options.retries,
        };
        judged(self.expectations.find(name, mode), tries, || {
            let shown = self.shown(script, root, Some((who, mode)))?;
            let agrees = shown.agrees(native);
            println!(
                "{} {name} [{mode}] native {:.1} s, lx {:.1} s",
                if agrees { "ok     " } else { "DIFFERS" },
                native.took.as_secs_f64(),
                shown.took.as_secs_f64(),
            );
            Ok((!agrees).then(|| difference(native, &shown, self.options.full)))
        })
    }

    fn shown(
        &self,
        script: &Script,
        root: &Path,
        under_lx: Option<(Who, Mode)>,
    ) -> Result<Shown, String> {
        let mut line: Vec<OsString> = build::CAGE.iter().map(OsString::from).collect();
        line.extend(["/bin/sh".into(), self.lib.join("run").into()]);
        line.extend([script.file.clone().into(), root.as_os_str().to_owned()]);
        if let Some((who, _)) = under_lx {
            line.push(self.lx.clone().into());
            line.extend((who == Who::User).then(|| USER.into()));
        }
        // Twice the native limit under lx, since every call may trap.
        let limit = if under_lx.is_some() {
            script.limit * 2
        } else {
            script.limit
        };
        run_job(&Job {
            line,
            user: None,
            mode: under_lx.map(|(_, mode)| mode),
            limit,
            input: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::apps::read_scripts;
    use std::path::Path;

    #[test]
    fn all_scripts_have_valid_heads_and_a_recipe() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("roots");
        let scripts = read_scripts(&folder, parse).expect("valid");
        assert!(scripts.len() >= 10);
        for script in scripts {
            assert!(folder.join("build").join(&script.root).is_file());
        }
    }

    #[test]
    fn a_script_names_its_root() {
        let script = parse(Path::new("x/a.sh"), "#: root: b\n#: limit: 3\n").expect("valid");
        assert_eq!((script.name.as_str(), script.root.as_str()), ("a", "b"));
        assert!(parse(Path::new("a.sh"), "#: needs: c\n").is_err());
        assert!(parse(Path::new("a.sh"), "#: root: b\n#: speed: 1\n").is_err());
    }
}
