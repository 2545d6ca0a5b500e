//! One zone that lasts as long as the soak: its zsched grows neither in memory nor in descriptors.

use super::zone::Zone;
use std::fs;
use std::path::Path;

/// Programs that a round adds to the zone.
const EXECS: u64 = 10;
/// How much more memory zsched may have in the end than after the first round, in KiB.
const GROWTH: u64 = 512;

/// The zone, and what its zsched had.
pub(super) struct Steady {
    zone: Zone,
    /// After the first round: resident memory in KiB, and descriptors.
    first: Option<(u64, usize)>,
    last: (u64, usize),
    /// Programs that were added.
    pub(super) execs: u64,
}

impl Steady {
    /// Starts it.
    pub(super) fn start(lx: &Path, id: &str) -> Result<Self, String> {
        let zone = Zone::start(
            lx,
            &format!("{id}-steady"),
            "exec sleep infinity",
            Path::new("/"),
        )?;
        Ok(Self {
            zone,
            first: None,
            last: (0, 0),
            execs: 0,
        })
    }

    /// Adds programs and looks at zsched.
    pub(super) fn round(&mut self) -> Result<(), String> {
        for _ in 0..EXECS {
            if !self
                .zone
                .exec(&["/bin/sh", "-c", "ls /proc > /dev/null; exec hostname"])?
            {
                return Err("lx exec failed".to_owned());
            }
            self.execs += 1;
        }
        let process = format!("/proc/{}", self.zone.zsched());
        let status = fs::read_to_string(format!("{process}/status")).map_err(|e| e.to_string())?;
        let resident = status.lines().find_map(|line| {
            line.strip_prefix("VmRSS:")?
                .split_whitespace()
                .next()?
                .parse()
                .ok()
        });
        let descriptors = fs::read_dir(format!("{process}/fd")).map_err(|e| e.to_string())?;
        self.last = (resident.unwrap_or(0), descriptors.count());
        self.first.get_or_insert(self.last);
        Ok(())
    }

    /// Ends the zone: what zsched had after the first round and in the end, in words.
    pub(super) fn end(mut self) -> Result<String, String> {
        self.zone.end()?;
        self.zone.wait()?;
        let (memory, descriptors) = self.first.unwrap_or_default();
        let told = format!(
            "zsched: {memory} KiB after the first round, {} KiB in the end; descriptors {descriptors}, {}",
            self.last.0, self.last.1
        );
        match self.last.0 <= memory + GROWTH && self.last.1 <= descriptors {
            true => Ok(told),
            false => Err(format!("grew: {told}")),
        }
    }
}
