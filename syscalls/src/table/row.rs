//! What a row of the dispatch table is, and the macro that writes rows.

use abi::arg::ArgKind;
use abi::nr::LIMIT;
use abi::{Errno, KernelVersion, SysResult};
use kernel::Task;

/// A handler behind its shim: it takes the raw registers and converts them to the types of the row.
pub type Handler = fn(&mut Task, &[usize; 6]) -> SysResult;

/// What serves calls instead of their rows' handlers, by number.
pub(crate) type Handlers = [Option<Handler>; LIMIT];

/// `handlers`, and those that are `served`, each with the call's number.
pub(crate) const fn with(mut handlers: Handlers, served: &[(usize, Handler)]) -> Handlers {
    let mut index = 0;
    while index < served.len() {
        let (number, handler) = served[index];
        handlers[number] = Some(handler);
        index += 1;
    }
    handlers
}

/// How a call is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Answered in the brand, without a host call.
    Served,
    /// A handler checks, rewrites or virtualises, then makes host calls.
    Translated,
    /// Same meaning on the host, harmless arguments: forwarded unchanged.
    Direct,
    /// A defined error; the note says why.
    Refused(Errno),
}

impl Class {
    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Served => "served",
            Self::Translated => "translated",
            Self::Direct => "direct",
            Self::Refused(_) => "refused",
        }
    }
}

/// One argument of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArgSpec {
    /// Its name in the man page.
    pub name: &'static str,
    /// What it means.
    pub kind: ArgKind,
}

/// One call.
#[derive(Clone, Copy)]
pub struct Row {
    /// The number in rax.
    pub nr: u16,
    /// The name in `syscall_64.tbl`.
    pub name: &'static str,
    /// How it is served.
    pub class: Class,
    /// Its arguments, in order.
    pub args: &'static [ArgSpec],
    /// What serves it; `None` for refused rows and most direct ones. That of a direct row forwards
    /// the call, too, and sees to emulated files where the process has any open.
    pub handler: Option<Handler>,
    /// The path of the handler, or nothing.
    pub by: &'static str,
    /// The host calls that serving it makes, besides what [`super::NEEDS`] lists.
    pub host: &'static [usize],
    /// The first kernel that has it.
    pub since: KernelVersion,
    /// What is done and why that is right (direct: why it is safe; refused: why).
    pub note: &'static str,
}

impl Row {
    /// Which arguments name open descriptors: bit n for argument n.
    #[must_use]
    pub const fn descriptors(&self) -> u8 {
        let mut mask = 0;
        let mut index = 0;
        while index < self.args.len() {
            if self.args[index].kind.is_descriptor() {
                mask |= 1 << index;
            }
            index += 1;
        }
        mask
    }
}

/// The name of an argument without the `r#` that a Rust keyword needs.
pub(super) const fn plain(name: &'static str) -> &'static str {
    match name.as_bytes() {
        [b'r', b'#', ..] => name.split_at(2).1,
        _ => name,
    }
}

/// Writes rows of the dispatch table, as one constant slice `ROWS`:
///
/// ```text
/// rows! {
///     0 read(fd: Fd, buf: Ptr, count: Size) direct, since V1_0, "why forwarding is safe";
///     257 openat(dirfd: DirFd, path: Path) translated crate::fs::openat via [OPENAT], since V2_6_16, "what is done";
///     425 io_uring_setup() refused ENOSYS, since V5_1, "why";
/// }
/// ```
///
/// A direct row can name one, too: it is called while entry.S does not forward the call.
///
/// A handler is a `fn(&mut Task, A, B, …) -> SysResult` with exactly the types of the row. `via`
/// names the host calls that it makes (`zone/tests/host_calls.rs` compares them with its source).
macro_rules! rows {
    ($(
        $nr:literal $name:ident ( $($arg:ident : $ty:ty),* $(,)? )
        $class:ident $($spec:ident)::* $(via [$($host:ident)*])?, since $since:ident, $note:literal;
    )*) => {
        /// The rows of this file, by number.
        pub(super) const ROWS: &[$crate::table::row::Row] = &[$(
            $crate::table::row::Row {
                nr: $nr,
                name: stringify!($name),
                class: $crate::table::row::rows!(@class $class $($spec)::*),
                args: &[$(
                    $crate::table::row::ArgSpec {
                        name: $crate::table::row::plain(stringify!($arg)),
                        kind: <$ty as abi::arg::Arg>::KIND,
                    },
                )*],
                handler: $crate::table::row::rows!(@handler $class [$($spec)::*] $($ty),*),
                by: $crate::table::row::rows!(@by $class $($spec)::*),
                host: $crate::table::row::rows!(@host $class $nr $($($host)*)?),
                since: abi::KernelVersion::$since,
                note: $note,
            },
        )*];
    };

    (@class served $($path:ident)::+) => { $crate::table::row::Class::Served };
    (@class translated $($path:ident)::+) => { $crate::table::row::Class::Translated };
    (@class direct $($path:ident)::*) => { $crate::table::row::Class::Direct };
    (@class refused $errno:ident) => {
        $crate::table::row::Class::Refused(abi::Errno::$errno)
    };

    (@by direct) => { "" };
    (@by refused $errno:ident) => { "" };
    (@by $class:ident $($path:ident)::+) => { stringify!($($path)::+) };

    (@host direct $nr:literal) => { &[$nr] };
    (@host refused $nr:literal) => { &[] };
    (@host $class:ident $nr:literal $($host:ident)*) => { &[$(abi::nr::$host),*] };

    (@handler direct [] $($ty:ty),*) => { None };
    (@handler refused [$errno:ident] $($ty:ty),*) => { None };
    (@handler $class:ident [$($path:ident)::+] $($ty:ty),*) => {{
        #[allow(unused_variables, unused_mut, reason = "a call without arguments reads none")]
        fn shim(task: &mut kernel::Task, raw: &[usize; 6]) -> abi::SysResult {
            let mut raw = raw.iter().copied();
            // The language evaluates the arguments from left to right.
            $($path)::+(
                task,
                $(<$ty as From<abi::RawArg>>::from(abi::RawArg(raw.next().unwrap_or(0))),)*
            )
        }
        Some(shim as $crate::table::row::Handler)
    }};
}

pub(crate) use rows;
