//! `lx inspect`: what is in an ELF file and how its `syscall` sites could be rewritten.

mod facts;
mod text;

use std::fs::File;
use std::io;
use std::path::Path;

use host_std::mapped::MappedFile;

use crate::failure::Failure;
use facts::Facts;

/// The report on the file at `path`, as text or as JSON.
pub(crate) fn report(path: &Path, as_json: bool) -> Result<Vec<u8>, Failure> {
    let bytes = map(path).map_err(|error| Failure::about(path.display(), &error))?;
    let facts = Facts::read(&bytes)
        .map_err(|reason| Failure::own(format!("{}: {reason}", path.display())))?;
    if !as_json {
        return Ok(text::render(&path.display().to_string(), &facts).into_bytes());
    }
    let mut json = serde_json::to_vec_pretty(&facts)
        .map_err(|error| Failure::own(format!("cannot write JSON: {error}")))?;
    json.push(b'\n');
    Ok(json)
}

fn map(path: &Path) -> io::Result<MappedFile> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(io::Error::from(io::ErrorKind::IsADirectory));
    }
    if !metadata.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    MappedFile::open(&file)
}
