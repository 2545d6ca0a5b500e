//! What a zone is to be: as the command line says it, and as the zone's state directory keeps it.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::confine::Layer;
use crate::container::Container;
use crate::limits::Limits;
use crate::upper;

/// A zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    /// How `lx` commands call it.
    pub name: String,
    /// How it is isolated.
    pub isolation: Isolation,
    /// The directory that becomes the zone's root; without, the host's root.
    pub rootfs: Option<PathBuf>,
    /// Directories that are the root together instead, each over those before it. What the zone
    /// changes is kept in memory.
    #[serde(default)]
    pub layers: Vec<PathBuf>,
    /// Or in this directory.
    #[serde(default)]
    pub upper: Option<PathBuf>,
    /// What uname(2) says; without, the zone's name.
    pub hostname: Option<String>,
    /// `USER[:GROUP]`, by names of the zone or by numbers.
    pub user: Option<String>,
    /// Whose users it has, where there are no namespaces.
    #[serde(default)]
    pub users: Users,
    /// The root cannot be written to.
    pub read_only: bool,
    /// The host's tools are beneath `/native`.
    pub native: bool,
    /// What is mounted, besides what every zone has.
    pub mounts: Vec<Mount>,
    /// The network.
    pub net: Net,
    /// What it may use.
    pub limits: Limits,
    /// pid 1 is a reaper, and the program is its child.
    pub init: bool,
    /// The program has a terminal of the zone's own.
    pub terminal: bool,
    /// What uname(2) says of the kernel's version, if not what the host's kernel is.
    pub kernel_version: Option<String>,
    /// No program gains privileges by set-id bits or file capabilities.
    #[serde(default)]
    pub no_new_privileges: bool,
    /// Layers of confinement that may be missing.
    pub allow_weaker: Vec<Layer>,
    /// What makes it the container of an engine.
    #[serde(default)]
    pub container: Option<Container>,
}

impl Config {
    /// Whether the zone's root is not the host's.
    #[must_use]
    pub fn has_own_root(&self) -> bool {
        self.rootfs.is_some() || !self.layers.is_empty()
    }

    /// The directories that make its root, the topmost first.
    pub(crate) fn roots(&self) -> Vec<PathBuf> {
        let root = self.rootfs.as_deref().unwrap_or(Path::new("/"));
        let upper = self.upper.as_deref().map(upper::files);
        match &self.layers[..] {
            [] => vec![root.to_owned()],
            layers => upper
                .into_iter()
                .chain(layers.iter().rev().cloned())
                .collect(),
        }
    }
}

/// Whose users a zone without namespaces has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Users {
    /// The host's: everybody is who started the zone.
    #[default]
    Host,
    /// Its own, which the brand keeps.
    Zone,
}

/// How a zone is kept apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Isolation {
    /// By the host's namespaces.
    Namespaces,
    /// Without: the brands look up the zone's paths.
    Bare,
}

/// The network of a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Net {
    /// The host's.
    Host,
    /// A loopback device of its own.
    None,
}

/// Something to mount.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mount {
    /// Where, as the zone sees it: absolute, without `..`.
    pub target: PathBuf,
    /// What.
    pub source: Source,
    /// It cannot be written to.
    pub read_only: bool,
    /// Set-id bits have no effect.
    pub nosuid: bool,
    /// Device nodes cannot be opened.
    pub nodev: bool,
    /// No program can be executed.
    pub noexec: bool,
}

/// What is mounted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// A file or directory of the host.
    Bind {
        /// Which.
        path: PathBuf,
        /// A missing one is made, as a directory.
        create: bool,
        /// With what is mounted below it.
        recursive: bool,
        /// Whether later mounts show on the other side.
        propagation: Propagation,
    },
    /// A directory that lx keeps for zones, by name.
    Volume {
        /// Which.
        name: String,
    },
    /// Memory.
    Tmpfs {
        /// Options of tmpfs(5), as `size=64m`.
        options: Vec<(String, String)>,
    },
    /// Any other file system, as mount(8) has it.
    Other {
        /// Of this type.
        kind: String,
        /// The device, or what else it is made of.
        source: String,
        /// Its own options; without a value where they have none.
        options: Vec<(String, String)>,
    },
}

/// How mounts that are made later spread (mount_namespaces(7)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Propagation {
    /// Not at all.
    Private,
    /// From the host into the zone.
    Slave,
    /// Both ways.
    Shared,
}

/// Checks the name of a zone or a volume: a file name that no option or path looks like.
///
/// # Errors
/// What names look like.
pub fn check_name(name: &str) -> Result<String, String> {
    const LONGEST: usize = 63;
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    let good = name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.bytes().all(inner)
        && name.len() <= LONGEST;
    if good {
        Ok(name.to_owned())
    } else {
        Err(format!(
            "expected at most {LONGEST} letters, digits, '_', '.' and '-', the first a letter or digit"
        ))
    }
}

/// Checks a host name (sethostname(2)).
///
/// # Errors
/// Why it cannot be one.
pub fn check_hostname(name: &str) -> Result<String, String> {
    const LONGEST: usize = 64;
    match name.len() {
        0 => Err("it is empty".to_owned()),
        1..=LONGEST if name.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(name.to_owned()),
        1..=LONGEST => Err("it holds characters that a host name cannot".to_owned()),
        _ => Err(format!("longer than {LONGEST} bytes")),
    }
}

#[cfg(test)]
mod tests {
    use super::{check_hostname, check_name};

    #[test]
    fn names_cannot_leave_their_directory() {
        for good in ["a", "web-1", "0f", "A.b_c"] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        let long = "x".repeat(64);
        for bad in [
            "",
            ".",
            "..",
            ".lock",
            "a/b",
            "-a",
            "a b",
            "ä",
            long.as_str(),
        ] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn host_names_fit_uname() {
        assert!(check_hostname("h.example.org").is_ok());
        let long = "x".repeat(65);
        for bad in ["", "a b", "a\n", long.as_str()] {
            assert!(check_hostname(bad).is_err(), "{bad}");
        }
    }
}
