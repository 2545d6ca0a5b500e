//! The arguments of a call.

use abi::arg::ArgKind;
use abi::nr;
use observe::record::{MESSAGE_PARTS, Part, Piece, RESULT, Record, State};
use observe::shape::{Form, Names, Shape, Way, shapes};

use crate::names::{self, table};
use crate::{Out, Style, result, signals, sockets, structures};

const O_CREAT: u64 = 0o100;
const O_TMPFILE: u64 = 0o20_000_000;
const AT_FDCWD: u64 = 0xffff_ff9c;
const LOW: u64 = 0xffff_ffff;

/// Prints all of them, with commas between.
pub(crate) fn print(record: &Record<'_>, style: Style, out: &mut Out) {
    let number = record.number();
    let Some(shapes) = shapes(number) else {
        for index in 0..6 {
            if index > 0 {
                out.text(", ");
            }
            out.hex(record.argument(index));
        }
        return;
    };
    if number == nr::CLONE {
        return clone(record, out);
    }
    if observe::special::returns_from_signal(number) {
        // The mask is on the stack.
        if let Some(piece) = record.piece(0, Part::Before) {
            let bytes: Vec<u8> = piece.bytes().collect();
            out.text("{mask=");
            signals::set(structures::word(&bytes, 0, 8), out);
            out.text("}");
        }
        return;
    }
    let printer = Printer { record, style };
    let mut first = true;
    for (index, &shape) in shapes.iter().enumerate() {
        if printer.is_hidden(index, shape) {
            continue;
        }
        if !first {
            out.text(", ");
        }
        first = false;
        printer.argument(index, shape, out);
    }
}

/// clone(2), as strace prints it: by name, those that the flags ask for.
fn clone(record: &Record<'_>, out: &mut Out) {
    let flags = record.argument(0);
    out.text("child_stack=");
    out.pointer(record.argument(1));
    out.text(", flags=");
    let signal = flags & 0xff;
    let rest = flags & !0xff & LOW;
    if rest != 0 {
        out.flags(table(Names::CloneFlags), rest);
    }
    if signal != 0 {
        if rest != 0 {
            out.text("|");
        }
        signals::print(signal, out);
    } else if rest == 0 {
        out.text("0");
    }
    let out_tid = |name: &str, index: usize, out: &mut Out| {
        out.text(name);
        out.pointer(record.argument(index));
    };
    if flags & 0x10_1000 != 0 {
        // CLONE_PARENT_SETTID, CLONE_PIDFD: strace shows what was written there.
        out_tid(", parent_tid=", 2, out);
    }
    if flags & 0x8_0000 != 0 {
        out_tid(", tls=", 4, out);
    }
    if flags & 0x120_0000 != 0 {
        out_tid(", child_tidptr=", 3, out);
    }
}

struct Printer<'a> {
    record: &'a Record<'a>,
    style: Style,
}

impl<'a> Printer<'a> {
    fn piece(&self, index: usize, part: Part) -> Option<Piece<'a>> {
        self.record.piece(u8::try_from(index).ok()?, part)
    }

    fn bytes(&self, index: usize, part: Part) -> Option<Vec<u8>> {
        let piece = self.piece(index, part)?;
        (piece.state != State::Fault).then(|| piece.bytes().collect())
    }

    /// Some arguments are there for some calls only.
    fn is_hidden(&self, index: usize, shape: Shape) -> bool {
        let other = |index: u8| self.record.argument(index.into());
        match shape {
            Shape::Hidden => true,
            Shape::ModeWith(flags) => {
                let flags = other(flags);
                flags & O_CREAT == 0 && flags & O_TMPFILE == 0
            }
            Shape::FcntlArgument => matches!(other(1) & LOW, 1 | 3 | 9 | 11 | 1025 | 1032 | 1034),
            Shape::FutexTimeout => matches!(other(1) & 0x7f, 1 | 7 | 8 | 10),
            Shape::FutexRest => match other(1) & 0x7f {
                0 | 1 | 6 | 7 | 8 | 13 => true,
                9 | 10 => index == 4,
                _ => false,
            },
            Shape::PrctlArgument => match (other(0) & LOW, index) {
                // So many of them mean something.
                (15 | 16 | 1 | 2 | 37, 1) => false,
                (15 | 16 | 1 | 2 | 37 | 3 | 7 | 21 | 25 | 27 | 30, _) => true,
                (4 | 8 | 23 | 24 | 26 | 28 | 29 | 36, index) => index > 1,
                _ => false,
            },
            Shape::IoctlArgument => matches!(other(1) & LOW, 0x5450 | 0x5451 | 0x5422),
            _ => false,
        }
    }

    fn argument(&self, index: usize, shape: Shape, out: &mut Out) {
        let value = self.record.argument(index);
        match shape {
            Shape::Kind(kind) => self.kind(index, kind, value, out),
            Shape::Hidden => {}
            Shape::Hex => out.hex(value),
            Shape::Octal => out.octal(value),
            Shape::Signed => out.signed(value.cast_signed()),
            Shape::ModeWith(_) => out.mode(value & LOW),
            Shape::Flags(names) => flags(names, value, out),
            Shape::Value(names) => self.value(names, value, out),
            Shape::Protocol => {
                let table = match self.record.argument(0) & LOW {
                    2 | 10 => names::PROTOCOLS,
                    16 => names::NETLINK,
                    _ => &[],
                };
                if !out.value(table, value & LOW) {
                    out.signed(as_int(value & LOW));
                }
            }
            Shape::Device => structures::device(value & LOW, out),
            Shape::Bytes(length) => {
                let length = self.record.argument(length.into());
                self.buffer(index, Part::Before, length, out);
            }
            Shape::Filled => self.buffer(index, Part::After, self.record.result(), out),
            Shape::Random => match self.bytes(index, Part::After) {
                Some(bytes) => {
                    out.text("\"");
                    for &byte in bytes.iter().take(self.style.strings) {
                        out.text("\\x");
                        out.digits(byte.into(), 16, 2);
                    }
                    out.text(
                        if bytes.len() > self.style.strings
                            || self.record.result() > as_u64(bytes.len())
                        {
                            "\"..."
                        } else {
                            "\""
                        },
                    );
                }
                None => out.pointer(value),
            },
            Shape::FilledPath => match self.bytes(index, Part::After) {
                Some(bytes) => out.quoted(&bytes),
                None => out.pointer(value),
            },
            Shape::Written => match self.bytes(index, Part::After) {
                Some(bytes) => out.quoted(&bytes),
                None => out.pointer(value),
            },
            Shape::Entries => {
                out.pointer(value);
                if let Some(count) = self.count(index) {
                    out.text(" /* ");
                    out.dec(count);
                    out.text(" entries */");
                }
            }
            Shape::Struct(form, way) => self.structure(index, form, way, out),
            Shape::Array(form, _, way) => {
                let part = if way == Way::Out {
                    Part::After
                } else {
                    Part::Before
                };
                self.array(index, form, part, out);
            }
            Shape::Results(Form::CpuSet) => self.structure(index, Form::CpuSet, Way::Out, out),
            Shape::Results(form) => self.array(index, form, Part::After, out),
            Shape::Strings => self.strings(index, out),
            Shape::Variables => {
                out.pointer(value);
                if let Some(count) = self.count(index) {
                    out.text(" /* ");
                    out.dec(count);
                    out.text(if count == 1 { " var */" } else { " vars */" });
                }
            }
            Shape::Gather(_) => self.vector(index, self.piece(index, Part::Before), out),
            Shape::Scatter(_) => self.vector(index, self.piece(index, Part::Before), out),
            Shape::Sent | Shape::Received => self.message(index, out),
            Shape::Address(_) => match self.bytes(index, Part::Before) {
                Some(bytes) => sockets::address(&bytes, out),
                None => out.pointer(value),
            },
            Shape::AddressOut(_) => match self.bytes(index, Part::After) {
                Some(bytes) => sockets::address(&bytes, out),
                None => out.pointer(value),
            },
            Shape::FcntlArgument => self.fcntl(index, value, out),
            Shape::IoctlArgument => self.ioctl(index, value, out),
            Shape::PrctlArgument => self.prctl(index, value, out),
            Shape::OptionValue(way) => self.option(index, way, out),
            Shape::FutexTimeout => match self.record.argument(1) & 0x7f {
                0 | 6 | 9 | 11 | 13 => self.structure(index, Form::Timespec, Way::In, out),
                _ => out.dec(value & LOW),
            },
            Shape::FutexRest => match index {
                4 => out.pointer(value),
                _ if value & LOW == LOW => out.text("FUTEX_BITSET_MATCH_ANY"),
                _ => out.hex(value & LOW),
            },
            Shape::CloneWord(_) => out.pointer(value),
        }
    }

    fn kind(&self, index: usize, kind: ArgKind, value: u64, out: &mut Out) {
        let low = value & LOW;
        match kind {
            ArgKind::Fd | ArgKind::NewFd => {
                out.signed(as_int(low));
                self.path(index, out);
            }
            ArgKind::DirFd => {
                if low == AT_FDCWD {
                    out.text("AT_FDCWD");
                } else {
                    out.signed(as_int(low));
                }
                self.path(index, out);
            }
            ArgKind::Path | ArgKind::Str => match self.piece(index, Part::Before) {
                Some(piece) if piece.state != State::Fault => {
                    let bytes: Vec<u8> = piece.bytes().collect();
                    out.quoted(&bytes);
                    if piece.state == State::Cut {
                        out.text("...");
                    }
                }
                _ => out.pointer(value),
            },
            ArgKind::Ptr => out.pointer(value),
            ArgKind::Size | ArgKind::Ulong => out.dec(value),
            ArgKind::Offset | ArgKind::Long => out.signed(value.cast_signed()),
            ArgKind::Pid | ArgKind::Int => out.signed(as_int(low)),
            ArgKind::Uid | ArgKind::Gid if low == LOW => out.text("-1"),
            ArgKind::Uint | ArgKind::Uid | ArgKind::Gid => out.dec(low),
            ArgKind::Signal => signals::print(low, out),
            ArgKind::Mode => out.mode(low),
            ArgKind::OpenFlags => open_flags(low, out),
            ArgKind::AtFlags => out.flags(names::AT, low),
            ArgKind::Prot if value == 0 => out.text("PROT_NONE"),
            ArgKind::Prot => out.flags(names::PROT, value),
            ArgKind::MapFlags => map_flags(value, out),
            ArgKind::Flags => out.hex(value),
            ArgKind::Clock => {
                if !out.value(names::CLOCKS, low) {
                    out.signed(as_int(low));
                }
            }
        }
    }

    fn path(&self, index: usize, out: &mut Out) {
        if let Some(path) = self.bytes(index, Part::Path) {
            out.text("<");
            result::path(&path, out);
            out.text(">");
        }
    }

    fn count(&self, index: usize) -> Option<u64> {
        let bytes = self.bytes(index, Part::Count)?;
        Some(u64::from_le_bytes(bytes.try_into().ok()?))
    }

    fn value(&self, names: Names, value: u64, out: &mut Out) {
        let low = value & LOW;
        match names {
            Names::SocketType => {
                if !out.value(table(names), low & 0xf) {
                    out.hex(low & 0xf);
                }
                let rest = low & !0xf;
                if rest != 0 {
                    out.text("|");
                    out.flags(names::SOCKET_FLAGS, rest);
                }
            }
            Names::FutexOp => {
                if !out.value(table(names), low & 0x7f) {
                    out.hex(low & 0x7f);
                }
                if low & 0x80 != 0 {
                    out.text("_PRIVATE");
                }
                if low & 0x100 != 0 {
                    out.text("|FUTEX_CLOCK_REALTIME");
                }
            }
            Names::SocketOption if self.record.argument(1) & LOW != 1 => {
                let level = self.record.argument(1) & LOW;
                if !out.value(sockets::options(level), low) {
                    out.hex(low);
                }
            }
            Names::Scheduler => {
                if !out.value(table(names), low & !0x4000_0000) {
                    out.hex(low);
                }
                if low & 0x4000_0000 != 0 {
                    out.text("|SCHED_RESET_ON_FORK");
                }
            }
            _ if out.value(table(names), low) => {}
            _ => out.hex(low),
        }
    }

    fn buffer(&self, index: usize, part: Part, length: u64, out: &mut Out) {
        match self.bytes(index, part) {
            Some(bytes) => {
                let shown = bytes.get(..self.style.strings).unwrap_or(&bytes);
                out.quoted(shown);
                if length > as_u64(shown.len()) {
                    out.text("...");
                }
            }
            None if self.is_empty(part, length) && self.record.argument(index) != 0 => {
                out.text("\"\"")
            }
            None => out.pointer(self.record.argument(index)),
        }
    }

    /// Whether there was nothing to read or write, rather than nothing to be seen.
    fn is_empty(&self, part: Part, length: u64) -> bool {
        length == 0 && (part == Part::Before || !result::failed(self.record))
    }

    fn structure(&self, index: usize, form: Form, way: Way, out: &mut Out) {
        let value = self.record.argument(index);
        let before = self.bytes(index, Part::Before);
        let after = self.bytes(index, Part::After);
        let failed = result::failed(self.record);
        if way == Way::Both && form == Form::Int {
            // A length that goes in and comes out.
            let word = |bytes: &[u8]| structures::word(bytes, 0, 4);
            return match (before, after) {
                (Some(before), Some(after)) if before != after => {
                    out.text("[");
                    out.dec(word(&before));
                    out.text(" => ");
                    out.dec(word(&after));
                    out.text("]");
                }
                (Some(bytes), _) => {
                    out.text("[");
                    out.dec(word(&bytes));
                    out.text("]");
                }
                _ => out.pointer(value),
            };
        }
        let bytes = match way {
            Way::Out => after.filter(|_| !failed),
            Way::In | Way::Both => before,
        };
        match bytes {
            Some(bytes) => structures::print(form, &bytes, self.record, out),
            None => out.pointer(value),
        }
    }

    fn array(&self, index: usize, form: Form, part: Part, out: &mut Out) {
        let Some(bytes) = self.bytes(index, part) else {
            // Nothing was written to it, or there is nothing in it.
            return match (self.record.argument(index), part) {
                (0, _) => out.text("NULL"),
                (_, Part::After) if !result::failed(self.record) => out.text("[]"),
                (address, _) => out.pointer(address),
            };
        };
        out.text("[");
        let size = usize::from(form.size());
        for (number, element) in bytes.chunks_exact(size).take(32).enumerate() {
            if number > 0 {
                out.text(", ");
            }
            structures::print(form, element, self.record, out);
        }
        if bytes.len() / size > 32 {
            out.text(", ...");
        }
        out.text("]");
    }

    fn strings(&self, index: usize, out: &mut Out) {
        let Some(count) = self.count(index) else {
            return out.pointer(self.record.argument(index));
        };
        out.text("[");
        for number in 0..count.min(32) {
            if number > 0 {
                out.text(", ");
            }
            let part = Part::Element(u8::try_from(number).unwrap_or(0));
            match self.piece(index, part) {
                Some(piece) if piece.state != State::Fault => {
                    let bytes: Vec<u8> = piece.bytes().collect();
                    out.quoted(&bytes);
                    if piece.state == State::Cut {
                        out.text("...");
                    }
                }
                _ => out.text("..."),
            }
        }
        if count > 32 {
            out.text(", ...");
        }
        out.text("]");
    }

    fn vector(&self, index: usize, piece: Option<Piece<'_>>, out: &mut Out) {
        let Some(piece) = piece.filter(|piece| piece.state != State::Fault) else {
            return out.pointer(self.record.argument(index));
        };
        let bytes: Vec<u8> = piece.bytes().collect();
        out.text("[");
        for (number, entry) in bytes.chunks_exact(16).enumerate() {
            if number > 0 {
                out.text(", ");
            }
            let (base, len) = (structures::word(entry, 0, 8), structures::word(entry, 8, 8));
            out.text("{iov_base=");
            let part = Part::Element(u8::try_from(number).unwrap_or(0));
            match self.bytes(piece.argument.into(), part) {
                Some(data) => {
                    let shown = data.get(..self.style.strings).unwrap_or(&data);
                    out.quoted(shown);
                    // Of what is received no more is there than was.
                    let cut = self
                        .piece(piece.argument.into(), part)
                        .map(|piece| piece.state);
                    if cut == Some(State::Cut) || shown.len() < data.len() {
                        out.text("...");
                    }
                }
                None if len == 0 => out.text("\"\""),
                None if !result::failed(self.record) => out.text("\"\""),
                None => out.pointer(base),
            }
            out.text(", iov_len=");
            out.dec(len);
            out.text("}");
        }
        out.text("]");
    }

    fn message(&self, index: usize, out: &mut Out) {
        let Some(head) = self.bytes(index, Part::Before) else {
            return out.pointer(self.record.argument(index));
        };
        let field = |offset: usize, size: usize| structures::word(&head, offset, size);
        out.text("{msg_name=");
        match self.bytes(index, Part::After) {
            Some(name) => sockets::address(&name, out),
            None => out.pointer(field(0, 8)),
        }
        out.text(", msg_namelen=");
        out.dec(field(8, 4));
        out.text(", msg_iov=");
        let vector = self.piece(usize::from(MESSAGE_PARTS), Part::Before);
        if vector.is_some() {
            self.vector(index, vector, out);
        } else {
            out.pointer(field(16, 8));
        }
        out.text(", msg_iovlen=");
        out.dec(field(24, 8));
        if field(40, 8) > 0 {
            out.text(", msg_control=");
            match self.bytes(RESULT.into(), Part::Before) {
                Some(control) => sockets::control(&control, out),
                None => out.pointer(field(32, 8)),
            }
        }
        out.text(", msg_controllen=");
        out.dec(field(40, 8));
        out.text(", msg_flags=");
        out.flags(table(Names::Msg), field(48, 4));
        out.text("}");
    }

    fn fcntl(&self, index: usize, value: u64, out: &mut Out) {
        match self.record.argument(1) & LOW {
            2 => out.flags(&[(1, "FD_CLOEXEC")], value),
            4 => open_flags(value, out),
            5 | 36 => self.structure(index, Form::Flock, Way::Out, out),
            6 | 7 | 37 | 38 => self.structure(index, Form::Flock, Way::In, out),
            0 | 1030 | 8 | 1031 => out.signed(as_int(value & LOW)),
            10 => signals::print(value & LOW, out),
            1024 => {
                if !out.value(names::LOCKS, value) {
                    out.hex(value);
                }
            }
            1033 => out.flags(structures::SEALS, value),
            _ => out.hex(value),
        }
    }

    fn ioctl(&self, index: usize, value: u64, out: &mut Out) {
        let (before, after) = (
            self.bytes(index, Part::Before),
            self.bytes(index, Part::After),
        );
        let bytes = after.filter(|_| !result::failed(self.record)).or(before);
        let int = |bytes: &[u8], out: &mut Out| {
            out.text("[");
            out.signed(as_int(structures::word(bytes, 0, 4)));
            out.text("]");
        };
        match (self.record.argument(1) & LOW, bytes) {
            (0x5401..=0x5404, Some(bytes)) => structures::termios(&bytes, out),
            (0x5413 | 0x5414, Some(bytes)) => structures::window(&bytes, out),
            (0x540f | 0x5410 | 0x541b | 0x5421 | 0x8004_5430 | 0x4004_5431, Some(bytes)) => {
                int(&bytes, out)
            }
            (0x540a | 0x540b | 0x540e | 0x5409, _) => out.dec(value),
            _ => out.pointer(value),
        }
    }

    fn prctl(&self, index: usize, value: u64, out: &mut Out) {
        match (self.record.argument(0) & LOW, index) {
            (15, 1) | (16, 1) => {
                let part = if self.record.argument(0) & LOW == 15 {
                    Part::Before
                } else {
                    Part::After
                };
                match self.bytes(index, part) {
                    Some(bytes) => out.quoted(&bytes),
                    None => out.pointer(value),
                }
            }
            (23 | 24, 1) => {
                let name = usize::try_from(value)
                    .ok()
                    .and_then(|index| names::CAPABILITIES.get(index));
                match name {
                    Some(name) => out.text(name),
                    None => {
                        out.hex(value);
                        out.text(" /* CAP_??? */");
                    }
                }
            }
            (1, 1) => signals::print(value & LOW, out),
            (2 | 37 | 47 | 0x5356_4d41, _) | (38 | 22, 2..) => out.hex(value),
            _ => out.dec(value),
        }
    }

    fn option(&self, index: usize, way: Way, out: &mut Out) {
        let part = if way == Way::In {
            Part::Before
        } else {
            Part::After
        };
        let Some(bytes) = self.bytes(index, part) else {
            return out.pointer(self.record.argument(index));
        };
        let (level, option) = (self.record.argument(1) & LOW, self.record.argument(2) & LOW);
        sockets::option(level, option, &bytes, out);
    }
}

fn flags(names: Names, value: u64, out: &mut Out) {
    let value = match names {
        Names::CloneFlags => value,
        _ => value & LOW,
    };
    match (names, value) {
        (Names::AccessMode, 0) => out.text("F_OK"),
        (Names::StatxFlags, value) if value & 0x6000 == 0 => {
            out.text("AT_STATX_SYNC_AS_STAT");
            if value != 0 {
                out.text("|");
                out.flags(table(names), value);
            }
        }
        _ => out.flags(table(names), value),
    }
}

/// Flags of open(2): the access mode is no flag.
pub(crate) fn open_flags(value: u64, out: &mut Out) {
    out.text(match value & 3 {
        0 => "O_RDONLY",
        1 => "O_WRONLY",
        2 => "O_RDWR",
        _ => "O_ACCMODE",
    });
    let rest = value & !3;
    if rest != 0 {
        out.text("|");
        out.flags(names::OPEN, rest);
    }
}

fn map_flags(value: u64, out: &mut Out) {
    if !out.value(names::MAP_TYPE, value & 0xf) {
        out.hex(value & 0xf);
    }
    let rest = value & !0xf;
    if rest != 0 {
        out.text("|");
        out.flags(names::MAP, rest);
    }
}

/// The `int` in the low half.
pub(crate) fn as_int(low: u64) -> i64 {
    let low = u32::try_from(low & LOW).unwrap_or(0);
    i64::from(low.cast_signed())
}

pub(crate) fn as_u64(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
