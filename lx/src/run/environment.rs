//! The guest's environment: lx's own, changed by `-e`.

use std::ffi::{CStr, CString, OsStr};
use std::os::unix::ffi::OsStrExt;

/// `inherited` with each of `assignments` (`K=V`) in the place of the strings of the same name,
/// or at the end, in the order given. Strings without `=` are kept as they are.
pub(super) fn merge(mut inherited: Vec<CString>, assignments: Vec<CString>) -> Vec<CString> {
    for assignment in assignments {
        let key = name(&assignment).map(<[u8]>::to_vec);
        let same = |string: &CString| key.is_some() && name(string) == key.as_deref();
        match inherited.iter().position(same) {
            Some(first) => {
                // getenv(3) finds the first of several; later ones must not outlive a change.
                let mut index = 0;
                inherited.retain(|string| {
                    let keep = index <= first || !same(string);
                    index += 1;
                    keep
                });
                inherited[first] = assignment;
            }
            None => inherited.push(assignment),
        }
    }
    inherited
}

/// The value of `variable` in `environment`.
pub(super) fn value<'a>(environment: &'a [CString], variable: &str) -> Option<&'a OsStr> {
    environment.iter().find_map(|string| {
        let rest = string.to_bytes().strip_prefix(variable.as_bytes())?;
        rest.strip_prefix(b"=").map(OsStr::from_bytes)
    })
}

/// What stands before the `=`.
fn name(string: &CStr) -> Option<&[u8]> {
    let bytes = string.to_bytes();
    bytes
        .iter()
        .position(|&byte| byte == b'=')
        .map(|end| &bytes[..end])
}

#[cfg(test)]
mod tests {
    use super::{merge, value};
    use std::ffi::{CString, OsStr};

    fn strings(texts: &[&str]) -> Vec<CString> {
        texts
            .iter()
            .map(|text| CString::new(*text).expect("no null byte"))
            .collect()
    }

    #[test]
    fn assignments_replace_in_place_or_append() {
        let merged = merge(
            strings(&["A=1", "odd", "B=2", "A=3"]),
            strings(&["C=x", "A=new", "C=y", "B="]),
        );
        assert_eq!(merged, strings(&["A=new", "odd", "B=", "C=y"]));
    }

    #[test]
    fn a_name_is_matched_whole() {
        let environment = strings(&["PATHS=no", "PATH=/bin", "PATH=/second"]);
        assert_eq!(value(&environment, "PATH"), Some(OsStr::new("/bin")));
        assert_eq!(value(&environment, "PAT"), None);
    }
}
