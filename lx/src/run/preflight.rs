//! Looks at a program before lx gives itself up for it, so that what cannot be executed ends with
//! a clear line and a shell's exit status. The brand decides for good: it does the same again,
//! as execve(2) would, on the files as they are then.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use abi::Errno;
use goblin::elf::header;
use loader::elf::{Header, Image};
use loader::script;
use nix::unistd::{AccessFlags, eaccess};

use super::Place;
use crate::failure::Failure;

/// Checks that `program` is an executable file that lx can run: a script whose interpreters
/// exist, or an x86-64 ELF file that is whole and whose interpreter is there.
pub(super) fn check(place: &Place, program: &Path) -> Result<(), Failure> {
    let mut path = program.to_path_buf();
    for _ in 0..=script::MAX_DEPTH {
        let (file, head) = open(place, program, &path)?;
        match script::parse(&head).map_err(|errno| refused(program, &path, errno, ""))? {
            Some(script) => path = PathBuf::from(OsStr::from_bytes(script.interpreter)),
            None => return check_elf(place, program, &path, &file, &head),
        }
    }
    Err(refused(
        program,
        program,
        Errno::ELOOP,
        " (interpreters that are scripts)",
    ))
}

fn check_elf(
    place: &Place,
    program: &Path,
    path: &Path,
    file: &File,
    head: &[u8],
) -> Result<(), Failure> {
    let no_exec = |errno| refused(program, path, errno, explain(head));
    let header = Header::program(head).map_err(no_exec)?;
    let image = image_of(file, header).map_err(no_exec)?;
    let Some(interp) = image.interp else {
        return Ok(());
    };
    let mut bytes = vec![0; interp.len];
    let read = file
        .read_exact_at(&mut bytes, interp.offset)
        .map_err(|_| Errno::EIO);
    let name = read.and_then(|()| interp.path(&bytes)).map_err(no_exec)?;

    let path = PathBuf::from(OsStr::from_bytes(name));
    let (file, head) = open(place, program, &path)?;
    let bad = |errno| refused(program, &path, errno, explain(&head));
    let header = Header::interpreter(&head).map_err(bad)?;
    image_of(&file, header).map(drop).map_err(bad)
}

/// The program headers of `file`.
fn image_of(file: &File, header: Header) -> Result<Image, Errno> {
    let mut table = vec![0; header.table_len()];
    file.read_exact_at(&mut table, header.phoff)
        .map_err(|_| Errno::ENOEXEC)?;
    Image::from_headers(header, &table)
}

/// Opens `path`, which `program` is or needs, and reads its first bytes.
fn open(place: &Place, program: &Path, path: &Path) -> Result<(File, Vec<u8>), Failure> {
    let read = || match place.outside(path)? {
        Some((_fd, outside)) => read_head(&outside),
        None => read_head(path),
    };
    read().map_err(|error| about(program, path, &error, ""))
}

fn read_head(path: &Path) -> io::Result<(File, Vec<u8>)> {
    let file = File::open(path)?;
    if !file.metadata()?.is_file() {
        // What execve(2) says of everything that is not a regular file.
        return Err(io::Error::from_raw_os_error(i32::from(
            Errno::EACCES.number(),
        )));
    }
    eaccess(path, AccessFlags::X_OK)?;
    let mut head = Vec::with_capacity(script::HEAD_LEN);
    let limit = u64::try_from(script::HEAD_LEN).map_err(io::Error::other)?;
    (&file).take(limit).read_to_end(&mut head)?;
    Ok((file, head))
}

fn refused(program: &Path, path: &Path, errno: Errno, explanation: &str) -> Failure {
    let error = io::Error::from_raw_os_error(i32::from(errno.number()));
    about(program, path, &error, explanation)
}

/// `program` cannot be executed because of `error`, met at `path`: itself or an interpreter.
fn about(program: &Path, path: &Path, error: &io::Error, explanation: &str) -> Failure {
    if path == program {
        return Failure::program(program, error).and(explanation);
    }
    let subject = format!("{}: interpreter {}", program.display(), path.display());
    Failure::program(Path::new(&subject), error).and(explanation)
}

/// What kind of file it is that is not an x86-64 ELF file, as far as its head shows it.
fn explain(head: &[u8]) -> &'static str {
    if head.is_empty() {
        return " (an empty file)";
    }
    if !head.starts_with(b"\x7fELF") {
        return " (neither an ELF file nor a script)";
    }
    let machine = head
        .get(18..20)
        .and_then(|bytes| bytes.first_chunk().copied());
    match (head.get(4), machine.map(u16::from_le_bytes)) {
        (Some(1), Some(header::EM_386 | header::EM_X86_64)) => " (a 32-bit program)",
        (Some(2), Some(header::EM_X86_64)) => " (a damaged or truncated ELF file)",
        (_, None) => " (a truncated ELF file)",
        _ => " (an ELF file of another machine)",
    }
}

#[cfg(test)]
mod tests {
    use super::{check, explain};
    use crate::failure::{Failure, NOT_EXECUTABLE, NOT_FOUND};
    use crate::run::{Place, descriptors};
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::path::{Path, PathBuf};

    fn on_host(program: &Path) -> Result<(), Failure> {
        let proc = descriptors::open_proc().expect("it opens");
        check(&Place::Host(proc), program)
    }

    /// A directory of this test's own, removed at its end.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("lx-{name}-{}", std::process::id()));
            fs::create_dir_all(&path).expect("the folder is made");
            Self(path)
        }

        fn file(&self, name: &str, bytes: &[u8], mode: u32) -> PathBuf {
            let path = self.0.join(name);
            fs::write(&path, bytes).expect("the file is written");
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("its mode is set");
            path
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn own_image() -> Vec<u8> {
        fs::read(std::env::current_exe().expect("a test has a file")).expect("it reads")
    }

    fn fails(path: &Path, status: u8, text: &str) {
        let failure = on_host(path).expect_err("it must be refused");
        assert_eq!(failure.status, status, "{failure}");
        assert!(failure.to_string().contains(text), "{failure}");
    }

    #[test]
    fn programs_and_scripts_pass() {
        let folder = Folder::new("pass");
        assert_eq!(on_host(Path::new("/bin/sh")), Ok(()));
        let program = folder.file("program", &own_image(), 0o755);
        assert_eq!(on_host(&program), Ok(()));
        let line = format!("#!{} -x\n", program.display());
        assert_eq!(
            on_host(&folder.file("script", line.as_bytes(), 0o755)),
            Ok(())
        );
    }

    #[test]
    fn hostile_files_are_refused_with_a_reason() {
        let folder = Folder::new("hostile");
        let image = own_image();
        fails(&folder.file("empty", b"", 0o755), NOT_EXECUTABLE, "empty");
        fails(
            &folder.file("text", b"hello\n", 0o755),
            NOT_EXECUTABLE,
            "neither",
        );
        fails(
            &folder.file("cut", &image[..70], 0o755),
            NOT_EXECUTABLE,
            "truncated",
        );
        fails(
            &folder.file("head", &image[..10], 0o755),
            NOT_EXECUTABLE,
            "truncated",
        );
        let mut other = image.clone();
        other[18] = 183;
        fails(
            &folder.file("arm", &other, 0o755),
            NOT_EXECUTABLE,
            "another machine",
        );
        fails(&folder.0, NOT_EXECUTABLE, "denied");
        fails(Path::new("/dev/null"), NOT_EXECUTABLE, "denied");
    }

    #[test]
    fn missing_interpreters_are_named() {
        let folder = Folder::new("interpreters");
        let script = folder.file("script", b"#!/no/such/program\n", 0o755);
        fails(&script, NOT_FOUND, "interpreter /no/such/program");
        let loop_path = folder.0.join("loop");
        let line = format!("#!{}\n", loop_path.display());
        fails(
            &folder.file("loop", line.as_bytes(), 0o755),
            NOT_EXECUTABLE,
            "scripts",
        );
    }

    #[test]
    fn explanations_fit_the_head() {
        assert!(explain(b"\x7fELF\x01\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x03\0").contains("32-bit"));
        assert!(explain(b"\x7fELF").contains("truncated"));
    }
}
