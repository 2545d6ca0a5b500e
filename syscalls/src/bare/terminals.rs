//! Terminals that the zone's programs make, where open(2) does not serve (`kernel::bare`).

use abi::arg::OpenFlags;
use abi::{Errno, RawArg, SysResult, nr};
use host::host_call;
use kernel::Task;

use super::arguments::space;
use super::open::{again, lowest};

/// `TIOCGPTPEER` of ioctl_tty(2): opens the other side of the terminal that `master` makes.
pub(super) fn peer(t: &Task, master: usize, flags: usize) -> SysResult {
    const TIOCGPTN: usize = 0x8004_5430;
    let mut number = [0u32];
    let to = number.as_mut_ptr().expose_provenance();
    host_call!(nr::IOCTL, master, TIOCGPTN, to)?;
    let flags = OpenFlags::from(RawArg(flags));
    let slave = match space(t)?.enter_terminal(number[0]) {
        // It was not made in this zone.
        Err(Errno::ENOENT) => return Err(Errno::EACCES),
        slave => slave?,
    };
    lowest(t, again(&slave, flags)?, flags)
}
