//! Where whoever wants to observe a process that runs already knocks: a few words in the brand's data,
//! which the observer finds by the first of them. It clears the *rows*, so that all calls come to the
//! brand, and then writes [`ASKED`] to the *state* (process_vm_writev(2)). At its next call the process
//! makes a file for the book (`/memfd:lx-book` among its descriptors), if it has none, and uses it as soon
//! as it finds a book in there.

/// What the door begins with.
pub const WORDS: [u64; 2] = [0x726f_6f64_2e78_6c00, 0x31ba_90c5_6e0d_27f4];
/// How long it is, in bytes.
pub const LEN: usize = 32;
/// Where its state is, of 4 bytes.
pub const STATE: usize = 16;

/// Nobody observes the process.
pub const CLOSED: u32 = 0;
/// Somebody wants to.
pub const ASKED: u32 = 1;
/// Somebody does.
pub const OPEN: u32 = 2;
/// That is impossible: the process cannot have one descriptor more.
pub const BARRED: u32 = 3;

/// A door, as it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Door {
    /// Its address.
    pub address: usize,
    /// [`CLOSED`], [`ASKED`], [`OPEN`] or [`BARRED`].
    pub state: u32,
    /// The address of the rows: a byte for each call.
    pub rows: usize,
    /// How many there are.
    pub count: usize,
}

impl Door {
    /// The door in `memory`, which begins at `address`.
    #[must_use]
    pub fn find(address: usize, memory: &[u8]) -> Option<Self> {
        let (first, second) = (WORDS[0].to_le_bytes(), WORDS[1].to_le_bytes());
        (0..memory.len() / 8).find_map(|word| {
            let bytes = memory.get(word * 8..word * 8 + LEN)?;
            let bytes = bytes.strip_prefix(&first)?.strip_prefix(&second)?;
            let (state, rest) = bytes.split_first_chunk::<4>()?;
            let (count, rest) = rest.split_first_chunk::<4>()?;
            let (rows, _) = rest.split_first_chunk::<8>()?;
            Some(Self {
                address: address.checked_add(word * 8)?,
                state: u32::from_le_bytes(*state),
                rows: usize::from_le_bytes(*rows),
                count: usize::try_from(u32::from_le_bytes(*count)).ok()?,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{ASKED, Door, LEN, STATE, WORDS};

    #[test]
    fn a_door_is_found_by_its_words() {
        let mut memory = [0u8; 24 + LEN + 8];
        assert_eq!(Door::find(0x1000, &memory), None);
        let door = &mut memory[24..];
        door[..8].copy_from_slice(&WORDS[0].to_le_bytes());
        door[8..16].copy_from_slice(&WORDS[1].to_le_bytes());
        door[STATE] = 1;
        door[STATE + 5] = 2;
        door[STATE + 8] = 0x40;
        let found = Door {
            address: 0x1018,
            state: ASKED,
            rows: 0x40,
            count: 512,
        };
        assert_eq!(Door::find(0x1000, &memory), Some(found));
        assert_eq!(Door::find(0x1000, &memory[..24 + LEN - 1]), None);
    }
}
