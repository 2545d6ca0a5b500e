//! The long form: storms, races, changing code and generated sequences, over and over.

use crate::generated;
use crate::own;
use crate::report::{self, Tally};
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// `conformance soak`.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// The lx to test [default: the one beside this program]
    #[arg(long, value_name = "FILE")]
    pub lx: Option<PathBuf>,
    /// How long
    #[arg(long, default_value_t = 10)]
    pub minutes: u64,
    /// The first seed of the generated sequences [default: from the clock, and printed]
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
    let storms = own::Options {
        lx: options.lx.clone(),
        modes: Vec::new(),
        native: false,
        repeat: 1,
        jobs: None,
        retries: 0,
        strict: true,
        list: false,
        full: false,
        filters: STORMS.map(str::to_owned).to_vec(),
    };
    let mut sum = Tally::default();
    let mut round = 0_u32;
    while Instant::now() < until {
        round += 1;
        let mut entries = own::run_cases(&storms, &own::select(&storms)?)?;
        entries.extend(generated::entries(&generated::Options {
            lx: options.lx.clone(),
            seed,
            count: COUNT,
            length: 200,
            modes: Vec::new(),
            native: false,
            jobs: None,
            discard: false,
        })?);
        seed = seed.wrapping_add(COUNT);
        println!("round {round}:");
        let tally = report::print(&entries);
        sum.passed += tally.passed;
        sum.failed += tally.failed;
        sum.skipped += tally.skipped;
    }
    println!("{} after {round} rounds", sum.line());
    Ok(sum)
}
