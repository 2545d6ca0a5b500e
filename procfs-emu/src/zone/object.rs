//! /system/object: what is loaded of the translation layer, in the tradition of objfs of Solaris.
//! There is one object, the brand's image, as the reader's process runs it.

use alloc::vec;
use alloc::vec::Vec;

use abi::{Errno, SysResult, nr};
use host::call::int;
use host::{host_call, intercept};

use crate::placeholder::status;

/// How many bytes the image has.
pub(crate) fn size() -> SysResult<i64> {
    status(intercept::image_fd()).map(|status| status.st_size)
}

/// The image.
pub(super) fn image() -> SysResult<Vec<u8>> {
    let mut image = vec![0; usize::try_from(size()?).map_err(|_| Errno::EIO)?];
    let (to, length) = (image.as_mut_ptr().expose_provenance(), image.len());
    match host_call!(nr::PREAD64, int(intercept::image_fd()), to, length, 0)? {
        read if read == length => Ok(image),
        _ => Err(Errno::EIO),
    }
}
