//! Where a zone has the host's tools.

use alloc::ffi::CString;

/// Where a zone has the host's tools.
pub const NATIVE: &str = "/native";

/// The host's directories and files that are mounted there, where the host has them.
pub const SHOWN: [&str; 11] = [
    "/usr",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/bin",
    "/sbin",
    "/etc/alternatives",
    "/etc/ld.so.cache",
    "/etc/ssl",
    "/etc/terminfo",
];

/// The same path beneath [`NATIVE`], for a path that may lead to one of the directories there.
#[must_use]
pub fn beneath(path: &[u8]) -> Option<CString> {
    let shown = SHOWN.iter().any(|shown| {
        path.strip_prefix(shown.as_bytes())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
    });
    if !shown {
        return None;
    }
    CString::new([NATIVE.as_bytes(), path].concat()).ok()
}

/// Whether the program or script at `path`, a canonical path, is one of the host's tools.
#[must_use]
pub fn is_native(path: &[u8]) -> bool {
    path.strip_prefix(NATIVE.as_bytes())
        .is_some_and(|rest| rest.starts_with(b"/"))
}

#[cfg(test)]
mod tests {
    use super::beneath;

    #[test]
    fn only_what_is_shown_has_a_place_beneath() {
        let place = |path: &str| beneath(path.as_bytes());
        assert_eq!(
            place("/usr/lib/git-core/git").as_deref(),
            Some(c"/native/usr/lib/git-core/git")
        );
        assert_eq!(place("/bin").as_deref(), Some(c"/native/bin"));
        assert_eq!(
            place("/etc/ssl/certs").as_deref(),
            Some(c"/native/etc/ssl/certs")
        );
        for path in [
            "/etc/passwd",
            "/home",
            "/usrlocal",
            "usr/bin",
            "/native/usr",
        ] {
            assert_eq!(place(path), None, "{path}");
        }
    }
}
