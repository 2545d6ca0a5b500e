//! Structures, field by field.

use abi::nr;
use observe::record::Record;
use observe::shape::{Form, Names};

use crate::arguments::{as_int, as_u64, open_flags};
use crate::names::{self, Table, table};
use crate::{Out, signals};

pub(crate) const SEALS: Table = &[
    (1, "F_SEAL_SEAL"),
    (2, "F_SEAL_SHRINK"),
    (4, "F_SEAL_GROW"),
    (8, "F_SEAL_WRITE"),
    (16, "F_SEAL_FUTURE_WRITE"),
    (32, "F_SEAL_EXEC"),
];

/// A number of `size` bytes at `offset`; 0 where there is none.
pub(crate) fn word(bytes: &[u8], offset: usize, size: usize) -> u64 {
    let some = bytes.get(offset..offset + size).unwrap_or_default();
    some.iter()
        .rev()
        .fold(0, |number, &byte| number << 8 | u64::from(byte))
}

/// Prints a structure.
pub(crate) fn print(form: Form, bytes: &[u8], record: &Record<'_>, out: &mut Out) {
    let field = |offset: usize, size: usize| word(bytes, offset, size);
    let long = |offset: usize| field(offset, 8).cast_signed();
    match form {
        Form::Int => bracketed(out, |out| out.signed(as_int(field(0, 4)))),
        Form::Uint | Form::Gid if form == Form::Gid => out.dec(field(0, 4)),
        Form::Uint | Form::Gid => bracketed(out, |out| out.dec(field(0, 4))),
        Form::SchedParam => bracketed(out, |out| out.signed(as_int(field(0, 4)))),
        Form::Long | Form::Offset => bracketed(out, |out| out.signed(long(0))),
        Form::Word | Form::Pointer => bracketed(out, |out| out.hex(field(0, 8))),
        Form::IntPair => bracketed(out, |out| {
            out.signed(as_int(field(0, 4)));
            out.text(", ");
            out.signed(as_int(field(4, 4)));
        }),
        Form::Stat => stat(bytes, out),
        Form::Statx => statx(bytes, out),
        Form::Statfs => statfs(bytes, out),
        Form::Utsname => utsname(bytes, out),
        Form::Timespec => time(bytes, "tv_nsec", out),
        Form::Timeval => time(bytes, "tv_usec", out),
        Form::TimespecPair => bracketed(out, |out| {
            for (offset, separator) in [(0, ""), (16, ", ")] {
                out.text(separator);
                match field(offset + 8, 8) {
                    0x3fff_ffff => out.text("UTIME_NOW"),
                    0x3fff_fffe => out.text("UTIME_OMIT"),
                    _ => time(bytes.get(offset..).unwrap_or_default(), "tv_nsec", out),
                }
            }
        }),
        Form::TimevalPair => bracketed(out, |out| {
            time(bytes, "tv_usec", out);
            out.text(", ");
            time(bytes.get(16..).unwrap_or_default(), "tv_usec", out);
        }),
        Form::Itimerval | Form::Itimerspec => {
            let small = if form == Form::Itimerval {
                "tv_usec"
            } else {
                "tv_nsec"
            };
            out.text("{it_interval=");
            time(bytes, small, out);
            out.text(", it_value=");
            time(bytes.get(16..).unwrap_or_default(), small, out);
            out.text("}");
        }
        Form::Timezone => fields(
            out,
            &[
                ("tz_minuteswest", as_int(field(0, 4))),
                ("tz_dsttime", as_int(field(4, 4))),
            ],
        ),
        Form::Rlimit => {
            out.text("{rlim_cur=");
            limit(field(0, 8), record.number(), out);
            out.text(", rlim_max=");
            limit(field(8, 8), record.number(), out);
            out.text("}");
        }
        Form::Rusage => {
            out.text("{ru_utime=");
            time(bytes, "tv_usec", out);
            out.text(", ru_stime=");
            time(bytes.get(16..).unwrap_or_default(), "tv_usec", out);
            out.text(", ...}");
        }
        Form::Sysinfo => sysinfo(bytes, out),
        Form::SigSet => signals::set(field(0, 8), out),
        Form::SigAction => action(bytes, out),
        Form::SigInfo => signals::info(bytes, out),
        Form::StackT => {
            out.text("{ss_sp=");
            out.pointer(field(0, 8));
            out.text(", ss_flags=");
            out.flags(table(Names::SigaltFlags), field(8, 4));
            out.text(", ss_size=");
            out.dec(field(16, 8));
            out.text("}");
        }
        Form::PollFd => {
            out.text("{fd=");
            out.signed(as_int(field(0, 4)));
            if as_int(field(0, 4)) >= 0 {
                out.text(", events=");
                out.flags(names::POLL, field(4, 2));
            }
            out.text("}");
        }
        Form::EpollEvent => {
            out.text("{events=");
            out.flags(names::EPOLL, field(0, 4));
            out.text(", data={u32=");
            out.dec(field(4, 4));
            out.text(", u64=");
            out.dec(field(4, 8));
            out.text("}}");
        }
        Form::Flock => {
            out.text("{l_type=");
            if !out.value(names::LOCKS, field(0, 2)) {
                out.dec(field(0, 2));
            }
            out.text(", l_whence=");
            if !out.value(table(Names::Whence), field(2, 2)) {
                out.dec(field(2, 2));
            }
            out.text(", l_start=");
            out.signed(long(8));
            out.text(", l_len=");
            out.signed(long(16));
            if matches!(record.argument(1), 5 | 36) {
                out.text(", l_pid=");
                out.dec(field(24, 4));
            }
            out.text("}");
        }
        Form::CloneArgs => clone_arguments(bytes, out),
        Form::OpenHow => {
            out.text("{flags=");
            open_flags(field(0, 8), out);
            if field(8, 8) != 0 {
                out.text(", mode=");
                out.mode(field(8, 8));
            }
            out.text(", resolve=");
            out.flags(table(Names::OpenResolve), field(16, 8));
            out.text("}");
        }
        Form::WaitStatus => status(field(0, 4), out),
        Form::Tms => fields(
            out,
            &[
                ("tms_utime", long(0)),
                ("tms_stime", long(8)),
                ("tms_cutime", long(16)),
                ("tms_cstime", long(24)),
            ],
        ),
        Form::Utimbuf => fields(out, &[("actime", long(0)), ("modtime", long(8))]),
        Form::FdSet => {
            let count = usize::try_from(record.argument(0)).unwrap_or(usize::MAX);
            set(bytes, count, out);
        }
        Form::CpuSet => bracketed(out, |out| list(members(bytes), out)),
        Form::Sembuf | Form::CapHeader | Form::CapData => out.text("{...}"),
    }
}

fn bracketed(out: &mut Out, print: impl FnOnce(&mut Out)) {
    out.text("[");
    print(out);
    out.text("]");
}

fn fields(out: &mut Out, fields: &[(&str, i64)]) {
    for (index, (name, value)) in fields.iter().enumerate() {
        out.text(if index == 0 { "{" } else { ", " });
        out.text(name);
        out.text("=");
        out.signed(*value);
    }
    out.text("}");
}

/// The numbers whose bits are set.
pub(crate) fn members(bytes: &[u8]) -> impl Iterator<Item = u64> + '_ {
    let all = (0u64..).zip(
        bytes
            .iter()
            .flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1)),
    );
    all.filter(|&(_, bit)| bit != 0).map(|(number, _)| number)
}

fn list(numbers: impl Iterator<Item = u64>, out: &mut Out) {
    for (index, number) in numbers.enumerate() {
        if index > 0 {
            out.text(" ");
        }
        out.dec(number);
    }
}

/// Descriptors below `count`.
pub(crate) fn set(bytes: &[u8], count: usize, out: &mut Out) {
    let count = as_u64(count);
    bracketed(out, |out| {
        list(members(bytes).filter(|&fd| fd < count), out)
    });
}

fn time(bytes: &[u8], small: &str, out: &mut Out) {
    out.text("{tv_sec=");
    out.signed(word(bytes, 0, 8).cast_signed());
    out.text(", ");
    out.text(small);
    out.text("=");
    out.signed(word(bytes, 8, 8).cast_signed());
    out.text("}");
}

fn limit(value: u64, call: usize, out: &mut Out) {
    let infinite = if call == nr::PRLIMIT64 {
        "RLIM64_INFINITY"
    } else {
        "RLIM_INFINITY"
    };
    match value {
        u64::MAX => out.text(infinite),
        1025.. if value.is_multiple_of(1024) => {
            out.dec(value / 1024);
            out.text("*1024");
        }
        _ => out.dec(value),
    }
}

/// Major and minor number.
pub(crate) fn device(number: u64, out: &mut Out) {
    let major = number >> 8 & 0xfff | number >> 32 & !0xfff;
    let minor = number & 0xff | number >> 12 & !0xff;
    made(major, minor & 0xffff_ffff, out);
}

fn made(major: u64, minor: u64, out: &mut Out) {
    out.text("makedev(");
    out.hex(major);
    out.text(", ");
    out.hex(minor);
    out.text(")");
}

/// A file's type and permissions.
fn file_mode(mode: u64, out: &mut Out) {
    if !out.value(names::FILE_TYPES, mode & 0o170_000) {
        return out.octal(mode);
    }
    for (bit, name) in [
        (0o4000, "|S_ISUID"),
        (0o2000, "|S_ISGID"),
        (0o1000, "|S_ISVTX"),
    ] {
        if mode & bit != 0 {
            out.text(name);
        }
    }
    out.text("|");
    out.mode(mode & 0o777);
}

fn is_device(mode: u64) -> bool {
    matches!(mode & 0o170_000, 0o20000 | 0o60000)
}

fn stat(bytes: &[u8], out: &mut Out) {
    let mode = word(bytes, 24, 4);
    out.text("{st_mode=");
    file_mode(mode, out);
    if is_device(mode) {
        out.text(", st_rdev=");
        device(word(bytes, 40, 8), out);
    } else {
        out.text(", st_size=");
        out.signed(word(bytes, 48, 8).cast_signed());
    }
    out.text(", ...}");
}

fn statx(bytes: &[u8], out: &mut Out) {
    let mode = word(bytes, 28, 2);
    out.text("{stx_mask=");
    out.flags(table(Names::StatxMask), word(bytes, 0, 4));
    out.text(", stx_attributes=");
    out.flags(names::ATTRIBUTES, word(bytes, 8, 8));
    out.text(", stx_mode=");
    file_mode(mode, out);
    out.text(", stx_size=");
    out.dec(word(bytes, 40, 8));
    out.text(", ...}");
}

fn statfs(bytes: &[u8], out: &mut Out) {
    out.text("{f_type=");
    if !out.value(names::FILE_SYSTEMS, word(bytes, 0, 8)) {
        out.hex(word(bytes, 0, 8));
    }
    let numbers = [
        (", f_bsize=", 8),
        (", f_blocks=", 16),
        (", f_bfree=", 24),
        (", f_bavail=", 32),
        (", f_files=", 40),
        (", f_ffree=", 48),
    ];
    for (name, offset) in numbers {
        out.text(name);
        out.dec(word(bytes, offset, 8));
    }
    out.text(", f_fsid={val=[");
    out.hex(word(bytes, 56, 4));
    out.text(", ");
    out.hex(word(bytes, 60, 4));
    out.text("]}, f_namelen=");
    out.dec(word(bytes, 64, 8));
    out.text(", f_frsize=");
    out.dec(word(bytes, 72, 8));
    out.text(", f_flags=");
    out.flags(names::STATFS, word(bytes, 80, 8));
    out.text("}");
}

fn utsname(bytes: &[u8], out: &mut Out) {
    let text = |index: usize, out: &mut Out| {
        let field = bytes.get(index * 65..index * 65 + 65).unwrap_or_default();
        let end = field
            .iter()
            .position(|&byte| byte == 0)
            .unwrap_or(field.len());
        out.quoted(&field[..end]);
    };
    out.text("{sysname=");
    text(0, out);
    out.text(", nodename=");
    text(1, out);
    out.text(", ...}");
}

fn sysinfo(bytes: &[u8], out: &mut Out) {
    let field = |offset: usize| word(bytes, offset, 8);
    out.text("{uptime=");
    out.dec(field(0));
    out.text(", loads=[");
    for (index, offset) in [8, 16, 24].into_iter().enumerate() {
        if index > 0 {
            out.text(", ");
        }
        out.dec(field(offset));
    }
    let names = [
        ("], totalram=", 32),
        (", freeram=", 40),
        (", sharedram=", 48),
        (", bufferram=", 56),
        (", totalswap=", 64),
        (", freeswap=", 72),
    ];
    for (name, offset) in names {
        out.text(name);
        out.dec(field(offset));
    }
    out.text(", procs=");
    out.dec(word(bytes, 80, 2));
    out.text(", totalhigh=");
    out.dec(field(88));
    out.text(", freehigh=");
    out.dec(field(96));
    out.text(", mem_unit=");
    out.dec(word(bytes, 104, 4));
    out.text("}");
}

fn action(bytes: &[u8], out: &mut Out) {
    let flags = word(bytes, 8, 8);
    out.text(if flags & 4 != 0 {
        "{sa_sigaction="
    } else {
        "{sa_handler="
    });
    match word(bytes, 0, 8) {
        0 => out.text("SIG_DFL"),
        1 => out.text("SIG_IGN"),
        handler => out.hex(handler),
    }
    out.text(", sa_mask=");
    signals::set(word(bytes, 24, 8), out);
    out.text(", sa_flags=");
    out.flags(names::SIGACTION, flags);
    if flags & 0x0400_0000 != 0 {
        out.text(", sa_restorer=");
        out.pointer(word(bytes, 16, 8));
    }
    out.text("}");
}

fn clone_arguments(bytes: &[u8], out: &mut Out) {
    let field = |index: usize| word(bytes, index * 8, 8);
    let flags = field(0);
    out.text("{flags=");
    out.flags(table(Names::CloneFlags), flags);
    let pointers = [
        (0x1000, ", pidfd=", 1),
        (0x120_0000, ", child_tid=", 2),
        (0x10_0000, ", parent_tid=", 3),
    ];
    for (flag, name, index) in pointers {
        if flags & flag != 0 {
            out.text(name);
            out.pointer(field(index));
        }
    }
    out.text(", exit_signal=");
    match field(4) {
        0 => out.text("0"),
        signal => signals::print(signal, out),
    }
    out.text(", stack=");
    out.pointer(field(5));
    out.text(", stack_size=");
    out.hex(field(6));
    if flags & 0x8_0000 != 0 {
        out.text(", tls=");
        out.pointer(field(7));
    }
    out.text("}");
}

fn status(status: u64, out: &mut Out) {
    let (low, high) = (status & 0x7f, status >> 8 & 0xff);
    out.text("[{");
    if low == 0 {
        out.text("WIFEXITED(s) && WEXITSTATUS(s) == ");
        out.dec(high);
    } else if status == 0xffff {
        out.text("WIFCONTINUED(s)");
    } else if low == 0x7f {
        out.text("WIFSTOPPED(s) && WSTOPSIG(s) == ");
        signals::print(high, out);
    } else {
        out.text("WIFSIGNALED(s) && WTERMSIG(s) == ");
        signals::print(low, out);
        if status & 0x80 != 0 {
            out.text(" && WCOREDUMP(s)");
        }
    }
    out.text("}]");
}

/// Settings of a terminal, those that stty(1) shows first.
pub(crate) fn termios(bytes: &[u8], out: &mut Out) {
    const SPEEDS: Table = &[
        (0, "B0"),
        (9, "B1200"),
        (11, "B2400"),
        (12, "B4800"),
        (13, "B9600"),
        (14, "B19200"),
        (15, "B38400"),
        (0o10001, "B57600"),
        (0o10002, "B115200"),
        (0o10003, "B230400"),
    ];
    let field = |index: usize| word(bytes, index * 4, 4);
    out.text("{");
    if !out.value(SPEEDS, field(2) & 0o10017) {
        out.octal(field(2) & 0o10017);
    }
    let local = field(3);
    for (set, name) in [
        (field(1) & 1 != 0, "opost"),
        (local & 1 != 0, "isig"),
        (local & 2 != 0, "icanon"),
        (local & 8 != 0, "echo"),
    ] {
        out.text(if set { " " } else { " -" });
        out.text(name);
    }
    out.text(" ...}");
}

/// The size of a terminal.
pub(crate) fn window(bytes: &[u8], out: &mut Out) {
    let names = ["{ws_row=", ", ws_col=", ", ws_xpixel=", ", ws_ypixel="];
    for (index, name) in names.into_iter().enumerate() {
        out.text(name);
        out.dec(word(bytes, index * 2, 2));
    }
    out.text("}");
}

#[cfg(test)]
mod tests {
    use super::{device, file_mode, members, status, word};
    use crate::Out;

    fn printed(print: impl FnOnce(&mut Out)) -> String {
        let mut out = Out::new();
        print(&mut out);
        String::from_utf8_lossy(out.bytes()).into_owned()
    }

    #[test]
    fn parts_of_structures() {
        assert_eq!(word(&[1, 2, 3], 1, 2), 0x302);
        assert_eq!(word(&[1], 1, 2), 0);
        assert_eq!(members(&[5, 0, 1]).collect::<Vec<_>>(), [0, 2, 16]);
        assert_eq!(printed(|out| file_mode(0o100_644, out)), "S_IFREG|0644");
        assert_eq!(
            printed(|out| file_mode(0o41_777, out)),
            "S_IFDIR|S_ISVTX|0777"
        );
        assert_eq!(printed(|out| device(0x8801, out)), "makedev(0x88, 0x1)");
        assert_eq!(
            printed(|out| status(0x300, out)),
            "[{WIFEXITED(s) && WEXITSTATUS(s) == 3}]"
        );
        assert_eq!(
            printed(|out| status(9, out)),
            "[{WIFSIGNALED(s) && WTERMSIG(s) == SIGKILL}]"
        );
    }
}
