//! Users that a zone keeps itself, where the host gives it no ids but its own user's. Every thread
//! has [`Credentials`] that only the brand knows; which files belong to whom stands in an attribute
//! of theirs ([`Owner`]). To the host all of it is one user, whose rights are the limit: nothing here
//! gives any.

mod capability;
mod credentials;
mod ids;
mod owner;
mod record;
mod rights;

pub use capability::{Capabilities, Capability};
pub use credentials::{Credentials, SetId};
pub use ids::{Ids, UNCHANGED};
pub use owner::{NAME, Owner};
pub use record::{FILE_SIZE, Record};
pub use rights::{EXECUTE, READ, Status, WRITE};

use abi::stat::Stat;
use abi::{Errno, SysResult, nr};
use host::call::int;
use host::host_call;

use crate::bare::Node;

const AT_EMPTY_PATH: usize = 0x1000;

/// Who a thread is, and what the host calls its user.
#[derive(Clone, Debug)]
pub struct Users {
    /// Who it is in the zone.
    pub now: Credentials,
    /// The host's ids of all that the zone makes.
    pub host: Owner,
}

impl Users {
    /// For a process of a zone that keeps its users itself.
    #[must_use]
    pub fn new(now: Credentials) -> Self {
        let id = |call: SysResult| call.ok().and_then(|id| u32::try_from(id).ok());
        let host = Owner {
            uid: id(host_call!(nr::GETUID)).unwrap_or(0),
            gid: id(host_call!(nr::GETGID)).unwrap_or(0),
        };
        Self { now, host }
    }

    /// Whether permissions do not matter to this thread, so that no path has to be checked.
    #[must_use]
    pub fn is_unchecked(&self) -> bool {
        self.now.has(Capability::DacOverride)
    }

    /// Whether the host's user owns something: only then the zone can say to whom it belongs.
    #[must_use]
    pub fn is_ours(&self, stat: &Stat) -> bool {
        stat.st_uid == self.host.uid
    }

    /// Whom something that the host describes by `stat` belongs to in the zone.
    #[must_use]
    pub fn owner(&self, fd: i32, stat: &Stat) -> Owner {
        if !self.is_ours(stat) {
            let gid = if stat.st_gid == self.host.gid {
                0
            } else {
                stat.st_gid
            };
            return Owner {
                uid: stat.st_uid,
                gid,
            };
        }
        if owner::is_kept(stat.st_mode) {
            return owner::read(fd).unwrap_or_default();
        }
        // Links, pipes and sockets have no such attributes: they belong to whoever asks.
        Owner {
            uid: self.now.user.fs,
            gid: self.now.group.fs,
        }
    }

    /// What of a file permissions depend on.
    ///
    /// # Errors
    /// Those of fstat(2).
    pub fn status(&self, fd: i32) -> SysResult<Status> {
        let mut stat = Stat::default();
        let to = (&raw mut stat).expose_provenance();
        let empty = c"".as_ptr().expose_provenance();
        host_call!(nr::NEWFSTATAT, int(fd), empty, to, AT_EMPTY_PATH)?;
        Ok(Status {
            mode: stat.st_mode,
            owner: self.owner(fd, &stat),
            ours: self.is_ours(&stat),
        })
    }

    /// Whether this thread may do `wanted` ([`READ`], [`WRITE`], [`EXECUTE`]) with a file.
    ///
    /// # Errors
    /// `EACCES`; those of fstat(2).
    pub fn check(&self, fd: i32, wanted: u32) -> SysResult<()> {
        let status = self.status(fd)?;
        match self.now.may(&status, wanted) {
            true => Ok(()),
            false => Err(Errno::EACCES),
        }
    }

    /// Whether this thread may go through a directory.
    ///
    /// # Errors
    /// As [`Users::check`].
    pub fn search(&self, directory: &Node) -> SysResult<()> {
        if self.is_unchecked() || directory.kind()? != crate::bare::S_IFDIR {
            return Ok(());
        }
        self.check(directory.fd(), EXECUTE)
    }

    /// Makes a file belong to somebody.
    ///
    /// # Errors
    /// Those of setxattr(2); `EPERM` for what the host's user does not own.
    pub fn give(&self, fd: i32, status: &Status, owner: Owner) -> SysResult<()> {
        if owner == status.owner {
            return Ok(());
        }
        if !status.ours {
            return Err(Errno::EPERM);
        }
        if owner::is_kept(status.mode) {
            owner::write(fd, status.mode, owner)?;
        }
        Ok(())
    }

    /// Says in the zone's file of users who this process is.
    pub fn publish(&self, pid: u32) {
        record::publish(&Record::of(pid, &self.now));
    }
}
