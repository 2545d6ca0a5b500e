//! The programs of containers, for `oci`.

use std::convert::Infallible;
use std::ffi::{CString, OsStr};
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;

use loader::handover::Intercept;
use oci::{Brand, Error, Program};
use zone::inside::Inside;

use super::{Guest, Place, become_guest, environment, go_to, intercept};
use crate::failure::{Failure, NOT_EXECUTABLE, NOT_FOUND};

/// lx, for containers.
pub(crate) struct Containers;

impl Brand for Containers {
    fn image(&self) -> Result<OwnedFd, Error> {
        let image = intercept().and_then(super::new_image);
        image.map_err(|failure| Error::new(failure.to_string()))
    }

    fn go_on(&self, program: &Program, built: Result<Inside, zone::Error>) -> u8 {
        let Ok(inside) = built else {
            // Who waits for it was told by whoever built it.
            return crate::failure::OWN_ERROR;
        };
        let gate = inside.gate();
        let failure = match begin(program, inside) {
            Ok(never) => match never {},
            Err(failure) => failure,
        };
        let told = gate.is_some_and(|gate| gate.refuse(&words(program, &failure)));
        if !told {
            let _ = writeln!(io::stderr(), "lx: {failure}");
        }
        failure.status
    }
}

fn begin(program: &Program, inside: Inside) -> Result<Infallible, Failure> {
    go_to(&program.directory)?;
    let intercept = if zone::is_fixed(std::os::fd::AsFd::as_fd(&inside.image)) {
        Intercept::Trap
    } else {
        intercept()?
    };
    let mut environment = program.environment.clone();
    if environment::value(&environment, "HOME").is_none() {
        let home = format!("HOME={}", inside.home.as_deref().unwrap_or("/"));
        environment.extend(CString::new(home));
    }
    let guest = Guest {
        command: &program.arguments,
        argv0: None,
        kernel_version: program.kernel_version.as_deref(),
        init: false,
        book: None,
    };
    become_guest(
        &guest,
        intercept,
        environment,
        Place::Zone(Box::new(inside)),
    )
}

/// What engines look for to tell programs that are missing, or no programs, from other errors.
fn words(program: &Program, failure: &Failure) -> String {
    let name = program
        .arguments
        .first()
        .map_or(OsStr::new(""), |name| name);
    let has_slash = name.as_bytes().contains(&b'/');
    match failure.status {
        NOT_FOUND if has_slash => format!(
            "exec: {name:?}: stat {}: no such file or directory",
            name.display()
        ),
        NOT_FOUND => format!("exec: {name:?}: executable file not found in $PATH"),
        NOT_EXECUTABLE => format!("exec: {name:?}: {}", reason(failure)),
        _ => failure.to_string(),
    }
}

/// What the kernel said, in the words of Go.
fn reason(failure: &Failure) -> String {
    let text = failure.to_string();
    let (_, reason) = text.rsplit_once(": ").unwrap_or(("", &text));
    match reason.split(" (").next().unwrap_or_default() {
        // What execve(2) says, whatever it is that cannot be executed.
        "Permission denied" | "Is a directory" => "permission denied".to_owned(),
        "Exec format error" => "exec format error".to_owned(),
        _ => text.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::words;
    use crate::failure::Failure;
    use oci::Program;
    use std::io;
    use std::path::Path;

    #[test]
    fn engines_find_the_words_they_look_for() {
        let said = |name: &str, errno| {
            let program = Program {
                arguments: vec![name.into()],
                environment: Vec::new(),
                directory: "/".into(),
                kernel_version: None,
            };
            let error = io::Error::from_raw_os_error(errno);
            words(&program, &Failure::program(Path::new(name), &error))
        };
        assert_eq!(
            said("x", 2),
            "exec: \"x\": executable file not found in $PATH"
        );
        assert!(said("/x", 2).ends_with("no such file or directory"));
        assert_eq!(said("/x", 13), "exec: \"/x\": permission denied");
        assert_eq!(said("/x", 8), "exec: \"/x\": exec format error");
    }
}
