//! The command line.

use crate::Result;
use crate::guest::Effort;
use crate::report;
use crate::results::Report;
use crate::run::{self, Plan};
use clap::{Parser, Subcommand, ValueEnum};
use std::path::{Path, PathBuf};

/// Measures lx and its peers against native runs of the same programs.
#[derive(Debug, Parser)]
#[command(name = "bench", version)]
struct Cli {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Measures, prints the table and writes the files asked for.
    Run(RunArgs),
    /// Draws the chart and the page again from the JSON file of an earlier run.
    Render {
        /// JSON file of a run.
        from: PathBuf,
        #[command(flatten)]
        outputs: Outputs,
    },
    /// Lists the measurements.
    List,
}

/// Which figure of a round's batches counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Statistic {
    /// The median batch.
    Median,
    /// The fastest batch: for a machine on which other work runs.
    Least,
}

/// Which parts of the list to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// Single operations.
    Operations,
    /// Whole programs.
    Programs,
    /// Start-up time and memory.
    Process,
}

#[derive(Debug, clap::Args)]
struct RunArgs {
    /// The lx to measure [default: next to this program, else the release build of the workspace].
    #[arg(long, value_name = "PATH")]
    lx: Option<PathBuf>,
    /// Only measurements whose name contains one of the alternatives, `^` and `$` anchor:
    /// `^getpid$|fork`.
    #[arg(long, value_name = "PATTERN")]
    only: Option<String>,
    /// Only these parts.
    #[arg(long, value_delimiter = ',')]
    part: Vec<Part>,
    /// Rounds of native against lx.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Rounds in which the peers take part as well.
    #[arg(long, default_value_t = 2, value_name = "N")]
    peer_rounds: u32,
    /// What to measure besides lx: zone, bare (for ordinary users), sud, trap, proot, qemu, runsc, runsc-systrap, strace.
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    with: Vec<String>,
    /// Batches for each operation in a round.
    #[arg(long, default_value_t = 15)]
    batches: u32,
    /// Least duration of a batch, in microseconds.
    #[arg(long, default_value_t = 1000)]
    batch_us: u32,
    /// Which batch of a round counts.
    #[arg(long, value_enum, default_value_t = Statistic::Median)]
    statistic: Statistic,
    /// Let the single operations run on any processor instead of the last one.
    #[arg(long)]
    no_pin: bool,
    /// Link the measuring guest statically.
    #[arg(long)]
    static_guest: bool,
    #[command(flatten)]
    outputs: Outputs,
}

#[derive(Debug, Clone, clap::Args)]
struct Outputs {
    /// Write the figures here.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Draw the chart here.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Write the tables here as Markdown.
    #[arg(long, value_name = "FILE")]
    md: Option<PathBuf>,
}

/// Does what the command line asks for.
pub(crate) fn main() -> Result<()> {
    match Cli::parse().action {
        Action::Run(args) => {
            let outputs = args.outputs.clone();
            let report = run::run(&plan(args)?)?;
            print!("{}", report::table::text(&report));
            outputs.write(&report)
        }
        Action::Render { from, outputs } => {
            let report: Report = serde_json::from_str(&std::fs::read_to_string(from)?)?;
            print!("{}", report::table::text(&report));
            outputs.write(&report)
        }
        Action::List => {
            for name in run::names()? {
                println!("{name}");
            }
            Ok(())
        }
    }
}

fn plan(args: RunArgs) -> Result<Plan> {
    let all = [Part::Operations, Part::Programs, Part::Process];
    Ok(Plan {
        lx: args
            .lx
            .map_or_else(find_lx, |lx| Ok(std::path::absolute(lx)?))?,
        only: args.only,
        parts: if args.part.is_empty() {
            all.to_vec()
        } else {
            args.part
        },
        rounds: args.rounds,
        peer_rounds: args.peer_rounds,
        peers: args.with,
        effort: Effort {
            batches: args.batches,
            batch_us: args.batch_us,
        },
        statistic: args.statistic,
        pin: !args.no_pin,
        static_guest: args.static_guest,
    })
}

/// `lx` is built into the same target directory as this program.
fn find_lx() -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let beside = own
        .parent()
        .map(|dir| dir.join("lx"))
        .filter(|lx| lx.is_file());
    beside.ok_or_else(|| "no lx next to this program; name one with --lx".into())
}

impl Outputs {
    fn write(&self, report: &Report) -> Result<()> {
        if let Some(path) = &self.json {
            save(path, &(serde_json::to_string_pretty(report)? + "\n"))?;
        }
        if let Some(path) = &self.svg {
            save(path, &report::svg::chart(report))?;
        }
        if let Some(path) = &self.md {
            let chart = self.svg.as_ref().and_then(|svg| svg.file_name()?.to_str());
            save(path, &report::table::markdown(report, chart))?;
        }
        Ok(())
    }
}

fn save(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn command_line_is_consistent() {
        Cli::command().debug_assert();
        let words = [
            "bench",
            "run",
            "--with",
            "proot,qemu",
            "--part",
            "process",
            "--lx",
            "/x",
        ];
        let Action::Run(args) = Cli::parse_from(words).action else {
            panic!("run")
        };
        let plan = plan(args).unwrap();
        assert_eq!(plan.peers, ["proot", "qemu"]);
        assert_eq!(plan.parts, [Part::Process]);
    }
}
