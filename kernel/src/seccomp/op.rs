//! The operations of seccomp(2) and their flags.

use abi::{Errno, SysResult};

/// What seccomp(2) is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// `SECCOMP_SET_MODE_STRICT`.
    SetModeStrict,
    /// `SECCOMP_SET_MODE_FILTER`.
    SetModeFilter(FilterFlags),
    /// `SECCOMP_GET_ACTION_AVAIL`; see [`super::action_is_available`].
    GetActionAvail,
    /// `SECCOMP_GET_NOTIF_SIZES`; the answer is [`NOTIF_SIZES`].
    GetNotifSizes,
}

/// `struct seccomp_notif_sizes`: bytes of a notification, of a response, and of
/// [`super::SeccompData`], as Linux 6.18 answers. A guest may ask although it cannot install a
/// listener.
pub const NOTIF_SIZES: [u16; 3] = [80, 24, 64];

/// The flags of `SECCOMP_SET_MODE_FILTER` that change anything here. `LOG` and `SPEC_ALLOW` are
/// accepted: nothing reads an audit log, and speculation is the host's matter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FilterFlags {
    /// `SECCOMP_FILTER_FLAG_TSYNC`: all threads get the filter.
    pub tsync: bool,
    /// `SECCOMP_FILTER_FLAG_TSYNC_ESRCH`: a thread that cannot makes the call fail with `ESRCH`
    /// instead of returning its number.
    pub tsync_esrch: bool,
}

const TSYNC: u32 = 1;
const LOG: u32 = 1 << 1;
const SPEC_ALLOW: u32 = 1 << 2;
const TSYNC_ESRCH: u32 = 1 << 4;

impl Operation {
    /// Decodes the first two arguments of seccomp(2); `arguments_is_null` says whether the third
    /// is NULL.
    ///
    /// # Errors
    /// `EINVAL` for an unknown operation, a flag that the operation does not take (a listener,
    /// `NEW_LISTENER` with `WAIT_KILLABLE_RECV`, is refused like an unknown flag), or an argument
    /// where none belongs.
    pub fn decode(operation: u32, flags: u32, arguments_is_null: bool) -> SysResult<Self> {
        match operation {
            0 if flags == 0 && arguments_is_null => Ok(Self::SetModeStrict),
            1 => FilterFlags::decode(flags).map(Self::SetModeFilter),
            2 if flags == 0 => Ok(Self::GetActionAvail),
            3 if flags == 0 => Ok(Self::GetNotifSizes),
            _ => Err(Errno::EINVAL),
        }
    }
}

impl FilterFlags {
    fn decode(flags: u32) -> SysResult<Self> {
        if flags & !(TSYNC | LOG | SPEC_ALLOW | TSYNC_ESRCH) != 0 {
            return Err(Errno::EINVAL);
        }
        Ok(Self {
            tsync: flags & TSYNC != 0,
            tsync_esrch: flags & TSYNC_ESRCH != 0,
        })
    }
}
