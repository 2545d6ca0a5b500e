//! Filters as bytes. They survive exec, which replaces the brand's image: the old image writes
//! them to a descriptor, the new one reads them back.
//!
//! One word of four bytes holds the mode, one the number of filters; then come the filters, the
//! oldest first, each as one word with its length and its instructions as the kernel lays them
//! out.

use alloc::vec::Vec;

use abi::{Errno, SysResult};
use zerocopy::{FromBytes, IntoBytes};

use super::{Filter, FilterFlags, Insn, Mode, Program, Seccomp};

impl Seccomp {
    /// The bytes that [`Seccomp::from_bytes`] turns back into this state.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut filters: Vec<&Filter> = match self.newest() {
            Some(newest) => newest.chain().collect(),
            None => Vec::new(),
        };
        filters.reverse();
        let mut bytes = Vec::new();
        let mode = match self.mode() {
            Mode::Disabled => 0u32,
            Mode::Strict => 1,
            Mode::Filter => 2,
        };
        bytes.extend_from_slice(&mode.to_le_bytes());
        bytes.extend_from_slice(&self.filter_count().to_le_bytes());
        for filter in filters {
            let insns = filter.program().insns();
            // A checked program has at most `MAX_INSNS` instructions.
            bytes.extend_from_slice(&u32::try_from(insns.len()).unwrap_or(0).to_le_bytes());
            bytes.extend_from_slice(insns.as_bytes());
        }
        bytes
    }

    /// The state that [`Seccomp::to_bytes`] wrote. Everything is checked again, since the bytes
    /// passed through a place that the guest could write to.
    ///
    /// # Errors
    /// `EINVAL` when the bytes are no such state.
    pub fn from_bytes(bytes: &[u8]) -> SysResult<Self> {
        let (mode, bytes) = word(bytes)?;
        let (count, mut rest) = word(bytes)?;
        let mut seccomp = Self::new();
        if mode == 1 {
            seccomp = seccomp.made_strict()?;
        }
        for _ in 0..count {
            let (len, bytes) = word(rest)?;
            let len = usize::try_from(len).map_err(|_| Errno::EINVAL)?;
            let size = len.checked_mul(size_of::<Insn>()).ok_or(Errno::EINVAL)?;
            let (insns, after) = bytes.split_at_checked(size).ok_or(Errno::EINVAL)?;
            let insns: SysResult<Vec<Insn>> = insns
                .chunks_exact(size_of::<Insn>())
                .map(|insn| Insn::read_from_bytes(insn).map_err(|_| Errno::EINVAL))
                .collect();
            seccomp = seccomp.with_filter(Program::check(insns?)?, FilterFlags::default())?;
            rest = after;
        }
        let expected = match mode {
            0 => Mode::Disabled,
            1 => Mode::Strict,
            2 => Mode::Filter,
            _ => return Err(Errno::EINVAL),
        };
        if rest.is_empty() && seccomp.mode() == expected {
            Ok(seccomp)
        } else {
            Err(Errno::EINVAL)
        }
    }
}

fn word(bytes: &[u8]) -> SysResult<(u32, &[u8])> {
    let (word, rest) = bytes.split_first_chunk().ok_or(Errno::EINVAL)?;
    Ok((u32::from_le_bytes(*word), rest))
}
