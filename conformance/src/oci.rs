//! lx as an OCI runtime: each script of `oci/` with runc first, then with lx, and both compared.
//!
//! A script is one case, with the head lines of `apps`. `$RUNTIME` is the runtime's path, and `$LIB` a
//! file with what the scripts share. It works in a fresh folder of its own.

use crate::apps::{App, absent, parse, read_scripts};
use crate::child::{Job, Shown, run as run_job};
use crate::data;
use crate::judge::{difference, native_trouble};
use crate::options::Common;
use crate::report::{Tally, Verdict};
use crate::runner;
use crate::suite::{At, Suite};
use crate::way::Way;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The runtime that lx is compared with.
const OTHER: &str = "/usr/sbin/runc";

/// `conformance oci`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Options {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub common: Common,
}

/// Runs the list and prints its report.
pub fn run(options: &Options) -> Result<Tally, String> {
    let folder = data::folder().join("oci");
    let scripts = read_scripts(&folder, parse)?;
    let suite = Runtimes {
        full: options.common.full,
        lib: folder.join("lib"),
    };
    runner::run(&suite, scripts, &options.common)
}

struct Runtimes {
    full: bool,
    lib: PathBuf,
}

impl Runtimes {
    fn command(&self, script: &App, runtime: &Path) -> Vec<OsString> {
        let variable = |name: &str, value: &Path| {
            let mut text = OsString::from(format!("{name}="));
            text.push(value);
            text
        };
        vec![
            "/usr/bin/env".into(),
            variable("RUNTIME", runtime),
            variable("LIB", &self.lib),
            "/bin/bash".into(),
            script.script.clone().into(),
        ]
    }
}

impl Suite for Runtimes {
    type Case = App;

    fn name(&self) -> String {
        "oci".to_owned()
    }

    fn usual(&self) -> Vec<Way> {
        vec![Way::ZONE]
    }

    fn expectations(&self) -> PathBuf {
        data::folder().join("expectations/oci.txt")
    }

    fn label(&self, script: &App) -> String {
        script.name.clone()
    }

    fn absent(&self, script: &App) -> Option<String> {
        match nix::unistd::geteuid().is_root() {
            true => absent(&script.needs),
            false => Some("only root's containers are compared".to_owned()),
        }
    }

    fn run(&self, script: &App, at: At<'_>) -> Result<Shown, String> {
        let runtime = match at {
            At::Natively(_) => Path::new(OTHER),
            At::Under(_, lx, _) => lx,
        };
        run_job(&Job::new(self.command(script, runtime), script.limit * 2))
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
    use crate::apps::{parse, read_scripts};
    use std::path::Path;

    #[test]
    fn all_scripts_say_what_they_need() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("oci");
        let scripts = read_scripts(&folder, parse).expect("valid");
        assert!(scripts.len() >= 8);
        assert!(scripts.iter().all(|script| !script.needs.is_empty()));
    }
}
