//! Landlock (landlock(7)): below which directories the zone's processes may do anything with
//! files, and that they reach no socket or process outside. Where a file system was mounted, and
//! through which descriptor it is reached, makes no difference to it.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileTypeExt;

use landlock::{
    ABI, Access, AccessFs, BitFlags, CompatLevel, Compatible, PathBeneath, Ruleset, RulesetAttr,
    RulesetCreatedAttr, Scope,
};
use nix::fcntl::{FcntlArg, OFlag, fcntl};

/// The rights that this code knows. Newer kernels have more, which stay as they were.
const KNOWN: ABI = ABI::V7;
/// Before, every rename from one directory to another was refused.
pub(super) const OLDEST: i64 = 2;
/// The first that has scopes.
pub(super) const SCOPES: i64 = 6;

/// A tree of files.
#[derive(Debug)]
pub struct Tree {
    /// Its root; a descriptor with `O_PATH` will do.
    pub root: OwnedFd,
    /// Whether files may be changed.
    pub writable: bool,
}

/// The scopes that are used.
pub(super) fn scopes(any: bool, signals: bool) -> BitFlags<Scope> {
    match (any, signals) {
        (false, _) => BitFlags::empty(),
        (true, false) => Scope::AbstractUnixSocket.into(),
        (true, true) => Scope::from_all(KNOWN),
    }
}

/// Puts this thread under the rules.
pub(super) fn restrict(
    trees: &[Tree],
    files: bool,
    scopes: BitFlags<Scope>,
    no_new_privs: bool,
) -> io::Result<()> {
    let mut ruleset = Ruleset::default().set_compatibility(CompatLevel::BestEffort);
    if files {
        ruleset = ruleset
            .handle_access(AccessFs::from_all(KNOWN))
            .map_err(io::Error::other)?;
    }
    if !scopes.is_empty() {
        ruleset = ruleset.scope(scopes).map_err(io::Error::other)?;
    }
    let mut created = ruleset.create().map_err(io::Error::other)?;
    if files {
        for tree in trees {
            let rights = if tree.writable {
                AccessFs::from_all(KNOWN)
            } else {
                AccessFs::from_read(KNOWN)
            };
            created = created
                .add_rule(PathBeneath::new(&tree.root, rights))
                .map_err(io::Error::other)?;
        }
        let (stdin, stdout, stderr) = (io::stdin(), io::stdout(), io::stderr());
        for standard in [stdin.as_fd(), stdout.as_fd(), stderr.as_fd()] {
            if let Some((file, rights)) = reopened(standard)? {
                created = created
                    .add_rule(PathBeneath::new(file, rights))
                    .map_err(io::Error::other)?;
            }
        }
    }
    created
        .no_new_privs(no_new_privs)
        .restrict_self()
        .map_err(io::Error::other)?;
    Ok(())
}

/// A standard descriptor may be opened again (/dev/stdout) as it was handed over. Pipes and
/// sockets can be without a rule.
fn reopened(fd: BorrowedFd<'_>) -> io::Result<Option<(File, BitFlags<AccessFs>)>> {
    let Ok(copy) = fd.try_clone_to_owned() else {
        return Ok(None); // It is closed.
    };
    let flags = OFlag::from_bits_retain(fcntl(fd, FcntlArg::F_GETFL)?);
    let file = File::from(copy);
    let kind = file.metadata()?.file_type();
    if flags.contains(OFlag::O_PATH) || !(kind.is_file() || kind.is_char_device()) {
        return Ok(None);
    }
    let mut rights = BitFlags::from(AccessFs::IoctlDev);
    if flags & OFlag::O_ACCMODE != OFlag::O_WRONLY {
        rights |= AccessFs::ReadFile;
    }
    if flags & OFlag::O_ACCMODE != OFlag::O_RDONLY {
        rights |= AccessFs::WriteFile | AccessFs::Truncate;
    }
    Ok(Some((file, rights)))
}
