//! Who runs in a zone, by the zone's own /etc/passwd and /etc/group.

use crate::container::Process;

/// A user and its groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// User id, as the zone sees it.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
    /// Supplementary groups.
    pub groups: Vec<u32>,
    /// Home directory, if passwd names one.
    pub home: Option<String>,
}

impl User {
    /// The one that a container's process is to be.
    pub(crate) fn of(process: &Process) -> Self {
        Self {
            uid: process.owner.0,
            gid: process.owner.1,
            groups: process.groups.clone(),
            home: None,
        }
    }

    /// root, where nothing else is asked for; `passwd` may say where its home is.
    #[must_use]
    pub fn root(passwd: &str) -> Self {
        Self {
            uid: 0,
            gid: 0,
            groups: Vec::new(),
            home: entry(passwd, |_, uid| uid == 0).and_then(|entry| entry.home),
        }
    }

    /// The user that `text` (`USER[:GROUP]`, names or numbers) means.
    ///
    /// # Errors
    /// Which name is unknown.
    pub fn parse(text: &str, passwd: &str, group: &str) -> Result<Self, String> {
        let (name, group_name) = match text.split_once(':') {
            Some((name, group_name)) => (name, Some(group_name)),
            None => (text, None),
        };
        let number = name.parse().ok().filter(|&id| is_id(id));
        let by_name = entry(passwd, |user, _| user == name);
        let found = by_name.or_else(|| entry(passwd, |_, uid| Some(uid) == number));
        let mut user = match (found, number) {
            (Some(entry), _) => Self {
                groups: memberships(group, &entry.name, entry.gid),
                uid: entry.uid,
                gid: entry.gid,
                home: entry.home,
            },
            (None, Some(uid)) => Self {
                uid,
                gid: 0,
                groups: Vec::new(),
                home: None,
            },
            (None, None) => return Err(format!("unknown user '{name}'")),
        };
        if let Some(name) = group_name {
            let number = name.parse().ok().filter(|&id| is_id(id));
            user.gid = group_id(group, name)
                .or(number)
                .ok_or_else(|| format!("unknown group '{name}'"))?;
            // As in Docker, a group that is named stands alone.
            user.groups = Vec::new();
        }
        Ok(user)
    }
}

struct Entry {
    name: String,
    uid: u32,
    gid: u32,
    home: Option<String>,
}

/// The first line of passwd(5) that `wanted` takes, by name and user id.
fn entry(passwd: &str, wanted: impl Fn(&str, u32) -> bool) -> Option<Entry> {
    passwd.lines().find_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        let [name, _, uid, gid, _, home, ..] = fields[..] else {
            return None;
        };
        let (uid, gid) = (uid.parse().ok()?, gid.parse().ok()?);
        (is_id(uid) && is_id(gid) && wanted(name, uid)).then(|| Entry {
            name: name.to_owned(),
            uid,
            gid,
            home: (!home.is_empty()).then(|| home.to_owned()),
        })
    })
}

/// The name of the user `wanted`.
pub(crate) fn name_of(passwd: &str, wanted: u32) -> Option<String> {
    entry(passwd, |_, uid| uid == wanted).map(|entry| entry.name)
}

/// The lines of group(5): name, id, members.
fn groups(group: &str) -> impl Iterator<Item = (&str, u32, &str)> {
    group.lines().filter_map(|line| {
        let mut fields = line.split(':');
        let (name, _, gid) = (fields.next()?, fields.next()?, fields.next()?);
        let gid = gid.parse().ok().filter(|&gid| is_id(gid))?;
        Some((name, gid, fields.next().unwrap_or("")))
    })
}

fn group_id(group: &str, wanted: &str) -> Option<u32> {
    groups(group).find_map(|(name, gid, _)| (name == wanted).then_some(gid))
}

fn memberships(group: &str, user: &str, own: u32) -> Vec<u32> {
    groups(group)
        .filter(|(_, gid, members)| *gid != own && members.split(',').any(|name| name == user))
        .map(|(_, gid, _)| gid)
        .collect()
}

/// -1 means "no change" to setuid(2) and its like.
fn is_id(id: u32) -> bool {
    id != u32::MAX
}

#[cfg(test)]
mod tests {
    use super::User;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\nbroken\nann:x:1000:100::/home/ann:\n\
        5:x:7:7:a name of digits::\n";
    const GROUP: &str = "root:x:0:\nusers:x:100:ann\nwheel:x:10:bob,ann\n";

    fn parse(text: &str) -> Result<User, String> {
        User::parse(text, PASSWD, GROUP)
    }

    fn ids(text: &str) -> (u32, u32, Vec<u32>) {
        let user = parse(text).expect("it is known");
        (user.uid, user.gid, user.groups)
    }

    #[test]
    fn names_and_numbers() {
        assert_eq!(ids("ann"), (1000, 100, vec![10]));
        assert_eq!(ids("1000"), (1000, 100, vec![10]));
        assert_eq!(ids("5"), (7, 7, vec![]));
        assert_eq!(ids("77"), (77, 0, vec![]));
        assert_eq!(ids("ann:wheel"), (1000, 10, vec![]));
        assert_eq!(ids("77:88"), (77, 88, vec![]));
        assert_eq!(
            parse("ann").expect("it is known").home.as_deref(),
            Some("/home/ann")
        );
    }

    #[test]
    fn the_unknown() {
        for bad in [
            "",
            "nobody",
            "ann:",
            "ann:nobody",
            "-1",
            "4294967295",
            "1:4294967295",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn root_needs_no_passwd() {
        assert_eq!(User::root("").uid, 0);
        assert_eq!(User::root(PASSWD).home.as_deref(), Some("/root"));
    }
}
