//! What `lx inspect` finds in the bytes of a file.

use std::collections::BTreeMap;

use goblin::container::{Container, Ctx};
use goblin::elf::Elf;
use goblin::elf::header::{self, Header};
use goblin::elf::program_header::{self, PF_R, PF_W, PF_X, ProgramHeader};
use loader::scan;
use loader::site::{Patch, Reason};
use serde::Serialize;

/// All that is reported.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Facts {
    /// `EXEC`, `DYN` and so on.
    pub(super) r#type: String,
    pub(super) machine: String,
    /// 32 or 64.
    pub(super) bits: u8,
    pub(super) entry: u64,
    pub(super) interpreter: Option<String>,
    pub(super) stack: Stack,
    pub(super) segments: Vec<Segment>,
    pub(super) sites: Vec<Site>,
    /// How many sites there are of each class; a class without sites is left out.
    pub(super) summary: BTreeMap<&'static str, usize>,
}

/// What `PT_GNU_STACK` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Stack {
    NotExecutable,
    Executable,
    /// There is no such header: the kernel decides by the machine.
    Unspecified,
}

/// One program header.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Segment {
    pub(super) r#type: String,
    pub(super) offset: u64,
    pub(super) address: u64,
    pub(super) file_size: u64,
    pub(super) memory_size: u64,
    /// `r`, `w` and `x`, or `-` in their places.
    pub(super) flags: String,
    pub(super) align: u64,
}

/// One `syscall` instruction.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Site {
    pub(super) address: u64,
    /// A key of [`Facts::summary`].
    pub(super) class: &'static str,
    /// The call's number where the instruction before the site sets it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) number: Option<u64>,
}

impl Facts {
    /// Reads a whole file. The error says what is wrong with it.
    pub(super) fn read(file: &[u8]) -> Result<Self, String> {
        if !file.starts_with(header::ELFMAG) {
            return Err("not an ELF file".to_owned());
        }
        let header = Elf::parse_header(file).map_err(|error| format!("bad ELF header: {error}"))?;
        let segments = program_headers(file, &header)?;
        let is_x86_64 = header.e_machine == header::EM_X86_64;
        let sites = if is_x86_64 {
            sites(file, &segments)
        } else {
            Vec::new()
        };
        let mut summary = BTreeMap::new();
        for site in &sites {
            *summary.entry(site.class).or_default() += 1;
        }
        Ok(Self {
            r#type: header::et_to_str(header.e_type).to_owned(),
            machine: header::machine_to_str(header.e_machine).to_owned(),
            bits: if is_64_bit(&header) { 64 } else { 32 },
            entry: header.e_entry,
            interpreter: interpreter(file, &segments),
            stack: stack(&segments),
            segments: segments.iter().map(segment).collect(),
            sites,
            summary,
        })
    }
}

fn is_64_bit(header: &Header) -> bool {
    header.e_ident[header::EI_CLASS] == header::ELFCLASS64
}

fn program_headers(file: &[u8], header: &Header) -> Result<Vec<ProgramHeader>, String> {
    let bad = |error: &dyn std::fmt::Display| format!("bad program headers: {error}");
    let endian = header.endianness().map_err(|error| bad(&error))?;
    let container = if is_64_bit(header) {
        Container::Big
    } else {
        Container::Little
    };
    let table = usize::try_from(header.e_phoff).map_err(|error| bad(&error))?;
    let count = usize::from(header.e_phnum);
    ProgramHeader::parse(file, table, count, Ctx::new(container, endian))
        .map_err(|error| bad(&error))
}

/// The bytes that `segment` has in the file, as far as the file reaches.
fn contents<'a>(file: &'a [u8], segment: &ProgramHeader) -> &'a [u8] {
    let place = |offset: u64| {
        usize::try_from(offset)
            .unwrap_or(usize::MAX)
            .min(file.len())
    };
    let end = segment.p_offset.saturating_add(segment.p_filesz);
    file.get(place(segment.p_offset)..place(end))
        .unwrap_or_default()
}

fn interpreter(file: &[u8], segments: &[ProgramHeader]) -> Option<String> {
    let segment = segments
        .iter()
        .find(|segment| segment.p_type == program_header::PT_INTERP)?;
    let path = contents(file, segment).split(|&byte| byte == 0).next()?;
    Some(String::from_utf8_lossy(path).into_owned())
}

fn stack(segments: &[ProgramHeader]) -> Stack {
    let header = segments
        .iter()
        .find(|segment| segment.p_type == program_header::PT_GNU_STACK);
    match header {
        Some(header) if header.p_flags & PF_X != 0 => Stack::Executable,
        Some(_) => Stack::NotExecutable,
        None => Stack::Unspecified,
    }
}

fn segment(header: &ProgramHeader) -> Segment {
    let flag = |bit, letter| {
        if header.p_flags & bit != 0 {
            letter
        } else {
            '-'
        }
    };
    let name = program_header::pt_to_str(header.p_type);
    Segment {
        r#type: match name.strip_prefix("PT_") {
            Some(name) => name.to_owned(),
            None => format!("{:#x}", header.p_type),
        },
        offset: header.p_offset,
        address: header.p_vaddr,
        file_size: header.p_filesz,
        memory_size: header.p_memsz,
        flags: [flag(PF_R, 'r'), flag(PF_W, 'w'), flag(PF_X, 'x')]
            .iter()
            .collect(),
        align: header.p_align,
    }
}

/// The sites of every executable segment.
fn sites(file: &[u8], segments: &[ProgramHeader]) -> Vec<Site> {
    segments
        .iter()
        .filter(|segment| segment.p_type == program_header::PT_LOAD && segment.p_flags & PF_X != 0)
        .flat_map(|segment| scan::sites(contents(file, segment), segment.p_vaddr))
        .map(|site| Site {
            address: site.address,
            class: class(site.patch),
            number: match site.patch {
                Patch::MovHead { imm, .. } => Some(imm),
                Patch::Displace { .. } | Patch::Stay(_) => None,
            },
        })
        .collect()
}

/// What a class of sites is called.
fn class(patch: Patch) -> &'static str {
    match patch {
        Patch::MovHead { .. } => "jump for the mov before it",
        Patch::Displace { .. } => "jump over it and the next instruction",
        Patch::Stay(Reason::NotSyscall) => "none: not a syscall instruction",
        Patch::Stay(Reason::Cut) => "none: the code ends after it",
        Patch::Stay(Reason::TooShort) => "none: the next instruction is too short",
        Patch::Stay(Reason::Call) => "none: the next instruction is a call",
        Patch::Stay(Reason::Unmovable) => "none: the next instruction cannot move",
    }
}

#[cfg(test)]
mod tests {
    use super::{Facts, Stack};

    /// A program with one executable segment that holds `code`, at 0x40_0000.
    fn program(code: &[u8]) -> Vec<u8> {
        let mut file = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
        for field in [2u16, 62] {
            file.extend(field.to_le_bytes());
        }
        file.extend(1u32.to_le_bytes());
        for field in [0x40_0078u64, 64, 0] {
            file.extend(field.to_le_bytes());
        }
        file.extend(0u32.to_le_bytes());
        for field in [64u16, 56, 1, 0, 0, 0] {
            file.extend(field.to_le_bytes());
        }
        for field in [1u32, 5] {
            file.extend(field.to_le_bytes());
        }
        let size = 120 + u64::try_from(code.len()).expect("it fits");
        for field in [0u64, 0x40_0000, 0x40_0000, size, size, 4096] {
            file.extend(field.to_le_bytes());
        }
        file.extend(code);
        file
    }

    #[test]
    fn a_program_is_read() {
        // mov edi,42; mov eax,231; syscall; hlt
        let code = b"\xbf\x2a\0\0\0\xb8\xe7\0\0\0\x0f\x05\xf4";
        let facts = Facts::read(&program(code)).expect("it is an ELF file");
        assert_eq!(
            (facts.r#type.as_str(), facts.machine.as_str()),
            ("EXEC", "X86_64")
        );
        assert_eq!((facts.bits, facts.entry), (64, 0x40_0078));
        assert_eq!(facts.stack, Stack::Unspecified);
        assert_eq!(facts.segments[0].flags, "r-x");
        let site = facts.sites.iter().find(|site| site.address == 0x40_0082);
        assert_eq!(site.expect("the site is found").number, Some(231));
        assert_eq!(facts.summary.values().sum::<usize>(), facts.sites.len());
    }

    #[test]
    fn a_whole_program_of_the_host_is_read() {
        let path = std::env::current_exe().expect("a test has a file");
        let facts = Facts::read(&std::fs::read(path).expect("it reads")).expect("it is ELF");
        assert_eq!(facts.stack, Stack::NotExecutable);
        assert!(facts.sites.len() > 10, "the C library is in this file");
    }

    #[test]
    fn damaged_files_end_with_a_reason_or_a_report() {
        let file = program(b"\x0f\x05");
        for end in 0..file.len() {
            let _ = Facts::read(&file[..end]);
        }
        for (index, value) in (0..file.len()).flat_map(|index| [(index, 0xff), (index, 0)]) {
            let mut damaged = file.clone();
            damaged[index] = value;
            let _ = Facts::read(&damaged);
        }
        assert!(Facts::read(b"hello").is_err());
        assert!(Facts::read(b"\x7fELF").is_err());
    }
}
