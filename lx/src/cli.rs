//! The command line: what `--help`, the completions and the man page are made from.

use std::ffi::{CString, OsString};
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{Arg, ArgAction, ArgGroup, Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use zone::config::Mount;
use zone::confine::Layer;

use crate::observed::Target;
use crate::options;

/// Run unmodified Linux programs through a translation layer in user space.
#[derive(Debug, Parser)]
#[command(name = "lx", version, max_term_width = 100, after_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXAMPLES: &str = "\
Engines that drive runc drive lx as well: `lx oci --help` lists the commands.

Examples:
  lx run ls -l                     run a program as it stands on this host
  lx run -- python3 -c 'print(1)'  everything after PROGRAM belongs to it
  lx inspect /bin/ls               see its segments and its system call sites
  lx info                          see what this host offers and what lx will use";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a program with every one of its system calls caught in the process
    ///
    /// The root directory, terminal, standard input and output, working directory and environment
    /// are those of lx, unless --rootfs or --isolation asks for a zone. A PROGRAM without a slash is looked up in the guest's PATH.
    Run(Box<Run>),
    /// Run a program in a running zone
    ///
    /// It has the zone's user, root, environment and confinement. It ends with lx, and with the zone.
    Exec(Box<Exec>),
    /// List the processes of running zones
    Ps(Ps),
    /// End zones, or send a signal to their first processes
    Kill(Kill),
    /// List the running zones
    Zones(Zones),
    /// Look at one zone
    Zone {
        #[command(subcommand)]
        command: ZoneCommand,
    },
    /// Run a program, and show what its system calls cost
    ///
    /// How often it made each call, how many failed, and how long they took; by process, and how the
    /// time went by in the program, in the translation layer and in the kernel.
    #[command(mut_arg("volumes", |arg| arg.short(None)))]
    Stat(Box<Stat>),
    /// Run a program, and print its system calls as strace(1) does
    ///
    /// Calls are printed when they come back. Their arguments and results are noted in the program
    /// itself, so that it is not stopped at each call.
    #[command(
        mut_arg("volumes", |arg| arg.short(None)),
        mut_arg("terminal", |arg| arg.short(None)),
        mut_arg("environment", |arg| arg.short('E'))
    )]
    Trace(Box<Trace>),
    /// Show an ELF file's segments, interpreter and `syscall` sites
    Inspect(Inspect),
    /// Show what this host offers and what lx will use
    Info(Info),
    /// Compare programs natively and under lx, by the conformance suite's runner
    ///
    /// The runner is a program of its own, which lies beside lx; --help is answered by it.
    #[command(
        disable_help_flag = true,
        override_usage = "lx conformance SUITE [OPTIONS] [FILTER]..."
    )]
    Conformance {
        /// The suite (own, ltp, gtest, generated, apps, roots, oci, escape) and what the runner is told
        #[arg(
            value_name = "ARGS",
            trailing_var_arg = true,
            allow_hyphen_values = true
        )]
        arguments: Vec<OsString>,
    },
    /// Print the completion script of a shell
    #[command(after_help = COMPLETIONS_EXAMPLES)]
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the man page, in roff
    #[command(after_help = "Example:\n  lx man | man -l -")]
    Man,
}

/// The commands of `lx zone`.
#[derive(Debug, Subcommand)]
pub(crate) enum ZoneCommand {
    /// Print all that is known about a running zone, as JSON
    #[command(after_help = "Example:\n  lx zone inspect web | jq .confinement")]
    Inspect {
        /// The zone
        #[arg(value_name = "ZONE", value_parser = zone::config::check_name)]
        zone: String,
    },
}

#[derive(Debug, Args)]
#[command(
    override_usage = "lx exec [OPTIONS] ZONE [--] PROGRAM [ARGS]...",
    after_help = "Examples:\n  lx exec web ps aux\n  lx exec -it web sh"
)]
pub(crate) struct Exec {
    /// Set a variable of the program's environment; may be repeated
    #[arg(
        short = 'e',
        long = "env",
        value_name = "K=V",
        value_parser = OsStringValueParser::new().try_map(options::assignment)
    )]
    pub(crate) environment: Vec<CString>,

    /// Start in this directory of the zone, instead of /
    #[arg(short = 'w', long = "workdir", value_name = "DIR")]
    pub(crate) directory: Option<PathBuf>,

    /// Run as this user and group of the zone, by names or numbers; otherwise as the zone's user
    #[arg(short = 'u', long, value_name = "U[:G]")]
    pub(crate) user: Option<String>,

    /// Give the program a terminal of the zone's own
    #[arg(short = 't', long = "tty")]
    pub(crate) terminal: bool,

    /// Accepted for the habit of it: standard input is always connected
    #[arg(short = 'i', long)]
    pub(crate) interactive: bool,

    /// The zone
    #[arg(value_name = "ZONE", value_parser = zone::config::check_name)]
    pub(crate) zone: String,

    /// The program and its arguments
    #[arg(value_name = "PROGRAM", required = true, trailing_var_arg = true)]
    pub(crate) command: Vec<OsString>,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  lx ps\n  lx ps web\n  lx ps --json | jq '.[].pid'")]
pub(crate) struct Ps {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,

    /// The zone; all of them otherwise
    #[arg(value_name = "ZONE", value_parser = zone::config::check_name)]
    pub(crate) zone: Option<String>,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  lx kill web\n  lx kill -s TERM web db")]
pub(crate) struct Kill {
    /// Send this signal, by name or number, instead of SIGKILL
    #[arg(short = 's', long, value_name = "SIGNAL", value_parser = options::signal, default_value = "KILL")]
    pub(crate) signal: i32,

    /// The zones
    #[arg(value_name = "ZONE", required = true, value_parser = zone::config::check_name)]
    pub(crate) zones: Vec<String>,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  lx zones\n  lx zones --json | jq '.[].name'")]
pub(crate) struct Zones {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  lx completions bash > /usr/share/bash-completion/completions/lx
  lx completions zsh > \"${fpath[1]}/_lx\"
  lx completions fish > ~/.config/fish/completions/lx.fish";

#[derive(Debug, Args)]
#[command(
    override_usage = "lx stat [OPTIONS] [--] PROGRAM [ARGS]...\n       lx stat [OPTIONS] -p PID|ZONE",
    mut_arg("command", unless_attached),
    group = ArgGroup::new("format").args(["json", "csv", "html"]),
    after_help = STAT_EXAMPLES
)]
pub(crate) struct Stat {
    /// Write to this file instead of standard error
    #[arg(short = 'o', long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// Write JSON
    #[arg(long)]
    pub(crate) json: bool,

    /// Write comma-separated values, a line for each call of each process
    #[arg(long)]
    pub(crate) csv: bool,

    /// Write a page with charts, for a browser
    #[arg(long)]
    pub(crate) html: bool,

    /// Show a table for each process, too
    #[arg(long)]
    pub(crate) per_process: bool,

    /// Show the table so far on standard error, again every N seconds
    #[arg(short = 'i', long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) interval: Option<u32>,

    /// Observe what runs already: a process of lx, with its children to come, or all of a zone
    #[arg(
        short = 'p',
        long = "attach",
        value_name = "PID|ZONE",
        value_parser = Target::parse,
        conflicts_with_all = ["command", "environment", "directory", "argv0", "kernel_version", "zoned"]
    )]
    pub(crate) attach: Option<Target>,

    #[command(flatten)]
    pub(crate) run: Run,
}

#[derive(Debug, Args)]
#[command(
    override_usage = "lx trace [OPTIONS] [--] PROGRAM [ARGS]...\n       lx trace [OPTIONS] -p PID|ZONE",
    mut_arg("command", unless_attached),
    after_help = TRACE_EXAMPLES
)]
pub(crate) struct Trace {
    /// Of all processes and threads, not of the first thread alone; -ff with -o: a file for each
    #[arg(short = 'f', long, action = ArgAction::Count)]
    pub(crate) follow: u8,

    /// Which calls and signals, and what to do to them; may be repeated
    ///
    /// [trace=][!]SET: calls by name, %CLASS or /REGEX, separated by commas. Classes: file, desc,
    /// process, network, signal, ipc, memory, clock, creds, stat, statfs. signal=[!]SET: signals.
    /// inject=SET:error=E|retval=N[:signal=S][:delay_enter=T][:delay_exit=T][:when=N[..N][+[N]]];
    /// fault=SET[:error=E][:when=...].
    #[arg(short = 'e', long = "expr", value_name = "EXPR")]
    pub(crate) expressions: Vec<String>,

    /// Write to this file instead of standard error
    #[arg(short = 'o', long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// Print who called, as far as frame pointers tell
    #[arg(short = 'k', long)]
    pub(crate) stacks: bool,

    /// Print the paths of descriptors
    #[arg(short = 'y', long)]
    pub(crate) paths: bool,

    /// Print so many bytes of strings; paths are printed whole
    #[arg(short = 's', long, value_name = "N", default_value_t = 32)]
    pub(crate) strings: usize,

    /// Print how long each call took
    #[arg(short = 'T', long)]
    pub(crate) durations: bool,

    /// Print the time since the call before
    #[arg(short = 'r', long)]
    pub(crate) relative: bool,

    /// Print the time of day (UTC); -tt: with microseconds; -ttt: as seconds since 1970
    #[arg(short = 't', action = ArgAction::Count)]
    pub(crate) times: u8,

    /// Print only a table of calls, times and errors
    #[arg(short = 'c', long)]
    pub(crate) summary_only: bool,

    /// Print that table, too
    #[arg(short = 'C', long, conflicts_with = "summary_only")]
    pub(crate) summary: bool,

    /// Print only calls that succeed
    #[arg(short = 'z', long)]
    pub(crate) successful: bool,

    /// Print only calls that fail
    #[arg(short = 'Z', long, conflicts_with = "successful")]
    pub(crate) failed: bool,

    /// Observe what runs already: a process of lx, with its children to come, or all of a zone
    #[arg(
        short = 'p',
        long = "attach",
        value_name = "PID|ZONE",
        value_parser = Target::parse,
        conflicts_with_all = ["command", "environment", "directory", "argv0", "kernel_version", "zoned"]
    )]
    pub(crate) attach: Option<Target>,

    #[command(flatten)]
    pub(crate) run: Run,
}

/// No program is to be named where one runs already.
fn unless_attached(command: Arg) -> Arg {
    command.required(false).required_unless_present("attach")
}

const TRACE_EXAMPLES: &str = "\
Examples:
  lx trace ls
  lx trace -f -e %file,%process -o make.trace -- make
  lx trace -f -p 4711
  lx trace -y -T -e openat,read,close -- cat /etc/passwd
  lx trace -e inject=openat:error=ENOENT:when=3+ -- ls /";

const STAT_EXAMPLES: &str = "\
Examples:
  lx stat find /usr -name '*.h'
  lx stat --json -o calls.json -- make -j4
  lx stat -i 1 -p my-zone
  lx stat --html -o calls.html -- python3 -c 'import json'
  lx stat --rootfs /srv/debian -- apt-get update";

#[derive(Debug, Args)]
#[command(
    override_usage = "lx run [OPTIONS] [--] PROGRAM [ARGS]...",
    group = ArgGroup::new("zoned").args(["rootfs", "layers", "isolation"]).multiple(true),
    after_help = RUN_EXAMPLES,
    after_long_help = RUN_DETAILS
)]
pub(crate) struct Run {
    /// Set a variable of the guest's environment; may be repeated
    #[arg(
        short = 'e',
        long = "env",
        value_name = "K=V",
        value_parser = OsStringValueParser::new().try_map(options::assignment)
    )]
    pub(crate) environment: Vec<CString>,

    /// Start in this working directory
    #[arg(short = 'w', long = "workdir", value_name = "DIR")]
    pub(crate) directory: Option<PathBuf>,

    /// Pass this as the program's own name, its argument 0
    #[arg(long, value_name = "S", allow_hyphen_values = true)]
    pub(crate) argv0: Option<OsString>,

    /// Show this kernel version to the guest; system calls younger than it do not exist then
    #[arg(long, value_name = "V", value_parser = options::kernel_version)]
    pub(crate) kernel_version: Option<String>,

    #[command(flatten)]
    pub(crate) zone: Zone,

    /// The program and its arguments; options of lx go before it
    #[arg(value_name = "PROGRAM", required = true, trailing_var_arg = true)]
    pub(crate) command: Vec<OsString>,

    /// Where those write who observe the program (`crate::observed`).
    #[arg(skip)]
    pub(crate) book: Option<Arc<File>>,
}

/// What makes the program run in a zone.
#[derive(Debug, Args)]
#[command(next_help_heading = "Zone")]
pub(crate) struct Zone {
    /// Run in a zone of its own whose root is this directory
    ///
    /// The environment is then not lx's own, but PATH, HOME, HOSTNAME, TERM and what -e sets.
    #[arg(long, value_name = "DIR")]
    pub(crate) rootfs: Option<PathBuf>,

    /// The zone's root is these directories together, each over those before it; may be repeated
    ///
    /// They are not written to: what the zone changes is kept in memory, and lost with it, unless
    /// --upper says where.
    #[arg(long = "layer", value_name = "DIR", conflicts_with = "rootfs")]
    pub(crate) layers: Vec<PathBuf>,

    /// Keep what the zone changes in its layers in this directory, for zones to come
    ///
    /// It is made where it is missing. One zone at a time can have it.
    #[arg(long, value_name = "DIR", requires = "layers")]
    pub(crate) upper: Option<PathBuf>,

    /// Isolate the program in a zone; without --rootfs the zone's root is the host's
    #[arg(long, value_name = "HOW")]
    pub(crate) isolation: Option<Isolation>,

    /// Call the zone so; a random name otherwise
    #[arg(long, value_name = "NAME", value_parser = zone::config::check_name, requires = "zoned")]
    pub(crate) name: Option<String>,

    /// Set the zone's host name; otherwise it is the zone's name
    #[arg(long, value_name = "H", value_parser = zone::config::check_hostname, requires = "zoned")]
    pub(crate) hostname: Option<String>,

    /// Run as this user and group of the zone, by names or numbers; otherwise as root
    #[arg(long, value_name = "U[:G]", requires = "zoned")]
    pub(crate) user: Option<String>,

    /// Whose users a zone without namespaces has
    ///
    /// Its own, unless its root is the host's.
    #[arg(long, value_name = "WHOSE", requires = "zoned")]
    pub(crate) users: Option<Users>,

    /// Make the zone's root read-only
    #[arg(long, requires = "zoned")]
    pub(crate) read_only: bool,

    /// Mount a tmpfs; may be repeated
    ///
    /// OPTIONS: ro, exec, suid, dev, size=, mode=, uid=, gid=, nr_inodes=, separated by commas.
    #[arg(long, value_name = "PATH[:OPTIONS]", value_parser = zone::spec::tmpfs, requires = "zoned")]
    pub(crate) tmpfs: Vec<Mount>,

    /// Show a file or directory of the host in the zone; a missing SRC is made, as a directory
    ///
    /// OPTIONS: ro, nosuid, noexec, dev, bind (without the mounts below), private, slave, shared,
    /// separated by commas. May be repeated.
    #[arg(
        short = 'v',
        long = "volume",
        value_name = "SRC:DST[:OPTIONS]",
        value_parser = zone::spec::volume,
        requires = "zoned"
    )]
    pub(crate) volumes: Vec<Mount>,

    /// Mount something in the zone; a missing source is an error
    ///
    /// Keys: type (bind, volume or tmpfs), source, target, readonly, bind-propagation,
    /// bind-nonrecursive, tmpfs-size, tmpfs-mode. May be repeated.
    #[arg(long, value_name = "KEY=VALUE,...", value_parser = zone::spec::mount, requires = "zoned")]
    pub(crate) mount: Vec<Mount>,

    /// Do not show the host's tools (/usr, /bin, ...) beneath /native, read-only
    #[arg(long, requires = "zoned")]
    pub(crate) no_native: bool,

    /// The zone's network: the host's, or only a loopback device of its own
    ///
    /// A loopback device, unless the zone has no namespaces.
    #[arg(long, value_name = "NET", requires = "zoned")]
    pub(crate) net: Option<Network>,

    /// Limit the zone's memory to N bytes; k, m, g and t stand for their powers of 1024
    #[arg(long, value_name = "N", value_parser = zone::limits::memory, requires = "zoned")]
    pub(crate) memory: Option<u64>,

    /// Limit the number of the zone's threads
    #[arg(long, value_name = "N", value_parser = zone::limits::pids, requires = "zoned")]
    pub(crate) pids: Option<u64>,

    /// Limit the zone to the time of N processors, as 1.5
    #[arg(long, value_name = "N", value_parser = zone::limits::cpus, requires = "zoned")]
    pub(crate) cpus: Option<u32>,

    /// Run a small init as the zone's process 1, which reaps orphans and passes on signals
    #[arg(long, requires = "zoned")]
    pub(crate) init: bool,

    /// Give the program a terminal of the zone's own
    #[arg(short = 't', long = "tty", requires = "zoned")]
    pub(crate) terminal: bool,

    /// Let no program of the zone gain privileges by set-id bits or file capabilities (su, ping, ...)
    #[arg(long, requires = "zoned")]
    pub(crate) no_new_privileges: bool,

    /// Start the zone even if this host lacks that layer of confinement; may be repeated
    ///
    /// LAYER: seccomp, no-new-privs, landlock, landlock-scopes, capabilities, limits or descriptors.
    #[arg(long, value_name = "LAYER", value_parser = Layer::parse, requires = "zoned")]
    pub(crate) allow_weaker: Vec<Layer>,
}

/// How a zone is isolated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Isolation {
    /// By namespaces where the host allows them, with overlayfs for layers, else without
    Auto,
    /// By the host kernel's namespaces
    Namespaces,
    /// Without namespaces, for ordinary users: lx itself looks up the zone's paths
    Bare,
}

/// The values of `--users`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Users {
    /// The host's: everybody in the zone is who started it
    Host,
    /// Its own: lx keeps who is who, and whose the files are
    Zone,
}

/// The values of `--net`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Network {
    /// The host's network
    Host,
    /// A loopback device alone
    None,
}

macro_rules! run_examples {
    () => {
        "\
Examples:
  lx run ls -l
  lx run -e LANG=C -w /tmp -- sh -c 'pwd; env'
  lx run --kernel-version 4.14 uname -r
  lx run --rootfs /srv/debian --user 1000 -v /srv/data:/data:ro -- sh -c 'ls /data'
  LX_INTERCEPT=sud lx run make -j4"
    };
}

const RUN_EXAMPLES: &str = run_examples!();

const RUN_DETAILS: &str = concat!(
    "\
Exit status:
  that of the program; a program that a signal ends, ends lx by the same signal
  127  PROGRAM, or an interpreter that it needs, was not found
  126  PROGRAM was found and cannot be executed
  125  an error of lx itself, such as a bad LX_INTERCEPT or working directory
  2    lx was called in a wrong way

Environment:
  LX_INTERCEPT  how system calls are caught:
    auto     what the host does best (the default)
    rewrite  Syscall User Dispatch finds call sites, hot ones are rewritten
    sud      Syscall User Dispatch alone
    trap     a seccomp filter that traps, for hosts without Syscall User Dispatch

",
    run_examples!()
);

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lx inspect /bin/ls\n  lx inspect --json /bin/ls | jq .summary"
)]
pub(crate) struct Inspect {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,

    /// The ELF file
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  lx info\n  lx info --json | jq .intercept")]
pub(crate) struct Info {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[cfg(test)]
mod tests {
    use super::{Cli, Command, Run};
    use clap::{CommandFactory, Parser};

    fn run(arguments: &[&str]) -> Run {
        match Cli::try_parse_from(["lx", "run"].iter().chain(arguments)) {
            Ok(Cli {
                command: Command::Run(run),
            }) => *run,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn what_follows_the_program_is_the_programs() {
        let parsed = run(&["-e", "A=1", "ls", "--help", "-e", "B=2", "--", "-x"]);
        assert_eq!(parsed.command, ["ls", "--help", "-e", "B=2", "--", "-x"]);
        assert_eq!(parsed.environment.len(), 1);
        assert_eq!(run(&["--", "-odd", "--", "x"]).command, ["-odd", "--", "x"]);
        assert_eq!(
            run(&["--argv0", "-sh", "sh"]).argv0.as_deref(),
            Some("-sh".as_ref())
        );
    }

    #[test]
    fn wrong_calls_are_refused() {
        for arguments in [
            &["run"][..],
            &["run", "--nope", "ls"],
            &["run", "-e", "=x", "ls"],
            &["run", "--kernel-version", "six", "ls"],
            &["fly"],
            &[],
        ] {
            assert!(Cli::try_parse_from(["lx"].iter().chain(arguments)).is_err());
        }
    }
}
