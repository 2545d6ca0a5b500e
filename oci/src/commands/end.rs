//! The end of a container: `kill` and `delete`.

use nix::sys::signal::{Signal, kill as send};
use oci_spec::runtime::Hooks;

use super::begin::of;
use crate::cli::{Delete, Global, Kill};
use crate::container::{Container, Status};
use crate::error::{Error, Result};
use crate::hooks;

/// `kill`.
pub(crate) fn kill(global: &Global, options: &Kill) -> Result<()> {
    let container = Container::find(&global.root(), &options.id)?;
    let number = signal(&options.signal)?;
    if !options.all {
        return container.signal(number);
    }
    let groups = container.state.lx.groups.as_ref();
    let Some(groups) = groups else {
        return container.signal(number);
    };
    let signal = Signal::try_from(number).map_err(|_| unknown(&options.signal))?;
    for pid in groups.processes().unwrap_or_default() {
        // One that has ended by now is none.
        let _ = send(pid, signal);
    }
    Ok(())
}

/// `delete`.
pub(crate) fn delete(global: &Global, options: &Delete) -> Result<()> {
    match Container::find(&global.root(), &options.id) {
        Ok(container) => remove(&container, options.force),
        Err(_) if options.force => Ok(()),
        Err(error) => Err(error),
    }
}

/// Removes what is left of a container: one that runs only with `force`.
pub(super) fn remove(container: &Container, force: bool) -> Result<()> {
    match container.status() {
        Status::Stopped => {}
        Status::Created => end(container)?,
        status if !force => {
            return Err(Error::new(format!(
                "cannot delete container {} that is not stopped: {}",
                container.state.id,
                status.name()
            )));
        }
        Status::Running => end(container)?,
        Status::Paused => {
            if let Some(groups) = &container.state.lx.groups {
                // What is frozen does not end.
                let _ = container.signal(Signal::SIGKILL as i32);
                groups.freeze(false)?;
            }
            end(container)?;
        }
    }
    // zsched removes what it has made, and others what it could not.
    zone::zones::await_end(&container.state.lx.zone)?;
    if let Some(groups) = &container.state.lx.groups {
        groups.remove()?;
    }
    let state = container.describe();
    let spec = container.spec();
    container.directory.remove()?;
    let spec = spec?;
    hooks::run("poststop", of(&spec, Hooks::poststop), &state)
}

/// Ends its processes.
fn end(container: &Container) -> Result<()> {
    let Some(process) = container.process() else {
        return Ok(());
    };
    container.signal(Signal::SIGKILL as i32)?;
    Ok(zone::zones::await_process(&process)?)
}

/// A signal's number, by that or by a name.
fn signal(text: &str) -> Result<i32> {
    if let Ok(number) = text.parse::<i32>() {
        return match (0..=64).contains(&number) {
            true => Ok(number),
            false => Err(unknown(text)),
        };
    }
    let name = text.to_ascii_uppercase();
    let name = match name.strip_prefix("SIG") {
        Some(_) => name,
        None => format!("SIG{name}"),
    };
    name.parse::<Signal>()
        .map(|signal| signal as i32)
        .map_err(|_| unknown(text))
}

fn unknown(text: &str) -> Error {
    Error::new(format!("unknown signal {text:?}"))
}

#[cfg(test)]
mod tests {
    use super::signal;

    #[test]
    fn signals_have_names_and_numbers() {
        for text in ["15", "TERM", "SIGTERM", "sigterm"] {
            assert_eq!(signal(text), Ok(15), "{text}");
        }
        for bad in ["", "SIG", "65", "-1", "NOTHING"] {
            assert!(signal(bad).is_err(), "{bad}");
        }
    }
}
