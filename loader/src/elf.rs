//! ELF headers, checked as `load_elf_binary` (Linux `fs/binfmt_elf.c`) checks them before the
//! point of no return: whatever is an error here is what `execve` returns.
//!
//! The kernel looks at the magic, `e_type`, `e_machine`, `e_phentsize` and `e_phnum` only; class,
//! byte order and version bytes are not looked at, so they are not here either.

use abi::Errno;
use alloc::vec::Vec;
use goblin::elf64::header::{self, EM_X86_64, ET_DYN, ET_EXEC, SIZEOF_EHDR};
use goblin::elf64::program_header::{
    PF_X, PT_GNU_STACK, PT_INTERP, PT_LOAD, ProgramHeader, SIZEOF_PHDR,
};

/// Bytes of an ELF header.
pub const HEADER_LEN: usize = SIZEOF_EHDR;
/// Bytes of one program header, and the value of `AT_PHENT`.
pub const PHDR_LEN: usize = SIZEOF_PHDR;
/// The highest size that the kernel accepts for a program header table.
pub const MAX_TABLE_LEN: usize = 65536;
/// Bytes in a page.
pub const PAGE: u64 = 4096;
/// The first address that a guest cannot have (`TASK_SIZE` with four-level page tables).
pub const TASK_SIZE: u64 = 0x7fff_ffff_f000;
/// The longest path, with its NUL (limits.h).
const PATH_MAX: u64 = 4096;

/// Whether a file is the program itself or the interpreter that its `PT_INTERP` names. The same
/// defect is another error in each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// What was executed.
    Program,
    /// The dynamic linker.
    Interpreter,
}

/// `e_type` as far as it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `ET_EXEC`: fixed addresses.
    Exec,
    /// `ET_DYN`: goes anywhere.
    Dyn,
    /// Anything else; only an interpreter gets this far with it, and the kernel then finds out
    /// after the point of no return.
    Other,
}

/// What the stack's protection is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stack {
    /// No `PT_GNU_STACK`: not executable on x86-64 (unless the personality has
    /// `READ_IMPLIES_EXEC`).
    Default,
    /// Executable.
    Exec,
    /// Not executable.
    NoExec,
}

/// Where in the file the interpreter's path lies, its NUL included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interp {
    /// Offset in the file.
    pub offset: u64,
    /// Bytes, 2..=4096.
    pub len: usize,
}

/// A checked ELF header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Program or interpreter.
    pub role: Role,
    /// `e_type`.
    pub kind: Kind,
    /// `e_entry`.
    pub entry: u64,
    /// `e_phoff`.
    pub phoff: u64,
    /// `e_phnum`, at least 1.
    pub phnum: u16,
}

impl Header {
    /// Checks the start of a file that is to be executed. A file shorter than a header is as if
    /// padded with zeros.
    ///
    /// # Errors
    /// `ENOEXEC` when this is no ELF file that can run here.
    pub fn program(head: &[u8]) -> Result<Self, Errno> {
        let header = Self::decode(head, Role::Program).ok_or(Errno::ENOEXEC)?;
        if header.kind == Kind::Other {
            Err(Errno::ENOEXEC)
        } else {
            Ok(header)
        }
    }

    /// Checks the start of an interpreter.
    ///
    /// # Errors
    /// `EIO` when the file is shorter than a header, `ELIBBAD` when it is no ELF file of this
    /// machine.
    pub fn interpreter(head: &[u8]) -> Result<Self, Errno> {
        if head.len() < HEADER_LEN {
            return Err(Errno::EIO);
        }
        Self::decode(head, Role::Interpreter).ok_or(Errno::ELIBBAD)
    }

    /// Bytes of the program header table, which starts at `phoff`; at most [`MAX_TABLE_LEN`].
    #[must_use]
    pub fn table_len(&self) -> usize {
        usize::from(self.phnum) * PHDR_LEN
    }

    fn decode(head: &[u8], role: Role) -> Option<Self> {
        // goblin wants the bytes where a header could lie in memory.
        #[repr(align(8))]
        struct Aligned([u8; HEADER_LEN]);
        let mut raw = Aligned([0; HEADER_LEN]);
        let len = head.len().min(HEADER_LEN);
        raw.0[..len].copy_from_slice(&head[..len]);
        let raw = header::Header::from_bytes(&raw.0);

        let fits = &raw.e_ident[..4] == header::ELFMAG
            && raw.e_machine == EM_X86_64
            && usize::from(raw.e_phentsize) == PHDR_LEN
            && (1..=MAX_TABLE_LEN / PHDR_LEN).contains(&usize::from(raw.e_phnum));
        let kind = match raw.e_type {
            ET_EXEC => Kind::Exec,
            ET_DYN => Kind::Dyn,
            _ => Kind::Other,
        };
        fits.then_some(Self {
            role,
            kind,
            entry: raw.e_entry,
            phoff: raw.e_phoff,
            phnum: raw.e_phnum,
        })
    }
}

/// What the headers of one ELF file say.
#[derive(Clone, Debug, PartialEq)]
pub struct Image {
    /// The file's header.
    pub header: Header,
    /// The `PT_LOAD` headers, in the file's order.
    pub loads: Vec<ProgramHeader>,
    /// The first `PT_INTERP`. The kernel ignores an interpreter's own.
    pub interp: Option<Interp>,
    /// The last `PT_GNU_STACK`.
    pub stack: Stack,
}

impl Image {
    /// Takes in the program header table.
    ///
    /// # Errors
    /// When `table` is shorter than [`Header::table_len`]: `ENOEXEC`, or `ELIBBAD` for an
    /// interpreter. `ENOEXEC` for an interpreter path of impossible length.
    pub fn from_headers(header: Header, table: &[u8]) -> Result<Self, Errno> {
        let bad = match header.role {
            Role::Program => Errno::ENOEXEC,
            Role::Interpreter => Errno::ELIBBAD,
        };
        let table = table.get(..header.table_len()).ok_or(bad)?;
        let mut loads = ProgramHeader::from_bytes(table, usize::from(header.phnum));

        let mut interp = None;
        let mut stack = Stack::Default;
        for segment in &loads {
            if segment.p_type == PT_INTERP && interp.is_none() && header.role == Role::Program {
                interp = Some(Interp::of(segment)?);
            }
            if segment.p_type == PT_GNU_STACK {
                stack = if segment.p_flags & PF_X == 0 {
                    Stack::NoExec
                } else {
                    Stack::Exec
                };
            }
        }
        loads.retain(|segment| segment.p_type == PT_LOAD);
        Ok(Self {
            header,
            loads,
            interp,
            stack,
        })
    }

    /// Parses a file that lies in memory as a whole.
    ///
    /// # Errors
    /// As [`Header::program`] or [`Header::interpreter`], then as [`Image::from_headers`].
    pub fn parse(file: &[u8], role: Role) -> Result<Self, Errno> {
        let header = match role {
            Role::Program => Header::program(file)?,
            Role::Interpreter => Header::interpreter(file)?,
        };
        let table = usize::try_from(header.phoff)
            .ok()
            .and_then(|at| file.get(at..))
            .unwrap_or(&[]);
        Self::from_headers(header, table)
    }

    /// The highest power of two among the alignments of the segments, rounded up to a page; 0
    /// when there is none. Values that are no power of two do not count.
    #[must_use]
    pub fn alignment(&self) -> u64 {
        let alignments = self.loads.iter().map(|segment| segment.p_align);
        page_align(
            alignments
                .filter(|align| align.is_power_of_two())
                .fold(0, u64::max),
        )
    }

    /// From the page of the lowest segment to the end of the highest; 0 without segments. Wraps
    /// as the kernel's arithmetic does.
    #[must_use]
    pub fn total_size(&self) -> u64 {
        let lowest = self
            .loads
            .iter()
            .map(|segment| page_start(segment.p_vaddr))
            .min();
        let ends = self
            .loads
            .iter()
            .map(|segment| segment.p_vaddr.wrapping_add(segment.p_memsz));
        let highest = ends.fold(0, u64::max);
        lowest.map_or(0, |lowest| highest.wrapping_sub(lowest))
    }

    /// The address of the program header table before relocation (`AT_PHDR`): in the last
    /// segment whose file bytes contain `e_phoff`, 0 when there is none.
    #[must_use]
    pub fn phdr_vaddr(&self) -> u64 {
        let phoff = self.header.phoff;
        let holds =
            |s: &&ProgramHeader| s.p_offset <= phoff && phoff < s.p_offset.wrapping_add(s.p_filesz);
        let holder = self.loads.iter().rev().find(holds);
        holder.map_or(0, |s| {
            phoff.wrapping_sub(s.p_offset).wrapping_add(s.p_vaddr)
        })
    }
}

impl Interp {
    fn of(segment: &ProgramHeader) -> Result<Self, Errno> {
        match usize::try_from(segment.p_filesz) {
            Ok(len) if (2..=PATH_MAX).contains(&segment.p_filesz) => Ok(Self {
                offset: segment.p_offset,
                len,
            }),
            _ => Err(Errno::ENOEXEC),
        }
    }

    /// The path in the bytes that were read at `offset`, without its NUL.
    ///
    /// # Errors
    /// `EIO` when fewer bytes than `len` could be read, `ENOEXEC` when the last one is not NUL.
    pub fn path<'a>(&self, read: &'a [u8]) -> Result<&'a [u8], Errno> {
        let read = read.get(..self.len).ok_or(Errno::EIO)?;
        if read.last() != Some(&0) {
            return Err(Errno::ENOEXEC);
        }
        Ok(read.split(|byte| *byte == 0).next().unwrap_or(read))
    }
}

/// `address` rounded down to a page.
#[must_use]
pub const fn page_start(address: u64) -> u64 {
    address & !(PAGE - 1)
}

/// The offset of `address` in its page.
#[must_use]
pub const fn page_offset(address: u64) -> u64 {
    address & (PAGE - 1)
}

/// `address` rounded up to a page; wraps to 0.
#[must_use]
pub const fn page_align(address: u64) -> u64 {
    page_start(address.wrapping_add(PAGE - 1))
}
