//! All sites of a piece of code, for `lx inspect`. A linear sweep: data between the instructions
//! can hide a site or make one up, so nothing is ever patched on its word.

use crate::site::{self, Patch, classify};
use iced_x86::{Code, Decoder, DecoderOptions, Instruction};

/// One `syscall` instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Site {
    /// Its address.
    pub address: u64,
    /// What could be done with it.
    pub patch: Patch,
}

/// The sites in `code`, which lies at `base`.
pub fn sites(code: &[u8], base: u64) -> impl Iterator<Item = Site> {
    let mut decoder = Decoder::with_ip(64, code, base, DecoderOptions::NONE);
    let mut instruction = Instruction::default();
    core::iter::from_fn(move || {
        while decoder.can_decode() {
            let at = decoder.position();
            decoder.decode_out(&mut instruction);
            if instruction.is_invalid() {
                // Data, or out of step: try at the next byte.
                decoder.set_ip(base.wrapping_add(u64::try_from(at).ok()? + 1));
                decoder.set_position(at + 1).ok()?;
            } else if instruction.code() == Code::Syscall {
                // Prefixes may come before the two bytes that count.
                let site = at + instruction.len() - 2;
                let before = &code[site.saturating_sub(site::BEFORE)..site];
                let patch = classify(before, &code[site..], None);
                return Some(Site {
                    address: base.wrapping_add(u64::try_from(site).ok()?),
                    patch,
                });
            }
        }
        None
    })
}
