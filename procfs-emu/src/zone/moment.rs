//! What the texts are made of.

use alloc::vec::Vec;

use abi::arg::OpenFlags;
use abi::stat::UtsName;
use abi::{SysResult, nr};
use host::host_call;
use kernel::vfs::{AT_FDCWD, ProcView};
use kernel::zone::{self, Facts, Text};
use zerocopy::FromZeros;

use crate::io::{is_procfs, open, read_all};
use crate::spelling::number;

/// Nanoseconds in a second.
const SECOND: u64 = 1_000_000_000;

/// The zone at one moment.
#[derive(Clone, Debug)]
pub(crate) struct Moment {
    /// What zsched says.
    pub(crate) facts: Facts,
    /// How long the zone has run, in nanoseconds.
    pub(crate) uptime: u64,
    /// The number of the calling thread.
    pub(crate) tid: u32,
    /// uname(2), with the release that the zone shows.
    pub(crate) names: UtsName,
}

/// Puts another text in the place of one of uname(2).
fn put(field: &mut [u8; 65], text: &[u8]) {
    *field = [0; 65];
    for (to, from) in field.iter_mut().take(64).zip(text) {
        *to = *from;
    }
}

impl Moment {
    /// Asks zsched, and the host for the time and the names.
    pub(crate) fn now(view: &dyn ProcView) -> SysResult<Self> {
        const CLOCK_BOOTTIME: usize = 7;
        let facts = zone::facts()?;
        let mut time = [0u64; 2];
        let to = time.as_mut_ptr().expose_provenance();
        host_call!(nr::CLOCK_GETTIME, CLOCK_BOOTTIME, to)?;
        let [seconds, nanoseconds] = time;
        let mut names = UtsName::new_zeroed();
        host_call!(nr::UNAME, (&raw mut names).expose_provenance())?;
        if let Some(release) = view.release() {
            put(&mut names.release, release.to_bytes());
        }
        if let Some(hostname) = view.hostname() {
            put(&mut names.nodename, hostname);
        }
        Ok(Self {
            uptime: (seconds * SECOND + nanoseconds).saturating_sub(facts.boottime),
            tid: view.tid(),
            facts,
            names,
        })
    }

    /// The number of the youngest process or thread: how many the zone has made. The kernel's own file
    /// lies in the zone's /proc; where that is out of reach, it is not less than the caller's.
    pub(crate) fn youngest(&self) -> u32 {
        let file = open(
            AT_FDCWD,
            c"/proc/sys/kernel/ns_last_pid",
            OpenFlags::CLOEXEC,
        );
        let file = file.ok().filter(|file| is_procfs(file.raw()));
        let text = file.and_then(|file| read_all(file.raw()).ok());
        let number = text.and_then(|text| number(text.trim_ascii_end()));
        number.map_or(self.tid, |number| number.max(self.tid))
    }

    /// The zone's time on each processor.
    pub(crate) fn shares(&self) -> SysResult<Vec<u8>> {
        self.facts.text(Text::Shares)
    }

    /// The entries of the host's processors in /proc/cpuinfo.
    pub(crate) fn cpu_info(&self) -> SysResult<Vec<u8>> {
        self.facts.text(Text::CpuInfo)
    }

    /// Names of file systems.
    pub(crate) fn file_systems(&self) -> SysResult<Vec<u8>> {
        self.facts.text(Text::FileSystems)
    }

    /// How many processors the zone may use.
    pub(crate) fn processors(&self) -> u64 {
        u64::try_from(self.facts.processors().count()).unwrap_or(1)
    }

    /// The processors' time since the zone began that it did not use, in microseconds.
    pub(crate) fn idle(&self) -> u64 {
        let used = self.facts.cpu_user.saturating_add(self.facts.cpu_system);
        let all = (self.uptime / 1000).saturating_mul(self.processors());
        all.saturating_sub(used)
    }
}

/// A field of [`UtsName`] up to its NUL.
pub(crate) fn name(field: &[u8; 65]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap_or_default()
}

#[cfg(test)]
pub(crate) fn sample() -> Moment {
    let mut facts = Facts::new_zeroed();
    facts.memory_total = 512 << 20;
    facts.memory_used = 112 << 20;
    facts.memory_cached = 12 << 20;
    facts.pids_current = 7;
    facts.running = 2;
    facts.switches = 1234;
    facts.blocked = 1;
    facts.cpu_user = 3_000_000;
    facts.cpu_system = 1_500_000;
    facts.realtime = 1_700_000_000;
    facts.cpus[0] = 0b1010;
    // 0.20, 18.17 and 123.08.
    facts.load = [410, 37_214, 252_066];
    let mut names = UtsName::new_zeroed();
    for (field, text) in [
        (&mut names.sysname, &b"Linux"[..]),
        (&mut names.nodename, b"box"),
        (&mut names.release, b"6.18.0"),
        (&mut names.version, b"#1 SMP"),
        (&mut names.domainname, b"(none)"),
    ] {
        field[..text.len()].copy_from_slice(text);
    }
    Moment {
        facts,
        uptime: 100 * SECOND + 250_000_000,
        tid: 42,
        names,
    }
}

/// The text that `write` makes of [`sample`].
#[cfg(test)]
pub(crate) fn sampled(write: impl FnOnce(&Moment, &mut Vec<u8>)) -> alloc::string::String {
    let mut out = Vec::new();
    write(&sample(), &mut out);
    alloc::string::String::from_utf8(out).expect("text")
}
