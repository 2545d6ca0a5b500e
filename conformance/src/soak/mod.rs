//! The long form, over and over: storms, races, changing code, generated sequences, whole programs,
//! zones of which processes are killed, and zones that run out of something.

mod exhaustion;
mod kills;
mod random;
mod steady;
mod zone;

use crate::apps;
use crate::generated;
use crate::lx;
use crate::options::Common;
use crate::own;
use crate::report::{Entry, Tally, table};
use crate::runner;
use crate::way::Way;
use random::Random;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use steady::Steady;

/// `conformance soak`.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// The lx to test [default: the one beside this program]
    #[arg(long, value_name = "FILE")]
    pub lx: Option<PathBuf>,
    /// How long
    #[arg(long, default_value_t = 10)]
    pub minutes: u64,
    /// The first seed of the generated sequences, delays and choices [default: from the clock, and printed]
    #[arg(long)]
    pub seed: Option<u64>,
}

/// Cases that look for what happens rarely.
const STORMS: [&str; 9] = [
    "sig_storm",
    "patchrace",
    "jit",
    "sig_restart/masks",
    "process/storm",
    "process/fork_in_threads",
    "exec/in_threads",
    "sig_stack/longjmp_out",
    "sig_stack/small_stack",
];

/// Builds, databases, servers and processes.
const APPS: [&str; 7] = [
    "bash-forks",
    "gcc",
    "make",
    "nginx",
    "postgresql",
    "redis",
    "sqlite3",
];

/// Programs of one round.
const COUNT: u64 = 40;

/// Goes round until the time is over, or a round fails.
pub fn run(options: &Options) -> Result<Tally, String> {
    let until = Instant::now() + Duration::from_secs(options.minutes * 60);
    let clock = || {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(1, |time| time.as_secs())
    };
    let mut seed = options.seed.unwrap_or_else(clock);
    println!("first seed {seed}");
    let lx = lx::locate(options.lx.as_deref())?;
    let id = format!("soak-{}", std::process::id());
    let mut random = Random::new(seed);
    let mut steady = Steady::start(&lx, &id)?;
    let mut kills = kills::Sum::default();
    let mut shortages = 0;
    let mut sum = Tally::default();
    let mut round = 0_u32;
    while Instant::now() < until {
        round += 1;
        println!("round {round}:");
        let entries = programs(options, seed)?;
        seed = seed.wrapping_add(COUNT);
        sum += table::print(&entries, false);
        kills::round(&lx, &id, &mut random, &mut kills)?;
        shortages += exhaustion::round(&lx)?;
        steady.round()?;
    }
    println!("{} after {round} rounds", sum.line());
    println!(
        "{} zones killed, {} records on the disk, {shortages} shortages, {} programs added to a zone",
        kills.zones, kills.records, steady.execs
    );
    println!("{}", steady.end()?);
    Ok(sum)
}

/// Storms, generated sequences and whole programs.
fn programs(options: &Options, seed: u64) -> Result<Vec<Entry>, String> {
    let common = |modes: Vec<Way>, filters: Vec<String>| Common {
        lx: options.lx.clone(),
        strict: true,
        modes,
        filters,
        ..Common::default()
    };
    let storms = common(
        Way::OF_THIS_USER.to_vec(),
        STORMS.map(str::to_owned).to_vec(),
    );
    let own = own::Own::default();
    let cases = runner::wanted(&own, own::select(&storms)?, &storms)?;
    let mut entries = runner::entries(&own, &cases, &storms)?;
    entries.extend(generated::entries(&generated::Options {
        common: common(Vec::new(), Vec::new()),
        seed,
        count: COUNT,
        length: 200,
        discard: false,
    })?);
    let whole = common(
        vec![Way::REWRITE, Way::ZONE],
        APPS.map(|app| format!("^{app}$")).to_vec(),
    );
    entries.extend(apps::entries(&whole)?);
    Ok(entries)
}
