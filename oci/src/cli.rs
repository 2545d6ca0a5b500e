//! The command line: runc's.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};
use nix::unistd::Uid;

use crate::Brand;
use crate::commands;
use crate::log::{Format, Log};

use crate::meant::NAME;

/// Run containers as an OCI runtime, for engines that drive runc
#[derive(Debug, Parser)]
#[command(name = NAME, version, max_term_width = 100, disable_help_subcommand = true)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What stands before the command.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// Keep what is known of containers in this directory
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
    /// Write errors to this file too
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// The form of that file
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    log_format: Format,
    /// Accepted: there is no more to be logged
    #[arg(long)]
    debug: bool,
    /// Have systemd make control groups
    #[arg(long)]
    pub(crate) systemd_cgroup: bool,
    /// Do without control groups that this user may not make: true, false or auto
    #[arg(long, value_name = "WHEN")]
    pub(crate) rootless: Option<Rootless>,
    /// Accepted: nothing is checkpointed
    #[arg(long, value_name = "PATH", hide = true)]
    criu: Option<PathBuf>,
}

/// When a container does without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Rootless {
    True,
    False,
    Auto,
}

impl Global {
    /// The directory of all containers.
    pub(crate) fn root(&self) -> PathBuf {
        self.root.clone().unwrap_or_else(default_root)
    }

    pub(crate) fn log(&self) -> Log {
        Log {
            path: self.log.clone(),
            format: self.log_format,
        }
    }

    /// Whether missing rights to control groups are no reason to fail.
    pub(crate) fn is_rootless(&self) -> bool {
        match self.rootless {
            Some(Rootless::True) => true,
            Some(Rootless::False) => false,
            Some(Rootless::Auto) | None => !Uid::effective().is_root(),
        }
    }
}

/// Where containers are kept unless an engine says otherwise.
pub(crate) fn default_root() -> PathBuf {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    match runtime.filter(|path| path.is_absolute()) {
        _ if Uid::effective().is_root() => PathBuf::from("/run/lx/oci"),
        Some(path) => path.join("lx/oci"),
        None => PathBuf::from(format!("/tmp/lx-{}/oci", Uid::effective())),
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a container, whose program waits for its start
    Create(Create),
    /// Start the program of a container
    Start(Id),
    /// Make a container, start it, and wait for its end
    Run(Run),
    /// Print the state of a container, as JSON
    State(Id),
    /// Send a signal to a container's first process
    Kill(Kill),
    /// Remove a container
    Delete(Delete),
    /// Run one more program in a container
    Exec(Box<Exec>),
    /// List the containers
    List(List),
    /// List the processes of a container
    Ps(Ps),
    /// Stop all processes of a container
    Pause(Id),
    /// Let them go on
    Resume(Id),
    /// Change the limits of a container
    Update(Box<Update>),
    /// Print what a container uses, as JSON
    Events(Events),
    /// Write a configuration to begin with
    Spec(Spec),
    /// Print what this runtime can do, as JSON
    Features,
    /// Refused: no container can be kept in files
    #[command(hide = true)]
    Checkpoint(Anything),
    /// Refused: no container can be kept in files
    #[command(hide = true)]
    Restore(Anything),
}

/// Words that are not looked at.
#[derive(Debug, Args)]
struct Anything {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    _words: Vec<OsString>,
}

/// A container.
#[derive(Debug, Args)]
pub(crate) struct Id {
    #[arg(value_name = "ID")]
    pub(crate) id: String,
}

#[derive(Debug, Args)]
pub(crate) struct Create {
    /// The directory with config.json
    #[arg(short, long, value_name = "DIR", default_value = ".")]
    pub(crate) bundle: PathBuf,
    /// Send the terminal to who listens at this socket
    #[arg(long, value_name = "PATH")]
    pub(crate) console_socket: Option<PathBuf>,
    /// Write the first process's number to this file
    #[arg(long, value_name = "PATH")]
    pub(crate) pid_file: Option<PathBuf>,
    /// Accepted: a zone has its own way to change its root
    #[arg(long)]
    no_pivot: bool,
    /// Accepted: a zone has keys of its own
    #[arg(long)]
    no_new_keyring: bool,
    /// Leave that many descriptors to the program, from 3 on
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) preserve_fds: u16,
    #[arg(value_name = "ID")]
    pub(crate) id: String,
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) create: Create,
    /// Do not wait for its end
    #[arg(short, long)]
    pub(crate) detach: bool,
    /// Accepted: orphans are the first process's
    #[arg(long)]
    no_subreaper: bool,
    /// Keep the container when it has ended
    #[arg(long)]
    pub(crate) keep: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Kill {
    /// To all its processes
    #[arg(short, long)]
    pub(crate) all: bool,
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    #[arg(value_name = "SIGNAL", default_value = "TERM")]
    pub(crate) signal: String,
}

#[derive(Debug, Args)]
pub(crate) struct Delete {
    /// End it first, and do not mind if there is none
    #[arg(short, long)]
    pub(crate) force: bool,
    #[arg(value_name = "ID")]
    pub(crate) id: String,
}

#[derive(Debug, Args)]
pub(crate) struct Exec {
    #[arg(long, value_name = "PATH")]
    pub(crate) console_socket: Option<PathBuf>,
    #[arg(long, value_name = "DIR")]
    pub(crate) cwd: Option<PathBuf>,
    #[arg(short, long, value_name = "K=V")]
    pub(crate) env: Vec<String>,
    #[arg(short, long)]
    pub(crate) tty: bool,
    /// UID[:GID]
    #[arg(short, long, value_name = "U[:G]")]
    pub(crate) user: Option<String>,
    #[arg(short = 'g', long, value_name = "GID")]
    pub(crate) additional_gids: Vec<u32>,
    /// A file with the process as a configuration has it
    #[arg(short, long, value_name = "FILE")]
    pub(crate) process: Option<PathBuf>,
    #[arg(short, long)]
    pub(crate) detach: bool,
    #[arg(long, value_name = "PATH")]
    pub(crate) pid_file: Option<PathBuf>,
    #[arg(long, value_name = "LABEL", hide = true)]
    pub(crate) process_label: Option<String>,
    #[arg(long, value_name = "PROFILE", hide = true)]
    pub(crate) apparmor: Option<String>,
    #[arg(long)]
    pub(crate) no_new_privs: bool,
    #[arg(short, long, value_name = "CAP")]
    pub(crate) cap: Vec<String>,
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) preserve_fds: u16,
    #[arg(long, value_name = "PATH", hide = true)]
    pub(crate) cgroup: Vec<String>,
    /// Also in a paused container
    #[arg(long)]
    pub(crate) ignore_paused: bool,
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    #[arg(
        value_name = "PROGRAM",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    pub(crate) command: Vec<String>,
}

/// How something is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    Table,
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct List {
    #[arg(short, long, default_value = "table")]
    pub(crate) format: Form,
    /// The names only
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Ps {
    #[arg(short, long, default_value = "table")]
    pub(crate) format: Form,
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    /// For ps(1)
    #[arg(
        value_name = "OPTIONS",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    pub(crate) options: Vec<OsString>,
}

#[derive(Debug, Args)]
pub(crate) struct Update {
    /// A file with resources as a configuration has them, or - for standard input
    #[arg(short, long, value_name = "FILE")]
    pub(crate) resources: Option<PathBuf>,
    #[arg(long, value_name = "BYTES", allow_hyphen_values = true)]
    pub(crate) memory: Option<i64>,
    #[arg(long, value_name = "BYTES", allow_hyphen_values = true)]
    pub(crate) memory_swap: Option<i64>,
    #[arg(long, value_name = "BYTES", allow_hyphen_values = true)]
    pub(crate) memory_reservation: Option<i64>,
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub(crate) pids_limit: Option<i64>,
    #[arg(long, value_name = "US")]
    pub(crate) cpu_period: Option<u64>,
    #[arg(long, value_name = "US", allow_hyphen_values = true)]
    pub(crate) cpu_quota: Option<i64>,
    #[arg(long, value_name = "N", visible_alias = "cpu-share")]
    pub(crate) cpu_shares: Option<u64>,
    #[arg(long, value_name = "LIST")]
    pub(crate) cpuset_cpus: Option<String>,
    #[arg(long, value_name = "LIST")]
    pub(crate) cpuset_mems: Option<String>,
    #[arg(long, value_name = "N")]
    pub(crate) blkio_weight: Option<u16>,
    #[arg(value_name = "ID")]
    pub(crate) id: String,
}

#[derive(Debug, Args)]
pub(crate) struct Events {
    /// Once
    #[arg(long)]
    pub(crate) stats: bool,
    /// How often, as 5s
    #[arg(long, value_name = "TIME", default_value = "5s")]
    pub(crate) interval: String,
    #[arg(value_name = "ID")]
    pub(crate) id: String,
}

#[derive(Debug, Args)]
pub(crate) struct Spec {
    /// Where
    #[arg(short, long, value_name = "DIR", default_value = ".")]
    pub(crate) bundle: PathBuf,
    /// For a user without privileges
    #[arg(long)]
    pub(crate) rootless: bool,
}

/// Does what it says.
pub(crate) fn run(arguments: &[OsString], brand: &dyn Brand) -> ExitCode {
    let is_named = arguments.get(1).is_some_and(|word| word == "oci");
    let words = arguments.iter().enumerate();
    let words = words
        .filter(|(at, _)| !(is_named && *at == 1))
        .map(|(_, word)| word);
    let cli = match Cli::try_parse_from(words) {
        Ok(cli) => cli,
        Err(error) => {
            // As any other command: to stdout what was asked for, else to stderr.
            let _ = error.print();
            return ExitCode::from(u8::from(error.use_stderr()));
        }
    };
    let log = cli.global.log();
    match execute(&cli, brand) {
        Ok(status) => status,
        Err(error) => {
            log.error(&error.to_string());
            match cli.command {
                // Other numbers could be the program's.
                Command::Exec(_) => ExitCode::from(u8::MAX),
                _ => ExitCode::FAILURE,
            }
        }
    }
}

fn execute(cli: &Cli, brand: &dyn Brand) -> crate::error::Result<ExitCode> {
    let global = &cli.global;
    zone::zones::clean_up();
    let done = match &cli.command {
        Command::Create(options) => commands::create(global, options, brand),
        Command::Run(options) => return commands::run(global, options, brand),
        Command::Start(options) => commands::start(global, &options.id),
        Command::State(options) => commands::state(global, &options.id),
        Command::Kill(options) => commands::kill(global, options),
        Command::Delete(options) => commands::delete(global, options),
        Command::Exec(options) => return commands::exec(global, options, brand),
        Command::List(options) => commands::list(global, options),
        Command::Ps(options) => commands::ps(global, options),
        Command::Pause(options) => commands::pause(global, &options.id, true),
        Command::Resume(options) => commands::pause(global, &options.id, false),
        Command::Update(options) => commands::update(global, options),
        Command::Events(options) => commands::events(global, options),
        Command::Spec(options) => commands::spec(options),
        Command::Features => commands::features(),
        Command::Checkpoint(_) | Command::Restore(_) => Err(crate::Error::new(
            "checkpoint and restore are not supported: no tool can keep a container of lx in files",
        )),
    };
    done.map(|()| ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::Cli;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }
}
