//! What the configuration of a container says beyond that of a zone.

use std::fs;
use std::path::PathBuf;

use nix::sched::{CloneFlags, setns};
use nix::sys::resource::{Resource, rlim_t, setrlimit};
use nix::sys::stat::{Mode, umask};
use serde::{Deserialize, Serialize};

use crate::confine::Sets;
use crate::error::{Context, Error, Result};
use crate::namespaces;

/// A container: its namespaces, its first process and what is in its /dev, each as a runtime's
/// configuration spells it out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Container {
    /// Namespaces that are there already.
    pub joined: Vec<Joined>,
    /// Those that stay the host's, by their names in /proc/PID/ns.
    pub shared: Vec<String>,
    /// The ids of its user namespace, if it has one.
    pub ids: Option<Ids>,
    /// Its domain name.
    pub domainname: Option<String>,
    /// Values of files in /proc/sys, of its own namespaces.
    pub sysctls: Vec<(String, String)>,
    /// Its devices, besides those that every zone has.
    pub devices: Vec<Device>,
    /// What is hidden.
    pub masked: Vec<PathBuf>,
    /// What cannot be written to.
    pub read_only: Vec<PathBuf>,
    /// Its process.
    pub process: Process,
}

/// A process in a container.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// User and group.
    pub owner: (u32, u32),
    /// The supplementary groups.
    pub groups: Vec<u32>,
    /// Its mask of modes.
    pub umask: Option<u32>,
    /// Its capabilities.
    pub capabilities: Sets,
    /// Resources by their numbers, with the soft and the hard limit.
    pub limits: Vec<(i32, rlim_t, rlim_t)>,
    /// Where it begins, which is made if it is missing.
    pub directory: PathBuf,
    /// Rows and columns of its terminal.
    pub size: Option<(u16, u16)>,
    /// How many descriptors it has beside the standard ones.
    pub descriptors: i32,
}

/// A namespace with a name in the file system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Joined {
    /// Which, by its name in /proc/PID/ns.
    pub kind: String,
    /// The file.
    pub path: PathBuf,
}

/// Ranges of ids: the first inside, the first outside, and how many.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ids {
    /// Of users.
    pub users: Vec<(u32, u32, u32)>,
    /// Of groups.
    pub groups: Vec<(u32, u32, u32)>,
}

/// A device node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// Where, below /dev.
    pub path: PathBuf,
    /// Which one, if not for characters.
    pub block: bool,
    /// Major and minor number.
    pub number: (u32, u32),
    /// Permissions.
    pub mode: u32,
    /// User and group.
    pub owner: (u32, u32),
}

impl Container {
    /// The namespaces to make, of those that a zone has.
    pub(crate) fn own(&self, zones: CloneFlags) -> CloneFlags {
        let joined = self.joined.iter().map(|joined| &joined.kind);
        let others = joined
            .chain(&self.shared)
            .map(|name| namespaces::kind(name));
        others.fold(zones, |flags, other| flags - other)
    }

    /// Whether it makes a namespace of that kind.
    pub(crate) fn makes(&self, kind: CloneFlags) -> bool {
        self.own(kind) == kind
    }

    /// Goes into those that are there.
    pub(crate) fn join(&self) -> Result<()> {
        for Joined { kind, path } in &self.joined {
            let file = fs::File::open(path).about(path.display())?;
            setns(file, namespaces::kind(kind))
                .about(format_args!("namespace {}", path.display()))?;
        }
        Ok(())
    }

    /// Sets what /proc/sys has of its namespaces, while the host's /proc is in sight.
    pub(crate) fn tune(&self) -> Result<()> {
        for (name, value) in &self.sysctls {
            let path = PathBuf::from("/proc/sys").join(name.replace('.', "/"));
            fs::write(&path, value).about(path.display())?;
        }
        Ok(())
    }
}

impl Process {
    /// Makes this process like it, as far as that needs privileges and does not take them.
    pub(crate) fn prepare(&self) -> Result<()> {
        for (number, soft, hard) in &self.limits {
            let resource = resource(*number)
                .ok_or_else(|| Error::because(format!("resource {number}"), "there is none"))?;
            setrlimit(resource, *soft, *hard).about(format_args!("limit of {resource:?}"))?;
        }
        if let Some(mask) = self.umask {
            umask(Mode::from_bits_truncate(mask));
        }
        Ok(())
    }

    /// Makes its directory.
    pub(crate) fn make_directory(&self) -> Result<()> {
        match self.directory.is_absolute() && !self.directory.exists() {
            true => fs::create_dir_all(&self.directory).about(self.directory.display()),
            false => Ok(()),
        }
    }
}

/// A resource by its number in `include/uapi/asm-generic/resource.h`.
fn resource(number: i32) -> Option<Resource> {
    const ALL: [Resource; 16] = [
        Resource::RLIMIT_CPU,
        Resource::RLIMIT_FSIZE,
        Resource::RLIMIT_DATA,
        Resource::RLIMIT_STACK,
        Resource::RLIMIT_CORE,
        Resource::RLIMIT_RSS,
        Resource::RLIMIT_NPROC,
        Resource::RLIMIT_NOFILE,
        Resource::RLIMIT_MEMLOCK,
        Resource::RLIMIT_AS,
        Resource::RLIMIT_LOCKS,
        Resource::RLIMIT_SIGPENDING,
        Resource::RLIMIT_MSGQUEUE,
        Resource::RLIMIT_NICE,
        Resource::RLIMIT_RTPRIO,
        Resource::RLIMIT_RTTIME,
    ];
    ALL.get(usize::try_from(number).ok()?).copied()
}

#[cfg(test)]
mod tests {
    use super::{Container, Joined, resource};
    use nix::sched::CloneFlags;
    use nix::sys::resource::Resource;

    #[test]
    fn what_is_there_is_not_made() {
        let container = Container {
            joined: vec![Joined {
                kind: "net".to_owned(),
                path: "/run/netns/x".into(),
            }],
            shared: vec!["uts".to_owned()],
            ..Container::default()
        };
        let (net, uts, ipc) = (
            CloneFlags::CLONE_NEWNET,
            CloneFlags::CLONE_NEWUTS,
            CloneFlags::CLONE_NEWIPC,
        );
        assert_eq!(container.own(net | uts | ipc), ipc);
        assert!(container.makes(ipc) && !container.makes(net));
    }

    #[test]
    fn resources_have_the_numbers_of_the_kernel() {
        assert_eq!(resource(7), Some(Resource::RLIMIT_NOFILE));
        assert_eq!(resource(15), Some(Resource::RLIMIT_RTTIME));
        assert_eq!((resource(16), resource(-1)), (None, None));
    }
}
