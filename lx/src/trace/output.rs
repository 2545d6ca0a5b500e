//! Where lines go: standard error, a file, or a file for each thread.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// Bytes that are gathered before they are written.
const ROOM: usize = 128 << 10;

/// An open output.
pub(super) enum Output {
    Stderr(BufWriter<io::Stderr>),
    File(BufWriter<File>),
    /// By thread.
    Files {
        path: PathBuf,
        open: HashMap<u32, BufWriter<File>>,
    },
}

impl Output {
    pub(super) fn open(path: Option<&Path>, apart: bool) -> Result<Self, Failure> {
        match path {
            None => Ok(Self::Stderr(BufWriter::with_capacity(ROOM, io::stderr()))),
            Some(path) if apart => Ok(Self::Files {
                path: path.to_owned(),
                open: HashMap::new(),
            }),
            Some(path) => {
                let file = File::create(path);
                let file = file.map_err(|error| Failure::about(path.display(), &error))?;
                Ok(Self::File(BufWriter::with_capacity(ROOM, file)))
            }
        }
    }

    /// Whether lines say whose they are by where they are.
    pub(super) fn is_apart(&self) -> bool {
        matches!(self, Self::Files { .. })
    }

    /// Whether people read along.
    pub(super) fn is_stderr(&self) -> bool {
        matches!(self, Self::Stderr(_))
    }

    /// Writes a line of thread `tid`.
    pub(super) fn write(&mut self, tid: u32, line: &[u8]) -> io::Result<()> {
        match self {
            Self::Stderr(out) => out.write_all(line),
            Self::File(out) => out.write_all(line),
            Self::Files { path, open } => {
                if !open.contains_key(&tid) {
                    let mut name = OsString::from(&*path);
                    name.push(format!(".{tid}"));
                    let file = File::options().create(true).append(true).open(name)?;
                    if open.len() >= 256 {
                        // Descriptors are few; the files are appended to when they are opened again.
                        open.clear();
                    }
                    open.insert(tid, BufWriter::new(file));
                }
                open.get_mut(&tid).map_or(Ok(()), |out| out.write_all(line))
            }
        }
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stderr(out) => out.flush(),
            Self::File(out) => out.flush(),
            Self::Files { open, .. } => open.values_mut().try_for_each(Write::flush),
        }
    }
}
