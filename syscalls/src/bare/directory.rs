//! The working directory: chdir(2), getcwd(2). It is the host process's own, so fchdir(2) needs
//! nothing. And the name of the host.

use abi::{Errno, SysResult, nr};
use host::host_call;
use host::user::{self, PATH_MAX};
use kernel::Task;
use kernel::walk::Aim;

use super::arguments::{ask, object, pointer, space};

/// uname(2): the zone's name is its own.
pub(super) fn uname(t: &mut Task, a: &[usize; 6]) -> SysResult {
    /// Each of the strings has so much room; the second is the host's name.
    const FIELD: usize = 65;
    let result = crate::system::uname(t, pointer(a[0]))?;
    let mut name = [0; FIELD];
    let hostname = space(t)?.table().hostname.iter().take(FIELD - 1);
    for (to, from) in name.iter_mut().zip(hostname) {
        *to = *from;
    }
    user::write_bytes(a[0].wrapping_add(FIELD), &name)?;
    Ok(result)
}

/// chdir(2).
pub(super) fn chdir(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let node = object(t, a[0], Aim::Follow)?;
    ask(nr::FCHDIR, &[node.register()])
}

/// getcwd(2): the length with the NUL.
pub(super) fn getcwd(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let mut room = [0; PATH_MAX];
    let to = room.as_mut_ptr().expose_provenance();
    let length = host_call!(nr::GETCWD, to, room.len())?;
    let host = room.get(..length.saturating_sub(1)).unwrap_or_default();
    let mut text = match space(t)?.zone_path(host) {
        Some(text) => text,
        // What the kernel says of a directory outside the root.
        None => [b"(unreachable)", host].concat(),
    };
    text.push(0);
    if text.len() > a[1] {
        return Err(Errno::ERANGE);
    }
    user::write_bytes(a[0], &text)?;
    Ok(text.len())
}
