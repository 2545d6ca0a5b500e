//! Where this process may make groups: the host's hierarchies, by /proc/self/mountinfo and
//! /proc/self/cgroup.

use std::fs;
use std::path::{Path, PathBuf};

use nix::unistd::Pid;

use super::{CONTROLLERS, Group};

/// Of a hierarchy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    /// With its controllers mounted in places of their own.
    One,
    /// The unified one.
    Two,
}

/// A hierarchy with controllers that a zone uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hierarchy {
    /// Of which kind.
    pub(super) version: Version,
    /// What it has.
    pub(super) controllers: Vec<String>,
    /// Where a group may be made, the best place first.
    pub(super) places: Vec<PathBuf>,
}

impl Hierarchy {
    /// Whether it has that controller.
    pub(super) fn has(&self, controller: &str) -> bool {
        self.controllers.iter().any(|name| name == controller)
    }

    /// Whether it is for one of the limits, or counts processor time beside one that is.
    pub(super) fn is_worth_it(&self, asked: &[(&str, &str)]) -> bool {
        let limits = asked.iter().any(|(controller, _)| self.has(controller));
        limits || (self.has("cpuacct") && !asked.is_empty())
    }
}

/// The host's.
pub(super) fn hierarchies() -> Vec<Hierarchy> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let own = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let mut found = parse(&mounts, &own);
    for hierarchy in &mut found {
        if hierarchy.version == Version::Two {
            let top = hierarchy.places.last().cloned().unwrap_or_default();
            hierarchy.controllers = super::words(&top.join("cgroup.controllers"));
        }
    }
    // The unified hierarchy may be there without any.
    found.retain(|hierarchy| {
        let known = |name: &String| CONTROLLERS.contains(&name.as_str());
        hierarchy.controllers.iter().any(known)
    });
    found
}

/// The groups of all hierarchies in which `process` is, but this process is not.
pub(super) fn groups_of(process: Pid) -> Vec<Group> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let own = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let theirs = fs::read_to_string(format!("/proc/{process}/cgroup")).unwrap_or_default();
    let mut groups = apart(&mounts, &own, &theirs);
    for group in &mut groups {
        if group.version == Version::Two {
            group.controllers = super::words(&group.path.join("cgroup.controllers"));
        }
    }
    groups
}

/// What the texts say of them.
fn apart(mounts: &str, own: &str, theirs: &str) -> Vec<Group> {
    let own: Vec<&str> = own.lines().collect();
    let mut groups: Vec<Group> = Vec::new();
    for line in theirs.lines().filter(|line| !own.contains(line)) {
        let names = line.split(':').nth(1).unwrap_or_default();
        let names: Vec<String> = names.split(',').map(str::to_owned).collect();
        let shown = mounts.lines().filter_map(Mount::parse).find_map(|mount| {
            let has = |name: &String| mount.options.split(',').any(|option| option == name);
            let fits = mount.version == Version::Two || names.iter().all(has);
            let path = mount.own_path(line, &names).filter(|_| fits)?;
            Some((mount.version, mount.directory(Path::new(&path))?))
        });
        if let Some((version, path)) = shown
            && groups.iter().all(|group| group.path != path)
        {
            groups.push(Group {
                path,
                version,
                controllers: names,
            });
        }
    }
    groups
}

/// What the two texts say. The controllers of the unified hierarchy stand elsewhere.
fn parse(mounts: &str, own: &str) -> Vec<Hierarchy> {
    let mut found: Vec<Hierarchy> = Vec::new();
    for line in mounts.lines() {
        let Some(mount) = Mount::parse(line) else {
            continue;
        };
        let controllers = mount.controllers();
        let known = |hierarchy: &Hierarchy| {
            hierarchy.version == mount.version && hierarchy.controllers == controllers
        };
        if found.iter().any(known) {
            continue;
        }
        let here = own
            .lines()
            .find_map(|line| mount.own_path(line, &controllers));
        if let Some(here) = here.and_then(|path| mount.directory(Path::new(&path))) {
            found.push(Hierarchy {
                version: mount.version,
                places: places(mount.version, &here, &mount.point),
                controllers,
            });
        }
    }
    found
}

/// Beside its own group is where a process may make another if its own, which has processes, may
/// not have controllers below (version 2).
fn places(version: Version, here: &Path, top: &Path) -> Vec<PathBuf> {
    let mut places = vec![here.to_owned()];
    if version == Version::Two && here != top {
        places.extend(here.parent().map(Path::to_owned));
    }
    places
}

/// A mount of a hierarchy.
struct Mount<'a> {
    version: Version,
    /// The group that is mounted.
    root: &'a str,
    point: PathBuf,
    /// Among them the controllers.
    options: &'a str,
}

impl<'a> Mount<'a> {
    /// Reads a line of mountinfo (proc_pid_mountinfo(5)).
    fn parse(line: &'a str) -> Option<Self> {
        let (first, second) = line.split_once(" - ")?;
        let mut fields = first.split(' ').skip(3);
        let (root, point) = (fields.next()?, fields.next()?);
        let mut fields = second.split(' ');
        let version = match fields.next()? {
            "cgroup" => Version::One,
            "cgroup2" => Version::Two,
            _ => return None,
        };
        Some(Self {
            version,
            root,
            point: PathBuf::from(point),
            options: fields.nth(1)?,
        })
    }

    fn controllers(&self) -> Vec<String> {
        let options = self.options.split(',');
        let known =
            options.filter(|name| self.version == Version::One && CONTROLLERS.contains(name));
        known.map(str::to_owned).collect()
    }

    /// This process's group, if the line of /proc/self/cgroup is about this hierarchy.
    fn own_path(&self, line: &'a str, controllers: &[String]) -> Option<String> {
        let mut fields = line.split(':');
        let (number, names, path) = (fields.next()?, fields.next()?, fields.next()?);
        let same = match self.version {
            Version::One => {
                let first = controllers.first()?;
                names.split(',').any(|name| name == first)
            }
            Version::Two => number == "0" && names.is_empty(),
        };
        same.then(|| path.to_owned())
    }

    /// Where the group `path` shows in this mount.
    fn directory(&self, path: &Path) -> Option<PathBuf> {
        let below = path.strip_prefix(self.root).ok()?;
        Some(self.point.join(below).components().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::{Version, apart, parse};
    use std::path::Path;

    #[test]
    fn hierarchies_of_version_1() {
        let mounts = "\
24 22 0:20 / /proc rw - proc proc rw
30 25 0:26 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:9 - cgroup cgroup rw,cpu,cpuacct
31 25 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
32 25 0:28 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd
33 25 0:29 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
";
        let own = "5:cpu,cpuacct:/\n4:memory:/a/b\n1:name=systemd:/\n0::/x/y\n";
        let found = parse(mounts, own);
        assert_eq!(found.len(), 3);
        assert_eq!(found[0].controllers, ["cpu", "cpuacct"]);
        assert_eq!(found[0].places, [Path::new("/sys/fs/cgroup/cpu,cpuacct")]);
        assert_eq!(found[1].places, [Path::new("/sys/fs/cgroup/memory/a/b")]);
        assert_eq!(found[2].version, Version::Two);
        let unified = Path::new("/sys/fs/cgroup/unified/x");
        assert_eq!(found[2].places, [unified.join("y"), unified.to_owned()]);
    }

    #[test]
    fn groups_of_another_process() {
        let mounts = "\
30 25 0:26 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
31 25 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
32 25 0:28 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd
33 25 0:29 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
";
        let own = "5:cpu,cpuacct:/\n4:memory:/a\n1:name=systemd:/\n0::/\n";
        let theirs = "5:cpu,cpuacct:/x\n4:memory:/a\n1:name=systemd:/x\n0::/x\n";
        let found = apart(mounts, own, theirs);
        let paths: Vec<&Path> = found.iter().map(|group| group.path.as_path()).collect();
        assert_eq!(
            paths,
            [
                Path::new("/sys/fs/cgroup/cpu,cpuacct/x"),
                Path::new("/sys/fs/cgroup/systemd/x"),
                Path::new("/sys/fs/cgroup/unified/x"),
            ]
        );
        assert_eq!(found[0].controllers, ["cpu", "cpuacct"]);
        assert_eq!(found[2].version, Version::Two);
    }

    #[test]
    fn a_container_sees_its_own_part() {
        let mounts = "40 39 0:30 /docker/c1 /sys/fs/cgroup/pids ro - cgroup cgroup rw,pids\n";
        let found = parse(mounts, "7:pids:/docker/c1/d\n");
        assert_eq!(found[0].places, [Path::new("/sys/fs/cgroup/pids/d")]);
        // Its group is elsewhere.
        assert!(parse(mounts, "7:pids:/other\n").is_empty());
        assert!(parse("", "7:pids:/\n").is_empty());
    }
}
