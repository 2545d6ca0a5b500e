//! Cuts an ELF image down to what the kernel maps.

use std::ops::Range;

/// Where the fields of a 64-bit ELF header stand (elf(5), `Elf64_Ehdr`).
const E_PHOFF: usize = 32;
const E_SHOFF: usize = 40;
const E_PHENTSIZE: usize = 54;
const E_PHNUM: usize = 56;
const E_SHNUM: usize = 60;
const E_SHSTRNDX: usize = 62;

/// Where the fields of a program header stand (`Elf64_Phdr`).
const P_OFFSET: usize = 8;
const P_FILESZ: usize = 32;

/// The image without what follows its segments in the file: symbols, debug information, section
/// headers. `None` when `elf` is not a 64-bit little-endian ELF file with program headers.
pub(crate) fn without_sections(elf: &[u8]) -> Option<Vec<u8>> {
    if !elf.starts_with(b"\x7fELF\x02\x01") {
        return None;
    }
    let headers = u64_at(elf, E_PHOFF)?;
    let size = usize::from(u16_at(elf, E_PHENTSIZE)?);
    let count = usize::from(u16_at(elf, E_PHNUM)?);
    let mut end = headers.checked_add(size.checked_mul(count)?)?;
    for index in 0..count {
        let header = headers + index * size;
        let offset = u64_at(elf, header.checked_add(P_OFFSET)?)?;
        let length = u64_at(elf, header.checked_add(P_FILESZ)?)?;
        end = end.max(offset.checked_add(length)?);
    }
    let mut image = elf.get(..end)?.to_vec();
    zero(&mut image, E_SHOFF..E_SHOFF + 8)?;
    zero(&mut image, E_SHNUM..E_SHNUM + 2)?;
    zero(&mut image, E_SHSTRNDX..E_SHSTRNDX + 2)?;
    Some(image)
}

fn zero(bytes: &mut [u8], range: Range<usize>) -> Option<()> {
    bytes.get_mut(range)?.fill(0);
    Some(())
}

fn u16_at(bytes: &[u8], offset: usize) -> Option<u16> {
    bytes
        .get(offset..)?
        .first_chunk()
        .copied()
        .map(u16::from_le_bytes)
}

fn u64_at(bytes: &[u8], offset: usize) -> Option<usize> {
    let value = bytes
        .get(offset..)?
        .first_chunk()
        .copied()
        .map(u64::from_le_bytes)?;
    usize::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use super::without_sections;
    use goblin::elf::Elf;
    use std::fs;

    #[test]
    fn segments_stay_and_sections_go() {
        let path = std::env::current_exe().expect("a test has a file");
        let whole = fs::read(path).expect("it reads");
        let cut = without_sections(&whole).expect("it is an ELF file");
        assert!(cut.len() < whole.len());
        let (before, after) = (
            Elf::parse(&whole).expect("it parses"),
            Elf::parse(&cut).expect("it still parses"),
        );
        assert_eq!(before.program_headers, after.program_headers);
        assert!(after.section_headers.is_empty());
        for header in &after.program_headers {
            assert_eq!(
                cut[header.file_range()].len(),
                whole[header.file_range()].len()
            );
        }
        // Cutting twice changes nothing more.
        assert_eq!(without_sections(&cut).as_deref(), Some(&cut[..]));
    }

    #[test]
    fn other_files_are_refused() {
        for bytes in [
            &b""[..],
            b"#!/bin/sh",
            b"\x7fELF\x01\x01",
            b"\x7fELF\x02\x01",
        ] {
            assert_eq!(without_sections(bytes), None);
        }
    }
}
