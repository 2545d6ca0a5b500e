//! A place in the image that is empty, but in the copies of it that zsched makes for programs with
//! rights of their own (`kernel::zone::rights`).

use core::sync::atomic::AtomicU64;

/// How many words it has.
pub const WORDS: usize = 30;
/// What stands before it, and nowhere else in the image.
pub const MAGIC: [u64; 4] = [
    0x5ee1_41b0_9d27_c3f6,
    0xa80c_63f2_1be9_7d54,
    0x3f97_d0c8_e25a_416b,
    0xc64b_29ae_785d_013f,
];

/// Not a constant: the compiler must not know what it holds.
#[repr(C)]
struct Record {
    magic: [AtomicU64; 4],
    words: [AtomicU64; WORDS],
}

#[used]
static RECORD: Record = Record {
    magic: [
        AtomicU64::new(MAGIC[0]),
        AtomicU64::new(MAGIC[1]),
        AtomicU64::new(MAGIC[2]),
        AtomicU64::new(MAGIC[3]),
    ],
    words: [const { AtomicU64::new(0) }; WORDS],
};

/// What this image's record holds.
#[must_use]
pub fn words() -> [u64; WORDS] {
    let mut words = [0; WORDS];
    for (to, from) in words.iter_mut().zip(&RECORD.words) {
        // SAFETY: the word is in the image's data, and nothing in the process writes it.
        *to = unsafe { from.as_ptr().read_volatile() };
    }
    words
}
