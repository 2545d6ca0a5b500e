//! The text of what lives in the zone's /proc: made when it is read, of what zsched says.
//!
//! | entries | file |
//! | --- | --- |
//! | meminfo, swaps, vmstat | [`memory`] |
//! | buddyinfo, pagetypeinfo, zoneinfo | [`pages`] |
//! | cpuinfo, stat, interrupts, softirqs, schedstat | [`processors`] |
//! | uptime, loadavg, pressure | [`load`] |
//! | version, filesystems, and of /proc/sys what is not a plain number | [`system`] |

mod load;
mod memory;
mod moment;
mod pages;
mod processors;
mod system;

use alloc::vec::Vec;

use abi::{Errno, SysResult};
use kernel::vfs::ProcView;

pub(crate) use moment::Moment;

/// The text of the entry of /proc with that path.
///
/// # Errors
/// `EPERM` for what no zone may read; those of asking zsched or the host.
pub(crate) fn text(view: &dyn ProcView, path: &str) -> SysResult<Vec<u8>> {
    if path.starts_with("sys/kernel/random/") {
        return system::random(path);
    }
    let moment = Moment::now(view)?;
    let mut out = Vec::new();
    match path {
        "kmsg" | "timer_list" | "vmallocinfo" => return Err(Errno::EPERM),
        "meminfo" => memory::meminfo(&moment, &mut out),
        "swaps" => memory::swaps(&moment, &mut out),
        "vmstat" => memory::vmstat(&moment, &mut out),
        "buddyinfo" => pages::buddyinfo(&moment, &mut out),
        "pagetypeinfo" => pages::pagetypeinfo(&moment, &mut out),
        "zoneinfo" => pages::zoneinfo(&moment, &mut out),
        "cpuinfo" => processors::cpuinfo(&moment, &moment.cpu_info()?, &mut out),
        "stat" => processors::stat(&moment, &mut out),
        "interrupts" => processors::interrupts(&moment, &mut out),
        "softirqs" => processors::softirqs(&moment, &mut out),
        "schedstat" => processors::schedstat(&moment, &mut out),
        "uptime" => load::uptime(&moment, &mut out),
        "loadavg" => load::loadavg(&moment, &mut out),
        "pressure/cpu" | "pressure/io" | "pressure/memory" => load::pressure(&mut out),
        "version" => system::version(&moment, &mut out),
        "filesystems" => system::filesystems(&moment.file_systems()?, &mut out),
        _ => return system::sysctl(&moment, path),
    }
    Ok(out)
}
