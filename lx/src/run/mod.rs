//! `lx run`: this process becomes the guest, or zsched of a zone whose first process does.
//!
//! Everything that can go wrong is checked first. Then lx executes the brand's image in its own
//! place, so the guest has lx's process id, parent, terminal, descriptors and signal state, and
//! its end is the end that lx's parent sees. (For a zone, `zone` splits the process before.) What the brand must know stands in the last string
//! of the environment (`loader::handover`).

mod container;
mod descriptors;
mod environment;
mod exec;
mod fixed;
mod image;
mod preflight;
mod search;
mod zoned;

use std::convert::Infallible;
use std::env;
use std::ffi::{CString, OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use abi::Errno;
use loader::handover::{Handover, Intercept, MAX_LEN, Start};
use nix::sys::memfd::{MFdFlags, memfd_create};
use zone::NATIVE;
use zone::inside::Inside;

use crate::cli::Run;
use crate::failure::Failure;
use crate::options::{INTERCEPT_VARIABLE, Wish};

pub(crate) use container::Containers;
pub(crate) use exec::exec;

/// Starts the guest. Comes back when that failed, or, from a zone, at the guest's end.
pub(crate) fn run(options: &Run) -> Result<ExitCode, Failure> {
    let intercept = intercept()?;
    if options.zone.is_asked_for() {
        return zoned::run(options, intercept);
    }
    let environment =
        environment::merge(host_std::entry::environment(), options.environment.clone());
    if let Some(directory) = &options.directory {
        go_to(directory)?;
    }
    let proc = descriptors::open_proc().map_err(|error| Failure::about("/proc", &error))?;
    match become_guest(&options.guest(), intercept, environment, Place::Host(proc))? {}
}

/// What is run.
struct Guest<'a> {
    /// The program and its arguments.
    command: &'a [OsString],
    /// The program's own name, if it is to be another.
    argv0: Option<&'a OsString>,
    kernel_version: Option<&'a str>,
    /// A reaper comes first.
    init: bool,
    /// The book of those who observe it.
    book: Option<&'a File>,
    /// Filters of its calls.
    filters: Option<&'a [u8]>,
}

impl Run {
    fn guest(&self) -> Guest<'_> {
        Guest {
            command: &self.command,
            argv0: self.argv0.as_ref(),
            kernel_version: self.kernel_version.as_deref(),
            init: self.zone.init,
            book: self.book.as_deref(),
            filters: None,
        }
    }
}

/// Where the guest begins.
enum Place {
    /// On the host, whose /proc this is.
    Host(File),
    /// In a zone.
    Zone(Box<Inside>),
}

impl Place {
    /// The path by which this process finds what the guest calls `path`, if those differ.
    fn outside(&self, path: &Path) -> io::Result<Option<(OwnedFd, PathBuf)>> {
        match self {
            Self::Zone(inside) if path.is_absolute() => inside.outside(path),
            _ => Ok(None),
        }
    }
}

fn go_to(directory: &Path) -> Result<(), Failure> {
    env::set_current_dir(directory).map_err(|error| Failure::about(directory.display(), &error))
}

/// This process becomes the guest.
fn become_guest(
    guest: &Guest<'_>,
    intercept: Intercept,
    environment: Vec<CString>,
    place: Place,
) -> Result<Infallible, Failure> {
    let Some((name, rest)) = guest.command.split_first() else {
        return Err(Failure::own("no program given"));
    };
    let in_zone = matches!(place, Place::Zone(_));
    let in_own_mounts = in_zone && matches!(place.outside(Path::new("/")), Ok(None));
    let program = match search::host_tool(name).filter(|_| in_own_mounts) {
        Some(tool) => tool,
        None => {
            let path = environment::value(&environment, "PATH");
            let program = search::find(&place, name, path)?;
            // The interpreters of the host's tools are where only the brand looks.
            if !in_zone || !program.starts_with(NATIVE) {
                preflight::check(&place, &program)?;
            }
            program
        }
    };

    let argv0 = guest.argv0.unwrap_or(name);
    let arguments = std::iter::once(argv0)
        .chain(rest)
        .map(|argument| c_string(argument))
        .collect::<Result<Vec<_>, _>>()?;

    let users = match &place {
        Place::Host(_) => None,
        Place::Zone(inside) => inside.users.clone(),
    };
    if let Place::Zone(inside) = &place
        && let Some(gate) = inside.gate()
    {
        let passed = gate.pass();
        passed.map_err(|error| Failure::about("cannot start the program", &error))?;
    }

    let own;
    let (zone, image, mounts, mut behind) = match &place {
        Place::Host(proc) => {
            own = new_image(intercept)?;
            (false, own.as_fd(), 0, vec![proc.as_fd(); 3])
        }
        Place::Zone(inside) => {
            let image = inside.image.as_fd();
            if intercept == Intercept::Trap && !zone::is_fixed(image) {
                let why = "the zone's programs do not have their calls caught by a filter";
                return Err(Failure::own(format!("{INTERCEPT_VARIABLE}: {why}")));
            }
            (true, image, inside.mounts(), inside.descriptors())
        }
    };
    behind.extend(guest.book.map(File::as_fd));
    let reserved = descriptors::reserve(image, &behind)
        .map_err(|error| Failure::about("cannot reserve descriptors", &error))?;
    let filters = guest.filters.map(filters_file).transpose();
    let filters = filters.map_err(|error| Failure::about("the filters of its calls", &error))?;
    let exe = if mounts > 0 {
        program.clone()
    } else {
        fs::canonicalize(&program).map_err(|error| Failure::program(&program, &error))?
    };
    let mut strings = environment;
    strings.push(hand_over(&Handover {
        image_fd: reserved.image,
        proc_fd: reserved.proc,
        program_fd: None,
        interpreter_fd: None,
        intercept,
        kernel_version: guest.kernel_version.map(str::as_bytes),
        ignored_signals: 0,
        blocked_signals: 0,
        start: Start::Resolve,
        zone,
        mounts,
        // Its number in the zone.
        contract: if zone { std::process::id() } else { 0 },
        init: zone && guest.init,
        secure: false,
        filters_fd: filters.as_ref().map(AsRawFd::as_raw_fd),
        users: users.as_deref(),
        files: None,
        observed: guest.book.map(|_| 0),
        comm: None,
        exe: exe.as_os_str().as_bytes(),
        execfn: program.as_os_str().as_bytes(),
    })?);

    // What a zone's process loses last is what the steps up to here needed.
    if let Place::Zone(inside) = place {
        let mut kept = reserved.numbers();
        kept.extend(filters.as_ref().map(AsRawFd::as_raw_fd));
        let confined = inside.confine(&kept);
        confined.map_err(|error| Failure::about("cannot confine the zone", &error))?;
    }

    match host_std::launch::exec_image(reserved.image, &arguments, &strings) {
        Ok(never) => match never {},
        // The only error that is about the guest's own arguments.
        Err(error) if is(&error, Errno::E2BIG) => Err(Failure::program(&program, &error)),
        Err(error) => Err(Failure::about("cannot start the brand", &error)),
    }
}

/// A file with filters, which the brand reads and closes.
fn filters_file(filters: &[u8]) -> io::Result<OwnedFd> {
    let file = memfd_create("lx-filters", MFdFlags::empty())?;
    File::from(file.try_clone()?).write_all(filters)?;
    Ok(file)
}

/// The brand's image, which all processes of a zone share.
fn new_image(intercept: Intercept) -> Result<OwnedFd, Failure> {
    image::create(intercept)
        .map_err(|error| Failure::about("cannot make the brand's image", &error))
}

/// How calls are to be caught, from the environment and what the host offers.
fn intercept() -> Result<Intercept, Failure> {
    let wish = Wish::parse(env::var_os(INTERCEPT_VARIABLE).as_deref())?;
    let sud = host_std::probe::syscall_user_dispatch().is_ok();
    // Asked only where the answer matters: a start should cost few calls.
    let trap = wish == Wish::Exactly(Intercept::Trap) || !sud;
    wish.choose(sud, trap && zone::host::seccomp_trap())
}

/// The string for the brand.
fn hand_over(handover: &Handover<'_>) -> Result<CString, Failure> {
    let mut buffer = vec![0; MAX_LEN];
    let length = handover.encode(&mut buffer).ok_or_else(|| {
        let error = io::Error::from_raw_os_error(i32::from(Errno::ENAMETOOLONG.number()));
        Failure::program(Path::new(OsStr::from_bytes(handover.execfn)), &error)
    })?;
    buffer.truncate(length);
    CString::from_vec_with_nul(buffer).map_err(|error| Failure::own(error.to_string()))
}

fn c_string(text: &OsStr) -> Result<CString, Failure> {
    CString::new(text.as_bytes()).map_err(|error| Failure::own(error.to_string()))
}

fn is(error: &io::Error, errno: Errno) -> bool {
    error.raw_os_error() == Some(i32::from(errno.number()))
}
