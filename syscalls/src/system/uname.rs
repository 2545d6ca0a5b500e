//! uname(2), with the release that `--kernel-version` asks for.

use abi::stat::UtsName;
use abi::{SysResult, UserPtr, nr};
use core::ffi::CStr;
use host::host_call;
use host::user;
use kernel::Task;
use zerocopy::FromZeros;

/// uname(2).
pub fn uname(t: &mut Task, buf: UserPtr<UtsName>) -> SysResult {
    let Some(release) = t.release() else {
        return host_call!(nr::UNAME, buf.address());
    };
    let mut names = UtsName::new_zeroed();
    host_call!(nr::UNAME, (&raw mut names).expose_provenance())?;
    names.release = field(release);
    user::write(buf, &names)?;
    Ok(0)
}

/// `text` as a field of the structure: cut to fit, and with its NUL.
fn field(text: &CStr) -> [u8; 65] {
    let mut field = [0; 65];
    for (to, from) in field.iter_mut().take(64).zip(text.to_bytes()) {
        *to = *from;
    }
    field
}

#[cfg(test)]
mod tests {
    use super::field;

    #[test]
    fn the_release_fits_and_ends_with_nul() {
        assert_eq!(field(c"4.14.0")[..7], *b"4.14.0\0");
        let long =
            field(c"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
        assert_eq!(long[63..], *b"a\0");
    }
}
