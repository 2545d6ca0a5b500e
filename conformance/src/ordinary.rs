//! Programs that root runs as an ordinary user.

use std::ffi::OsString;

/// Who that is unless another is named: one with subordinate ids. `roots/lib/user` makes it.
pub(crate) const USER: &str = "lxroots";

/// `line`, run by `user`.
pub(crate) fn by(user: &str, line: Vec<OsString>) -> Vec<OsString> {
    let words = [
        "setpriv",
        "--reuid",
        user,
        "--regid",
        user,
        "--init-groups",
        "--",
    ];
    let mut whole: Vec<OsString> = words.map(OsString::from).to_vec();
    whole.extend(line);
    whole
}
