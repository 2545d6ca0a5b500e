//! The escape suite: attempts to reach what is outside a zone, each made as a guest's call and once
//! more past the brand, by a jump to the brand's own host-call instruction.
//!
//! The attempts are a guest program (`conformance/escape`), which says what came of each. Outside
//! stand targets: a process of the host and one of another zone, which say in the end what of theirs
//! was touched. A suite that nothing can fail would show nothing: with `--control`, it runs where an
//! attempt must succeed, in zones without confinement and on the host without a zone.

mod place;
mod scenario;
mod table;
mod target;

use crate::lx;
use crate::report::Tally;
use crate::restricted;
use crate::way::Intercept;
use place::Place;
use scenario::{Scenario, Where};
use std::path::PathBuf;
use table::Table;

/// `conformance escape`.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// The lx to test [default: the one beside this program]
    #[arg(long, value_name = "FILE")]
    pub lx: Option<PathBuf>,
    /// How calls are caught [default: each way in turn]
    #[arg(long, value_enum, value_delimiter = ',', value_name = "HOW")]
    pub intercept: Vec<Intercept>,
    /// One way to catch calls only, unless --intercept names others
    #[arg(long)]
    pub quick: bool,
    /// Expect the attempts past the brand to succeed: lx was built without confinement. Needs root,
    /// and changes nothing of the host
    #[arg(long)]
    pub control: bool,
    /// Print no table, only what fails
    #[arg(long)]
    pub brief: bool,
    /// Only attempts whose name contains this
    #[arg(default_value = "")]
    pub filter: String,
}

/// Runs the suite and prints its report.
pub fn run(options: &Options) -> Result<Tally, String> {
    if options.control && !nix::unistd::geteuid().is_root() {
        println!("skipped  only root can show what confinement stops");
        let tally = Tally {
            skipped: 1,
            ..Tally::default()
        };
        println!("{}", tally.line());
        return Ok(tally);
    }
    let place = Place::make(&lx::locate(options.lx.as_deref())?)?;
    let mut table = Table::default();
    for scenario in scenarios(options) {
        let name = scenario.to_string();
        let shown = scenario
            .run(&place, &options.filter)
            .map_err(|why| format!("{name}: {why}"))?;
        table.add(&name, shown);
    }
    if !options.brief {
        table.print();
    }
    let tally = if options.control {
        table.judge_control()
    } else {
        table.judge()
    };
    println!("{}", tally.line());
    Ok(tally)
}

fn scenarios(options: &Options) -> Vec<Scenario> {
    let own = nix::unistd::geteuid().as_raw();
    let all = [Intercept::Rewrite, Intercept::Sud, Intercept::Trap];
    let modes = match (
        options.intercept.as_slice(),
        options.quick || options.control,
    ) {
        ([], true) => &all[..1],
        ([], false) => &all[..],
        (named, _) => named,
    };
    let mut places = Vec::new();
    if options.control {
        places.extend([
            (own, Where::Zone { host_net: false }),
            (own, Where::Zone { host_net: true }),
            (own, Where::Joined),
            (own, Where::Host),
        ]);
    } else {
        // Without root's rights, the only user is oneself.
        for user in [own].into_iter().chain(restricted::user()) {
            for host_net in [false, true] {
                places.push((user, Where::Zone { host_net }));
            }
            places.push((user, Where::Joined));
            if user != 0 {
                places.clear();
                places.push((user, Where::Bare));
            }
        }
    }
    let all = modes.iter().flat_map(|mode| {
        let scenario = |(user, place)| Scenario::new(user, place, *mode);
        places.iter().copied().map(scenario)
    });
    all.collect()
}
