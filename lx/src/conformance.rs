//! `lx conformance`: hands over to the conformance suite's runner, a program of its own.

use std::env;
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::Failure;

/// The runner's file name.
const RUNNER: &str = "conformance";
/// Names this lx for the runner.
const UNDER_TEST: &str = "LX_UNDER_TEST";

/// Executes the runner in place of this process; comes back only if that fails.
pub(crate) fn run(arguments: &[OsString]) -> Result<std::convert::Infallible, Failure> {
    let own = env::current_exe().map_err(|error| Failure::about("own file", &error))?;
    let places = places(&own);
    let Some(runner) = places.iter().find(|place| place.is_file()) else {
        let looked: Vec<String> = places.iter().map(|p| p.display().to_string()).collect();
        return Err(Failure::own(format!(
            "the runner of the conformance suite is not installed: no {} (in the sources of lx, \
             'cargo build --release -p conformance' makes it)",
            looked.join(", no ")
        )));
    };
    let error = Command::new(runner)
        .args(arguments)
        .env(UNDER_TEST, &own)
        .exec();
    Err(Failure::about(runner.display(), &error))
}

/// Where the runner may lie: beside lx, or where a package puts programs that are not for PATH.
fn places(own: &Path) -> Vec<PathBuf> {
    let folder = own.parent().unwrap_or(Path::new("/"));
    let mut places = vec![folder.join(RUNNER)];
    places.extend(folder.parent().map(|up| up.join("libexec/lx").join(RUNNER)));
    places
}

#[cfg(test)]
mod tests {
    use super::places;
    use std::path::Path;

    #[test]
    fn the_runner_lies_beside_lx_or_in_libexec() {
        let found = places(Path::new("/usr/bin/lx"));
        let expected = ["/usr/bin/conformance", "/usr/libexec/lx/conformance"];
        assert_eq!(found, expected.map(Path::new));
    }
}
