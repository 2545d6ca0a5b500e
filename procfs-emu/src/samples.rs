//! Blocks of /proc/PID/smaps, for the tests of what is made from them.

use crate::ranges::Ranges;

/// A mapping of the guest's.
pub(crate) const CAT: &str = "\
55a8240c8000-55a8240ca000 r--p 00000000 fe:00 247030                     /usr/bin/cat
Size:                  8 kB
KernelPageSize:        4 kB
MMUPageSize:           4 kB
Rss:                   8 kB
Pss:                   3 kB
Anonymous:             0 kB
THPeligible:           0
VmFlags: rd mr mw me 
";
/// One of the brand's image.
pub(crate) const BRAND: &str = "\
7f0000000000-7f0000040000 r-xp 00001000 00:01 1025                       /memfd:lx (deleted)
Size:                256 kB
KernelPageSize:        4 kB
MMUPageSize:           4 kB
Rss:                  64 kB
Pss:                  33 kB
Anonymous:            12 kB
THPeligible:           0
VmFlags: rd ex mr mw me 
";
/// One that the host joined of the brand's and the guest's memory.
pub(crate) const JOINED: &str = "\
7f0000040000-7f0000090000 rw-p 00000000 00:00 0 
Size:                320 kB
KernelPageSize:        4 kB
MMUPageSize:           4 kB
Rss:                 100 kB
Pss:                 100 kB
Anonymous:           100 kB
THPeligible:           0
VmFlags: rd wr mr mw me ac 
";

/// The brand's ranges that the samples speak of.
pub(crate) fn ranges() -> Ranges {
    Ranges::new(
        core::iter::once(0x7f00_0000_0000..0x7f00_0005_0000).collect(),
        0,
        0,
    )
}
