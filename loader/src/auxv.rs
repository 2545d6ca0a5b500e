//! The auxiliary vector (getauxval(3)): the kernel made one for the brand's image; a few of its
//! entries must speak of the guest's program instead. All others, and the order, stay: the host's
//! vDSO, random bytes, hardware capabilities, ids and sizes are the guest's too.

/// Program headers' address.
pub const AT_PHDR: u64 = 3;
/// Bytes of one program header.
pub const AT_PHENT: u64 = 4;
/// Count of program headers.
pub const AT_PHNUM: u64 = 5;
/// Base address of the interpreter.
pub const AT_BASE: u64 = 7;
/// The program's entry point.
pub const AT_ENTRY: u64 = 9;
/// Whether the program must not trust its environment.
pub const AT_SECURE: u64 = 23;
/// Address of the path that was executed.
pub const AT_EXECFN: u64 = 31;

/// What the guest's program has instead of the brand's image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuxInfo {
    /// [`crate::plan::Layout::phdr`] of the program.
    pub phdr: u64,
    /// [`crate::elf::Header::phnum`] of the program.
    pub phnum: u16,
    /// [`crate::plan::Layout::bias`] of the interpreter; 0 without one.
    pub base: u64,
    /// [`crate::plan::Layout::entry`] of the program.
    pub entry: u64,
    /// Address of the `AT_EXECFN` string.
    pub execfn: u64,
    /// `AT_SECURE` is to be 1 whatever the kernel says.
    pub secure: bool,
}

impl AuxInfo {
    /// What entry `tag`, which is `value` for the brand, is for the guest.
    #[must_use]
    pub fn value(&self, tag: u64, value: u64) -> u64 {
        match tag {
            AT_PHDR => self.phdr,
            // Every image that gets this far has this size.
            AT_PHENT => 56,
            AT_PHNUM => u64::from(self.phnum),
            AT_BASE => self.base,
            AT_ENTRY => self.entry,
            AT_EXECFN => self.execfn,
            AT_SECURE if self.secure => 1,
            _ => value,
        }
    }
}

/// Makes the brand's vector the guest's, in place.
pub fn rewrite(auxv: &mut [(u64, u64)], new: &AuxInfo) {
    for (tag, value) in auxv {
        *value = new.value(*tag, *value);
    }
}
