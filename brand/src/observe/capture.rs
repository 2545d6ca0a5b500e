//! What of the guest's memory goes into the record of a call. The guest's other threads may change it
//! meanwhile: a record shows what was there when it was looked at, which need not be what the kernel
//! saw.

use abi::{UserCStr, nr};
use host::call::{as_int, int};
use host::user::{self, PATH_MAX, PathBuffer};
use host::{host_call, intercept};
use observe::record::{self, Part, Stage, State};
use observe::shape::{Capture, MOST, Way, captures};

/// So many elements of an iovec or of arguments are shown.
const ELEMENTS: usize = 32;
/// `struct iovec`: an address and a length.
const IOVEC: usize = 16;
/// `struct msghdr`.
const MESSAGE: usize = 56;

/// What is captured, and how much of it.
pub(super) struct Recorder {
    pub(super) stage: Stage<'static>,
    /// Bytes of a string.
    pub(super) limit: usize,
    /// Whether the paths of descriptors are wanted.
    pub(super) paths: bool,
}

impl Recorder {
    /// Before the call.
    pub(super) fn before(&mut self, nr: usize, args: &[usize; 6]) {
        for ((index, capture), &at) in (0u8..).zip(captures(nr)).zip(args) {
            match *capture {
                Capture::Nothing | Capture::Filled | Capture::Written => {}
                Capture::Result(_) | Capture::SizedOut(_) => {}
                Capture::Path => self.text(index, Part::Before, at, PATH_MAX - 1),
                Capture::Text => self.text(index, Part::Before, at, self.limit),
                Capture::Fixed(size, Way::In | Way::Both) => {
                    self.bytes(index, Part::Before, at, size.into(), MOST);
                }
                Capture::Bytes(length) => {
                    let length = argument(args, length);
                    self.bytes(index, Part::Before, at, length, self.limit);
                }
                Capture::Elements(size, count, Way::In | Way::Both) => {
                    let length = usize::from(size).saturating_mul(argument(args, count));
                    self.bytes(index, Part::Before, at, length, MOST);
                }
                Capture::Sized(length) => {
                    let length = argument(args, length) & 0xffff_ffff;
                    self.bytes(index, Part::Before, at, length, MOST);
                }
                Capture::Strings => self.strings(index, at),
                Capture::Variables => self.count(index, at),
                Capture::Vector(count, Way::In) => {
                    self.vector(index, at, argument(args, count), usize::MAX);
                }
                Capture::Message(Way::In) => self.message(index, at, usize::MAX),
                Capture::Fcntl if locks(args[1]) => self.bytes(index, Part::Before, at, 32, MOST),
                Capture::Ioctl => {
                    let size = ioctl_in(args[1]);
                    self.bytes(index, Part::Before, at, size, MOST);
                }
                Capture::Prctl if index == 1 && args[0] == PR_SET_NAME => {
                    self.text(index, Part::Before, at, 16);
                }
                Capture::Option(Way::In) => {
                    self.bytes(index, Part::Before, at, args[4] & 0xffff_ffff, MOST);
                }
                Capture::Futex if waits(args[1]) => self.bytes(index, Part::Before, at, 16, MOST),
                Capture::Descriptor if self.paths => self.path_of(index, as_int(at)),
                _ => {}
            }
        }
        if self.paths && observe::special::maps(nr) && as_int(args[4]) >= 0 {
            self.path_of(4, as_int(args[4]));
        }
    }

    /// After a call that succeeded.
    pub(super) fn after(&mut self, nr: usize, args: &[usize; 6], result: usize) {
        for ((index, capture), &at) in (0u8..).zip(captures(nr)).zip(args) {
            match *capture {
                Capture::Fixed(size, Way::Out | Way::Both) => {
                    self.bytes(index, Part::After, at, size.into(), MOST);
                }
                Capture::Filled => self.bytes(index, Part::After, at, result, self.limit),
                Capture::Result(1) if observe::special::lists(nr) => {
                    self.entries(index, at, result);
                }
                Capture::Result(size) => {
                    let length = usize::from(size).saturating_mul(result);
                    self.bytes(index, Part::After, at, length, MOST);
                }
                Capture::Written => self.text(index, Part::After, at, PATH_MAX - 1),
                Capture::Elements(size, count, Way::Out | Way::Both) => {
                    let length = usize::from(size).saturating_mul(argument(args, count));
                    self.bytes(index, Part::After, at, length, MOST);
                }
                Capture::SizedOut(length) => {
                    let mut size = [0u8; 4];
                    if user::read_bytes(argument(args, length), &mut size).is_ok() {
                        let size = usize::try_from(u32::from_le_bytes(size)).unwrap_or(0);
                        self.bytes(index, Part::After, at, size, 128);
                    }
                }
                Capture::Vector(count, Way::Out) => {
                    self.vector(index, at, argument(args, count), result);
                }
                Capture::Message(Way::Out) => self.message(index, at, result),
                Capture::Fcntl if locks(args[1]) => self.bytes(index, Part::After, at, 32, MOST),
                Capture::Ioctl => self.bytes(index, Part::After, at, ioctl_out(args[1]), MOST),
                Capture::Prctl if index == 1 && args[0] == PR_GET_NAME => {
                    self.text(index, Part::After, at, 16);
                }
                Capture::Option(Way::Out) => {
                    let mut size = [0u8; 4];
                    if user::read_bytes(args[4], &mut size).is_ok() {
                        let size = usize::try_from(u32::from_le_bytes(size)).unwrap_or(0);
                        self.bytes(index, Part::After, at, size, MOST);
                    }
                }
                _ => {}
            }
        }
        if self.paths && observe::special::opens(nr) {
            self.path_of(record::RESULT, as_int(result));
        }
    }

    /// A string that ends with a null byte.
    pub(super) fn text(&mut self, index: u8, part: Part, at: usize, most: usize) {
        if at == 0 {
            return;
        }
        let mut buffer = PathBuffer::new();
        // Strings are short, and most are paths, so that there is one buffer for both.
        match buffer.read(UserCStr(at)) {
            Ok(text) => {
                let bytes = text.to_bytes();
                let (state, bytes) = match bytes.get(..most) {
                    Some(some) if bytes.len() > most => (State::Cut, some),
                    _ => (State::Whole, bytes),
                };
                self.stage.piece(index, part, state, bytes);
            }
            Err(abi::Errno::ENAMETOOLONG) => self.some(index, part, at, most.min(MOST), State::Cut),
            Err(_) => self.stage.piece(index, part, State::Fault, &[]),
        }
    }

    /// `length` bytes, `most` at most.
    pub(super) fn bytes(&mut self, index: u8, part: Part, at: usize, length: usize, most: usize) {
        if at == 0 || length == 0 {
            return;
        }
        let state = if length > most {
            State::Cut
        } else {
            State::Whole
        };
        self.some(index, part, at, length.min(most), state);
    }

    fn some(&mut self, index: u8, part: Part, at: usize, length: usize, state: State) {
        // Small ones are by far the most frequent.
        if length <= 64 {
            let mut few = [0u8; 64];
            let few = few.get_mut(..length).unwrap_or_default();
            return self.read(index, part, at, few, state);
        }
        let mut many = [0u8; 4 * MOST];
        let length = length.min(many.len());
        let many = many.get_mut(..length).unwrap_or_default();
        self.read(index, part, at, many, state);
    }

    fn read(&mut self, index: u8, part: Part, at: usize, into: &mut [u8], state: State) {
        match user::read_bytes(at, into) {
            Ok(()) => self.stage.piece(index, part, state, into),
            Err(_) => self.stage.piece(index, part, State::Fault, &[]),
        }
    }

    fn word(at: usize) -> Option<usize> {
        let mut word = [0u8; 8];
        user::read_bytes(at, &mut word).ok()?;
        Some(usize::from_le_bytes(word))
    }

    fn strings(&mut self, index: u8, at: usize) {
        let mut count = 0u64;
        for number in 0.. {
            let next = at.wrapping_add(8 * number);
            match Self::word(next) {
                Some(0) => break,
                Some(string) if number < ELEMENTS => {
                    let part = Part::Element(u8::try_from(number).unwrap_or(0));
                    self.text(index, part, string, self.limit);
                    count += 1;
                }
                // One more says that there are more.
                Some(_) => {
                    count += 1;
                    break;
                }
                None => {
                    self.stage.piece(index, Part::Before, State::Fault, &[]);
                    return;
                }
            }
        }
        if at != 0 {
            let count = count.to_le_bytes();
            self.stage.piece(index, Part::Count, State::Whole, &count);
        }
    }

    fn count(&mut self, index: u8, at: usize) {
        let mut count = 0u64;
        while at != 0 && count < 1 << 16 {
            let offset = usize::try_from(8 * count).unwrap_or(0);
            match Self::word(at.wrapping_add(offset)) {
                Some(0) => break,
                Some(_) => count += 1,
                None => return self.stage.piece(index, Part::Before, State::Fault, &[]),
            }
        }
        let count = count.to_le_bytes();
        self.stage.piece(index, Part::Count, State::Whole, &count);
    }

    /// An iovec and what it leads to, of which `filled` bytes are to be shown.
    fn vector(&mut self, index: u8, at: usize, count: usize, mut filled: usize) {
        let shown = count.min(ELEMENTS);
        self.bytes(index, Part::Before, at, shown * IOVEC, MOST);
        for number in 0..shown {
            let place = at.wrapping_add(number * IOVEC);
            let (Some(base), Some(len)) = (Self::word(place), Self::word(place.wrapping_add(8)))
            else {
                return;
            };
            let len = len.min(filled);
            filled -= len;
            let part = Part::Element(u8::try_from(number).unwrap_or(0));
            self.bytes(index, part, base, len, self.limit);
        }
    }

    fn message(&mut self, index: u8, at: usize, filled: usize) {
        self.bytes(index, Part::Before, at, MESSAGE, MESSAGE);
        // struct msghdr { name, namelen, iov, iovlen, control, controllen, flags }
        let field = |offset: usize| Self::word(at.wrapping_add(offset)).unwrap_or(0);
        let (name, length) = (field(0), field(8) & 0xffff_ffff);
        self.bytes(index, Part::After, name, length, 128);
        self.bytes(record::RESULT, Part::Before, field(32), field(40), 256);
        let (vector, count) = (field(16), field(24));
        self.vector(record::MESSAGE_PARTS, vector, count, filled);
    }

    fn entries(&mut self, index: u8, at: usize, length: usize) {
        let mut count = 0u64;
        let mut offset = 0;
        // d_ino, d_off and then d_reclen, in both forms.
        const RECLEN: usize = 16;
        while offset < length {
            let mut size = [0u8; 2];
            let place = at.wrapping_add(offset + RECLEN);
            if user::read_bytes(place, &mut size).is_err() || size == [0; 2] {
                break;
            }
            offset += usize::from(u16::from_le_bytes(size));
            count += 1;
        }
        let count = count.to_le_bytes();
        self.stage.piece(index, Part::Count, State::Whole, &count);
    }

    /// The path of a descriptor, as /proc knows it.
    fn path_of(&mut self, index: u8, fd: i32) {
        const AT_FDCWD: i32 = -100;
        let mut name = [0u8; 24];
        let link: &[u8] = match fd {
            AT_FDCWD => b"self/cwd\0",
            0.. => numbered(&mut name, fd.unsigned_abs()),
            _ => return,
        };
        let mut path = [0u8; 512];
        let from = link.as_ptr().expose_provenance();
        let (to, room) = (path.as_mut_ptr().expose_provenance(), path.len());
        let proc = int(intercept::proc_fd());
        if intercept::is_reserved_fd(fd) {
            return;
        }
        if let Ok(length) = host_call!(nr::READLINKAT, proc, from, to, room) {
            let path = path.get(..length).unwrap_or_default();
            self.stage.piece(index, Part::Path, State::Whole, path);
        }
    }
}

/// `self/fd/N`.
fn numbered(name: &mut [u8; 24], number: u32) -> &[u8] {
    let prefix = b"self/fd/";
    let digits = number.checked_ilog10().map_or(1, |log| log + 1);
    let digits = usize::try_from(digits).unwrap_or(1);
    let mut rest = number;
    for (to, from) in name.iter_mut().zip(prefix) {
        *to = *from;
    }
    for place in (0..digits).rev() {
        if let Some(to) = name.get_mut(prefix.len() + place) {
            *to = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        }
        rest /= 10;
    }
    name
}

fn argument(args: &[usize; 6], index: u8) -> usize {
    args.get(usize::from(index)).copied().unwrap_or(0)
}

const PR_SET_NAME: usize = 15;
const PR_GET_NAME: usize = 16;

/// fcntl(2): `F_GETLK` to `F_SETLKW`, and those of open file descriptions.
fn locks(operation: usize) -> bool {
    matches!(operation & 0xffff_ffff, 5..=7 | 36..=38)
}

/// futex(2): whether argument 3 is a time.
fn waits(operation: usize) -> bool {
    matches!(operation & 0x7f, 0 | 6 | 9 | 11 | 13)
}

/// Bytes that an ioctl(2) of a terminal or file reads.
fn ioctl_in(request: usize) -> usize {
    match request & 0xffff_ffff {
        0x5402..=0x5404 => 36,         // TCSETS, TCSETSW, TCSETSF
        0x5414 => 8,                   // TIOCSWINSZ
        0x5410 | 0x5421 | 0x5431 => 4, // TIOCSPGRP, FIONBIO, TIOCSPTLCK
        _ => 0,
    }
}

/// Bytes that one writes.
fn ioctl_out(request: usize) -> usize {
    match request & 0xffff_ffff {
        0x5401 => 36,                       // TCGETS
        0x5413 => 8,                        // TIOCGWINSZ
        0x540f | 0x541b | 0x8004_5430 => 4, // TIOCGPGRP, FIONREAD, TIOCGPTN
        _ => 0,
    }
}
