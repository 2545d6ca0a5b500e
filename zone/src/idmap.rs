//! The user and group ids of a zone that has a user namespace of its own (user_namespaces(7)).

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use nix::unistd::{Pid, getegid, geteuid};

use crate::container::Ids;
use crate::error::{Context, Error, Result};
use crate::passwd::User;

/// A range: the first id in the zone, the first outside, and how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Range {
    inside: u32,
    outside: u32,
    count: u32,
}

/// The ids of a zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum IdMap {
    /// One's own id alone, which the kernel lets everyone map.
    Own {
        /// What it is in the zone.
        uid: u32,
        /// Likewise the group.
        gid: u32,
    },
    /// Root is one's own id; others come from the ranges that /etc/subuid and /etc/subgid grant,
    /// which newuidmap(1) and newgidmap(1) may map.
    Ranges {
        /// User ids.
        uids: Mapped,
        /// Group ids.
        gids: Mapped,
    },
}

/// Ids of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mapped {
    /// The one that may; none where this process may itself.
    tool: Option<PathBuf>,
    ranges: Vec<Range>,
}

impl IdMap {
    /// The best map that the host allows.
    pub(crate) fn choose(user: &User) -> Result<Self> {
        let (uid, gid) = (geteuid().as_raw(), getegid().as_raw());
        let names = fs::read_to_string("/etc/passwd").unwrap_or_default();
        let name = crate::passwd::name_of(&names, uid);
        let ids = |tool: &str, file: &str, own| {
            let text = fs::read_to_string(file).unwrap_or_default();
            let granted = granted(&text, uid, name.as_deref());
            Some(Mapped {
                tool: Some(find(tool).filter(|_| !granted.is_empty())?),
                ranges: ranges(own, &granted),
            })
        };
        if let (Some(uids), Some(gids)) = (
            ids("newuidmap", "/etc/subuid", uid),
            ids("newgidmap", "/etc/subgid", gid),
        ) {
            let known = |ids: &Mapped, id| ids.ranges.iter().any(|range| range.holds(id));
            let all_groups = user.groups.iter().all(|&gid| known(&gids, gid));
            if known(&uids, user.uid) && known(&gids, user.gid) && all_groups {
                return Ok(Self::Ranges { uids, gids });
            }
            return Err(Error::because(
                format!("user {}:{}", user.uid, user.gid),
                "outside the ranges that /etc/subuid and /etc/subgid grant",
            ));
        }
        Ok(Self::Own {
            uid: user.uid,
            gid: user.gid,
        })
    }

    /// Those that an engine asks for.
    pub(crate) fn given(ids: &Ids) -> Result<Self> {
        let ranges = |given: &[(u32, u32, u32)]| -> Vec<Range> {
            let range = |&(inside, outside, count): &_| Range {
                inside,
                outside,
                count,
            };
            given.iter().map(range).collect()
        };
        let (users, groups) = (ranges(&ids.users), ranges(&ids.groups));
        let (uid, gid) = (geteuid().as_raw(), getegid().as_raw());
        if let ([user], [group]) = (&users[..], &groups[..])
            && !geteuid().is_root()
            && (user.outside, user.count, group.outside, group.count) == (uid, 1, gid, 1)
        {
            return Ok(Self::Own {
                uid: user.inside,
                gid: group.inside,
            });
        }
        let mapped = |name: &str, ranges| match geteuid().is_root() {
            true => Ok(Mapped { tool: None, ranges }),
            false => match find(name) {
                Some(tool) => Ok(Mapped {
                    tool: Some(tool),
                    ranges,
                }),
                None => Err(Error::because(
                    name,
                    "not installed, and ids are to be mapped",
                )),
            },
        };
        Ok(Self::Ranges {
            uids: mapped("newuidmap", users)?,
            gids: mapped("newgidmap", groups)?,
        })
    }

    /// Whether the zone has users and groups besides one's own.
    pub(crate) fn is_real(&self) -> bool {
        matches!(self, Self::Ranges { .. })
    }

    /// Whether the zone's processes can have supplementary groups.
    pub(crate) fn has_groups(&self) -> bool {
        matches!(self, Self::Ranges { .. })
    }

    /// Gives the namespace of `child` these ids.
    pub(crate) fn apply(&self, child: Pid) -> Result<()> {
        match self {
            Self::Own { uid, gid } => {
                let write = |file: &str, text: String| {
                    fs::write(format!("/proc/{child}/{file}"), text)
                        .about(format_args!("cannot write {file} of the zone"))
                };
                write("uid_map", format!("{uid} {} 1\n", geteuid()))?;
                // Without this, one could leave a group that a file denies something to.
                write("setgroups", "deny\n".to_owned())?;
                write("gid_map", format!("{gid} {} 1\n", getegid()))
            }
            Self::Ranges { uids, gids } => {
                uids.map(child, "uid_map")?;
                gids.map(child, "gid_map")
            }
        }
    }
}

impl Mapped {
    fn map(&self, child: Pid, file: &str) -> Result<()> {
        let Some(tool) = &self.tool else {
            let line =
                |range: &Range| format!("{} {} {}\n", range.inside, range.outside, range.count);
            let text: String = self.ranges.iter().map(line).collect();
            return fs::write(format!("/proc/{child}/{file}"), text)
                .about(format_args!("cannot write {file} of the zone"));
        };
        let numbers = self.ranges.iter().flat_map(|range| {
            [range.inside, range.outside, range.count].map(|number| number.to_string())
        });
        let arguments: Vec<OsString> = std::iter::once(child.to_string())
            .chain(numbers)
            .map(OsString::from)
            .collect();
        let output = Command::new(tool)
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .about(tool.display())?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.lines().next().unwrap_or("it failed").to_owned();
        Err(Error::new(tool.display(), io::Error::other(said)))
    }
}

impl Range {
    fn holds(&self, inside: u32) -> bool {
        inside
            .checked_sub(self.inside)
            .is_some_and(|distance| distance < self.count)
    }
}

/// What subuid(5) or subgid(5) grants to the user `uid` called `name`: first id and count.
fn granted(text: &str, uid: u32, name: Option<&str>) -> Vec<(u32, u32)> {
    let number = uid.to_string();
    text.lines()
        .filter_map(|line| {
            let mut fields = line.trim().split(':');
            let owner = fields.next()?;
            let (first, count) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
            let mine = owner == number || Some(owner) == name;
            (mine && count > 0 && u32::checked_add(first, count).is_some())
                .then_some((first, count))
        })
        .collect()
}

/// Root is `own`, and from 1 on stand the ids that were granted.
fn ranges(own: u32, granted: &[(u32, u32)]) -> Vec<Range> {
    let mut ranges = vec![Range {
        inside: 0,
        outside: own,
        count: 1,
    }];
    let mut inside = 1u32;
    for &(outside, count) in granted {
        ranges.push(Range {
            inside,
            outside,
            count,
        });
        let Some(next) = inside.checked_add(count) else {
            break;
        };
        inside = next;
    }
    ranges
}

/// The program `name` in `PATH`.
fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|directory| directory.join(name))
        .find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::{Range, granted, ranges};

    #[test]
    fn grants_are_by_name_or_number() {
        let text =
            "ann:100000:65536\n1000:300000:10\nbob:5:5\nann:x:1\nann:9:0\nann:4294967295:2\n";
        assert_eq!(
            granted(text, 1000, Some("ann")),
            [(100_000, 65_536), (300_000, 10)]
        );
        assert_eq!(granted(text, 1, None), []);
    }

    #[test]
    fn ranges_stand_one_behind_the_other() {
        let made = ranges(1000, &[(100_000, 65_536), (300_000, 10)]);
        let range = |inside, outside, count| Range {
            inside,
            outside,
            count,
        };
        assert_eq!(
            made,
            [
                range(0, 1000, 1),
                range(1, 100_000, 65_536),
                range(65_537, 300_000, 10)
            ]
        );
        assert!(made[1].holds(65_536) && !made[1].holds(65_537));
    }
}
