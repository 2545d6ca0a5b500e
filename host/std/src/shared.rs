//! A file mapped for writing, while others read it.

use std::fs::File;
use std::io;
use std::sync::atomic::AtomicU64;

use memmap2::{MmapOptions, MmapRaw};

/// The beginning of a file as words that this process writes and others read. A child that is a
/// copy of this process shares them.
#[derive(Debug)]
pub struct SharedWords {
    map: MmapRaw,
    count: usize,
}

impl SharedWords {
    /// Maps the first `count` words of `file`.
    ///
    /// # Errors
    /// What mmap(2) refuses; an error of its own for a file that is shorter.
    pub fn map(file: &File, count: usize) -> io::Result<Self> {
        let length = count.checked_mul(size_of::<u64>());
        let length = length.ok_or(io::ErrorKind::InvalidInput)?;
        let bytes = u64::try_from(length).map_err(io::Error::other)?;
        if length == 0 || file.metadata()?.len() < bytes {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let map = MmapOptions::new().len(length).map_raw(file)?;
        Ok(Self { map, count })
    }

    /// The words.
    #[must_use]
    pub fn words(&self) -> &[AtomicU64] {
        let first = self.map.as_mut_ptr().cast::<AtomicU64>();
        // SAFETY: the mapping begins at a page, is as long as `count` words, can be read and
        // written, and stays as long as `self`. Others see and change the words as atomics do,
        // or by system calls, of which Rust's rules do not speak.
        unsafe { std::slice::from_raw_parts(first, self.count) }
    }
}

#[cfg(test)]
mod tests {
    use super::SharedWords;
    use std::fs::{File, OpenOptions};
    use std::sync::atomic::Ordering;

    #[test]
    fn what_is_written_shows_in_the_file() {
        let path = std::env::temp_dir().join(format!("lx-shared-{}", std::process::id()));
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .open(&path)
            .expect("it is made");
        file.set_len(16).expect("it grows");
        assert!(SharedWords::map(&file, 3).is_err());
        assert!(SharedWords::map(&file, 0).is_err());
        let shared = SharedWords::map(&file, 2).expect("it maps");
        shared.words()[1].store(7, Ordering::Release);
        let bytes = std::fs::read(&path).expect("it reads");
        assert_eq!(bytes[8..], 7u64.to_ne_bytes());
        std::fs::remove_file(&path).expect("it is there");
        assert!(SharedWords::map(&File::open("/dev/null").expect("it opens"), 1).is_err());
    }
}
