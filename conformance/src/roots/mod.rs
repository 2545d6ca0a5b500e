//! Real root file systems: each script of `roots/` natively first, in a chroot with namespaces of
//! its own, then with zones of lx as root, as an ordinary user, and without namespaces, and all compared.
//!
//! Lines at a script's head say `#: root: NAME` (made by `roots/build/NAME`), `#: needs: COMMAND…`
//! (of the host; absent ones skip the script) and `#: limit: SECONDS` (of a native run). Each run
//! gets a fresh copy of the root; `roots/lib` says how, and what a script can call.

mod build;

use crate::apps::{absent, read_scripts};
use crate::cage::BARED;
use crate::child::{End, Job, Shown, run as run_job};
use crate::data;
use crate::judge::{difference, native_trouble};
use crate::lx;
use crate::options::Common;
use crate::report::{Tally, Verdict};
use crate::restricted;
use crate::runner;
use crate::suite::{At, Setting, Suite, Target};
use crate::way::Way;
use build::{Made, Roots, USER};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// `conformance roots`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Options {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub common: Common,
    /// Where the roots are kept once they are made [default: beside lx]
    #[arg(long, value_name = "DIR")]
    pub cache: Option<PathBuf>,
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

/// Who runs the zones of a script, by the number of the variant: the last is an ordinary user in the
/// restricted environment, whose zones have no namespaces.
const USERS: [&str; 3] = ["root", "user", "bare"];

/// Runs the list and prints its report.
pub fn run(options: &Options) -> Result<Tally, String> {
    let home = data::folder();
    let scripts = read_scripts(&home.join("roots"), parse)?;
    let filter = options.common.filter()?;
    let names: Vec<&str> = match options.common.list {
        true => Vec::new(),
        false => scripts
            .iter()
            .filter(|script| filter.admits(&script.name))
            .map(|script| script.root.as_str())
            .collect(),
    };
    let cache = match &options.cache {
        Some(folder) => folder.clone(),
        None => lx::locate(options.common.lx.as_deref())?.with_file_name("roots"),
    };
    let suite = Zones {
        full: options.common.full,
        lib: home.join("roots/lib"),
        roots: Roots::make(&home.join("roots"), &cache, &names)?,
    };
    runner::run(&suite, scripts, &options.common)
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

struct Zones {
    full: bool,
    /// Programs that the runs consist of.
    lib: PathBuf,
    roots: Roots,
}

impl Zones {
    fn root(&self, script: &Script, who: usize) -> Made {
        self.roots.of(&script.root, who)
    }
}

impl Suite for Zones {
    type Case = Script;

    fn name(&self) -> String {
        "roots".to_owned()
    }

    fn usual(&self) -> Vec<Way> {
        vec![Way::ZONE]
    }

    fn expectations(&self) -> PathBuf {
        data::folder().join("expectations/roots.txt")
    }

    fn label(&self, script: &Script) -> String {
        script.name.clone()
    }

    fn absent(&self, script: &Script) -> Option<String> {
        absent(&script.needs).or_else(|| match self.root(script, 0) {
            Made::Here(_) => None,
            Made::Not(why) => Some(why),
        })
    }

    fn targets(&self, script: &Script, ways: &[Way]) -> Vec<Target> {
        let target = |(who, user): (usize, &str)| {
            let case = format!("{}.{user}", script.name);
            let absent = match self.root(script, who) {
                Made::Here(_) => None,
                Made::Not(why) => Some(why),
            };
            ways.iter().map(move |&way| Target {
                case: case.clone(),
                way,
                setting: Setting::Host,
                variant: who,
                absent: absent.clone(),
            })
        };
        USERS.into_iter().enumerate().flat_map(target).collect()
    }

    fn run(&self, script: &Script, at: At<'_>) -> Result<Shown, String> {
        let who = match at {
            At::Natively(_) => 0,
            At::Under(target, ..) => target.variant,
        };
        let Made::Here(root) = self.root(script, who) else {
            return Err(format!("no root {}", script.root));
        };
        let mut line: Vec<OsString> = vec!["/bin/sh".into(), self.lib.join("run").into()];
        line.extend([script.file.clone().into(), root.into()]);
        run_job(&match at {
            At::Natively(_) => Job::new(line, script.limit),
            At::Under(target, lx, _) => {
                line.push(lx.into());
                match who {
                    0 => {}
                    1 => line.push(USER.into()),
                    _ => {
                        let own = std::env::current_exe().map_err(|e| e.to_string())?;
                        let user = restricted::USER.to_string();
                        line.extend([user.into(), own.into(), BARED.into()]);
                    }
                }
                // Twice the native limit under lx, since every call may trap.
                Job {
                    way: Some(target.way),
                    ..Job::new(line, script.limit * 2)
                }
            }
        })
    }

    fn unfit(&self, native: &Shown) -> Option<Verdict> {
        native_trouble(native).or_else(|| {
            // What fails before its first zone would do so under lx too, and agree.
            let nothing = native.end != End::Exit(0) || native.stdout.is_empty();
            nothing.then(|| Verdict::Failed(format!("native run: ended by {}", native.end)))
        })
    }

    fn differs(&self, native: &Shown, got: &Shown) -> Option<String> {
        difference(native, got, self.full)
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
