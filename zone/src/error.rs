//! Why a zone could not be set up.

use std::fmt;
use std::io;

use nix::errno::Errno;

/// What could not be done, and why.
#[derive(Debug)]
pub struct Error {
    /// A path, or a step; nothing where the reason says it all.
    pub subject: String,
    /// Why.
    pub error: io::Error,
}

impl Error {
    /// `subject` could not be used, or done, because of `error`.
    pub fn new(subject: impl fmt::Display, error: impl Into<io::Error>) -> Self {
        Self {
            subject: subject.to_string(),
            error: error.into(),
        }
    }

    /// `subject` is wrong, and `why`.
    pub fn because(subject: impl fmt::Display, why: impl Into<String>) -> Self {
        Self::new(subject, io::Error::other(why.into()))
    }
}

impl Error {
    /// Why, without the number that std appends to the messages of the operating system.
    pub(crate) fn reason(&self) -> String {
        match self.error.raw_os_error() {
            Some(number) => Errno::from_raw(number).desc().to_owned(),
            None => self.error.to_string(),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.subject.as_str() {
            "" => write!(f, "{}", self.reason()),
            subject => write!(f, "{subject}: {}", self.reason()),
        }
    }
}

/// The result of a step of the set-up.
pub(crate) type Result<T> = std::result::Result<T, Error>;

/// Names the step that failed.
pub(crate) trait Context<T> {
    /// `subject` is what could not be used, or done.
    fn about(self, subject: impl fmt::Display) -> Result<T>;
}

impl<T, E: Into<io::Error>> Context<T> for std::result::Result<T, E> {
    fn about(self, subject: impl fmt::Display) -> Result<T> {
        self.map_err(|error| Error::new(subject, error))
    }
}
