//! What stat(2) says of emulated files: the host knows them as placeholders, and as memory files
//! once they are open.

use abi::stat::{self, Stat, Statx};
use abi::{SysResult, UserPtr};
use host::rows::file_rows_held;
use host::user;
use kernel::{Task, zone};
use zerocopy::{FromBytes, Immutable, IntoBytes};

/// A structure that a call of the stat family fills.
pub(crate) trait Described: Sized + FromBytes + IntoBytes + Immutable {
    /// The device of the file that one in the guest's memory describes.
    fn device(at: UserPtr<Self>) -> SysResult<u64>;
    /// As stat(2) would say it.
    fn to_stat(&self) -> Stat;
    /// Takes over what was put right.
    fn take(&mut self, status: &Stat);
}

/// Puts right what the host wrote to the guest's memory, in a zone or where emulated files are open.
#[inline]
pub(crate) fn described<S: Described>(t: &Task, at: UserPtr<S>) -> SysResult {
    if zone::placeholders() == 0 && !file_rows_held() {
        return Ok(0);
    }
    let Some(fs) = t.mounts.describing(S::device(at)?) else {
        return Ok(0);
    };
    let mut told = user::read(at)?;
    let mut status = told.to_stat();
    // The placeholders of a zone without namespaces share a device with other files.
    let shared = t.program.bare.is_some() && status.st_dev == zone::placeholders();
    if shared && !fs.is_placeholder(&status) {
        return Ok(0);
    }
    fs.describe(&mut status);
    told.take(&status);
    user::write(at, &told)?;
    Ok(0)
}

impl Described for Stat {
    fn device(at: UserPtr<Self>) -> SysResult<u64> {
        user::read(UserPtr::new(at.address()))
    }

    fn to_stat(&self) -> Stat {
        *self
    }

    fn take(&mut self, status: &Stat) {
        *self = *status;
    }
}

impl Described for Statx {
    fn device(at: UserPtr<Self>) -> SysResult<u64> {
        let field = at
            .address()
            .wrapping_add(core::mem::offset_of!(Self, stx_dev));
        user::read(UserPtr::new(field)).map(stat::device)
    }

    fn to_stat(&self) -> Stat {
        let signed = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        let [access, _, change, modification] = self.stx_times;
        let mut times = [0; 6];
        for (to, from) in times
            .chunks_exact_mut(2)
            .zip([access, modification, change])
        {
            to.copy_from_slice(&[from.seconds, from.nanoseconds.into()]);
        }
        Stat {
            st_dev: stat::device(self.stx_dev),
            st_ino: self.stx_ino,
            st_nlink: self.stx_nlink.into(),
            st_mode: self.stx_mode.into(),
            st_uid: self.stx_uid,
            st_gid: self.stx_gid,
            st_size: signed(self.stx_size),
            st_blksize: self.stx_blksize.into(),
            st_blocks: signed(self.stx_blocks),
            st_times: times,
            ..Stat::default()
        }
    }

    fn take(&mut self, status: &Stat) {
        let unsigned = |value: i64| u64::try_from(value).unwrap_or(0);
        // A device that has no name has major number 0.
        let minor = status.st_dev & 0xff | status.st_dev >> 12 & !0xff;
        self.stx_dev = [0, u32::try_from(minor).unwrap_or(0)];
        self.stx_ino = status.st_ino;
        self.stx_nlink = u32::try_from(status.st_nlink).unwrap_or(u32::MAX);
        self.stx_mode = u16::try_from(status.st_mode).unwrap_or(0);
        self.stx_uid = status.st_uid;
        self.stx_gid = status.st_gid;
        self.stx_size = unsigned(status.st_size);
        self.stx_blksize = u32::try_from(status.st_blksize).unwrap_or(0);
        self.stx_blocks = unsigned(status.st_blocks);
    }
}

#[cfg(test)]
mod tests {
    use super::Described;
    use abi::stat::{Stat, Statx, device};
    use zerocopy::FromZeros;

    #[test]
    fn statx_says_what_stat_says() {
        let mut statx = Statx::new_zeroed();
        statx.stx_dev = [0, 0x1_23];
        statx.stx_mode = 0o140_444;
        statx.stx_size = 12;
        statx.stx_times[3].nanoseconds = 77;
        let mut status = statx.to_stat();
        assert_eq!((status.st_dev, status.st_mode), (0x10_0023, 0o140_444));
        assert_eq!((status.st_size, status.st_times[3]), (12, 77));
        status.st_mode = 0o100_444;
        status.st_size = 0;
        statx.take(&status);
        assert_eq!(
            (statx.stx_mode, statx.stx_size, statx.stx_dev),
            (0o100_444, 0, [0, 0x123])
        );
    }

    #[test]
    fn devices_are_as_the_kernel_writes_them() {
        assert_eq!(device([0xfe, 1]), 0xfe01);
        assert_eq!(device([0, 0x12345]), 0x1230_0045);
        assert_eq!(Stat::default().to_stat(), Stat::default());
    }
}
