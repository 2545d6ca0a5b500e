//! The text of what lives in the zone's /proc and /sys: made when it is read, of what zsched says.
//!
//! | entries | file |
//! | --- | --- |
//! | meminfo, swaps, vmstat | [`memory`] |
//! | buddyinfo, pagetypeinfo, zoneinfo | [`pages`] |
//! | cpuinfo, stat, interrupts, softirqs, schedstat | [`processors`] |
//! | uptime, loadavg, pressure | [`load`] |
//! | version, filesystems, and of /proc/sys what is not a plain number | [`system`] |
//! | zsched's own | [`zsched`] |
//! | of /sys, `fs/cgroup` | [`cgroup`] |
//! | of /sys, memory nodes and network statistics | [`sysfs`] |
//! | /system | [`object`], [`contract`] |

mod cgroup;
pub(crate) mod contract;
mod listed;
mod load;
mod memory;
mod moment;
pub(crate) mod object;
mod pages;
mod processors;
mod sysfs;
mod system;
mod zsched;

use alloc::vec::Vec;

use abi::arg::OpenFlags;
use abi::{Errno, SysResult};
use kernel::vfs::ProcView;

use crate::io::{open, read_all};
use crate::skeleton::{Entry, Tree, ZSCHED};

pub(crate) use moment::Moment;

/// The text of `entry`, whose placeholder has a path that ends like `path`.
///
/// # Errors
/// `EPERM` for what no zone may read; those of asking zsched or the host.
pub(crate) fn text(view: &dyn ProcView, entry: &Entry<'_>, path: &[u8]) -> SysResult<Vec<u8>> {
    match entry.tree {
        Tree::Proc => proc(view, entry.path),
        Tree::Sys => sys(view, entry, path),
        Tree::System => system(view, entry, path),
    }
}

fn sys(view: &dyn ProcView, entry: &Entry<'_>, path: &[u8]) -> SysResult<Vec<u8>> {
    if let Some(name) = entry.path.strip_prefix("fs/cgroup/") {
        let (processes, threads) = (|| listed::processes(view), || listed::threads(view));
        return cgroup::text(&Moment::now(view)?, name, processes, threads);
    }
    if let Some(name) = entry.path.strip_prefix("devices/system/node/node0/") {
        return sysfs::node(&Moment::now(view)?, name);
    }
    match entry.path.rsplit_once("/statistics/") {
        Some((_, name)) => {
            let interface = entry.instance(path).ok_or(Errno::ENXIO)?;
            let devices = open(view.proc_fd(), c"thread-self/net/dev", OpenFlags::CLOEXEC)?;
            sysfs::statistic(&read_all(devices.raw())?, interface, name)
        }
        None => Err(Errno::ENXIO),
    }
}

fn system(view: &dyn ProcView, entry: &Entry<'_>, path: &[u8]) -> SysResult<Vec<u8>> {
    match (entry.path.rsplit_once('/'), entry.instance(path)) {
        (Some((_, "object")), _) => object::image(),
        (Some((_, name)), Some(id)) => contract::text(view, id, name),
        _ => Err(Errno::ENXIO),
    }
}

fn proc(view: &dyn ProcView, path: &str) -> SysResult<Vec<u8>> {
    if path.starts_with("sys/kernel/random/") {
        return system::random(path);
    }
    if let Some(file) = path.strip_prefix(ZSCHED) {
        return zsched::text(file.trim_start_matches('/'));
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
        "stat" => {
            let forks = moment.youngest().into();
            processors::stat(&moment, &moment.shares()?, forks, &mut out);
        }
        "interrupts" => processors::interrupts(&moment, &mut out),
        "softirqs" => processors::softirqs(&moment, &mut out),
        "schedstat" => processors::schedstat(&moment, &mut out),
        "uptime" => load::uptime(&moment, &mut out),
        "loadavg" => {
            let tid = moment.youngest();
            load::loadavg(&Moment { tid, ..moment }, &mut out);
        }
        "pressure/cpu" | "pressure/io" | "pressure/memory" => load::pressure(&mut out),
        "version" => system::version(&moment, &mut out),
        "filesystems" => system::filesystems(&moment.file_systems()?, &mut out),
        _ => return system::sysctl(&moment, path),
    }
    Ok(out)
}
