//! The order in which the bytes of a site change, so that every thread that runs there meanwhile
//! ends up executing the original instructions.

use crate::rewrite::Built;
use crate::site::Patch;

const INT3: u8 = 0xcc;

/// Bytes to be written at one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Write {
    /// Where.
    pub address: u64,
    bytes: [u8; 4],
    len: u8,
}

impl Write {
    fn new(address: u64, from: &[u8]) -> Self {
        let mut bytes = [0; 4];
        let count = from.len().min(4);
        bytes[..count].copy_from_slice(&from[..count]);
        Self {
            address,
            bytes,
            len: u8::try_from(count).unwrap_or(0),
        }
    }

    /// What.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

/// Two writes, in order; the second can be empty. Every single byte of a site's patch is written
/// with one store.
pub type Group = [Write; 2];

/// How to patch: the groups in order, and after each a barrier that makes every processor of the
/// process fetch its instructions anew (`membarrier` with `SYNC_CORE`).
///
/// A thread that meets the int3 gets SIGTRAP with rip behind it, and does what the trampoline
/// does: for `MovHead` it goes on at the slot, for `Displace` at the slot too, where the call
/// starts. One that meets the invalid opcode goes on at the tail. The trampoline must be in place
/// before the first group.
#[must_use]
pub fn steps(built: &Built) -> [Group; 3] {
    protocol(built.head(), &built.patch, &built.jump, false)
}

/// How to undo it: the reverse. The trampoline must stay until no thread can be in it.
#[must_use]
pub fn revert_steps(site: u64, patch: &Patch, original: &[u8; 5]) -> [Group; 3] {
    protocol(patch.head(site).unwrap_or(site), patch, original, true)
}

fn protocol(head: u64, patch: &Patch, to: &[u8; 5], revert: bool) -> [Group; 3] {
    let write = |from: usize, bytes: &[u8]| {
        // `from` is at most 4.
        Write::new(head.wrapping_add(u64::try_from(from).unwrap_or(0)), bytes)
    };
    let none = Write::new(head, &[]);
    let trap = write(0, &[INT3]);
    let first = write(0, &to[..1]);
    match (*patch, revert) {
        // The byte that a jump to the next instruction meets changes first when it becomes
        // invalid, and last when it becomes valid again.
        (Patch::Displace { .. }, false) => [
            [trap, write(2, &to[2..3])],
            [write(1, &to[1..2]), write(3, &to[3..])],
            [first, none],
        ],
        (Patch::Displace { .. }, true) => [
            [trap, none],
            [write(1, &to[1..2]), write(3, &to[3..])],
            [write(2, &to[2..3]), first],
        ],
        _ => [[trap, none], [write(1, &to[1..]), none], [first, none]],
    }
}
