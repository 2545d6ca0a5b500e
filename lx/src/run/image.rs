//! The brand's image as a file of its own: anonymous, sealed, ready for execveat(2).

use std::collections::hash_map::RandomState;
use std::fs::File;
use std::hash::{BuildHasher, Hasher};
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::sync::OnceLock;

use loader::handover::Intercept;
use nix::fcntl::{FcntlArg, SealFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};

use super::fixed;

/// The image that `build.rs` made, without symbols.
static BRAND: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/brand.image"));

/// Where the image can sit when a seccomp filter catches the calls: in this TiB, far from where the
/// kernel places programs, libraries and stacks.
const FIXED_AREA: u64 = 0x6f00_0000_0000;
/// The places in it, as powers of two: how many, and how far apart.
const PLACES: u32 = 12;
const DISTANCE: u32 = 28;

/// Where the image sits in all processes that come of this one, since the filter, which knows the
/// range, outlives exec. The place is random: under lx, another one's image sits there too.
fn fixed_base() -> u64 {
    static BASE: OnceLock<u64> = OnceLock::new();
    *BASE.get_or_init(|| {
        let random = RandomState::new().build_hasher().finish();
        FIXED_AREA + ((random & ((1 << PLACES) - 1)) << DISTANCE)
    })
}

/// `MFD_EXEC` (memfd_create(2), Linux 6.3): executable although `vm.memfd_noexec` is 1.
const MFD_EXEC: u32 = 0x10;

/// A sealed file that holds the image for `intercept`.
pub(super) fn create(intercept: Intercept) -> io::Result<OwnedFd> {
    let mut file = File::from(anonymous_file()?);
    match intercept {
        Intercept::Trap => file.write_all(&fixed_image()?)?,
        Intercept::Rewrite | Intercept::Sud => file.write_all(BRAND)?,
    }
    let seals = SealFlag::F_SEAL_SHRINK
        | SealFlag::F_SEAL_GROW
        | SealFlag::F_SEAL_WRITE
        | SealFlag::F_SEAL_SEAL;
    fcntl(&file, FcntlArg::F_ADD_SEALS(seals))?;
    Ok(file.into())
}

fn fixed_image() -> io::Result<Vec<u8>> {
    fixed::at(BRAND, fixed_base())
        .ok_or_else(|| io::Error::other("the brand's image is not position-independent"))
}

fn anonymous_file() -> nix::Result<OwnedFd> {
    let flags = MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING;
    match memfd_create("lx", flags | MFdFlags::from_bits_retain(MFD_EXEC)) {
        // Before 6.3 the flag does not exist, and such files are executable anyway.
        Err(nix::errno::Errno::EINVAL) => memfd_create("lx", flags),
        result => result,
    }
}

#[cfg(test)]
mod tests {
    use super::{BRAND, create, fixed_image};
    use loader::handover::Intercept;
    use std::fs::File;
    use std::io::{Read, Seek, Write};

    #[test]
    fn the_file_holds_the_image_and_cannot_change() {
        for intercept in [Intercept::Rewrite, Intercept::Trap] {
            let mut file = File::from(create(intercept).expect("the file is made"));
            let mut bytes = Vec::new();
            file.rewind().expect("it seeks");
            file.read_to_end(&mut bytes).expect("it reads");
            match intercept {
                Intercept::Trap => assert_eq!(bytes, fixed_image().expect("it has a form")),
                _ => assert_eq!(bytes, BRAND),
            }
            assert!(file.write_all(b"x").is_err());
            assert!(file.set_len(1).is_err());
        }
    }
}
