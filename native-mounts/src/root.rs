//! The host's root file system, as it is.

use abi::SysResult;
use kernel::vfs::{At, File, FileSystem, Links, OpenHow, Place, ProcView, open_on_host};

/// Passes every path on to the host.
#[derive(Clone, Copy, Debug, Default)]
pub struct HostRoot;

impl FileSystem for HostRoot {
    fn claims(&self, _path: &[u8]) -> bool {
        true
    }

    fn locate(&self, _view: &dyn ProcView, _at: At<'_>, _links: Links) -> SysResult<Place> {
        Ok(Place::Same)
    }

    fn open(&self, _view: &dyn ProcView, at: At<'_>, how: &OpenHow) -> SysResult {
        open_on_host(at, how)
    }

    fn readlink(
        &self,
        _view: &dyn ProcView,
        _at: At<'_>,
        _into: &mut [u8],
    ) -> SysResult<Option<usize>> {
        Ok(None)
    }

    fn directory(&self, _view: &dyn ProcView, _fd: i32) -> Option<&dyn File> {
        None
    }
}
