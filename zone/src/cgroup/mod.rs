//! The zone's control groups: they hold its limits, and count what it uses (cgroups(7)).

mod find;
mod usage;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::unistd::Pid;

use crate::error::{Context, Error, Result};
use crate::limits::Limits;
use find::{Hierarchy, Version};
pub(crate) use usage::Usage;

/// What a zone uses, in the order in which the errors for limits come.
const CONTROLLERS: [&str; 4] = ["memory", "pids", "cpu", "cpuacct"];
/// Microseconds in which a processor quota is counted.
const PERIOD: u64 = 100_000;
/// How long the last processes of a zone may need to leave its groups.
const PATIENCE: Duration = Duration::from_secs(2);

/// One group, and what it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Group {
    path: PathBuf,
    version: Version,
    controllers: Vec<String>,
}

/// The groups of a zone; removed when dropped, if they are its own.
#[derive(Debug)]
pub(crate) struct Groups(Vec<Group>, Owner);

/// Whose groups they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owner {
    Zone,
    /// An engine makes and removes them.
    Engine,
}

impl Groups {
    /// None.
    pub(crate) fn none() -> Self {
        Self(Vec::new(), Owner::Zone)
    }

    /// Those that somebody else has put the process into, which must not be this process's own: what
    /// counts and limits, and the paths of all.
    pub(crate) fn of(process: Pid) -> (Self, Vec<PathBuf>) {
        let mut groups = find::groups_of(process);
        let paths = groups.iter().map(|group| group.path.clone()).collect();
        for group in &mut groups {
            group
                .controllers
                .retain(|name| CONTROLLERS.contains(&name.as_str()));
        }
        (Self(groups, Owner::Engine), paths)
    }

    /// Makes those that the host allows, with the zone's limits.
    ///
    /// # Errors
    /// Which limit cannot be set, and why. Without limits there is none.
    pub(crate) fn create(name: &str, limits: &Limits) -> Result<Self> {
        let asked = asked(limits);
        let mut groups = Self::none();
        let mut refused = Vec::new();
        for hierarchy in find::hierarchies() {
            // In version 1 a process can only be moved there, which is not worth the time for the
            // counts alone.
            if hierarchy.version == Version::One && !hierarchy.is_worth_it(&asked) {
                continue;
            }
            match Group::create(&hierarchy, name, &asked) {
                Ok(Some(group)) => groups.0.push(group),
                Ok(None) => {}
                Err(error) => refused.push((hierarchy, error)),
            }
        }
        for (controller, option) in asked {
            let Some(group) = groups.with(controller) else {
                let error = refused.iter().find(|(of, _)| of.has(controller));
                let why = match error {
                    Some((_, error)) => error.to_string(),
                    None => format!("this host has no cgroup controller '{controller}' for it"),
                };
                return Err(Error::because(
                    format!("{option}: the limit cannot be set"),
                    why,
                ));
            };
            group.limit(controller, limits).about(option)?;
        }
        Ok(groups)
    }

    fn with(&self, controller: &str) -> Option<&Group> {
        self.0
            .iter()
            .find(|group| group.controllers.iter().any(|name| name == controller))
    }

    /// The directories.
    pub(crate) fn paths(&self) -> Vec<&Path> {
        self.0.iter().map(|group| group.path.as_path()).collect()
    }

    /// The directory of the one in which the zone's first process is to begin: to move a process
    /// there later stops all of the host's forks for milliseconds.
    pub(crate) fn unified(&self) -> Result<Option<File>> {
        let group = self.0.iter().find(|group| group.version == Version::Two);
        let open = |group: &Group| File::open(&group.path).about(group.path.display());
        group.map(open).transpose()
    }

    /// Puts this process, which has one thread, into the others.
    pub(crate) fn enter(&self) -> Result<()> {
        let mut others = self.0.iter().filter(|group| group.version == Version::One);
        others.try_for_each(|group| enter(&group.path))
    }

    /// What the zone uses, as far as the groups tell.
    pub(crate) fn usage(&self) -> Usage {
        let mut usage = Usage::default();
        for group in &self.0 {
            usage.read(group);
        }
        usage
    }
}

impl Drop for Groups {
    fn drop(&mut self) {
        for group in self.0.iter().filter(|_| self.1 == Owner::Zone) {
            remove(&group.path);
        }
    }
}

/// The directories of the groups in which `process` is and this process is not, by the names of their
/// controllers; that of version 2 has none.
pub(crate) fn by_controllers(process: Pid) -> Vec<(String, PathBuf)> {
    let mut paths = Vec::new();
    for group in find::groups_of(process) {
        let names = group.controllers.iter().cloned();
        match group.version {
            Version::One => paths.extend(names.map(|name| (name, group.path.clone()))),
            Version::Two => paths.push((String::new(), group.path)),
        }
    }
    paths
}

/// Puts this process, which has one thread, into the group of version 1 at `path`. A thread that moves
/// itself is moved at once; for any other, and a whole process, the kernel stops all of the host's
/// forks, which takes some 10 ms (`cgroup_procs_write_start` in kernel/cgroup/cgroup.c).
pub(crate) fn enter(path: &Path) -> Result<()> {
    fs::write(path.join("tasks"), "0").about(path.display())
}

/// Puts another process into the group at `path`.
pub(crate) fn join(path: &Path, pid: Pid) -> Result<()> {
    fs::write(path.join("cgroup.procs"), pid.to_string()).about(path.display())
}

/// Whether the group at `path` is one of version 2.
pub(crate) fn is_unified(path: &Path) -> bool {
    path.join("cgroup.controllers").exists()
}

/// Removes a group whose processes are ending. One that stays is found again by its name.
pub(crate) fn remove(path: &Path) {
    let start = Instant::now();
    while let Err(error) = fs::remove_dir(path) {
        if error.kind() != io::ErrorKind::ResourceBusy || start.elapsed() > PATIENCE {
            return;
        }
        sleep(Duration::from_millis(2));
    }
}

/// The controllers that the limits need, and the options that say so.
fn asked(limits: &Limits) -> Vec<(&'static str, &'static str)> {
    [
        ("memory", "--memory", limits.memory.is_some()),
        ("pids", "--pids", limits.pids.is_some()),
        ("cpu", "--cpus", limits.cpus.is_some()),
    ]
    .into_iter()
    .filter_map(|(controller, option, is_set)| is_set.then_some((controller, option)))
    .collect()
}

impl Group {
    /// The zone's group in a hierarchy; `None` where the host does not allow one and no limit
    /// needs it.
    fn create(
        hierarchy: &Hierarchy,
        name: &str,
        asked: &[(&'static str, &'static str)],
    ) -> Result<Option<Self>> {
        let mut refused = None;
        for above in &hierarchy.places {
            let path = above.join(format!("lx-{name}"));
            if let Err(error) = make(&path) {
                refused.get_or_insert(Error::new(path.display(), error));
                continue;
            }
            let controllers = match hierarchy.version {
                Version::One => hierarchy.controllers.clone(),
                Version::Two => {
                    enable(above);
                    words(&path.join("cgroup.controllers"))
                }
            };
            let has = |wanted: &str| controllers.iter().any(|name| name == wanted);
            let mut asked = asked.iter();
            let lacks = asked.any(|(name, _)| hierarchy.has(name) && !has(name));
            if lacks {
                remove(&path);
                continue;
            }
            let wanted = CONTROLLERS.into_iter().filter(|name| has(name));
            return Ok(Some(Self {
                version: hierarchy.version,
                controllers: wanted.map(str::to_owned).collect(),
                path,
            }));
        }
        refused.map_or(Ok(None), Err)
    }

    /// Sets the limit that `controller` is for.
    fn limit(&self, controller: &str, limits: &Limits) -> io::Result<()> {
        for (file, value, may_miss) in settings(self.version, controller, limits) {
            let path = self.path.join(file);
            match fs::write(&path, &value) {
                Err(error) if may_miss && error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => {
                    let error = Error::new(format_args!("{value} for {}", path.display()), error);
                    return Err(io::Error::other(error.to_string()));
                }
                Ok(()) => {}
            }
        }
        Ok(())
    }
}

/// Makes a group's directory. One of that name was left by a zone that is dead.
fn make(path: &Path) -> io::Result<()> {
    match fs::create_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            fs::remove_dir(path)?;
            fs::create_dir(path)
        }
        result => result,
    }
}

/// Lets groups below `above` have the controllers, as far as that is allowed: in version 2 not to
/// a group that has processes itself, unless it is the root.
fn enable(above: &Path) {
    let file = above.join("cgroup.subtree_control");
    let has = words(&file);
    for name in CONTROLLERS {
        if !has.iter().any(|has| has == name) {
            let _ = fs::write(&file, format!("+{name}"));
        }
    }
}

fn words(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.split_ascii_whitespace().map(str::to_owned).collect()
}

/// File, value, and whether a kernel may lack the file.
fn settings(
    version: Version,
    controller: &str,
    limits: &Limits,
) -> Vec<(&'static str, String, bool)> {
    match (version, controller) {
        // Swap would be memory beyond the limit. Hosts that do not count it have no file for it.
        (Version::One, "memory") => limits.memory.map_or(Vec::new(), |bytes| {
            vec![
                ("memory.limit_in_bytes", bytes.to_string(), false),
                ("memory.memsw.limit_in_bytes", bytes.to_string(), true),
            ]
        }),
        (Version::Two, "memory") => limits.memory.map_or(Vec::new(), |bytes| {
            vec![
                ("memory.max", bytes.to_string(), false),
                ("memory.swap.max", "0".to_owned(), true),
            ]
        }),
        (_, "pids") => limits.pids.map_or(Vec::new(), |count| {
            vec![("pids.max", count.to_string(), false)]
        }),
        (version, "cpu") => limits.cpus.map_or(Vec::new(), |thousandths| {
            let quota = u64::from(thousandths) * PERIOD / 1000;
            match version {
                Version::One => vec![
                    ("cpu.cfs_period_us", PERIOD.to_string(), false),
                    ("cpu.cfs_quota_us", quota.to_string(), false),
                ],
                Version::Two => vec![("cpu.max", format!("{quota} {PERIOD}"), false)],
            }
        }),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Groups, Version, asked, settings};
    use crate::limits::Limits;

    const LIMITS: Limits = Limits {
        memory: Some(64 << 20),
        pids: Some(20),
        cpus: Some(1500),
    };

    #[test]
    fn limits_are_written_as_each_version_has_them() {
        let plain = |version, controller| -> Vec<(&str, String)> {
            let settings = settings(version, controller, &LIMITS).into_iter();
            settings.map(|(file, value, _)| (file, value)).collect()
        };
        let pair = |file, value: &str| (file, value.to_owned());
        assert_eq!(
            plain(Version::One, "memory"),
            [
                pair("memory.limit_in_bytes", "67108864"),
                pair("memory.memsw.limit_in_bytes", "67108864")
            ]
        );
        assert_eq!(
            plain(Version::Two, "memory"),
            [pair("memory.max", "67108864"), pair("memory.swap.max", "0")]
        );
        assert_eq!(plain(Version::One, "pids"), [pair("pids.max", "20")]);
        assert_eq!(
            plain(Version::Two, "cpu"),
            [pair("cpu.max", "150000 100000")]
        );
        assert_eq!(
            plain(Version::One, "cpu"),
            [
                pair("cpu.cfs_period_us", "100000"),
                pair("cpu.cfs_quota_us", "150000")
            ]
        );
        assert!(settings(Version::One, "memory", &Limits::default()).is_empty());
    }

    #[test]
    fn what_is_not_asked_for_is_not_refused() {
        assert!(asked(&Limits::default()).is_empty());
        let name = format!("test-{}", std::process::id());
        let groups = Groups::create(&name, &Limits::default()).expect("none is needed");
        let paths: Vec<_> = groups.paths().into_iter().map(ToOwned::to_owned).collect();
        assert!(paths.iter().all(|path| path.is_dir()));
        drop(groups);
        assert!(paths.iter().all(|path| !path.exists()));
    }
}
