//! The host's tools beneath `/native`, for programs that were started from there.
//!
//! Such a program was made for the host's libraries, and names them by the host's paths, where the
//! zone's image has others or none. So for it, and for it alone:
//!
//! - the dynamic loader's files and shared objects below the host's library directories are those
//!   of the host, whatever the zone has there: a C library of another version would not work;
//! - what else the host has in the directories that `/native` shows, and the zone has not, is the
//!   host's: a program's data files and helpers;
//! - everything else, and what a call creates, is the zone's.

use alloc::ffi::CString;
use core::ffi::CStr;

use abi::arg::OpenFlags;
use abi::{Errno, SysResult, nr};
use host::call::int;
use host::host_call;
use kernel::vfs::{
    AT_FDCWD, At, File, FileSystem, Links, OpenHow, Place, ProcView, beneath_native, open_on_host,
};
use kernel::zone::{beneath, is_native};

/// What the dynamic loader reads besides shared objects (ld.so(8)).
const LOADER_FILES: [&[u8]; 2] = [b"/etc/ld.so.cache", b"/etc/ld.so.preload"];

/// The host's tools, as the programs of a zone see them.
#[derive(Clone, Copy, Debug)]
pub enum NativeTools {
    /// As a program of the zone does: `/native` is a directory like others, but that absolute links
    /// in it lead to what is beneath it.
    Shown,
    /// As a program from there does.
    Used,
}

/// Whether the host's file of that name comes first.
fn prefers_host(path: &[u8]) -> bool {
    LOADER_FILES.contains(&path) || (in_library_directory(path) && is_shared_object(path))
}

fn in_library_directory(path: &[u8]) -> bool {
    let path = path.strip_prefix(b"/usr").unwrap_or(path);
    let first = path.split(|byte| *byte == b'/').nth(1).unwrap_or_default();
    matches!(first, b"lib" | b"lib64" | b"lib32" | b"libx32")
}

/// `name.so`, `name.so.6`.
fn is_shared_object(path: &[u8]) -> bool {
    let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    name.ends_with(b".so") || name.windows(4).any(|part| part == b".so.")
}

const F_OK: usize = 0;

/// Whether something is at `path`, be it a link that leads nowhere.
fn exists(path: &CStr) -> bool {
    const AT_SYMLINK_NOFOLLOW: usize = 0x100;
    let at = path.as_ptr().expose_provenance();
    let found = host_call!(nr::FACCESSAT2, int(AT_FDCWD), at, F_OK, AT_SYMLINK_NOFOLLOW);
    match found {
        Err(Errno::ENOSYS) => leads_somewhere(path),
        answer => answer.is_ok(),
    }
}

/// Whether the host finds something at the end of `path`.
fn leads_somewhere(path: &CStr) -> bool {
    let at = path.as_ptr().expose_provenance();
    host_call!(nr::FACCESSAT, int(AT_FDCWD), at, F_OK).is_ok()
}

impl NativeTools {
    /// Where the host's file is that takes the place of what `path` names.
    fn host_file(self, path: &CStr, links: Links) -> Option<CString> {
        let bytes = path.to_bytes();
        if is_native(bytes) {
            let lost = links == Links::Follow && !leads_somewhere(path);
            return lost.then(|| beneath_native(path)).flatten();
        }
        if matches!(self, Self::Shown) {
            return None;
        }
        let host = beneath(bytes)?;
        let found = if prefers_host(bytes) {
            // Libraries of the zone are no choice for what the host has.
            exists(&host)
        } else {
            !exists(path) && exists(&host)
        };
        if !found {
            return None;
        }
        if links == Links::Follow && !leads_somewhere(&host) {
            return beneath_native(&host);
        }
        Some(host)
    }
}

impl FileSystem for NativeTools {
    fn claims(&self, path: &[u8]) -> bool {
        match self {
            Self::Shown => is_native(path),
            Self::Used => is_native(path) || beneath(path).is_some(),
        }
    }

    fn locate(&self, _view: &dyn ProcView, at: At<'_>, links: Links) -> SysResult<Place> {
        let place = self.host_file(at.path, links);
        Ok(place.map_or(Place::Same, Place::Elsewhere))
    }

    fn open(&self, _view: &dyn ProcView, at: At<'_>, how: &OpenHow) -> SysResult {
        let flags = how.open_flags();
        let links = if flags.contains(OpenFlags::NOFOLLOW) {
            Links::Keep
        } else {
            Links::Follow
        };
        // What a call creates is the zone's.
        let place = if flags.contains(OpenFlags::CREAT) {
            None
        } else {
            self.host_file(at.path, links)
        };
        match place {
            Some(path) => open_on_host(At::cwd(&path), how),
            None => open_on_host(at, how),
        }
    }

    fn substitute(&self, path: &[u8]) -> Option<(CString, bool)> {
        match self {
            Self::Shown => None,
            Self::Used => beneath(path).map(|host| (host, prefers_host(path))),
        }
    }

    fn readlink(
        &self,
        _view: &dyn ProcView,
        at: At<'_>,
        into: &mut [u8],
    ) -> SysResult<Option<usize>> {
        let Some(path) = self.host_file(at.path, Links::Keep) else {
            return Ok(None);
        };
        let (from, to) = (
            path.as_ptr().expose_provenance(),
            into.as_mut_ptr().expose_provenance(),
        );
        host_call!(nr::READLINKAT, int(AT_FDCWD), from, to, into.len()).map(Some)
    }

    fn directory(&self, _view: &dyn ProcView, _fd: i32) -> Option<&dyn File> {
        None
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::{NativeTools, prefers_host};
    use kernel::vfs::FileSystem;

    #[test]
    fn only_programs_beneath_native_use_the_hosts_files() {
        for (path, shown, used) in [
            ("/native/usr/bin/python3", true, true),
            ("/usr/lib/libc.so.6", false, true),
            ("/native", false, false),
            ("/nativeX/bin/sh", false, false),
            ("/home/native/bin/sh", false, false),
            ("", false, false),
        ] {
            let claims = |tools: NativeTools| tools.claims(path.as_bytes());
            assert_eq!(claims(NativeTools::Shown), shown, "{path}");
            assert_eq!(claims(NativeTools::Used), used, "{path}");
        }
    }

    #[test]
    fn libraries_come_from_the_host() {
        for path in [
            "/lib/x86_64-linux-gnu/libc.so.6",
            "/usr/lib/x86_64-linux-gnu/gconv/UTF-32.so",
            "/lib64/ld-linux-x86-64.so.2",
            "/etc/ld.so.cache",
            "/etc/ld.so.preload",
        ] {
            assert!(prefers_host(path.as_bytes()), "{path}");
        }
        for path in [
            "/usr/lib/python3/os.py",
            "/usr/share/x.so",
            "/home/me/lib/own.so",
            "/usr/lib/locale/locale-archive",
            "/libs/x.so",
            "/etc/passwd",
        ] {
            assert!(!prefers_host(path.as_bytes()), "{path}");
        }
    }
}
