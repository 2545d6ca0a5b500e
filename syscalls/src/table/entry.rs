//! What dispatch needs of a row, in 24 bytes. Names, arguments and notes stay out of the brand's
//! image, and with them the relocations that every exec would pay for.

use abi::nr::LIMIT;
use abi::{Errno, KernelVersion, SysResult};
use kernel::Task;

use super::row::{Class, Handler, Row};
use super::{FAST_CHECK_FD, FAST_FORWARD, FAST_GETPID, FAST_GETTID, TABLE};

/// What is done with a call.
#[derive(Clone, Copy)]
pub enum Action {
    /// There is no such call.
    Unknown,
    /// It is forwarded unchanged.
    Forward,
    /// A handler serves it.
    Call(Handler),
    /// It is refused.
    Refuse(Errno),
}

/// A row, as dispatch sees it.
#[derive(Clone, Copy)]
pub struct Entry {
    /// What is done.
    pub action: Action,
    /// The first kernel that has the call.
    pub since: KernelVersion,
    /// Which arguments are descriptors: bit n for argument n.
    pub descriptors: u8,
}

impl Entry {
    const UNKNOWN: Self = Self {
        action: Action::Unknown,
        since: KernelVersion::OLDEST,
        descriptors: 0,
    };

    const fn of(row: &Row) -> Self {
        let action = match (row.class, row.handler) {
            (Class::Refused(errno), _) => Action::Refuse(errno),
            (_, Some(handler)) => Action::Call(handler),
            (_, None) => Action::Forward,
        };
        Self {
            action,
            since: row.since,
            descriptors: row.descriptors(),
        }
    }
}

/// The entries, by call number.
static ENTRIES: [Entry; LIMIT] = {
    let mut entries = [Entry::UNKNOWN; LIMIT];
    let mut nr = 0;
    while nr < LIMIT {
        if let Some(row) = &TABLE[nr] {
            entries[nr] = Entry::of(row);
        }
        nr += 1;
    }
    entries
};

/// What is to be done with call `nr`.
#[inline]
#[must_use]
pub fn entry(nr: usize) -> &'static Entry {
    ENTRIES.get(nr).unwrap_or(&Entry::UNKNOWN)
}

/// What the entry stub may do with each call by itself.
pub static FAST: [u8; LIMIT] = {
    let mut flags = [0; LIMIT];
    let mut nr = 0;
    while nr < LIMIT {
        if let Some(row) = &TABLE[nr] {
            flags[nr] = fast_flags(row);
        }
        nr += 1;
    }
    flags
};

/// The flags of `row`. Only a direct row may be forwarded by assembly, and only one without a
/// descriptor in another place than argument 0 (those are checked in Rust), and only one that
/// `--kernel-version` never hides.
const fn fast_flags(row: &Row) -> u8 {
    let descriptors = row.descriptors();
    let check = if descriptors & 1 != 0 {
        FAST_CHECK_FD
    } else {
        0
    };
    let old = !row.since.is_after(KernelVersion::OLDEST);
    check
        | match row.class {
            Class::Direct if old && descriptors & !1 == 0 => FAST_FORWARD,
            Class::Served if row.nr as usize == abi::nr::GETPID => FAST_GETPID,
            Class::Served if row.nr as usize == abi::nr::GETTID => FAST_GETTID,
            _ => 0,
        }
}

impl Action {
    /// Does it, for call `number`.
    #[inline]
    pub(crate) fn serve(self, t: &mut Task, number: usize, args: &[usize; 6]) -> SysResult {
        match self {
            Self::Forward => host::call::forward_blocking(number, args),
            Self::Call(handler) => handler(t, args),
            Self::Refuse(errno) => Err(errno),
            Self::Unknown => Err(Errno::ENOSYS),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Action, Entry, entry};
    use crate::table::{Class, TABLE};

    #[test]
    fn entries_say_what_the_rows_say() {
        assert!(size_of::<Entry>() <= 24);
        for (nr, row) in TABLE.iter().enumerate() {
            let entry = entry(nr);
            let Some(row) = row else {
                assert!(matches!(entry.action, Action::Unknown));
                continue;
            };
            assert_eq!(
                (entry.since, entry.descriptors),
                (row.since, row.descriptors())
            );
            let same = match entry.action {
                Action::Unknown => false,
                Action::Forward => row.class == Class::Direct,
                Action::Call(_) => !matches!(row.class, Class::Refused(_)),
                Action::Refuse(errno) => row.class == Class::Refused(errno),
            };
            assert!(same, "{}", row.name);
        }
    }

    #[test]
    fn numbers_beyond_the_table_are_unknown() {
        assert!(matches!(entry(usize::MAX).action, Action::Unknown));
        assert!(matches!(entry(1 << 30).action, Action::Unknown));
    }
}
