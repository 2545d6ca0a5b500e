//! Finds the program that a name means, as a shell does.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::fcntl::{OFlag, OpenHow, ResolveFlag, openat2};
use nix::unistd::{AccessFlags, eaccess};
use zone::NATIVE;

use super::Place;
use crate::failure::{Failure, NOT_EXECUTABLE, NOT_FOUND};

/// Where execvp(3) looks when `PATH` is not set (`_CS_PATH`).
const DEFAULT_PATH: &str = "/bin:/usr/bin";

/// What stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    Executable,
    Directory,
    NotExecutable,
    Nothing,
}

/// The path of the program `name`: `name` itself if it holds a slash, else the first executable
/// file of that name in the directories of `path` (the guest's `PATH`).
pub(super) fn find(place: &Place, name: &OsStr, path: Option<&OsStr>) -> Result<PathBuf, Failure> {
    let look = |file: &Path| match place.outside(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Found::Nothing),
        outside => match outside? {
            Some((_fd, path)) => look(&path),
            None => look(file),
        },
    };
    search(name, path.unwrap_or(OsStr::new(DEFAULT_PATH)), look)
}

/// The canonical path of one of the host's tools in a zone, where absolute links lead on beneath
/// `/native`, as the brand has it.
pub(super) fn host_tool(name: &OsStr) -> Option<PathBuf> {
    let path = Path::new(name).strip_prefix(NATIVE).ok()?;
    let top = File::open(NATIVE).ok()?;
    let how = OpenHow::new()
        .flags(OFlag::O_PATH | OFlag::O_CLOEXEC)
        .resolve(ResolveFlag::RESOLVE_IN_ROOT);
    let found = openat2(&top, path, how).ok()?;
    let file = fs::read_link(format!("/proc/self/fd/{}", found.as_raw_fd())).ok()?;
    matches!(look(&file), Ok(Found::Executable)).then_some(file)
}

fn search(
    name: &OsStr,
    path: &OsStr,
    look: impl Fn(&Path) -> Result<Found, io::Error>,
) -> Result<PathBuf, Failure> {
    let bytes = name.as_bytes();
    if bytes.contains(&b'/') {
        let file = PathBuf::from(name);
        return match look(&file) {
            Ok(Found::Executable) => Ok(file),
            Ok(Found::Directory) => Err(Failure::program_because(
                &file,
                NOT_EXECUTABLE,
                "Is a directory",
            )),
            Ok(Found::NotExecutable) => Err(Failure::program_because(
                &file,
                NOT_EXECUTABLE,
                "Permission denied",
            )),
            Ok(Found::Nothing) => Err(Failure::program_because(
                &file,
                NOT_FOUND,
                "No such file or directory",
            )),
            Err(error) => Err(Failure::program(&file, &error)),
        };
    }
    // "." and ".." are directories on every path; a shell finds no command of that name.
    let mut not_executable = None;
    if !bytes.is_empty() {
        for file in path
            .as_bytes()
            .split(|&byte| byte == b':')
            .map(|dir| join(dir, bytes))
        {
            match look(&file) {
                Ok(Found::Executable) => return Ok(file),
                Ok(Found::NotExecutable) => {
                    not_executable.get_or_insert(file);
                }
                // A directory is not a command, and one that cannot be searched hides nothing.
                Ok(Found::Directory | Found::Nothing) | Err(_) => {}
            }
        }
    }
    Err(match not_executable {
        Some(file) => Failure::program_because(&file, NOT_EXECUTABLE, "Permission denied"),
        None => Failure::program_because(Path::new(name), NOT_FOUND, "command not found"),
    })
}

/// `directory/name`; an empty directory means the working directory (environ(7)).
fn join(directory: &[u8], name: &[u8]) -> PathBuf {
    let mut file = OsString::from(if directory.is_empty() {
        OsStr::new(".")
    } else {
        OsStr::from_bytes(directory)
    });
    if !directory.ends_with(b"/") {
        file.push("/");
    }
    file.push(OsStr::from_bytes(name));
    PathBuf::from(file)
}

/// What stands at `file`, by the effective user as for execve(2).
fn look(file: &Path) -> Result<Found, io::Error> {
    let metadata = match fs::metadata(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
        metadata => metadata?,
    };
    if metadata.is_dir() {
        return Ok(Found::Directory);
    }
    let executable = metadata.is_file() && eaccess(file, AccessFlags::X_OK).is_ok();
    Ok(if executable {
        Found::Executable
    } else {
        Found::NotExecutable
    })
}

#[cfg(test)]
mod tests {
    use super::{Found, search};
    use crate::failure::{Failure, NOT_EXECUTABLE, NOT_FOUND};
    use std::ffi::OsStr;
    use std::io;
    use std::path::{Path, PathBuf};

    fn files(path: &Path) -> Result<Found, io::Error> {
        Ok(match path.to_str() {
            Some("/bin/ls" | "./here" | "/opt/bin/tool" | "rel/x") => Found::Executable,
            Some("/usr/bin/tool" | "/bin/data") => Found::NotExecutable,
            Some("/bin/dir" | "/etc/") => Found::Directory,
            Some("/bin/file/x") => return Err(io::Error::from_raw_os_error(20)),
            Some("/locked/x") => return Err(io::Error::from_raw_os_error(13)),
            _ => Found::Nothing,
        })
    }

    fn find(name: &str, path: &str) -> Result<PathBuf, Failure> {
        search(OsStr::new(name), OsStr::new(path), files)
    }

    fn status(name: &str, path: &str) -> u8 {
        find(name, path).expect_err("it must fail").status
    }

    #[test]
    fn a_name_with_a_slash_is_taken_as_it_is() {
        assert_eq!(find("rel/x", "/bin"), Ok(PathBuf::from("rel/x")));
        assert_eq!(status("/bin/nothing", "/bin"), NOT_FOUND);
        assert_eq!(status("/bin/file/x", "/bin"), NOT_FOUND);
        assert_eq!(status("/etc/", "/bin"), NOT_EXECUTABLE);
        assert_eq!(status("/bin/data", "/bin"), NOT_EXECUTABLE);
        assert_eq!(status("/locked/x", "/bin"), NOT_EXECUTABLE);
    }

    #[test]
    fn the_first_executable_of_the_path_is_taken() {
        assert_eq!(find("ls", "/usr/bin:/bin"), Ok(PathBuf::from("/bin/ls")));
        assert_eq!(
            find("tool", "/usr/bin:/opt/bin/"),
            Ok(PathBuf::from("/opt/bin/tool"))
        );
    }

    #[test]
    fn an_empty_directory_is_the_working_directory() {
        for path in [":/bin", "/bin:", "/bin::/usr/bin"] {
            assert_eq!(find("here", path), Ok(PathBuf::from("./here")), "{path}");
        }
    }

    #[test]
    fn what_is_not_executable_is_told_from_what_is_missing() {
        assert_eq!(status("data", "/bin:/usr/bin"), NOT_EXECUTABLE);
        assert_eq!(status("dir", "/bin"), NOT_FOUND);
        assert_eq!(status("none", "/bin"), NOT_FOUND);
        assert_eq!(status("", "/bin"), NOT_FOUND);
    }
}
