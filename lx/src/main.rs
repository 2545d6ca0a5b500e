//! The command line of lx. See `ARCHITECTURE.md`.
#![forbid(unsafe_code)]

mod cli;
mod conformance;
mod failure;
mod generate;
mod info;
mod inspect;
mod observed;
mod options;
mod run;
mod stat;
mod trace;
mod usage;
mod zones;

#[cfg(test)]
#[path = "../build/strip.rs"]
mod strip;

use std::env;
use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use cli::{Cli, Command, ZoneCommand};
use failure::Failure;

fn main() -> ExitCode {
    let words: Vec<OsString> = env::args_os().collect();
    if oci::is_meant(&words) {
        return oci::run(&words, &run::Containers);
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage::answer(&error, named_command().as_deref()),
    };
    match execute(cli.command) {
        Ok(status) => status,
        Err(failure) => {
            // With stderr closed there is nobody to tell.
            let _ = writeln!(io::stderr(), "lx: {failure}");
            ExitCode::from(failure.status)
        }
    }
}

fn execute(command: Command) -> Result<ExitCode, Failure> {
    zone::zones::clean_up();
    match command {
        Command::Run(options) => return run::run(&options),
        Command::Stat(options) => return stat::stat(*options),
        Command::Trace(options) => return trace::trace(*options),
        Command::Exec(options) => return run::exec(&options),
        Command::Ps(options) => print(&zones::processes(&options)?),
        Command::Kill(options) => return Ok(zones::kill(&options)),
        Command::Zones(options) => print(&zones::list(&options)?),
        Command::Zone {
            command: ZoneCommand::Inspect { zone },
        } => print(&zones::inspect(&zone)?),
        Command::Inspect(options) => print(&inspect::report(&options.file, options.json)?),
        Command::Info(options) => print(&info::report(options.json)?),
        Command::Conformance { arguments } => match conformance::run(&arguments)? {},
        Command::Completions { shell } => print(&generate::completions(shell)),
        Command::Man => {
            let page = generate::man().map_err(|error| Failure::about("man page", &error))?;
            print(&page)
        }
    }
    .map(|()| ExitCode::SUCCESS)
}

/// Writes `text` to stdout. A reader that has had enough, as in `lx man | head`, is no error.
fn print(text: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::about("standard output", &error))
        }
        _ => Ok(()),
    }
}

/// The command that the user named, when it is one.
fn named_command() -> Option<String> {
    let name = env::args_os().nth(1)?.into_string().ok()?;
    Cli::command()
        .find_subcommand(&name)
        .map(|command| command.get_name().to_owned())
}
