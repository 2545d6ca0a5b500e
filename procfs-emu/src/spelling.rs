//! The first look at a path: can its last component name an emulated entry? This runs for
//! every path of every call.

/// What the last component of a path may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spelling {
    /// `exe`.
    Exe,
    /// A file whose text is made here.
    Text,
    /// `fd`: a directory whose size counts descriptors.
    Descriptors,
    /// A number: an entry of `fd` or `fdinfo`.
    Number(u32),
}

/// What `path` may name, by its spelling; `None` for nearly every path.
pub(crate) fn spelling(path: &[u8]) -> Option<Spelling> {
    match last_component(path) {
        b"exe" => Some(Spelling::Exe),
        b"fd" => Some(Spelling::Descriptors),
        b"maps" | b"stat" | b"auxv" | b"smaps" | b"status" | b"environ" | b"numa_maps"
        | b"smaps_rollup" => Some(Spelling::Text),
        [first @ b'0'..=b'9', ..] if path.last().is_some_and(u8::is_ascii_alphanumeric) => {
            // The kernel's own rule for names of descriptors: no leading zero, no overflow.
            let name = last_component(path);
            if *first == b'0' && name.len() > 1 {
                return None;
            }
            number(name).map(Spelling::Number)
        }
        _ => None,
    }
}

/// The last component, without slashes after it.
fn last_component(path: &[u8]) -> &[u8] {
    let mut end = path.len();
    while end > 0 && path[end - 1] == b'/' {
        end -= 1;
    }
    let mut start = end;
    while start > 0 && path[start - 1] != b'/' {
        start -= 1;
    }
    &path[start..end]
}

/// A decimal number of up to nine digits.
pub(crate) fn number(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || digits.len() > 9 {
        return None;
    }
    digits.iter().try_fold(0u32, |number, digit| match digit {
        b'0'..=b'9' => Some(number * 10 + u32::from(digit - b'0')),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_paths_are_nothing() {
        for path in [
            "",
            "/",
            "//",
            ".",
            "..",
            "/lib/x86_64-linux-gnu/libc.so.6",
            "/etc/passwd",
            "executable",
            "xexe",
            "/proc/self/mountinfo",
            "/proc/self/cmdline",
            "/tmp/12a",
            "/tmp/007",
            "/tmp/4294967296",
            "/usr/lib/python3.11/stat.py",
        ] {
            assert_eq!(spelling(path.as_bytes()), None, "{path}");
        }
    }

    #[test]
    fn candidates() {
        for (path, expected) in [
            ("/proc/self/exe", Spelling::Exe),
            ("exe", Spelling::Exe),
            ("/proc/self/exe//", Spelling::Exe),
            ("/proc/self/fd", Spelling::Descriptors),
            ("/dev/fd/../maps", Spelling::Text),
            ("task/12/smaps_rollup", Spelling::Text),
            ("/usr/bin/stat", Spelling::Text),
            ("/proc/self/fd/1000", Spelling::Number(1000)),
            ("0", Spelling::Number(0)),
        ] {
            assert_eq!(spelling(path.as_bytes()), Some(expected), "{path}");
        }
    }
}
