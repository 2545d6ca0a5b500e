//! Generated ELF files: mostly well formed, with every kind of defect mixed in.

use proptest::prelude::*;

/// A program header.
#[derive(Clone, Debug)]
pub(crate) struct Phdr {
    /// `p_type`.
    pub(crate) kind: u32,
    /// `p_flags`.
    pub(crate) flags: u32,
    /// `p_offset`.
    pub(crate) offset: u64,
    /// `p_vaddr`.
    pub(crate) vaddr: u64,
    /// `p_filesz`.
    pub(crate) filesz: u64,
    /// `p_memsz`.
    pub(crate) memsz: u64,
    /// `p_align`.
    pub(crate) align: u64,
}

/// A file.
#[derive(Clone, Debug)]
pub(crate) struct File {
    /// `e_type`.
    pub(crate) kind: u16,
    /// `e_machine`.
    pub(crate) machine: u16,
    /// `e_entry`.
    pub(crate) entry: u64,
    /// `e_phoff`.
    pub(crate) phoff: u64,
    /// `e_phentsize`.
    pub(crate) phentsize: u16,
    /// `e_phnum` when it is not the count of `phdrs`.
    pub(crate) phnum: Option<u16>,
    /// The program header table.
    pub(crate) phdrs: Vec<Phdr>,
    /// Bytes of the file; it is cut or filled with `int3`.
    pub(crate) len: usize,
}

pub(crate) const PT_LOAD: u32 = 1;
pub(crate) const PT_INTERP: u32 = 3;
pub(crate) const PT_GNU_STACK: u32 = 0x6474_e551;

/// A well-formed program of that type, whose code is at `vaddr`.
pub(crate) fn good(kind: u16, vaddr: u64) -> File {
    let load = |flags, at: u64, filesz, memsz| Phdr {
        kind: PT_LOAD,
        flags,
        offset: at,
        vaddr: vaddr + at,
        filesz,
        memsz,
        align: 4096,
    };
    File {
        kind,
        machine: 62,
        entry: vaddr + 0x200,
        phoff: 64,
        phentsize: 56,
        phnum: None,
        phdrs: vec![load(5, 0, 0x1000, 0x1000), load(6, 0x1000, 0x234, 0x3456)],
        len: 0x2000,
    }
}

impl File {
    /// The file's bytes.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut out = vec![0xcc; self.len];
        let mut header = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
        header.extend(self.kind.to_le_bytes());
        header.extend(self.machine.to_le_bytes());
        header.extend(1u32.to_le_bytes());
        for word in [self.entry, self.phoff, 0] {
            header.extend(word.to_le_bytes());
        }
        header.extend(0u32.to_le_bytes());
        let phnum = self
            .phnum
            .unwrap_or(u16::try_from(self.phdrs.len()).unwrap());
        for half in [64, self.phentsize, phnum, 64, 0, 0] {
            header.extend(half.to_le_bytes());
        }
        put(&mut out, 0, &header);
        let mut table = Vec::new();
        for phdr in &self.phdrs {
            table.extend(phdr.kind.to_le_bytes());
            table.extend(phdr.flags.to_le_bytes());
            let words = [
                phdr.offset,
                phdr.vaddr,
                phdr.vaddr,
                phdr.filesz,
                phdr.memsz,
                phdr.align,
            ];
            words
                .iter()
                .for_each(|word| table.extend(word.to_le_bytes()));
        }
        put(&mut out, self.phoff, &table);
        out
    }
}

fn put(out: &mut [u8], at: u64, bytes: &[u8]) {
    for (index, byte) in bytes.iter().enumerate() {
        let place = usize::try_from(at)
            .ok()
            .and_then(|at| at.checked_add(index));
        if let Some(to) = place.and_then(|place| out.get_mut(place)) {
            *to = *byte;
        }
    }
}

/// Mostly plausible addresses and sizes, some at the edges.
fn word() -> impl Strategy<Value = u64> {
    let edges = vec![
        0,
        1,
        0xfff,
        0x1000,
        0x1001,
        0x7fff_ffff_efff,
        0x7fff_ffff_f000,
        0x7fff_ffff_ffff,
        0x8000_0000_0000,
        u64::MAX - 0xfff,
        u64::MAX,
        1 << 63,
        0x7fff_ffff_ffff_ffff,
    ];
    prop_oneof![
        6 => (0..64u64).prop_map(|page| page << 12),
        4 => 0..0x4_0000u64,
        2 => (0..1u64 << 47).prop_map(|address| address & !0xfff),
        1 => any::<u64>(),
        1 => proptest::sample::select(edges),
    ]
}

fn align() -> impl Strategy<Value = u64> {
    prop_oneof![
        6 => Just(4096u64),
        2 => (0..64u32).prop_map(|bit| 1 << bit),
        1 => any::<u64>(),
        1 => Just(0),
    ]
}

fn phdr() -> impl Strategy<Value = Phdr> {
    let kinds = vec![
        PT_LOAD,
        PT_LOAD,
        PT_LOAD,
        PT_LOAD,
        PT_INTERP,
        PT_GNU_STACK,
        2,
        4,
        6,
        7,
    ];
    let congruent = proptest::bool::weighted(0.9);
    (
        proptest::sample::select(kinds),
        0..8u32,
        word(),
        word(),
        word(),
        word(),
        align(),
        congruent,
    )
        .prop_map(
            |(kind, flags, offset, vaddr, filesz, more, align, congruent)| {
                let offset = if congruent {
                    offset & !0xfff | vaddr & 0xfff
                } else {
                    offset
                };
                let memsz = if congruent {
                    filesz.saturating_add(more)
                } else {
                    more
                };
                Phdr {
                    kind,
                    flags,
                    offset,
                    vaddr,
                    filesz,
                    memsz,
                    align,
                }
            },
        )
}

/// Any file; about half of them pass the header's checks.
pub(crate) fn file() -> impl Strategy<Value = File> {
    let rare = |usual: u16| prop_oneof![12 => Just(usual), 1 => any::<u16>()];
    (
        prop_oneof![6 => Just(3u16), 6 => Just(2u16), 1 => any::<u16>()],
        rare(62),
        word(),
        prop_oneof![10 => Just(64u64), 1 => word()],
        rare(56),
        prop_oneof![12 => Just(None), 1 => any::<u16>().prop_map(Some)],
        proptest::collection::vec(phdr(), 0..8),
        prop_oneof![4 => 64..0x6000usize, 1 => 0..1024usize],
    )
        .prop_map(
            |(kind, machine, entry, phoff, phentsize, phnum, phdrs, len)| File {
                kind,
                machine,
                entry,
                phoff,
                phentsize,
                phnum,
                phdrs,
                len,
            },
        )
}

/// How many cases a property runs: `LX_FUZZ_CASES`, or `usual`.
pub(crate) fn cases(usual: u32) -> ProptestConfig {
    let cases = std::env::var("LX_FUZZ_CASES")
        .ok()
        .and_then(|cases| cases.parse().ok());
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(cases.unwrap_or(usual))
    }
}
