//! What getdents64(2) lists.

use crate::overlay::disk::Listed;

/// The entries that getdents64(2) wrote.
pub(super) struct Entries<'a>(pub(super) &'a [u8]);

impl Iterator for Entries<'_> {
    type Item = Listed;

    fn next(&mut self) -> Option<Listed> {
        /// Where `struct linux_dirent64` has the name.
        const NAME: usize = 19;
        loop {
            let number = u64::from_le_bytes(*self.0.first_chunk()?);
            let length = u16::from_le_bytes([*self.0.get(16)?, *self.0.get(17)?]);
            let entry = self.0.get(..length.into())?;
            self.0 = self.0.get(length.into()..)?;
            let name = entry.get(NAME..)?.split(|byte| *byte == 0).next()?;
            if !matches!(name, b"." | b"..") {
                return Some(Listed {
                    name: name.into(),
                    number,
                    kind: *entry.get(18)?,
                });
            }
        }
    }
}
