//! Who runs in a zone without namespaces: to the host always the user that started it; to the zone
//! that user, or whoever of the zone's own users the brand says (`kernel::users`).

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;

use kernel::users::{Credentials, FILE_SIZE, Owner};
use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};

use crate::config::{Config, Users};
use crate::error::{Error, Result};
use crate::passwd::User;
use crate::start::user_of;

/// The first process's user.
pub(super) struct Who {
    /// Its home directory.
    pub(super) home: Option<String>,
    /// Where the zone keeps its users itself: who it is.
    pub(super) kept: Option<Vec<u8>>,
}

impl Who {
    pub(super) fn of(config: &Config, wanted: Option<&str>) -> Result<Self> {
        match config.users {
            Users::Host => Ok(Self {
                home: itself(config, wanted)?.home,
                kept: None,
            }),
            Users::Zone => {
                let user = user_of(&config.roots(), wanted)?;
                let owner = Owner {
                    uid: user.uid,
                    gid: user.gid,
                };
                let mut groups = user.groups;
                groups.sort_unstable();
                Ok(Self {
                    home: user.home,
                    kept: Some(Credentials::new(owner, groups).encode()),
                })
            }
        }
    }
}

/// The user that starts the zone, who can be nobody else.
fn itself(config: &Config, wanted: Option<&str>) -> Result<User> {
    let (uid, gid) = (nix::unistd::geteuid(), nix::unistd::getegid());
    let user = user_of(&config.roots(), Some(&format!("{uid}:{gid}")))?;
    if wanted.is_some() {
        let wanted = user_of(&config.roots(), wanted)?;
        if (wanted.uid, wanted.gid) != (user.uid, user.gid) {
            let why = "with the host's users nobody can be somebody else: --users zone";
            return Err(Error::because("--user", why));
        }
    }
    Ok(user)
}

/// The file in which the processes say who they are; its size does not change.
pub(super) fn file() -> io::Result<OwnedFd> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let file = File::from(memfd_create("lx-users", flags)?);
    file.set_len(FILE_SIZE)?;
    let seals = SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL;
    fcntl_add_seals(&file, seals)?;
    Ok(file.into())
}
