//! Turns a position-independent image into one for a fixed address.

/// Where the fields of a 64-bit ELF header stand (elf(5), `Elf64_Ehdr`).
const E_TYPE: usize = 16;
const E_ENTRY: usize = 24;
const E_PHOFF: usize = 32;
const E_PHENTSIZE: usize = 54;
const E_PHNUM: usize = 56;

/// Where the fields of a program header stand (`Elf64_Phdr`).
const P_VADDR: usize = 16;
const P_PADDR: usize = 24;
const P_MEMSZ: usize = 40;

const ET_EXEC: u16 = 2;
const ET_DYN: u16 = 3;

/// The `ET_DYN` file `elf` as an `ET_EXEC` file whose segments lie `base` higher.
///
/// Only the headers change. What the image's own relocations say stays relative to its base,
/// which a self-relocating image finds by itself. `None` when `elf` is not a whole 64-bit
/// little-endian `ET_DYN` file, or an address does not fit.
pub(super) fn at(elf: &[u8], base: u64) -> Option<Vec<u8>> {
    if !elf.starts_with(b"\x7fELF\x02\x01") || u16_at(elf, E_TYPE)? != ET_DYN {
        return None;
    }
    let mut image = elf.to_vec();
    image
        .get_mut(E_TYPE..E_TYPE + 2)?
        .copy_from_slice(&ET_EXEC.to_le_bytes());
    add(&mut image, E_ENTRY, base)?;
    let table = usize::try_from(u64_at(elf, E_PHOFF)?).ok()?;
    let size = usize::from(u16_at(elf, E_PHENTSIZE)?);
    for index in 0..usize::from(u16_at(elf, E_PHNUM)?) {
        let header = table.checked_add(index * size)?;
        // Headers without memory, as PT_GNU_STACK, name no address.
        if u64_at(elf, header.checked_add(P_MEMSZ)?)? != 0 {
            add(&mut image, header + P_VADDR, base)?;
            add(&mut image, header + P_PADDR, base)?;
        }
    }
    Some(image)
}

fn add(bytes: &mut [u8], offset: usize, base: u64) -> Option<()> {
    let sum = u64_at(bytes, offset)?.checked_add(base)?;
    bytes
        .get_mut(offset..offset + 8)?
        .copy_from_slice(&sum.to_le_bytes());
    Some(())
}

fn u16_at(bytes: &[u8], offset: usize) -> Option<u16> {
    bytes
        .get(offset..)?
        .first_chunk()
        .copied()
        .map(u16::from_le_bytes)
}

fn u64_at(bytes: &[u8], offset: usize) -> Option<u64> {
    bytes
        .get(offset..)?
        .first_chunk()
        .copied()
        .map(u64::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::{E_TYPE, at};
    use goblin::container::{Container, Ctx, Endian};
    use goblin::elf::header::ET_EXEC;
    use goblin::elf::{Elf, Header, ProgramHeader};

    /// The running test is itself a static-pie.
    fn own_image() -> Vec<u8> {
        let path = std::env::current_exe().expect("a test has a file");
        std::fs::read(path).expect("it reads")
    }

    /// The program headers of `elf`, read without what stands outside them.
    fn program_headers(elf: &[u8]) -> (Header, Vec<ProgramHeader>) {
        let header = Elf::parse_header(elf).expect("the header parses");
        let table = usize::try_from(header.e_phoff).expect("it fits");
        let context = Ctx::new(Container::Big, Endian::Little);
        let headers = ProgramHeader::parse(elf, table, usize::from(header.e_phnum), context);
        (header, headers.expect("the program headers parse"))
    }

    #[test]
    fn segments_and_entry_move_and_nothing_else() {
        let base = 0x6f00_0000_0000;
        let before = own_image();
        let after = at(&before, base).expect("a static-pie can be placed");
        let (old_header, old_segments) = program_headers(&before);
        let (new_header, new_segments) = program_headers(&after);
        assert_eq!(new_header.e_type, ET_EXEC);
        assert_eq!(new_header.e_entry, old_header.e_entry + base);
        for (old, new) in old_segments.iter().zip(&new_segments) {
            let moved = if old.p_memsz == 0 { 0 } else { base };
            let mut expected = old.clone();
            expected.p_vaddr += moved;
            expected.p_paddr += moved;
            assert_eq!(*new, expected);
        }
        let table_end = 64 + 56 * old_segments.len();
        assert_eq!(before[table_end..], after[table_end..]);
    }

    #[test]
    fn what_is_not_such_a_file_is_refused() {
        let image = own_image();
        assert_eq!(at(b"", 0), None);
        assert_eq!(at(b"#!/bin/sh\n", 0), None);
        for cut in [6, 17, 31, 57, 64, 100] {
            assert_eq!(at(&image[..cut], 0), None, "{cut}");
        }
        assert_eq!(at(&image, u64::MAX), None);
        let mut executable = image;
        executable[E_TYPE] = 2;
        assert_eq!(at(&executable, 0), None);
    }
}
