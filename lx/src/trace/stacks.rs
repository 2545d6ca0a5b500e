//! `-k`: who called. Addresses become a file, a symbol and an offset, by the maps of the process as
//! they are when the line is printed.

use std::collections::HashMap;
use std::fs;

use decode::Out;
use goblin::elf::Elf;
use goblin::elf::program_header::PT_LOAD;

/// A mapping of a file.
#[derive(Debug, Clone)]
struct Mapping {
    start: u64,
    end: u64,
    offset: u64,
    path: String,
}

/// What is known of a file: where its parts go, and its functions by address.
#[derive(Debug, Default)]
struct Symbols {
    /// Offset in the file, address, length.
    parts: Vec<(u64, u64, u64)>,
    /// Address, length, name; in order.
    functions: Vec<(u64, u64, String)>,
}

/// What is known of processes and files.
#[derive(Debug, Default)]
pub(super) struct Stacks {
    /// Numbers of processes mean nothing here.
    zoned: bool,
    maps: HashMap<u32, Vec<Mapping>>,
    files: HashMap<String, Symbols>,
}

impl Stacks {
    pub(super) fn new(zoned: bool) -> Self {
        Self {
            zoned,
            ..Self::default()
        }
    }

    /// Prints the callers, a line for each.
    pub(super) fn print(&mut self, pid: u32, addresses: &[u8], out: &mut Out) {
        for word in addresses.chunks_exact(8) {
            let address = u64::from_le_bytes(word.try_into().unwrap_or_default());
            out.text(" > ");
            match self.find(pid, address) {
                Some((path, name, offset, in_file)) => {
                    out.text(&path);
                    out.text("(");
                    if let Some(name) = name {
                        out.text(&name);
                        out.text("+");
                        out.text(&format!("{offset:#x}"));
                    }
                    out.text(") [");
                    out.text(&format!("{in_file:#x}"));
                    out.text("]\n");
                }
                None => {
                    out.text("[");
                    out.text(&format!("{address:#x}"));
                    out.text("]\n");
                }
            }
        }
    }

    /// The file, the symbol, the offset from it, and the address in the file.
    fn find(&mut self, pid: u32, address: u64) -> Option<(String, Option<String>, u64, u64)> {
        if self.zoned {
            return None;
        }
        let inside = |mapping: &&Mapping| (mapping.start..mapping.end).contains(&address);
        let known = self
            .maps
            .get(&pid)
            .and_then(|maps| maps.iter().find(inside))
            .cloned();
        let mapping = match known {
            Some(mapping) => mapping,
            None => {
                let maps = read_maps(pid);
                let found = maps.iter().find(inside).cloned();
                self.maps.insert(pid, maps);
                found?
            }
        };
        let path = mapping.path.clone();
        let symbols = self
            .files
            .entry(mapping.path)
            .or_insert_with_key(|path| read_symbols(path).unwrap_or_default());
        let offset = address - mapping.start + mapping.offset;
        let in_file = symbols.address(offset);
        let symbol = symbols.function(in_file);
        Some(match symbol {
            Some((start, name)) => (path, Some(name.to_owned()), in_file - start, in_file),
            None => (path, None, 0, in_file),
        })
    }
}

impl Symbols {
    fn address(&self, offset: u64) -> u64 {
        let part = self
            .parts
            .iter()
            .find(|(from, _, len)| (*from..from + len).contains(&offset));
        part.map_or(offset, |(from, address, _)| offset - from + address)
    }

    fn function(&self, address: u64) -> Option<(u64, &str)> {
        let behind = self
            .functions
            .partition_point(|(start, ..)| *start <= address);
        let (start, len, name) = self.functions.get(behind.checked_sub(1)?)?;
        (address < start + (*len).max(1)).then_some((*start, name.as_str()))
    }
}

/// The mappings of files in a process.
fn read_maps(pid: u32) -> Vec<Mapping> {
    let text = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap_or_default();
    let line = |line: &str| {
        let mut fields = line.split_ascii_whitespace();
        let (start, end) = fields.next()?.split_once('-')?;
        let hex = |text| u64::from_str_radix(text, 16).ok();
        let offset = hex(fields.nth(1)?)?;
        let path = fields.nth(2)?;
        path.starts_with('/').then(|| -> Option<Mapping> {
            Some(Mapping {
                start: hex(start)?,
                end: hex(end)?,
                offset,
                path: path.to_owned(),
            })
        })?
    };
    text.lines().filter_map(line).collect()
}

fn read_symbols(path: &str) -> Option<Symbols> {
    let bytes = fs::read(path).ok()?;
    let elf = Elf::parse(&bytes).ok()?;
    let loads = elf
        .program_headers
        .iter()
        .filter(|part| part.p_type == PT_LOAD);
    let names = |symbols: &goblin::elf::Symtab<'_>, strings: &goblin::strtab::Strtab<'_>| {
        let functions = symbols
            .iter()
            .filter(|symbol| symbol.is_function() && symbol.st_value != 0);
        functions
            .filter_map(|symbol| {
                let name = strings.get_at(symbol.st_name)?;
                Some((symbol.st_value, symbol.st_size, name.to_owned()))
            })
            .collect::<Vec<_>>()
    };
    let mut functions = names(&elf.syms, &elf.strtab);
    functions.extend(names(&elf.dynsyms, &elf.dynstrtab));
    functions.sort();
    functions.dedup_by_key(|(start, ..)| *start);
    Some(Symbols {
        parts: loads
            .map(|part| (part.p_offset, part.p_vaddr, part.p_filesz))
            .collect(),
        functions,
    })
}

#[cfg(test)]
mod tests {
    use super::{read_maps, read_symbols};

    #[test]
    fn this_program_knows_its_functions() {
        let maps = read_maps(std::process::id());
        assert!(maps.iter().any(|mapping| mapping.offset == 0), "{maps:?}");
        let path = std::env::current_exe().expect("a test has a file");
        let symbols = read_symbols(&path.to_string_lossy()).expect("it is an ELF file");
        let (start, len, name) = symbols
            .functions
            .iter()
            .find(|(_, len, _)| *len > 8)
            .expect("one");
        assert_eq!(
            symbols.function(start + len / 2),
            Some((*start, name.as_str()))
        );
    }
}
