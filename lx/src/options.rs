//! The values that steer how a guest runs, checked before anything is started.

use std::ffi::{CString, OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::str::FromStr;

use abi::version::KernelVersion;
use loader::handover::Intercept;
use nix::sys::signal::Signal;

use crate::failure::Failure;

/// The variable that says how calls are caught.
pub(crate) const INTERCEPT_VARIABLE: &str = "LX_INTERCEPT";

/// What uname(2) has room for, without the null byte (`__NEW_UTS_LEN`).
const MAX_RELEASE: usize = 64;

/// What the user asked for by [`INTERCEPT_VARIABLE`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    /// Whatever the host does best.
    Auto,
    /// That way or none.
    Exactly(Intercept),
}

impl Wish {
    /// Reads the variable's value; unset and empty mean `auto`.
    pub(crate) fn parse(value: Option<&OsStr>) -> Result<Self, Failure> {
        let Some(value) = value else {
            return Ok(Self::Auto);
        };
        match value.as_bytes() {
            b"" | b"auto" => Ok(Self::Auto),
            b"rewrite" => Ok(Self::Exactly(Intercept::Rewrite)),
            b"sud" => Ok(Self::Exactly(Intercept::Sud)),
            b"trap" => Ok(Self::Exactly(Intercept::Trap)),
            _ => Err(Failure::own(format!(
                "{INTERCEPT_VARIABLE}={}: expected auto, rewrite, sud or trap",
                value.display()
            ))),
        }
    }

    /// How calls will be caught on a host that has Syscall User Dispatch (`sud`) or seccomp
    /// filters that trap (`trap`).
    pub(crate) fn choose(self, sud: bool, trap: bool) -> Result<Intercept, Failure> {
        let lacking = |what| Err(Failure::own(format!("this host lacks {what}")));
        match self {
            Self::Auto if sud => Ok(Intercept::Rewrite),
            Self::Auto if trap => Ok(Intercept::Trap),
            Self::Auto => lacking("both Syscall User Dispatch and seccomp filters"),
            Self::Exactly(intercept @ (Intercept::Rewrite | Intercept::Sud)) if sud => {
                Ok(intercept)
            }
            Self::Exactly(Intercept::Trap) if trap => Ok(Intercept::Trap),
            Self::Exactly(Intercept::Trap) => lacking("seccomp filters"),
            Self::Exactly(_) => lacking("Syscall User Dispatch (Linux 5.11)"),
        }
    }
}

/// Checks `-e K=V`.
pub(crate) fn assignment(value: OsString) -> Result<CString, String> {
    match value.as_bytes().iter().position(|&byte| byte == b'=') {
        Some(0) => Err("the name before '=' is empty".to_owned()),
        Some(_) => CString::new(value.into_vec()).map_err(|_| "it holds a null byte".to_owned()),
        None => Err("expected K=V".to_owned()),
    }
}

/// Checks `--kernel-version`: `N.N[.N][-suffix]`, as uname(2) can give it.
pub(crate) fn kernel_version(release: &str) -> Result<String, String> {
    let numbers = release
        .split_once('-')
        .map_or(release, |(numbers, _)| numbers);
    let only_numbers = numbers
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    let version = KernelVersion::parse(numbers).filter(|_| only_numbers);
    let version = version.ok_or("expected N.N[.N][-SUFFIX], as in 4.14 or 6.1.0-lx")?;
    if version < KernelVersion::OLDEST {
        return Err(format!(
            "older than {}, the oldest that can be shown",
            KernelVersion::OLDEST
        ));
    }
    if release.len() > MAX_RELEASE {
        return Err(format!("longer than {MAX_RELEASE} bytes"));
    }
    if !release.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("it holds characters that a release name cannot".to_owned());
    }
    Ok(release.to_owned())
}

/// A signal by its name, with or without `SIG`, or its number.
pub(crate) fn signal(text: &str) -> Result<i32, String> {
    let name = text.to_ascii_uppercase();
    let name = name.strip_prefix("SIG").unwrap_or(&name);
    let by_name = Signal::from_str(&format!("SIG{name}")).ok();
    let by_number = || Signal::try_from(text.parse::<i32>().ok()?).ok();
    let signal = by_name.or_else(by_number);
    signal
        .map(|signal| signal as i32)
        .ok_or_else(|| "expected a signal as TERM or 15".to_owned())
}

#[cfg(test)]
mod tests {
    use super::{Wish, assignment, kernel_version, signal};
    use crate::failure::OWN_ERROR;
    use loader::handover::Intercept;
    use std::ffi::{OsStr, OsString};

    #[test]
    fn intercept_has_four_values() {
        let parse = |text| Wish::parse(Some(OsStr::new(text)));
        assert_eq!(Wish::parse(None), Ok(Wish::Auto));
        assert_eq!(parse(""), Ok(Wish::Auto));
        assert_eq!(parse("auto"), Ok(Wish::Auto));
        assert_eq!(parse("rewrite"), Ok(Wish::Exactly(Intercept::Rewrite)));
        assert_eq!(parse("sud"), Ok(Wish::Exactly(Intercept::Sud)));
        assert_eq!(parse("trap"), Ok(Wish::Exactly(Intercept::Trap)));
        for bad in ["SUD", "fast", "auto ", "1"] {
            let failure = parse(bad).expect_err("it must be refused");
            assert_eq!(failure.status, OWN_ERROR);
            assert!(failure.to_string().contains(bad));
        }
    }

    #[test]
    fn signals_have_names_and_numbers() {
        for text in ["TERM", "term", "SIGTERM", "15"] {
            assert_eq!(signal(text), Ok(15), "{text}");
        }
        for bad in ["", "0", "-9", "SIG", "SIGSIGTERM", "NONE", "64"] {
            assert!(signal(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_the_host_lacks_is_replaced_only_in_auto() {
        let choose = |wish: Wish, sud, trap| wish.choose(sud, trap).ok();
        assert_eq!(choose(Wish::Auto, true, true), Some(Intercept::Rewrite));
        assert_eq!(choose(Wish::Auto, false, true), Some(Intercept::Trap));
        assert_eq!(choose(Wish::Auto, false, false), None);
        for intercept in [Intercept::Rewrite, Intercept::Sud, Intercept::Trap] {
            let wish = Wish::Exactly(intercept);
            assert_eq!(choose(wish, true, true), Some(intercept));
            assert_eq!(choose(wish, false, false), None);
        }
        assert_eq!(choose(Wish::Exactly(Intercept::Sud), false, true), None);
        assert_eq!(choose(Wish::Exactly(Intercept::Trap), true, false), None);
    }

    #[test]
    fn kernel_versions_have_one_form() {
        for good in [
            "4.14",
            "6.18.44",
            "3.10.0-1160.el7.x86_64",
            "5.4-rc3",
            "2.6.32",
        ] {
            assert_eq!(kernel_version(good).as_deref(), Ok(good));
        }
        let long = format!("6.1-{}", "x".repeat(61));
        let bad = [
            "", "6", "6.", "v6.1", "6.1x", "6.1.2.3", "6.1 ", "2.6.31", "6.1-ä", "6.1-a b",
        ];
        for bad in bad.into_iter().chain([long.as_str()]) {
            assert!(kernel_version(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn assignments_need_a_name() {
        let check = |text: &str| assignment(OsString::from(text));
        assert!(check("A=").is_ok());
        assert!(check("A=b=c").is_ok());
        assert!(check("=b").is_err());
        assert!(check("A").is_err());
        assert!(check("").is_err());
    }
}
