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
mod secure;

pub use capability::{Capabilities, Capability};
pub use credentials::{Credentials, SetId};
pub use ids::{Ids, UNCHANGED};
pub use owner::{NAME, Owner};
pub use record::{FILE_SIZE, published};
pub use rights::{EXECUTE, READ, Status, WRITE};
pub use secure::SecureBits;

use core::sync::atomic::{AtomicBool, Ordering};

use abi::stat::Stat;
use abi::{Errno, SysResult, nr};
use host::call::int;
use host::host_call;

use crate::bare::Node;
use crate::bare::warden::{self, Request};

const AT_EMPTY_PATH: usize = 0x1000;
const S_IFMT: u32 = 0o170_000;
const S_IFLNK: u32 = 0o120_000;

/// Whether others may look into this process, as the guest knows it: to the host it always is.
static DUMPABLE: AtomicBool = AtomicBool::new(true);

/// Whether others may look into this process (`PR_GET_DUMPABLE`).
#[must_use]
pub fn is_dumpable() -> bool {
    DUMPABLE.load(Ordering::Relaxed)
}

/// They may or may not from now on.
pub fn set_dumpable(dumpable: bool) {
    DUMPABLE.store(dumpable, Ordering::Relaxed);
}

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

    /// Whom something that the host describes by `stat` belongs to in the zone, and its mode there.
    #[must_use]
    pub fn owner(&self, fd: i32, stat: &Stat) -> (Owner, u32) {
        if !self.is_ours(stat) {
            let gid = if stat.st_gid == self.host.gid {
                0
            } else {
                stat.st_gid
            };
            let uid = stat.st_uid;
            return (Owner { uid, gid }, stat.st_mode);
        }
        if owner::is_kept(stat.st_mode) {
            let kept = owner::read(fd).unwrap_or_default();
            let mode = kept.mode.map(|mode| stat.st_mode & S_IFMT | mode);
            return (kept.owner, mode.unwrap_or(stat.st_mode));
        }
        // Links, pipes and sockets have no such attributes: they belong to whoever asks.
        let owner = Owner {
            uid: self.now.user.fs,
            gid: self.now.group.fs,
        };
        (owner, stat.st_mode)
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
        let (owner, mode) = self.owner(fd, &stat);
        Ok(Status {
            mode,
            owner,
            ours: self.is_ours(&stat),
            host: stat.st_mode,
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

    /// Gives a file an owner and permissions.
    ///
    /// # Errors
    /// Those of chmod(2) and setxattr(2); `EPERM` for what the host's user does not own.
    pub fn give(&self, fd: i32, status: &Status, owner: Owner, mode: u32) -> SysResult<()> {
        let plain = owner == status.owner && status.mode == status.host;
        if plain && mode == status.mode && owner::widened(mode) == mode {
            return Ok(());
        }
        if !status.ours {
            return Err(Errno::EPERM);
        }
        if owner::is_kept(status.mode) && !(plain && owner::widened(mode) == mode) {
            return owner::write(fd, status.host, owner, mode);
        }
        if mode == status.mode || mode & S_IFMT == S_IFLNK {
            return Ok(());
        }
        warden::ask_about(Request::Mode(mode & 0o7777), fd).map(drop)
    }

    /// The host refused its user something that the zone allows: makes the file's permissions there
    /// such that it does not. Whether that changed anything.
    #[must_use]
    pub fn open_up(&self, fd: i32) -> bool {
        self.status(fd).is_ok_and(|status| {
            let narrow = owner::widened(status.host) != status.host;
            let kept = status.ours && owner::is_kept(status.mode);
            narrow && kept && owner::write(fd, status.host, status.owner, status.mode).is_ok()
        })
    }

    /// Says in the zone's file of users who a thread is.
    pub fn publish(&self, tid: u32) {
        record::publish(tid, &self.now);
    }
}
