//! Paths of the host's tools in a zone.

use alloc::ffi::CString;
use core::ffi::CStr;

use abi::arg::OpenFlags;
use abi::nr;
use host::call::{as_int, int};
use host::host_call;
use host::intercept::proc_fd;
use host::user::PATH_MAX;

use super::{At, OpenHow, open_on_host};
use crate::zone::NATIVE;

/// Where `path`, which is beneath `/native`, leads when absolute links on the way start there: as
/// on the host, `/usr/bin/awk` is `/etc/alternatives/awk`.
#[must_use]
pub fn beneath_native(path: &CStr) -> Option<CString> {
    const RESOLVE_IN_ROOT: u64 = 0x10;
    let rest = path.to_bytes_with_nul().strip_prefix(NATIVE.as_bytes())?;
    let rest = CStr::from_bytes_with_nul(rest).ok()?;
    let anywhere = OpenHow::lenient(OpenFlags::PATH.union(OpenFlags::CLOEXEC), 0);
    let in_root = OpenHow {
        resolve: RESOLVE_IN_ROOT,
        strict: true,
        ..anywhere
    };
    let top = CString::new(NATIVE).ok()?;
    let root = Opened::at(At::cwd(&top), &anywhere)?;
    let at = At {
        dirfd: root.0,
        path: rest,
    };
    Opened::at(at, &in_root)?.name()
}

/// A descriptor of the brand's, for the time of a look.
struct Opened(i32);

impl Opened {
    fn at(at: At<'_>, how: &OpenHow) -> Option<Self> {
        open_on_host(at, how).ok().map(|fd| Self(as_int(fd)))
    }

    /// The canonical path of what is open.
    fn name(&self) -> Option<CString> {
        let link = CString::new(alloc::format!("self/fd/{}", self.0)).ok()?;
        let mut text = alloc::vec![0u8; PATH_MAX];
        let (from, to) = (
            link.as_ptr().expose_provenance(),
            text.as_mut_ptr().expose_provenance(),
        );
        let length = host_call!(nr::READLINKAT, int(proc_fd()), from, to, PATH_MAX).ok()?;
        text.truncate(length);
        CString::new(text).ok()
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        let _ = host_call!(nr::CLOSE, int(self.0));
    }
}
