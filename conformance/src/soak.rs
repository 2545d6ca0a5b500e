//! The long form: storms, races, changing code and generated sequences, over and over.

use crate::generated;
use crate::options::Common;
use crate::own;
use crate::report::{Tally, table};
use crate::runner;
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
    let common = Common {
        lx: options.lx.clone(),
        strict: true,
        ..Common::default()
    };
    let storms = Common {
        filters: STORMS.map(str::to_owned).to_vec(),
        ..common.clone()
    };
    let own = own::Own::default();
    let cases = runner::wanted(&own, own::select(&storms)?, &storms)?;
    let mut sum = Tally::default();
    let mut round = 0_u32;
    while Instant::now() < until {
        round += 1;
        let mut entries = runner::entries(&own, &cases, &storms)?;
        entries.extend(generated::entries(&generated::Options {
            common: common.clone(),
            seed,
            count: COUNT,
            length: 200,
            discard: false,
        })?);
        seed = seed.wrapping_add(COUNT);
        println!("round {round}:");
        sum += table::print(&entries, false);
    }
    println!("{} after {round} rounds", sum.line());
    Ok(sum)
}
