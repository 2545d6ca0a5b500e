//! What one brand image tells the next across an exec, and `lx run` the first one: a string that
//! is the last of the environment of the host's exec, and that the guest never sees.
//!
//! It starts with [`MAGIC`], goes on with `key=value;` pairs (numbers in lower-case hexadecimal,
//! byte strings as `length:bytes`) and ends with `fn=` and the `AT_EXECFN` string up to the NUL,
//! so that the kernel-made stack already holds that string. Paths can contain any byte but NUL,
//! and so can values here.

/// How every such string starts. No shell or program makes a variable whose name starts so.
pub const MAGIC: &[u8] = b"\x01LX1;";

/// Room that always suffices for [`Handover::encode`]: two longest paths and the rest.
pub const MAX_LEN: usize = 2 * 4096 + 1024 + MAX_FILES + MAX_USERS;

/// How calls are caught (`LX_INTERCEPT`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intercept {
    /// Syscall User Dispatch finds sites, which are then rewritten.
    Rewrite,
    /// Syscall User Dispatch alone.
    Sud,
    /// A seccomp filter that traps.
    Trap,
}

/// What is left to do before the program can be mapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Nothing: `program_fd` (and `interpreter_fd`) are open and checked.
    Loaded,
    /// Everything: `execfn` must be resolved as execve(2) would; `lx run` does not know how.
    Resolve,
}

/// The hand-over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handover<'a> {
    /// Descriptor of the brand's image.
    pub image_fd: i32,
    /// Descriptor of the host's /proc.
    pub proc_fd: i32,
    /// Descriptor of the program.
    pub program_fd: Option<i32>,
    /// Descriptor of its interpreter.
    pub interpreter_fd: Option<i32>,
    /// How calls are caught.
    pub intercept: Intercept,
    /// `--kernel-version`, at most 64 bytes.
    pub kernel_version: Option<&'a [u8]>,
    /// Signals, bit n-1 for signal n, that the guest ignores although the host must not.
    pub ignored_signals: u64,
    /// Likewise signals that the guest blocks although the host must not.
    pub blocked_signals: u64,
    /// What is left to do.
    pub start: Start,
    /// The process belongs to a zone: the two reserved descriptors behind /proc are zsched's facts
    /// and its socket.
    pub zone: bool,
    /// How many mounts the zone has that the brand looks paths up in itself: behind zsched's socket
    /// come a file with their table, and what they show.
    pub mounts: usize,
    /// In a zone, the number of the contract that the process belongs to (`/system/contract`); else 0.
    pub contract: u32,
    /// This process is to reap, and its child to run the program.
    pub init: bool,
    /// The program is to run with `AT_SECURE`.
    pub secure: bool,
    /// Descriptor of the guest's own seccomp filters.
    pub filters_fd: Option<i32>,
    /// Who the process is, in a zone that keeps its users itself; at most [`MAX_USERS`] bytes.
    pub users: Option<&'a [u8]>,
    /// What the emulated file systems must know of open files; at most [`MAX_FILES`] bytes.
    pub files: Option<&'a [u8]>,
    /// Somebody observes the process: the last of the reserved descriptors is their book. The place
    /// of the thread in it, 0 when it has none yet.
    pub observed: Option<usize>,
    /// The thread's name, where it is not the last component of `execfn`; at most 64 bytes.
    pub comm: Option<&'a [u8]>,
    /// Canonical path of the program, for /proc/self/exe.
    pub exe: &'a [u8],
    /// The `AT_EXECFN` string; after decoding it lies at the very end of the input.
    pub execfn: &'a [u8],
}

/// The longest `users`: 20 numbers, and 256 groups.
pub const MAX_USERS: usize = 4096;

/// The longest `files`.
pub const MAX_FILES: usize = 512;

/// The longest `kernel_version` and `comm`.
const MAX_VERSION: usize = 64;

impl<'a> Handover<'a> {
    /// Writes the string with its NUL; returns the bytes written, the NUL among them. `None`
    /// when `out` is too small, a byte string contains a NUL, or the version is too long.
    #[must_use]
    pub fn encode(&self, out: &mut [u8]) -> Option<usize> {
        let mut out = Out { bytes: out, len: 0 };
        out.raw(MAGIC)?;
        out.fd(b"image", Some(self.image_fd))?;
        out.fd(b"proc", Some(self.proc_fd))?;
        out.fd(b"program", self.program_fd)?;
        out.fd(b"interp", self.interpreter_fd)?;
        out.fd(b"filters", self.filters_fd)?;
        out.number(
            b"mode",
            match self.intercept {
                Intercept::Rewrite => 0,
                Intercept::Sud => 1,
                Intercept::Trap => 2,
            },
        )?;
        out.number(b"ignored", self.ignored_signals)?;
        out.number(b"blocked", self.blocked_signals)?;
        out.number(b"resolve", u64::from(self.start == Start::Resolve))?;
        out.number(b"secure", u64::from(self.secure))?;
        out.number(b"zone", u64::from(self.zone))?;
        out.number(b"init", u64::from(self.init))?;
        if self.contract > 0 {
            out.number(b"contract", self.contract.into())?;
        }
        if self.mounts > 0 {
            out.number(b"mounts", u64::try_from(self.mounts).ok()?)?;
        }
        if let Some(place) = self.observed {
            out.number(b"observed", u64::try_from(place).ok()?)?;
        }
        if let Some(version) = self.kernel_version {
            if version.len() > MAX_VERSION {
                return None;
            }
            out.string(b"version", version)?;
        }
        if let Some(comm) = self.comm {
            if comm.len() > MAX_VERSION {
                return None;
            }
            out.string(b"comm", comm)?;
        }
        if let Some(users) = self.users {
            if users.len() > MAX_USERS {
                return None;
            }
            out.string(b"users", users)?;
        }
        if let Some(files) = self.files {
            if files.len() > MAX_FILES {
                return None;
            }
            out.string(b"files", files)?;
        }
        out.string(b"exe", self.exe)?;
        out.raw(b"fn=")?;
        out.text(self.execfn)?;
        out.raw(&[0])?;
        Some(out.len)
    }

    /// Reads such a string, up to its NUL if it has one. `None` when it is none, or not whole.
    #[must_use]
    pub fn decode(bytes: &'a [u8]) -> Option<Self> {
        let end = bytes
            .iter()
            .position(|byte| *byte == 0)
            .unwrap_or(bytes.len());
        let mut rest = bytes[..end].strip_prefix(MAGIC)?;
        let (mut image_fd, mut proc_fd, mut exe) = (None, None, None);
        let mut handover = Self {
            image_fd: -1,
            proc_fd: -1,
            program_fd: None,
            interpreter_fd: None,
            intercept: Intercept::Rewrite,
            kernel_version: None,
            ignored_signals: 0,
            blocked_signals: 0,
            start: Start::Loaded,
            zone: false,
            mounts: 0,
            contract: 0,
            init: false,
            secure: false,
            filters_fd: None,
            users: None,
            files: None,
            observed: None,
            comm: None,
            exe: &[],
            execfn: &[],
        };
        loop {
            let equals = rest.iter().position(|byte| *byte == b'=')?;
            let (key, value) = (&rest[..equals], &rest[equals + 1..]);
            rest = match key {
                b"fn" => {
                    handover.execfn = value;
                    break;
                }
                b"exe" => string(value, &mut exe)?,
                b"files" => string(value, &mut handover.files)?,
                b"users" => string(value, &mut handover.users)?,
                b"comm" => string(value, &mut handover.comm)?,
                b"version" => string(value, &mut handover.kernel_version)?,
                _ => {
                    let (number, after) = number(value, b';')?;
                    match key {
                        b"image" => image_fd = Some(fd(number)?),
                        b"proc" => proc_fd = Some(fd(number)?),
                        b"program" => handover.program_fd = Some(fd(number)?),
                        b"interp" => handover.interpreter_fd = Some(fd(number)?),
                        b"filters" => handover.filters_fd = Some(fd(number)?),
                        b"mode" => {
                            handover.intercept = match number {
                                0 => Intercept::Rewrite,
                                1 => Intercept::Sud,
                                2 => Intercept::Trap,
                                _ => return None,
                            }
                        }
                        b"ignored" => handover.ignored_signals = number,
                        b"blocked" => handover.blocked_signals = number,
                        b"resolve" if number == 1 => handover.start = Start::Resolve,
                        b"secure" => handover.secure = number == 1,
                        b"zone" => handover.zone = number == 1,
                        b"contract" => handover.contract = u32::try_from(number).ok()?,
                        b"init" => handover.init = number == 1,
                        b"mounts" => handover.mounts = usize::try_from(number).ok()?,
                        b"observed" => handover.observed = Some(usize::try_from(number).ok()?),
                        b"resolve" => {}
                        _ => return None,
                    }
                    after
                }
            };
        }
        handover.image_fd = image_fd?;
        handover.proc_fd = proc_fd?;
        handover.exe = exe?;
        let fits = |text: Option<&[u8]>| text.is_none_or(|text| text.len() <= MAX_VERSION);
        let files = handover.files.map_or(0, <[u8]>::len);
        let users = handover.users.map_or(0, <[u8]>::len);
        (users <= MAX_USERS
            && files <= MAX_FILES
            && fits(handover.kernel_version)
            && fits(handover.comm))
        .then_some(handover)
    }
}

/// The number in hexadecimal up to `end`, and what follows `end`.
fn number(bytes: &[u8], end: u8) -> Option<(u64, &[u8])> {
    let len = bytes.iter().position(|byte| *byte == end)?;
    if !(1..=16).contains(&len) {
        return None;
    }
    let mut number = 0;
    for byte in &bytes[..len] {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            _ => return None,
        };
        number = number << 4 | u64::from(digit);
    }
    Some((number, &bytes[len + 1..]))
}

fn string<'a>(bytes: &'a [u8], to: &mut Option<&'a [u8]>) -> Option<&'a [u8]> {
    let (len, rest) = number(bytes, b':')?;
    let (string, rest) = rest.split_at_checked(usize::try_from(len).ok()?)?;
    *to = Some(string);
    rest.strip_prefix(b";")
}

fn fd(number: u64) -> Option<i32> {
    u32::try_from(number).ok().map(u32::cast_signed)
}

struct Out<'b> {
    bytes: &'b mut [u8],
    len: usize,
}

impl Out<'_> {
    fn raw(&mut self, bytes: &[u8]) -> Option<()> {
        let end = self.len.checked_add(bytes.len())?;
        self.bytes.get_mut(self.len..end)?.copy_from_slice(bytes);
        self.len = end;
        Some(())
    }

    fn text(&mut self, bytes: &[u8]) -> Option<()> {
        if bytes.contains(&0) {
            None
        } else {
            self.raw(bytes)
        }
    }

    fn hex(&mut self, number: u64) -> Option<()> {
        let digits = (16 - number.leading_zeros() / 4).max(1);
        for digit in (0..digits).rev() {
            let nibble = usize::try_from(number >> (4 * digit) & 15).ok()?;
            self.raw(&b"0123456789abcdef"[nibble..=nibble])?;
        }
        Some(())
    }

    fn number(&mut self, key: &[u8], number: u64) -> Option<()> {
        self.raw(key)?;
        self.raw(b"=")?;
        self.hex(number)?;
        self.raw(b";")
    }

    fn fd(&mut self, key: &[u8], fd: Option<i32>) -> Option<()> {
        match fd {
            Some(fd) => self.number(key, u64::from(fd.cast_unsigned())),
            None => Some(()),
        }
    }

    fn string(&mut self, key: &[u8], string: &[u8]) -> Option<()> {
        self.raw(key)?;
        self.raw(b"=")?;
        self.hex(u64::try_from(string.len()).ok()?)?;
        self.raw(b":")?;
        self.text(string)?;
        self.raw(b";")
    }
}
