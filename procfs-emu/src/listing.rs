//! The directories `fd`, `fdinfo` and `map_files` (proc_pid_fd(5)): without the brand's own.

use abi::nr;
use host::call::int;
use host::host_call;
use host::intercept::{reserved_count, reserved_fd};
use kernel::vfs::{File, ProcView};

use crate::io::{numbered, readlink};
use crate::maps::BRAND_IMAGE;
use crate::spelling::number;
use crate::text::hex;

/// `F_GETFD`.
const GET_FLAGS: usize = 1;

/// `fd` or `fdinfo` of the calling process.
#[derive(Debug)]
pub(crate) struct DescriptorDir;

impl File for DescriptorDir {
    fn shows(&self, view: &dyn ProcView, _dir: i32, name: &[u8]) -> bool {
        number(name).is_none_or(|fd| !view.hides_fd(fd))
    }
}

/// `fd` or `fdinfo` of another guest process.
#[derive(Debug)]
pub(crate) struct GuestDescriptorDir;

impl File for GuestDescriptorDir {
    fn shows(&self, _view: &dyn ProcView, dir: i32, name: &[u8]) -> bool {
        number(name).is_none_or(|fd| {
            !is_brands(fd, |fd, room| {
                readlink(dir, &numbered("../fd/", fd, ""), room).is_ok_and(is_image)
            })
        })
    }
}

/// Whether `fd` of another guest process is the brand's. Which numbers are is not known, but they
/// are [`reserved_count`] in a row, the first of them its image; `leads_to_image` tells of a
/// descriptor whether it is that.
pub(crate) fn is_brands(fd: u32, mut leads_to_image: impl FnMut(u32, &mut [u8]) -> bool) -> bool {
    let mut room = [0; 64];
    (0..=fd)
        .rev()
        .take(reserved_count())
        .any(|first| leads_to_image(first, &mut room))
}

/// Whether the link of a descriptor is that of the brand's image.
pub(crate) fn is_image(link: &[u8]) -> bool {
    link.starts_with(BRAND_IMAGE)
}

/// How many of the brand's descriptors are open.
pub(crate) fn hidden_descriptors() -> u64 {
    (reserved_fd()..)
        .take(reserved_count())
        .map(|fd| u64::from(host_call!(nr::FCNTL, int(fd), GET_FLAGS).is_ok()))
        .sum()
}

/// `map_files`: an entry is named by the range of a mapping.
#[derive(Debug)]
pub(crate) struct MapFilesDir;

impl File for MapFilesDir {
    fn shows(&self, view: &dyn ProcView, _dir: i32, name: &[u8]) -> bool {
        let mut ends = name.splitn(2, |byte| *byte == b'-');
        let (Some(start), Some(end)) = (ends.next().and_then(hex), ends.next().and_then(hex))
        else {
            return true;
        };
        let mut shown = true;
        view.brand_ranges(&mut |range| shown &= end <= range.start || range.end <= start);
        shown
    }
}

/// `task`, where the zone's first process has another number than on the host.
#[derive(Debug)]
pub(crate) struct TasksDir;

impl File for TasksDir {
    fn shows(&self, _view: &dyn ProcView, _dir: i32, _name: &[u8]) -> bool {
        true
    }

    fn renamed(&self, name: &[u8]) -> Option<u8> {
        (number(name)? == kernel::numbers::first()?).then_some(b'1')
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::ffi::CStr;
    use core::ops::Range;
    use kernel::vfs::{CredentialView, Layout, SignalView};

    struct View;

    impl ProcView for View {
        fn pid(&self) -> u32 {
            1
        }
        fn tid(&self) -> u32 {
            1
        }
        fn exe_path(&self) -> &CStr {
            c"/bin/true"
        }
        fn exe_fd(&self) -> Option<i32> {
            None
        }
        fn proc_fd(&self) -> i32 {
            -1
        }
        fn auxv(&self, _visit: &mut dyn FnMut(&[u8])) {}
        fn layout(&self) -> Layout {
            Layout::default()
        }
        fn program_break(&self) -> u64 {
            0
        }
        fn brand_ranges(&self, visit: &mut dyn FnMut(Range<u64>)) {
            visit(0x1000..0x3000);
            visit(0x8000..0x9000);
        }
        fn signals(&self) -> SignalView {
            SignalView::default()
        }
        fn credentials(&self) -> CredentialView {
            CredentialView::default()
        }
        fn release(&self) -> Option<&CStr> {
            None
        }
        fn exists(&self, _path: &core::ffi::CStr) -> bool {
            true
        }

        fn hides_fd(&self, fd: u32) -> bool {
            (1016..1024).contains(&fd)
        }
    }

    #[test]
    fn descriptors() {
        for (name, shown) in [
            ("0", true),
            ("1015", true),
            ("1016", false),
            ("1023", false),
            ("1024", true),
            (".", true),
        ] {
            assert_eq!(
                DescriptorDir.shows(&View, -1, name.as_bytes()),
                shown,
                "{name}"
            );
        }
    }

    #[test]
    fn what_stands_behind_an_image() {
        let image = |fd, _: &mut [u8]| fd == 7;
        for (fd, brands) in [(0, false), (6, false), (7, true), (10, true), (11, false)] {
            assert_eq!(is_brands(fd, image), brands, "{fd}");
        }
        assert!(is_image(b"/memfd:lx (deleted)"));
        assert!(!is_image(b"/memfd:x (deleted)"));
    }

    #[test]
    fn mappings() {
        for (name, shown) in [
            ("1000-2000", false),
            ("3000-8000", true),
            ("7000-8001", false),
            ("..", true),
        ] {
            assert_eq!(
                MapFilesDir.shows(&View, -1, name.as_bytes()),
                shown,
                "{name}"
            );
        }
    }
}
