//! Which command lines are for an OCI runtime.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use crate::cli::default_root;
use crate::container::Container;

/// Under this name, lx is nothing but an OCI runtime.
pub(crate) const NAME: &str = "lx-oci";

/// Whether a command line, the program's name first, is one for an OCI runtime: that name, `oci`, an
/// option that stands before runc's commands, or a command that lx itself does not have. Of those that
/// both have, one that speaks of a bundle or has options of runc's alone is for the runtime, and one that
/// names a container where no zone is meant.
#[must_use]
pub fn is_meant(arguments: &[OsString]) -> bool {
    /// Without a value, and with one.
    const OPTIONS: [&str; 7] = [
        "--root",
        "--log",
        "--log-format",
        "--debug",
        "--systemd-cgroup",
        "--rootless",
        "--criu",
    ];
    const COMMANDS: [&str; 11] = [
        "create", "start", "state", "delete", "list", "pause", "resume", "update", "events",
        "spec", "features",
    ];
    let words: Vec<&str> = arguments
        .iter()
        .map(|word| word.to_str().unwrap_or_default())
        .collect();
    let name = words.first().map(|name| Path::new(name).file_name());
    if name.flatten() == Some(OsStr::new(NAME)) {
        return true;
    }
    let rest = words.get(2..).unwrap_or_default();
    let has = |options: &[&str]| {
        rest.iter()
            .any(|word| options.contains(&word.split('=').next().unwrap_or_default()))
    };
    match words.get(1).copied().unwrap_or_default() {
        "oci" | "checkpoint" | "restore" => true,
        word if OPTIONS.contains(&word.split('=').next().unwrap_or_default()) => true,
        word if COMMANDS.contains(&word) => true,
        "run" => leading(rest).any(|word| {
            let option = word.split('=').next().unwrap_or_default();
            ["--bundle", "-b", "--pid-file", "--console-socket"].contains(&option)
        }),
        "exec" => {
            leading(rest).any(|word| {
                let option = word.split('=').next().unwrap_or_default();
                [
                    "--process",
                    "-p",
                    "--pid-file",
                    "--detach",
                    "-d",
                    "--console-socket",
                ]
                .contains(&option)
            }) || is_container(rest)
        }
        "ps" => has(&["--format", "-f"]) || is_container(rest),
        "kill" => has(&["--all", "-a"]) || is_container(rest),
        _ => false,
    }
}

/// Options before the first word that is none.
fn leading<'a>(words: &'a [&'a str]) -> impl Iterator<Item = &'a str> {
    words
        .iter()
        .copied()
        .take_while(|word| word.starts_with('-') && *word != "--")
}

/// Whether the first word that is no option names a container in the usual directory, and not a zone by
/// the same name.
fn is_container(words: &[&str]) -> bool {
    let id = words.iter().find(|word| !word.starts_with('-'));
    id.is_some_and(|id| Container::find(&default_root(), id).is_ok())
}

#[cfg(test)]
mod tests {
    use super::is_meant;
    use std::ffi::OsString;

    fn meant(line: &str) -> bool {
        let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        is_meant(&words)
    }

    #[test]
    fn engines_are_told_from_users() {
        for line in [
            "lx-oci run ls",
            "/usr/bin/lx-oci",
            "lx oci ps x",
            "lx --root /run/x kill y",
            "lx --root=/run/x exec y",
            "lx --log /l --log-format json create --bundle /b x",
            "lx --systemd-cgroup run x",
            "lx state x",
            "lx start x",
            "lx delete --force x",
            "lx exec --pid-file /p --process /q --detach x",
            "lx exec -d x sh",
            "lx run --bundle /b x",
            "lx kill --all x 9",
            "lx ps --format json x",
            "lx features",
        ] {
            assert!(meant(line), "{line}");
        }
        for line in [
            "lx",
            "lx run ls --bundle",
            "lx run --rootfs / sh",
            "lx exec web sh -d",
            "lx exec -it web sh",
            "lx kill web",
            "lx ps",
            "lx ps --json",
            "lx zones",
            "lx --help",
        ] {
            assert!(!meant(line), "{line}");
        }
    }
}
