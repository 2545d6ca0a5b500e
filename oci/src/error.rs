//! How a command fails: with words that engines look for.

use std::fmt;
use std::io;

/// What is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error(String);

/// The result of a step.
pub(crate) type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// These words.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<zone::Error> for Error {
    fn from(error: zone::Error) -> Self {
        Self(error.to_string())
    }
}

impl From<Error> for zone::Error {
    fn from(error: Error) -> Self {
        Self::because("", error.0)
    }
}

/// Names the step that failed.
pub(crate) trait Context<T> {
    /// `subject` is what could not be used, or done.
    fn about(self, subject: impl fmt::Display) -> Result<T>;
}

impl<T, E: Into<io::Error>> Context<T> for std::result::Result<T, E> {
    fn about(self, subject: impl fmt::Display) -> Result<T> {
        self.map_err(|error| zone::Error::new(subject, error).into())
    }
}
