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

/// What `path` may name, by its spelling; `None` for nearly every path. Most are told by their
/// last byte.
#[inline]
pub(crate) fn spelling(path: &[u8]) -> Option<Spelling> {
    let text = |names: &[&[u8]]| {
        let found = names.iter().any(|name| ends_in(path, name));
        found.then_some(Spelling::Text)
    };
    match path.last()? {
        b'e' => ends_in(path, b"exe").then_some(Spelling::Exe),
        b'd' => ends_in(path, b"fd").then_some(Spelling::Descriptors),
        b's' => text(&[
            b"maps",
            b"status",
            b"smaps",
            b"numa_maps",
            b"mounts",
            b"mountstats",
        ]),
        b'o' => text(&[b"mountinfo"]),
        // A link to `mounts`.
        b'b' => text(&[b"mtab"]),
        b't' => text(&[b"stat"]),
        b'v' => text(&[b"auxv"]),
        b'n' => text(&[b"environ"]),
        b'p' => text(&[b"smaps_rollup", b"cgroup"]),
        b'0'..=b'9' => descriptor(path),
        b'/' => {
            let end = path.iter().rposition(|byte| *byte != b'/')? + 1;
            spelling(&path[..end])
        }
        _ => None,
    }
}

/// Whether the last component of `path` is `name`.
#[inline]
fn ends_in(path: &[u8], name: &[u8]) -> bool {
    path.strip_suffix(name)
        .is_some_and(|rest| matches!(rest.last(), None | Some(b'/')))
}

/// The last component, if it is a number as the kernel writes it: no zero in front.
fn descriptor(path: &[u8]) -> Option<Spelling> {
    let digits = path
        .iter()
        .rev()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let (before, name) = path.split_at(path.len() - digits);
    if !matches!(before.last(), None | Some(b'/')) || (digits > 1 && name[0] == b'0') {
        return None;
    }
    number(name).map(Spelling::Number)
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
            ("/etc/mtab", Spelling::Text),
            ("/proc/self/mountinfo", Spelling::Text),
            ("/proc/1/cgroup", Spelling::Text),
            ("0", Spelling::Number(0)),
        ] {
            assert_eq!(spelling(path.as_bytes()), Some(expected), "{path}");
        }
    }
}
