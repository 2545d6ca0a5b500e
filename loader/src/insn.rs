//! Just enough of x86-64 decoding to move the one instruction that follows a `syscall`.
//!
//! iced-x86 knows all instructions but fills 900 KB of tables on first use, which takes about two
//! milliseconds: too much for every exec. So what compilers put after a `syscall` is decoded
//! here (integer and SSE instructions, legacy encoding), and everything else is refused. Tests
//! compare this with iced-x86.

/// How an instruction depends on where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Not at all: it can be copied.
    Free,
    /// A 32-bit displacement from the instruction's end lies at this offset: `[rip+disp32]`, or
    /// the target of a near `jmp` or `jcc`.
    Relative(u8),
}

/// One instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Insn {
    /// Bytes, 1..=15.
    pub len: u8,
    /// How it depends on its place.
    pub place: Place,
    /// It ends in a 32-bit immediate operand.
    pub ends_in_imm32: bool,
    /// It has a REX prefix with bit B.
    pub rex_b: bool,
}

/// Why an instruction was not decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The bytes end before the instruction does.
    Cut,
    /// A call: the return address that it pushes would be the wrong one.
    Call,
    /// A branch with an 8-bit target.
    Short,
    /// Traps, calls of the system, changes of segment, or not known here.
    Other,
}

/// What follows an opcode.
#[derive(Clone, Copy)]
enum Form {
    /// Nothing.
    Bare,
    /// An 8-bit immediate.
    Imm8,
    /// A 16-bit immediate.
    Imm16,
    /// A 32-bit immediate, 16 with prefix 66.
    ImmZ,
    /// As `ImmZ`, but 64 bits with REX.W.
    ImmV,
    /// A 32-bit branch target.
    Rel32,
    /// ModRM.
    M,
    /// ModRM and an 8-bit immediate.
    MImm8,
    /// ModRM and a 32-bit immediate, 16 with prefix 66.
    MImmZ,
    /// ModRM whose `reg` field decides; a bit per value of it that is fine.
    Group(u8),
    /// As `Group`, with an 8-bit immediate where a bit of the second is set.
    Group8(u8, u8),
    /// As `Group8` with `ImmZ`.
    GroupZ(u8, u8),
}

/// Decodes the instruction that `bytes` starts with.
///
/// # Errors
/// Why not.
pub fn decode(bytes: &[u8]) -> Result<Insn, Refusal> {
    let mut cursor = Cursor { bytes, at: 0 };
    let (mut operand16, mut prefixed, mut rex) = (false, false, 0);
    let mut opcode = cursor.next()?;
    while matches!(
        opcode,
        0x66 | 0xf2 | 0xf3 | 0xf0 | 0x2e | 0x36 | 0x3e | 0x26 | 0x64 | 0x65
    ) {
        operand16 |= opcode == 0x66;
        prefixed = true;
        opcode = cursor.next()?;
    }
    if opcode & 0xf0 == 0x40 {
        rex = opcode;
        opcode = cursor.next()?;
    }
    let form = match opcode {
        0x0f => two_byte(cursor.next()?, prefixed)?,
        _ => one_byte(opcode)?,
    };
    // Vendors differ in what prefixes do to near branches.
    if matches!(form, Form::Rel32) && (prefixed || rex != 0) {
        return Err(Refusal::Other);
    }
    let wide = rex & 8 != 0;
    let imm_z = if operand16 && !wide { 2 } else { 4 };

    let (has_modrm, mut imm) = match form {
        Form::Bare => (false, 0),
        Form::Imm8 => (false, 1),
        Form::Imm16 => (false, 2),
        Form::ImmZ => (false, imm_z),
        Form::ImmV => (false, if wide { 8 } else { imm_z }),
        Form::Rel32 => (false, 4),
        Form::M | Form::Group(_) | Form::Group8(..) | Form::GroupZ(..) => (true, 0),
        Form::MImm8 => (true, 1),
        Form::MImmZ => (true, imm_z),
    };
    let mut place = Place::Free;
    if matches!(form, Form::Rel32) {
        place = Place::Relative(cursor.at);
    }
    if has_modrm {
        let modrm = cursor.next()?;
        let reg = 1 << (modrm >> 3 & 7);
        let (allowed, with_imm, size) = match form {
            Form::Group(allowed) => (allowed, 0, 0),
            Form::Group8(allowed, with_imm) => (allowed, with_imm, 1),
            Form::GroupZ(allowed, with_imm) => (allowed, with_imm, imm_z),
            _ => (0xff, 0, 0),
        };
        if allowed & reg == 0 {
            return Err(if opcode == 0xff && reg & 0x0c != 0 {
                Refusal::Call
            } else {
                Refusal::Other
            });
        }
        if with_imm & reg != 0 {
            imm = size;
        }
        let displacement = match modrm >> 6 {
            3 => 0,
            mode => {
                // An SIB byte whose base is 5 stands for a bare displacement in mode 0.
                let base = if modrm & 7 == 4 {
                    cursor.next()? & 7
                } else {
                    modrm & 7
                };
                match mode {
                    1 => 1,
                    2 => 4,
                    _ if base == 5 => {
                        if modrm & 7 == 5 {
                            place = Place::Relative(cursor.at);
                        }
                        4
                    }
                    _ => 0,
                }
            }
        };
        cursor.skip(displacement)?;
    }
    cursor.skip(imm)?;
    if cursor.at > 15 {
        return Err(Refusal::Other);
    }
    let ends_in_imm32 = imm == 4 && !matches!(form, Form::Rel32);
    Ok(Insn {
        len: cursor.at,
        place,
        ends_in_imm32,
        rex_b: rex & 1 != 0,
    })
}

fn one_byte(opcode: u8) -> Result<Form, Refusal> {
    Ok(match opcode {
        0x00..=0x3f => match opcode & 7 {
            0..=3 => Form::M,
            4 => Form::Imm8,
            5 => Form::ImmZ,
            _ => return Err(Refusal::Other),
        },
        0x50..=0x5f
        | 0x90..=0x99
        | 0xa4..=0xa7
        | 0xaa..=0xaf
        | 0xc3
        | 0xc9
        | 0xf5
        | 0xf8
        | 0xf9
        | 0xfc
        | 0xfd => Form::Bare,
        0x63 | 0x84..=0x8d | 0xd0..=0xd3 if opcode != 0x8c => Form::M,
        0x68 | 0xa9 => Form::ImmZ,
        0x69 | 0x81 => Form::MImmZ,
        0x6a | 0xa8 | 0xb0..=0xb7 => Form::Imm8,
        0x6b | 0x80 | 0x83 | 0xc0 | 0xc1 => Form::MImm8,
        0xb8..=0xbf => Form::ImmV,
        0xc2 => Form::Imm16,
        0xc6 => Form::Group8(1, 1),
        0xc7 => Form::GroupZ(1, 1),
        0xe9 => Form::Rel32,
        0xf6 => Form::Group8(0xff, 3),
        0xf7 => Form::GroupZ(0xff, 3),
        0xfe => Form::Group(0b11),
        // inc, dec, jmp, push; calls and far jumps are not.
        0xff => Form::Group(0b0101_0011),
        0xe8 => return Err(Refusal::Call),
        0x70..=0x7f | 0xe0..=0xe3 | 0xeb => return Err(Refusal::Short),
        _ => return Err(Refusal::Other),
    })
}

fn two_byte(opcode: u8, prefixed: bool) -> Result<Form, Refusal> {
    Ok(match opcode {
        0x10..=0x18
        | 0x1e
        | 0x1f
        | 0x28..=0x2f
        | 0x40..=0x6f
        | 0x74..=0x76
        | 0x7c..=0x7f
        | 0x90..=0x9f
        | 0xa3
        | 0xa5
        | 0xab
        | 0xad
        | 0xaf
        | 0xb0
        | 0xb1
        | 0xb3
        | 0xb6
        | 0xb7
        | 0xbb..=0xc1
        | 0xc3
        | 0xd0..=0xfe => Form::M,
        0x70..=0x73 | 0xa4 | 0xac | 0xc2 | 0xc4..=0xc6 => Form::MImm8,
        0x80..=0x8f => Form::Rel32,
        // Fences and saves of state; with prefixes it reaches further.
        0xae if !prefixed => Form::M,
        0xba => Form::Group8(0xf0, 0xf0),
        0xc8..=0xcf => Form::Bare,
        _ => return Err(Refusal::Other),
    })
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: u8,
}

impl Cursor<'_> {
    fn next(&mut self) -> Result<u8, Refusal> {
        // Longer than any instruction: prefixes without end.
        if self.at >= 15 {
            return Err(Refusal::Other);
        }
        let byte = *self.bytes.get(usize::from(self.at)).ok_or(Refusal::Cut)?;
        self.at += 1;
        Ok(byte)
    }

    fn skip(&mut self, count: u8) -> Result<(), Refusal> {
        self.at += count;
        if usize::from(self.at) <= self.bytes.len() {
            Ok(())
        } else {
            Err(Refusal::Cut)
        }
    }
}
