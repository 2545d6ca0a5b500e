//! Zones under load of which one process is killed: nothing is left of them, and what a program in
//! them was told to be on the disk is there.

use super::random::Random;
use super::zone::Zone;
use crate::child::Scratch;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;
use std::path::Path;
use std::time::Duration;

/// Storms of fork(2) and exec(2), and numbered records, each printed once it is on the disk.
const LOAD: &str = r#"
(while :; do (:); done) &
(while :; do /bin/true; done) &
n=0
while :; do
    n=$((n + 1))
    echo $n >> "$1" && /bin/sync -d "$1" && echo $n
done"#;

/// Who is killed.
#[derive(Clone, Copy, Debug)]
enum Victim {
    Zsched,
    First,
    Guest,
}

/// What came of the kills.
#[derive(Debug, Default)]
pub(super) struct Sum {
    /// Zones that were killed.
    pub(super) zones: u64,
    /// Records that had to be there, and were.
    pub(super) records: u64,
}

/// Kills one process each of three zones.
pub(super) fn round(lx: &Path, id: &str, random: &mut Random, sum: &mut Sum) -> Result<(), String> {
    for victim in [Victim::Zsched, Victim::First, Victim::Guest] {
        let scratch = Scratch::new()?;
        let file = scratch.path().join("records");
        let name = format!("{id}-{}", sum.zones);
        let mut zone = Zone::start(lx, &name, LOAD, &file)?;
        std::thread::sleep(Duration::from_millis(200 + random.below(1500)));
        let slay = |pid: i32| {
            // One that has just ended needs no killing.
            let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        };
        match victim {
            Victim::Zsched => zone.kill_zsched()?,
            Victim::First => slay(zone.first()),
            Victim::Guest => {
                let others = zone.others();
                let some = usize::try_from(random.below(1 << 16)).unwrap_or(0);
                others
                    .get(some % others.len().max(1))
                    .copied()
                    .into_iter()
                    .for_each(slay);
                zone.end()?;
            }
        }
        let last = zone
            .wait()?
            .and_then(|line| line.parse::<u64>().ok())
            .unwrap_or(0);
        check(&file, last).map_err(|why| format!("{name} ({victim:?} killed): {why}"))?;
        sum.zones += 1;
        sum.records += last;
    }
    Ok(())
}

/// Whether all records up to `last` are there, in order.
fn check(file: &Path, last: u64) -> Result<(), String> {
    let text = fs::read_to_string(file).unwrap_or_default();
    let mut records = text.lines();
    match (1..=last).find(|record| records.next() != Some(record.to_string().as_str())) {
        None => Ok(()),
        Some(record) => Err(format!("record {record} of {last} is lost")),
    }
}
