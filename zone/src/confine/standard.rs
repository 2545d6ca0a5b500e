//! The standard descriptors, which a zone gets from whoever starts it.

use std::io;
use std::os::fd::AsFd;

use rustix::fs::{FileType, fstat};

/// Refuses those that lead out of the zone: from a directory that was opened outside, `..` goes up to
/// the host's root, whatever root the process has.
pub(crate) fn check() -> Result<(), String> {
    if super::LEFT_OUT {
        return Ok(());
    }
    let (stdin, stdout, stderr) = (io::stdin(), io::stdout(), io::stderr());
    let standard = [
        (stdin.as_fd(), "input"),
        (stdout.as_fd(), "output"),
        (stderr.as_fd(), "error"),
    ];
    for (fd, name) in standard {
        // One that is closed leads nowhere.
        let is_directory = fstat(fd)
            .is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Directory);
        if is_directory {
            return Err(format!("standard {name} is a directory outside"));
        }
    }
    Ok(())
}
