//! Which capabilities a zone keeps (capabilities(7)), and how it loses the others and takes on
//! its user.

use std::io;

use host_std::confine;
use nix::sys::prctl::set_keepcaps;
use nix::unistd::{Gid, Uid, setgroups, setresgid, setresuid};
use serde::{Deserialize, Serialize};

/// A set of capabilities: bit n for capability n.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capabilities(u64);

impl Capabilities {
    /// None.
    pub const NONE: Self = Self(0);

    /// What users of containers are used to: Docker's default set, without `MKNOD`, since no zone
    /// makes devices.
    pub const USUAL: Self = Self(
        1 << 0          // CAP_CHOWN
            | 1 << 1    // CAP_DAC_OVERRIDE
            | 1 << 3    // CAP_FOWNER
            | 1 << 4    // CAP_FSETID
            | 1 << 5    // CAP_KILL
            | 1 << 6    // CAP_SETGID
            | 1 << 7    // CAP_SETUID
            | 1 << 8    // CAP_SETPCAP
            | 1 << 10   // CAP_NET_BIND_SERVICE
            | 1 << NET_RAW
            | 1 << 18   // CAP_SYS_CHROOT
            | 1 << 29   // CAP_AUDIT_WRITE
            | 1 << 31, // CAP_SETFCAP
    );

    /// What a container may be given: what concerns its own processes, files and network, and no
    /// device, clock, module or mount of the host. The filter refuses the calls for those anyway.
    pub const MOST: Self = Self(
        Self::USUAL.0
            | 1 << 9    // CAP_LINUX_IMMUTABLE
            | 1 << 11   // CAP_NET_BROADCAST
            | 1 << NET_ADMIN
            | 1 << 14   // CAP_IPC_LOCK
            | 1 << 15   // CAP_IPC_OWNER
            | 1 << 23   // CAP_SYS_NICE
            | 1 << 24   // CAP_SYS_RESOURCE
            | 1 << 27   // CAP_MKNOD
            | 1 << 28, // CAP_LEASE
    );

    /// That with these numbers.
    #[must_use]
    pub fn of(numbers: impl IntoIterator<Item = u32>) -> Self {
        let bits = numbers.into_iter().filter(|number| *number < 64);
        Self(bits.fold(0, |set, number| set | 1 << number))
    }

    /// Without raw and packet sockets and the network's administration, which on the host's network
    /// reach what is the host's.
    #[must_use]
    pub const fn without_raw_network(self) -> Self {
        Self(self.0 & !(1 << NET_RAW | 1 << NET_ADMIN))
    }

    /// Whether capability `number` is in it.
    #[must_use]
    pub const fn contains(self, number: u32) -> bool {
        number < 64 && self.0 >> number & 1 != 0
    }

    /// How many there are.
    #[must_use]
    pub const fn count(self) -> u32 {
        self.0.count_ones()
    }
}

const NET_ADMIN: u32 = 12;
const NET_RAW: u32 = 13;

/// The capabilities of a process, where it is to have others than its user gives it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sets {
    /// What no program gets back.
    pub bounding: Capabilities,
    /// What counts.
    pub effective: Capabilities,
    /// What may be made effective.
    pub permitted: Capabilities,
    /// What programs with file capabilities inherit.
    pub inheritable: Capabilities,
    /// What all other programs inherit.
    pub ambient: Capabilities,
}

impl Sets {
    /// All of them, as far as they are in `most`.
    #[must_use]
    pub const fn within(self, most: Capabilities) -> Self {
        Self {
            bounding: Capabilities(self.bounding.0 & most.0),
            effective: Capabilities(self.effective.0 & most.0),
            permitted: Capabilities(self.permitted.0 & most.0),
            inheritable: Capabilities(self.inheritable.0 & most.0),
            ambient: Capabilities(self.ambient.0 & most.0),
        }
    }
}

/// Whom the zone's first process runs as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The user, in the zone's user namespace.
    pub user: u32,
    /// The group.
    pub group: u32,
    /// The supplementary groups; none are set where setgroups(2) is denied, as in a user namespace
    /// that an ordinary user made.
    pub groups: Option<Vec<u32>>,
}

/// Drops all others for good. Nothing that this process or its descendants execute gets them back.
/// That takes a privilege, which an ordinary user without a user namespace has not: with
/// `no_new_privs` they could not get back more than they are left with anyway.
pub(super) fn bound(kept: Capabilities, no_new_privs: bool) -> io::Result<()> {
    for number in 0..64 {
        if kept.contains(number) {
            continue;
        }
        match confine::drop_from_bounding_set(number) {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(error) if no_new_privs && error.kind() == io::ErrorKind::PermissionDenied => {
                return Ok(());
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Becomes the user, with the capabilities that it has in the zone: these `sets`, else the kept ones
/// for its superuser, and none for others.
pub(super) fn take_on(
    identity: Option<&Identity>,
    kept: Capabilities,
    sets: Option<&Sets>,
) -> io::Result<()> {
    confine::clear_ambient_set()?;
    if sets.is_some() {
        set_keepcaps(true)?;
    }
    if let Some(identity) = identity {
        if let Some(groups) = &identity.groups {
            let groups: Vec<Gid> = groups.iter().copied().map(Gid::from_raw).collect();
            setgroups(&groups)?;
        }
        let (user, group) = (Uid::from_raw(identity.user), Gid::from_raw(identity.group));
        setresgid(group, group, group)?;
        setresuid(user, user, user)?;
    }
    if let Some(sets) = sets {
        set_keepcaps(false)?;
        let (effective, permitted) = (sets.effective.0, sets.permitted.0);
        confine::set_capabilities(effective, permitted, sets.inheritable.0)?;
        let ambient = (0..64).filter(|number| {
            let has = |set: Capabilities| set.contains(*number);
            has(sets.ambient) && has(sets.permitted) && has(sets.inheritable)
        });
        return ambient
            .into_iter()
            .try_for_each(confine::add_to_ambient_set);
    }
    let mask = if Uid::effective().is_root() {
        kept.0
    } else {
        0
    };
    confine::narrow_capabilities(mask)
}

#[cfg(test)]
mod tests {
    use super::Capabilities;

    #[test]
    fn the_usual_set_administers_nothing() {
        let usual = Capabilities::USUAL;
        assert_eq!(usual.count(), 13);
        // DAC_READ_SEARCH, NET_ADMIN, SYS_MODULE, SYS_RAWIO, SYS_PTRACE, SYS_ADMIN, SYS_BOOT,
        // SYS_TIME, MKNOD, SYSLOG, PERFMON, BPF.
        for number in [2, 12, 16, 17, 19, 21, 22, 25, 27, 34, 38, 39] {
            assert!(!usual.contains(number), "{number}");
        }
        assert!(usual.contains(13) && !usual.without_raw_network().contains(13));
        assert!(!usual.contains(64) && !usual.contains(u32::MAX));
    }
}
