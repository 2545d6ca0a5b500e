//! `exec`: one more program in a container.

use std::process::ExitCode;

use oci_spec::runtime::{Capability, LinuxCapabilities, Process, Spec};
use zone::config::Config;
use zone::zones;

use super::write_pid;
use crate::Brand;
use crate::cli::{Exec, Global};
use crate::container::{Container, Status};
use crate::error::{Error, Result};
use crate::plan;
use crate::{bundle, console};

/// Runs it; without `--detach` to its end.
pub(crate) fn exec(global: &Global, options: &Exec, brand: &dyn Brand) -> Result<ExitCode> {
    let container = Container::find(&global.root(), &options.id)?;
    match container.status() {
        Status::Stopped => return Err(Error::new("cannot exec in a stopped container")),
        Status::Paused if !options.ignore_paused => {
            return Err(Error::new("cannot exec in a paused container"));
        }
        _ => {}
    }
    let process = match &options.process {
        Some(path) => bundle::process(path)?,
        None => described(options, &container.spec()?)?,
    };
    let zone = zones::find(&container.state.lx.zone)?;
    let descriptors = i32::from(options.preserve_fds);
    let mut warnings = Vec::new();
    let own = plan::zones_process(&process, descriptors, &mut warnings)?;
    let log = global.log();
    warnings.iter().for_each(|warning| log.warn(warning));
    let program = plan::program(&process, zone.config.kernel_version.as_deref())?;
    let mut config = Config {
        terminal: process.terminal().unwrap_or(false),
        no_new_privileges: process.no_new_privileges().unwrap_or(false),
        ..zone.config.clone()
    };
    if let Some(container) = &mut config.container {
        container.process = own;
    }
    if config.terminal && options.detach && options.console_socket.is_none() {
        return Err(Error::new(
            "cannot allocate tty if runc will detach without setting console socket",
        ));
    }
    let guest = |built| brand.go_on(&program, built);
    let mut begun = zone::join_detached(&zone, &config, options.detach, guest)?;
    if let Some(path) = &options.console_socket
        && let Some(terminal) = begun.terminal.take()
    {
        console::send(path, &terminal)?;
    }
    write_pid(options.pid_file.as_deref(), begun.pid)?;
    match options.detach {
        true => Ok(ExitCode::SUCCESS),
        false => Ok(ExitCode::from(zone::attend(begun)?.status())),
    }
}

/// The container's process, changed as the options say.
fn described(options: &Exec, spec: &Spec) -> Result<Process> {
    let mut process = spec.process().clone().unwrap_or_default();
    if options.command.is_empty() {
        return Err(Error::new("exec args cannot be empty"));
    }
    process.set_args(Some(options.command.clone()));
    process.set_terminal(Some(options.tty));
    if let Some(directory) = &options.cwd {
        process.set_cwd(directory.clone());
    }
    let mut variables = process.env().clone().unwrap_or_default();
    variables.extend(options.env.iter().cloned());
    process.set_env(Some(variables));
    if options.no_new_privs {
        process.set_no_new_privileges(Some(true));
    }
    if let Some(profile) = &options.apparmor {
        process.set_apparmor_profile(Some(profile.clone()));
    }
    if let Some(label) = &options.process_label {
        process.set_selinux_label(Some(label.clone()));
    }
    if let Some(text) = &options.user {
        let wrong = |_| Error::new(format!("--user {text}: expected UID[:GID]"));
        let (user, group) = text.split_once(':').unwrap_or((text, "0"));
        let (user, group) = (user.parse().map_err(wrong)?, group.parse().map_err(wrong)?);
        process.user_mut().set_uid(user).set_gid(group);
    }
    if !options.additional_gids.is_empty() {
        let groups = Some(options.additional_gids.clone());
        process.user_mut().set_additional_gids(groups);
    }
    if !options.cap.is_empty() {
        let more = options.cap.iter().map(|name| capability(name));
        let more = more.collect::<Result<Vec<_>>>()?;
        let mut sets = process.capabilities().clone().unwrap_or_default();
        add(&mut sets, &more);
        process.set_capabilities(Some(sets));
    }
    Ok(process)
}

fn capability(name: &str) -> Result<Capability> {
    let plain = name.strip_prefix("CAP_").unwrap_or(name);
    let wrong = |_| Error::new(format!("--cap {name}: unknown capability"));
    plain.parse().map_err(wrong)
}

/// As runc does: to all sets but the ambient one, which they reach where the process's own do.
fn add(sets: &mut LinuxCapabilities, more: &[Capability]) {
    let with = |set: &Option<oci_spec::runtime::Capabilities>| {
        let mut set = set.clone().unwrap_or_default();
        set.extend(more);
        Some(set)
    };
    let (bounding, effective) = (with(sets.bounding()), with(sets.effective()));
    let permitted = with(sets.permitted());
    sets.set_bounding(bounding)
        .set_effective(effective)
        .set_permitted(permitted);
}
