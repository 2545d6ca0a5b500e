//! A file mapped for reading.

use std::fs::File;
use std::io;
use std::ops::Deref;

use memmap2::Mmap;

/// The bytes of a file, mapped and read-only.
///
/// Another process that shortens the file while it is read ends this one with SIGBUS, as with
/// every reader that maps; so this is for tools that look at files, not for services.
#[derive(Debug)]
pub struct MappedFile(Option<Mmap>);

impl MappedFile {
    /// Maps all of `file`.
    ///
    /// # Errors
    /// What mmap(2) refuses.
    pub fn open(file: &File) -> io::Result<Self> {
        if file.metadata()?.len() == 0 {
            // mmap(2) refuses a length of zero.
            return Ok(Self(None));
        }
        // SAFETY: the mapping is private and this process never writes to it. Writes by others
        // to the file may show in it; every reader of the slice treats its bytes as untrusted
        // data and holds no invariant about them between two reads.
        let map = unsafe { Mmap::map(file) }?;
        Ok(Self(Some(map)))
    }
}

impl Deref for MappedFile {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.0.as_deref().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::MappedFile;
    use std::fs::File;

    #[test]
    fn maps_what_the_file_holds() {
        let path = std::env::current_exe().expect("a test has a file");
        let mapped = MappedFile::open(&File::open(&path).expect("it opens")).expect("it maps");
        assert_eq!(&mapped[..4], b"\x7fELF");
        assert_eq!(mapped.len(), std::fs::read(&path).expect("it reads").len());
    }

    #[test]
    fn an_empty_file_is_an_empty_slice() {
        let file = File::open("/dev/null").expect("it opens");
        assert!(MappedFile::open(&file).expect("it maps").is_empty());
    }
}
