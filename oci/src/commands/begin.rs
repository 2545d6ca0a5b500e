//! The beginning of a container: `create`, `start`, and `run`, which is both.

use std::collections::BTreeMap;
use std::fs;
use std::process::ExitCode;

use nix::unistd::Pid;
use oci_spec::runtime::{Hook, Hooks, Spec};
use serde_json::Value;
use zone::{Begun, Steps, start_detached};

use super::{end, write_pid};
use crate::Brand;
use crate::bundle::Bundle;
use crate::cgroups::Groups;
use crate::cli::{Create, Global, Run};
use crate::container::{Config, Container, Directory, Own, State, Status, VERSION};
use crate::error::{Context, Error, Result};
use crate::plan::{self, Plan};
use crate::{console, hooks, log};

/// `create`: the container is there, and its program waits.
pub(crate) fn create(global: &Global, options: &Create, brand: &dyn Brand) -> Result<()> {
    let begun = make(global, options, brand)?;
    hand_over(options, begun.terminal.as_ref())?;
    write_pid(options.pid_file.as_deref(), begun.pid)
}

/// `start`: it begins.
pub(crate) fn start(global: &Global, id: &str) -> Result<()> {
    let container = Container::find(&global.root(), id)?;
    match container.status() {
        Status::Created => {}
        Status::Stopped => {
            return Err(Error::new("cannot start a container that has stopped"));
        }
        status => {
            let state = status.name();
            return Err(Error::new(format!(
                "cannot start an already running container: {state}"
            )));
        }
    }
    container.open_gate()?;
    let spec = container.spec()?;
    let poststart = of(&spec, Hooks::poststart);
    hooks::run("poststart", poststart, &container.describe())
}

/// `run`: both, and then this process ends as the container does.
pub(crate) fn run(global: &Global, options: &Run, brand: &dyn Brand) -> Result<ExitCode> {
    let create = &options.create;
    let begun = make(global, create, brand)?;
    let id = &create.id;
    let clean = || match options.keep {
        true => Ok(()),
        false => end::remove(&Container::find(&global.root(), id)?, true),
    };
    let mut begun = begun;
    if create.console_socket.is_some() || options.detach {
        hand_over(create, begun.terminal.take().as_ref())?;
    }
    let started = write_pid(create.pid_file.as_deref(), begun.pid).and_then(|()| start(global, id));
    if let Err(error) = started {
        clean()?;
        return Err(error);
    }
    if options.detach {
        return Ok(ExitCode::SUCCESS);
    }
    let ended = zone::attend(begun)?;
    clean()?;
    Ok(ExitCode::from(ended.status()))
}

fn hand_over(options: &Create, terminal: Option<&std::os::fd::OwnedFd>) -> Result<()> {
    match (terminal, &options.console_socket) {
        (Some(terminal), Some(path)) => console::send(path, terminal),
        // Nobody can reach it; the program sees that as its end.
        (Some(_), None) => Err(Error::new(
            "cannot allocate tty if runc will detach without setting console socket",
        )),
        (None, _) => Ok(()),
    }
}

fn make(global: &Global, options: &Create, brand: &dyn Brand) -> Result<Begun> {
    let bundle = Bundle::load(&options.bundle)?;
    let Plan { config, warnings } =
        plan::plan(&bundle, &options.id, i32::from(options.preserve_fds))?;
    let log = global.log();
    warnings.iter().for_each(|warning| log.warn(warning));
    let program = plan::program(bundle.process()?, config.kernel_version.as_deref())?;
    let directory = Directory::create(&global.root(), &options.id)?;
    let state = first_state(global, &options.id, &bundle, &config)?;
    let mut making = Making {
        spec: &bundle.spec,
        directory: &directory,
        state,
        rootless: global.is_rootless(),
    };
    let made = directory.keep_config(&bundle.spec).and_then(|()| {
        let opener = directory.make_gate()?;
        let image = brand.image()?;
        let guest = |built| brand.go_on(&program, built);
        Ok(start_detached(&config, image, opener, &mut making, guest)?)
    });
    made.map_err(|error| {
        if let Some(groups) = &making.state.lx.groups {
            let _ = groups.remove();
        }
        let _ = directory.remove();
        Error::new(format!("unable to start container process: {error}"))
    })
}

fn first_state(
    global: &Global,
    id: &str,
    bundle: &Bundle,
    config: &zone::config::Config,
) -> Result<State> {
    let spec = &bundle.spec;
    let linux = spec.linux().as_ref();
    let path = linux.and_then(|linux| linux.cgroups_path().as_deref());
    let path = path.filter(|path| !path.as_os_str().is_empty());
    let annotations = spec.annotations().clone().unwrap_or_default();
    let annotations: BTreeMap<String, String> = annotations.into_iter().collect();
    let labels = annotations
        .iter()
        .map(|(key, value)| format!("{key}={value}"));
    let own_label = format!("bundle={}", bundle.path.display());
    Ok(State {
        id: id.to_owned(),
        init_process_pid: 0,
        init_process_start: 0,
        created: log::now(),
        config: Config {
            rootfs: bundle.root()?,
            labels: labels.chain([own_label]).collect(),
            version: VERSION.to_owned(),
        },
        cgroup_paths: BTreeMap::new(),
        lx: Own {
            zone: config.name.clone(),
            bundle: bundle.path.clone(),
            annotations,
            groups: Some(Groups::new(path, global.systemd_cgroup, id)),
        },
    })
}

/// What is done while the zone is made.
struct Making<'a> {
    spec: &'a Spec,
    directory: &'a Directory,
    state: State,
    /// Whether it does without groups where it must.
    rootless: bool,
}

impl Making<'_> {
    /// In zsched: the groups, the state file, and the hooks of the host.
    fn admit(&mut self, pid: Pid) -> Result<()> {
        let linux = self.spec.linux().as_ref();
        let resources = linux.and_then(|linux| linux.resources().as_ref());
        let groups = self.state.lx.groups.take();
        let held = groups
            .as_ref()
            .map_or(Ok(()), |groups| groups.hold(pid, resources));
        match held {
            Ok(()) => self.state.lx.groups = groups,
            Err(_) if self.rootless => {}
            Err(error) => {
                self.state.lx.groups = groups;
                return Err(error);
            }
        }
        let process = self.spec.process().as_ref();
        if let Some(score) = process.and_then(|process| process.oom_score_adj()) {
            let path = format!("/proc/{pid}/oom_score_adj");
            fs::write(&path, score.to_string()).about(path)?;
        }
        self.state.init_process_pid = pid.as_raw();
        self.state.init_process_start = zone::zones::start_time(pid).unwrap_or(0);
        self.state.cgroup_paths = zone::zones::groups_of(pid).into_iter().collect();
        self.directory.write(&self.state)?;
        let state = self.state.describe("creating", pid.as_raw());
        let prestart = of(self.spec, Hooks::prestart);
        hooks::run("prestart", prestart, &state)?;
        hooks::run(
            "createRuntime",
            of(self.spec, Hooks::create_runtime),
            &state,
        )
    }
}

impl Steps for Making<'_> {
    fn admit(&mut self, pid: Pid) -> std::result::Result<(), zone::Error> {
        Ok(Making::admit(self, pid)?)
    }

    fn before_root(&self) -> std::result::Result<(), zone::Error> {
        let state = in_container(&self.state, "creating");
        let hooks = of(self.spec, Hooks::create_container);
        Ok(hooks::run("createContainer", hooks, &state)?)
    }

    fn before_start(&self) -> Box<dyn Fn() -> std::result::Result<(), String>> {
        let hooks = of(self.spec, Hooks::start_container).cloned();
        let state = in_container(&self.state, "created");
        Box::new(move || {
            let ran = hooks::run("startContainer", hooks.as_ref(), &state);
            ran.map_err(|error| error.to_string())
        })
    }
}

/// The state as a hook in the container's namespaces reads it.
fn in_container(state: &State, status: &str) -> Value {
    state.describe(status, 1)
}

/// Hooks of one kind.
pub(super) fn of<'a>(
    spec: &'a Spec,
    kind: impl Fn(&'a Hooks) -> &'a Option<Vec<Hook>>,
) -> Option<&'a Vec<Hook>> {
    spec.hooks().as_ref().and_then(|hooks| kind(hooks).as_ref())
}
