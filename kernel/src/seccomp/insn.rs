//! Classic BPF instructions and the data that a filter reads
//! (`include/uapi/linux/{filter,bpf_common,seccomp}.h`).

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// One instruction: `struct sock_filter`.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(C)]
pub struct Insn {
    /// What to do.
    pub code: u16,
    /// How many instructions to skip when a condition holds.
    pub jt: u8,
    /// How many to skip when it does not.
    pub jf: u8,
    /// The constant.
    pub k: u32,
}

/// What a filter looks at: `struct seccomp_data`.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(C)]
pub struct SeccompData {
    /// The call's number.
    pub nr: i32,
    /// [`super::ARCH_X86_64`] or [`super::ARCH_I386`].
    pub arch: u32,
    /// Where the guest goes on after the call.
    pub instruction_pointer: u64,
    /// The six argument registers.
    pub args: [u64; 6],
}

/// The size of [`SeccompData`] in bytes, as `BPF_LEN` loads it.
pub(super) const DATA_SIZE: u32 = 64;
const _: () = assert!(size_of::<SeccompData>() == 64 && size_of::<Insn>() == 8);

impl SeccompData {
    /// The 32-bit word at byte `offset`; 0 outside, which [`super::Program::check`] excludes.
    pub(super) fn word(&self, offset: u32) -> u32 {
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        self.as_bytes()
            .get(start..)
            .and_then(|rest| rest.first_chunk())
            .map_or(0, |bytes| u32::from_ne_bytes(*bytes))
    }
}

/// Opcodes that a seccomp filter may use, and their parts.
pub(super) mod code {
    pub(in crate::seccomp) const LD_W_ABS: u16 = 0x20;
    pub(in crate::seccomp) const LD_W_LEN: u16 = 0x80;
    pub(in crate::seccomp) const LDX_W_LEN: u16 = 0x81;
    pub(in crate::seccomp) const LD_IMM: u16 = 0x00;
    pub(in crate::seccomp) const LDX_IMM: u16 = 0x01;
    pub(in crate::seccomp) const LD_MEM: u16 = 0x60;
    pub(in crate::seccomp) const LDX_MEM: u16 = 0x61;
    pub(in crate::seccomp) const ST: u16 = 0x02;
    pub(in crate::seccomp) const STX: u16 = 0x03;
    pub(in crate::seccomp) const RET_K: u16 = 0x06;
    pub(in crate::seccomp) const RET_A: u16 = 0x16;
    pub(in crate::seccomp) const TAX: u16 = 0x07;
    pub(in crate::seccomp) const TXA: u16 = 0x87;
    pub(in crate::seccomp) const JA: u16 = 0x05;
    pub(in crate::seccomp) const NEG: u16 = 0x84;

    /// The operand is X instead of k (`BPF_X`).
    pub(in crate::seccomp) const X: u16 = 0x08;

    // `BPF_ALU | operation`; with or without `X`.
    pub(in crate::seccomp) const ADD: u16 = 0x04;
    pub(in crate::seccomp) const SUB: u16 = 0x14;
    pub(in crate::seccomp) const MUL: u16 = 0x24;
    pub(in crate::seccomp) const DIV: u16 = 0x34;
    pub(in crate::seccomp) const OR: u16 = 0x44;
    pub(in crate::seccomp) const AND: u16 = 0x54;
    pub(in crate::seccomp) const LSH: u16 = 0x64;
    pub(in crate::seccomp) const RSH: u16 = 0x74;
    pub(in crate::seccomp) const XOR: u16 = 0xa4;

    // `BPF_JMP | condition`; with or without `X`.
    pub(in crate::seccomp) const JEQ: u16 = 0x15;
    pub(in crate::seccomp) const JGT: u16 = 0x25;
    pub(in crate::seccomp) const JGE: u16 = 0x35;
    pub(in crate::seccomp) const JSET: u16 = 0x45;
}
