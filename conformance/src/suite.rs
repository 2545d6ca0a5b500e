//! What a suite is to the runner: its cases, and how one of them is run in a given place.

use crate::child::Shown;
use crate::report::{Ran, Verdict};
use crate::way::{Isolation, Way};
use std::path::{Path, PathBuf};

/// The environment of a native run, which is to be equal to what the program has under lx.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Setting {
    /// As whoever runs the suite, on the host.
    Host,
    /// In the restricted environment, as its user.
    Restricted,
    /// In a container of the host's kernel with a user namespace.
    Container,
}

impl Setting {
    /// What is equal to this way but for lx.
    #[must_use]
    pub const fn of(way: Way) -> Self {
        match way.isolation {
            Isolation::Bare | Isolation::Layers => Self::Restricted,
            Isolation::Host | Isolation::Namespaces | Isolation::Users => Self::Host,
        }
    }
}

/// One way to run a case, and what it is compared with.
#[derive(Clone, Debug)]
pub struct Target {
    /// Name of the case in this way.
    pub case: String,
    /// How it is run.
    pub way: Way,
    /// Where it is run natively.
    pub setting: Setting,
    /// Tells targets of one way apart.
    pub variant: usize,
    /// Why it cannot be run here.
    pub absent: Option<String>,
}

/// Where a case is to be run now.
#[derive(Clone, Copy, Debug)]
pub enum At<'a> {
    /// Natively.
    Natively(Setting),
    /// Under lx; with what the native run showed.
    Under(&'a Target, &'a Path, &'a Shown),
}

/// A set of cases and what is known of them.
pub trait Suite: Sync {
    /// One of them.
    type Case: Sync;

    /// What reports call it.
    fn name(&self) -> String;
    /// The ways in which it is run unless others are asked for.
    fn usual(&self) -> Vec<Way>;
    /// The file that names what is known to fail.
    fn expectations(&self) -> PathBuf;
    /// Name of a case.
    fn label(&self, case: &Self::Case) -> String;

    /// Whether nothing else of the suite may run beside the case.
    fn serial(&self, _case: &Self::Case) -> bool {
        false
    }

    /// Why the case cannot be run on this machine.
    fn absent(&self, _case: &Self::Case) -> Option<String> {
        None
    }

    /// The ways to run the case.
    fn targets(&self, case: &Self::Case, ways: &[Way]) -> Vec<Target> {
        let target = |&way: &Way| Target {
            case: self.label(case),
            way,
            setting: Setting::of(way),
            variant: 0,
            absent: None,
        };
        ways.iter().map(target).collect()
    }

    /// What an earlier native run showed, where that is enough.
    fn earlier(&self, _case: &Self::Case, _setting: Setting) -> Option<Shown> {
        None
    }

    /// Whether two native runs have to agree before anything is compared with them.
    fn runs_twice(&self) -> bool {
        false
    }

    /// Runs the case once.
    fn run(&self, case: &Self::Case, at: At<'_>) -> Result<Shown, String>;

    /// What makes a native run unfit to compare with.
    fn unfit(&self, native: &Shown) -> Option<Verdict>;

    /// What a run under lx differs in.
    fn differs(&self, native: &Shown, got: &Shown) -> Option<String>;

    /// What is kept of a run.
    fn kept(&self, shown: &Shown) -> Ran {
        Ran::of(shown)
    }

    /// Looks closer at what failed, and says more of it.
    fn examined(
        &self,
        _case: &Self::Case,
        _target: &Target,
        why: String,
    ) -> Result<String, String> {
        Ok(why)
    }

    /// Removes what no run frees by itself, once all are over.
    fn clean(&self) {}

    /// Whether cases are run that can disturb the machine.
    fn runs_harmful(&self) -> bool {
        false
    }
}
