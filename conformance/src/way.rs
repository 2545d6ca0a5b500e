//! The ways to run a program under lx: how it is isolated, and how its calls are caught.

use crate::child::HERE;
use std::ffi::OsString;
use std::fmt;
use std::path::Path;
use std::str::FromStr;

/// How a program is kept apart from the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Isolation {
    /// Not at all
    Host,
    /// In a zone, confined, on the host's root and network
    // The zone's first process is its init, so that the program is an ordinary one.
    Namespaces,
    /// In a zone without namespaces, in the restricted environment, with the host's files as a root of its own
    Bare,
    /// The same with the host's files as the lower layer of the root: what is changed is copied up
    Layers,
    /// The same with users of the zone's own, whose root is compared with the host's
    Users,
}

/// How calls are caught.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Intercept {
    /// Hot sites are rewritten, the rest trap by Syscall User Dispatch
    Rewrite,
    /// Every call traps by Syscall User Dispatch
    Sud,
    /// Every call traps by a seccomp filter
    Trap,
}

impl Intercept {
    /// The value of `LX_INTERCEPT`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Intercept::Rewrite => "rewrite",
            Intercept::Sud => "sud",
            Intercept::Trap => "trap",
        }
    }
}

/// Both together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Way {
    /// How the program is kept apart.
    pub isolation: Isolation,
    /// How its calls are caught.
    pub intercept: Intercept,
}

impl Way {
    /// On the host, hot sites rewritten.
    pub const REWRITE: Way = Way::new(Isolation::Host, Intercept::Rewrite);
    /// On the host, by Syscall User Dispatch alone.
    pub const SUD: Way = Way::new(Isolation::Host, Intercept::Sud);
    /// On the host, by a filter.
    pub const TRAP: Way = Way::new(Isolation::Host, Intercept::Trap);
    /// In a zone, calls caught in the usual way.
    pub const ZONE: Way = Way::new(Isolation::Namespaces, Intercept::Rewrite);
    /// In a zone without namespaces, calls caught in the usual way.
    pub const BARE: Way = Way::new(Isolation::Bare, Intercept::Rewrite);
    /// The same over layers.
    pub const LAYERS: Way = Way::new(Isolation::Layers, Intercept::Rewrite);
    /// The same with users of the zone's own.
    pub const USERS: Way = Way::new(Isolation::Users, Intercept::Rewrite);

    /// The usual ways.
    pub const ALL: [Way; 5] = [Way::REWRITE, Way::SUD, Way::TRAP, Way::ZONE, Way::BARE];
    /// Those in which whoever runs the suite runs the programs, too.
    pub const OF_THIS_USER: [Way; 4] = [Way::REWRITE, Way::SUD, Way::TRAP, Way::ZONE];
    /// The ways to catch calls.
    pub const ON_HOST: [Way; 3] = [Way::REWRITE, Way::SUD, Way::TRAP];

    /// See the fields.
    #[must_use]
    pub const fn new(isolation: Isolation, intercept: Intercept) -> Self {
        Self {
            isolation,
            intercept,
        }
    }

    /// Whether lx runs in the restricted environment.
    #[must_use]
    pub const fn is_restricted(self) -> bool {
        !matches!(self.isolation, Isolation::Host | Isolation::Namespaces)
    }

    /// The arguments of lx that run `program` so. A zone with a root of its own begins there and
    /// has an environment of its own, unless it is told of another.
    #[must_use]
    pub fn command_line(
        self,
        lx: &Path,
        environment: &[(&str, OsString)],
        program: &[OsString],
    ) -> Vec<OsString> {
        let mut line = vec![lx.as_os_str().to_owned(), "run".into()];
        match self.isolation {
            Isolation::Host => {}
            Isolation::Namespaces => {
                let options = ["--isolation", "namespaces", "--net", "host", "--init"];
                line.extend(options.map(OsString::from));
            }
            Isolation::Bare | Isolation::Layers | Isolation::Users => {
                let root = match self.isolation {
                    Isolation::Layers => "--layer",
                    _ => "--rootfs",
                };
                let options = ["--isolation", "bare", root, "/", "--init"];
                line.extend(options.map(OsString::from));
                let users = match self.isolation {
                    Isolation::Users => "zone",
                    _ => "host",
                };
                line.extend(["--users", users].map(OsString::from));
                line.extend(["--workdir".into(), HERE.into()]);
                for (name, value) in environment {
                    let mut assignment = OsString::from(format!("{name}="));
                    assignment.push(value);
                    line.extend(["--env".into(), assignment]);
                }
            }
        }
        line.push("--".into());
        line.extend_from_slice(program);
        line
    }

    /// Whether a word of the expectations means this way, among others perhaps.
    #[must_use]
    pub fn is_meant_by(self, word: &str) -> bool {
        match word {
            "*" => true,
            "host" => self.isolation == Isolation::Host,
            "zone" => self.isolation == Isolation::Namespaces,
            // What holds there holds over layers, and whosever the users are.
            "bare" => self.is_restricted(),
            _ => word.parse() == Ok(self),
        }
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = match self.isolation {
            Isolation::Host => return f.pad(self.intercept.name()),
            Isolation::Namespaces => "zone",
            Isolation::Bare => "bare",
            Isolation::Layers => "layers",
            Isolation::Users => "users",
        };
        match self.intercept {
            Intercept::Rewrite => f.pad(place),
            other => f.pad(&format!("{place}+{}", other.name())),
        }
    }
}

impl FromStr for Way {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let unknown = || {
            format!(
                "unknown way {word}: rewrite, sud or trap on the host, zone, bare, layers or users, \
                 as in zone+sud"
            )
        };
        let intercept = |word| match word {
            "rewrite" => Ok(Intercept::Rewrite),
            "sud" => Ok(Intercept::Sud),
            "trap" => Ok(Intercept::Trap),
            _ => Err(unknown()),
        };
        let (place, caught) = match word.split_once('+') {
            Some((place, caught)) => (place, Some(caught)),
            None => (word, None),
        };
        let isolation = match place {
            "host" => Isolation::Host,
            "zone" | "namespaces" => Isolation::Namespaces,
            "bare" => Isolation::Bare,
            "layers" => Isolation::Layers,
            "users" => Isolation::Users,
            _ if caught.is_none() => return Ok(Way::new(Isolation::Host, intercept(word)?)),
            _ => return Err(unknown()),
        };
        Ok(Way::new(isolation, intercept(caught.unwrap_or("rewrite"))?))
    }
}

#[cfg(test)]
mod tests {
    use super::{Intercept, Isolation, Way};

    #[test]
    fn a_way_is_read_as_it_is_written() {
        for isolation in [
            Isolation::Host,
            Isolation::Namespaces,
            Isolation::Bare,
            Isolation::Layers,
            Isolation::Users,
        ] {
            for intercept in [Intercept::Rewrite, Intercept::Sud, Intercept::Trap] {
                let way = Way::new(isolation, intercept);
                assert_eq!(way.to_string().parse(), Ok(way));
            }
        }
        assert_eq!("namespaces".parse(), Ok(Way::ZONE));
        assert!("zone+x".parse::<Way>().is_err());
        assert!("x+sud".parse::<Way>().is_err());
    }

    #[test]
    fn words_of_expectations_mean_one_way_or_several() {
        let caught = Way::new(Isolation::Namespaces, Intercept::Sud);
        assert!(caught.is_meant_by("zone") && Way::ZONE.is_meant_by("zone"));
        assert!(caught.is_meant_by("zone+sud") && !Way::ZONE.is_meant_by("zone+sud"));
        assert!(Way::TRAP.is_meant_by("host") && !Way::ZONE.is_meant_by("host"));
        assert!(!Way::SUD.is_meant_by("trap"));
        assert!(Way::LAYERS.is_meant_by("bare") && !Way::BARE.is_meant_by("layers"));
        assert!(Way::USERS.is_meant_by("bare") && !Way::BARE.is_meant_by("users"));
    }
}
