//! How a command of lx fails: one line on stderr and an exit status.

use std::fmt;
use std::io;
use std::path::Path;

/// The exit status of lx's own errors, as of env(1), timeout(1) and `docker run`: it cannot be
/// confused with a program that was not found or could not be run.
pub(crate) const OWN_ERROR: u8 = 125;
/// The exit status for a program that exists and cannot be executed (sh(1)).
pub(crate) const NOT_EXECUTABLE: u8 = 126;
/// The exit status for a program that does not exist (sh(1)).
pub(crate) const NOT_FOUND: u8 = 127;

/// Why a command failed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// What lx exits with.
    pub(crate) status: u8,
    message: String,
}

impl Failure {
    /// An error of lx itself.
    pub(crate) fn own(message: impl Into<String>) -> Self {
        Self {
            status: OWN_ERROR,
            message: message.into(),
        }
    }

    /// `subject` (a path, a step) could not be used because of `error`.
    pub(crate) fn about(subject: impl fmt::Display, error: &io::Error) -> Self {
        Self::own(format!("{subject}: {}", reason(error)))
    }

    /// The program at `path` cannot be started: `error` says why, as execve(2) would.
    pub(crate) fn program(path: &Path, error: &io::Error) -> Self {
        let missing = matches!(
            error.kind(),
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
        );
        let status = if missing { NOT_FOUND } else { NOT_EXECUTABLE };
        Self {
            status,
            message: format!("{}: {}", path.display(), reason(error)),
        }
    }

    /// The same failure with more said about it.
    pub(crate) fn and(mut self, explanation: &str) -> Self {
        self.message.push_str(explanation);
        self
    }

    /// The program at `path` does not exist, or is not what can be executed.
    pub(crate) fn program_because(path: &Path, status: u8, why: &str) -> Self {
        Self {
            status,
            message: format!("{}: {why}", path.display()),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // One line, whatever a file name holds.
        for character in self.message.chars() {
            if character.is_control() {
                write!(f, "{}", character.escape_default())?;
            } else {
                write!(f, "{character}")?;
            }
        }
        Ok(())
    }
}

/// The message of an error of the operating system without the number that std appends.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    match (error.raw_os_error(), text.rfind(" (os error ")) {
        (Some(_), Some(end)) => text[..end].to_owned(),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::{Failure, NOT_EXECUTABLE, NOT_FOUND};
    use std::io;
    use std::path::Path;

    #[test]
    fn statuses_are_those_of_a_shell() {
        let status =
            |errno| Failure::program(Path::new("/x"), &io::Error::from_raw_os_error(errno)).status;
        assert_eq!(status(2), NOT_FOUND);
        assert_eq!(status(20), NOT_FOUND);
        for errno in [8, 13, 21, 26, 40] {
            assert_eq!(status(errno), NOT_EXECUTABLE, "{errno}");
        }
    }

    #[test]
    fn a_message_is_one_line_without_the_number() {
        let error = io::Error::from_raw_os_error(13);
        let failure = Failure::program(Path::new("/a\nb"), &error);
        assert_eq!(failure.to_string(), "/a\\nb: Permission denied");
    }
}
