//! sysinfo(2): in a zone, about the zone.

use abi::stat::SysInfo;
use abi::{SysResult, UserPtr, nr};
use host::host_call;
use host::user;
use kernel::Task;
use kernel::zone::{Facts, began, facts, placeholders};

/// sysinfo(2).
pub fn sysinfo(_: &mut Task, info: UserPtr<SysInfo>) -> SysResult {
    if placeholders() == 0 {
        return host_call!(nr::SYSINFO, info.address());
    }
    let mut told = SysInfo::default();
    host_call!(nr::SYSINFO, (&raw mut told).expose_provenance())?;
    user::write(info, &of_zone(&told, &facts()?, began()))?;
    Ok(0)
}

/// What the zone says where the host says `host`: it began at `began`, in nanoseconds of the host's
/// uptime. Memory is in bytes.
fn of_zone(host: &SysInfo, facts: &Facts, began: u64) -> SysInfo {
    const SECOND: u64 = 1_000_000_000;
    /// `SI_LOAD_SHIFT` less `FSHIFT`.
    const SHIFT: u32 = 16 - 11;
    SysInfo {
        uptime: host.uptime.saturating_sub(began / SECOND),
        loads: facts.load.map(|load| load << SHIFT),
        totalram: facts.memory_total,
        freeram: facts.memory_total.saturating_sub(facts.memory_used),
        totalswap: facts.swap_total,
        freeswap: facts.swap_total.saturating_sub(facts.swap_used),
        procs: u16::try_from(facts.pids_current).unwrap_or(u16::MAX),
        mem_unit: 1,
        ..SysInfo::default()
    }
}

#[cfg(test)]
mod tests {
    use super::of_zone;
    use abi::stat::SysInfo;
    use kernel::zone::Facts;
    use zerocopy::FromZeros;

    #[test]
    fn the_zone_has_its_own_numbers() {
        let host = SysInfo {
            uptime: 1000,
            totalram: 1 << 40,
            mem_unit: 4096,
            procs: 900,
            ..SysInfo::default()
        };
        let mut facts = Facts::new_zeroed();
        facts.memory_total = 100;
        facts.memory_used = 30;
        facts.load = [2048, 1024, 0];
        facts.pids_current = 70_000;
        let zone = of_zone(&host, &facts, 900_500_000_000);
        assert_eq!(zone.uptime, 100);
        assert_eq!(zone.loads, [65536, 32768, 0]);
        assert_eq!((zone.totalram, zone.freeram, zone.mem_unit), (100, 70, 1));
        assert_eq!(zone.procs, u16::MAX);
    }
}
