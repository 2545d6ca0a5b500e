//! The mounts of a bare zone as /proc/PID/mountinfo tells of them.

use alloc::vec::Vec;

use abi::{SysResult, nr};
use host::call::int;
use host::{host_call, intercept};

use super::node::link_text;
use super::space::{PATH_MAX, Space};
use super::table::Kind;
use crate::zone::placeholders;

/// What a mount is, for its type and source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shows {
    /// Something of the host's, in the mount of this number (`mnt_id`).
    Host(u64),
    /// Processes.
    Proc,
    /// The machine.
    Sys,
    /// Terminals.
    Terminals,
    /// A directory that the zone has of its own.
    Memory,
    /// Directories over each other.
    Layers,
}

/// One mount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Where the zone sees it.
    pub target: Vec<u8>,
    /// What the host calls what it shows.
    pub host: Vec<u8>,
    /// What it is.
    pub shows: Shows,
    /// [`super::READ_ONLY`] and its like.
    pub flags: u8,
    /// `st_dev` of what it shows.
    pub device: u64,
    /// The place in the list of the mount that its mount point lies in.
    pub within: usize,
}

impl Space<'_> {
    /// All mounts; the root comes first.
    #[must_use]
    pub fn mounts(&self) -> Vec<Shown> {
        let mut room = [0; PATH_MAX];
        let files = self.table.of_kind(Kind::ProcFiles);
        let files = files.and_then(|files| link_text(self.shown(files).fd(), &mut room).ok());
        // What the zone has of its own lies two directories above.
        let above = |path: &[u8]| path.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
        let own = files.map(|path| {
            let path = path.get(..above(path)).unwrap_or_default();
            Vec::from(path.get(..=above(path)).unwrap_or_default())
        });
        let is_own = |path: &[u8]| own.as_ref().is_some_and(|own| path.starts_with(own));
        let mut found: Vec<Shown> = Vec::new();
        let mut places = Vec::new();
        for (index, mount) in self.table.mounts.iter().enumerate() {
            if !mount.has_point() {
                continue;
            }
            let fd = self.shown(index).fd();
            let host = Vec::from(link_text(fd, &mut room).unwrap_or_default());
            let shows = match mount.kind {
                Kind::Proc => Shows::Proc,
                Kind::Stack => Shows::Layers,
                Kind::Terminals => Shows::Terminals,
                _ if mount.here.dev == placeholders() && mount.target == b"sys" => Shows::Sys,
                _ if is_own(&host) => Shows::Memory,
                _ => Shows::Host(mount_of(fd).unwrap_or(0)),
            };
            let within = self.table.point_of(index).map_or(0, |(within, _)| within);
            let within = places.iter().position(|place| *place == within);
            places.push(index);
            found.push(Shown {
                target: [b"/", &mount.target[..]].concat(),
                host,
                shows,
                flags: mount.flags,
                device: mount.here.dev,
                within: within.unwrap_or(0),
            });
        }
        found
    }
}

/// The number of the mount that a descriptor leads into (proc_pid_fdinfo(5)).
fn mount_of(fd: i32) -> SysResult<u64> {
    const O_CLOEXEC: usize = 0o2_000_000;
    const ROOM: usize = 256;
    let path = alloc::format!("thread-self/fdinfo/{fd}\0");
    let path = path.as_ptr().expose_provenance();
    let file = host_call!(nr::OPENAT, int(intercept::proc_fd()), path, O_CLOEXEC, 0)?;
    let mut text = [0u8; ROOM];
    let to = text.as_mut_ptr().expose_provenance();
    let read = host_call!(nr::PREAD64, file, to, ROOM, 0);
    let _ = host_call!(nr::CLOSE, file);
    Ok(mount_in(text.get(..read?).unwrap_or_default()).unwrap_or(0))
}

fn mount_in(text: &[u8]) -> Option<u64> {
    let mut lines = text.split(|byte| *byte == b'\n');
    let number = lines.find_map(|line| line.strip_prefix(b"mnt_id:"))?;
    core::str::from_utf8(number.trim_ascii()).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::mount_in;

    #[test]
    fn the_mount_of_a_descriptor_is_found() {
        let text = b"pos:\t0\nflags:\t012000000\nmnt_id:\t29\nino:\t7\n";
        assert_eq!(mount_in(text), Some(29));
        assert_eq!(mount_in(b"pos:\t0\n"), None);
    }
}
