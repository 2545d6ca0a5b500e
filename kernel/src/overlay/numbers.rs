//! Which numbers the files of a stack have: all are on one device for the guest, as in an overlayfs
//! with `xino`, and a copied file keeps the number that it had below.

use alloc::vec::Vec;

/// The file systems that the layers lie on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Numbers {
    /// Their `st_dev`; the first is what the guest sees.
    devices: Vec<u64>,
}

/// Where in a number the file system stands. No file system of Linux uses as many.
const SHIFT: usize = 56;

impl Numbers {
    /// Those of layers with these `st_dev`, from the upper one down. Most of what a zone sees is in
    /// the first below the upper one, so its numbers stay as they are.
    #[must_use]
    pub fn new(layers: &[u64]) -> Self {
        let mut devices = Vec::new();
        let (upper, lower) = layers
            .split_first()
            .map_or((None, layers), |(u, l)| (Some(u), l));
        for device in lower.iter().chain(upper) {
            if !devices.contains(device) {
                devices.push(*device);
            }
        }
        Self { devices }
    }

    /// `st_dev` of all files of the stack.
    #[must_use]
    pub fn device(&self) -> u64 {
        self.devices.first().copied().unwrap_or(0)
    }

    /// `st_ino` of a file that was not copied; `None` when it lies on none of the layers' file
    /// systems: something is mounted there.
    #[must_use]
    pub fn number(&self, device: u64, number: u64) -> Option<u64> {
        let index = self.devices.iter().position(|known| *known == device)?;
        let index = u64::try_from(index).ok()?;
        Some(number ^ index << SHIFT)
    }

    /// Whether files of the device may have other numbers than the host says.
    #[must_use]
    pub fn knows(&self, device: u64) -> bool {
        self.devices.contains(&device)
    }
}

#[cfg(test)]
mod tests {
    use super::Numbers;

    #[test]
    fn numbers_of_different_file_systems_differ() {
        let numbers = Numbers::new(&[9, 7, 7, 8]);
        assert_eq!(numbers.device(), 7);
        assert_eq!(numbers.number(7, 12), Some(12));
        let all = [(9, 12), (8, 12)].map(|(device, number)| numbers.number(device, number));
        assert!(all[0] != all[1] && !all.contains(&Some(12)) && !all.contains(&None));
        assert_eq!(numbers.number(5, 12), None);
        assert!(numbers.knows(9) && !numbers.knows(5));
        let same = Numbers::new(&[7, 7]);
        assert_eq!(same.number(7, 1 << 40), Some(1 << 40));
    }
}
