//! From a path to a program and its interpreter (`bprm_execve`, `search_binary_handler`).

use alloc::ffi::CString;
use alloc::vec::Vec;
use core::ffi::CStr;

use abi::{Errno, SysResult};
use kernel::vfs::{At, beneath_native};
use kernel::walk::Aim;
use kernel::zone;
use loader::elf::{Header, Image};
use loader::script::{self, HEAD_LEN, MAX_DEPTH};

use super::credentials::has_rights;
use super::files::{AT_FDCWD, Bare, Opened};

/// A program that can be executed: what is left can only fail by killing the process.
pub struct Prepared {
    /// The program.
    pub program: Opened,
    /// Its headers.
    pub image: Image,
    /// The interpreter that it names, with its headers.
    pub interpreter: Option<(Opened, Image)>,
    /// What takes the place of `argv[0]`, when the path led to a script: interpreter, argument,
    /// script.
    pub script: Option<Vec<CString>>,
    /// The AT_EXECFN string, whose last component becomes the thread's name.
    pub execfn: CString,
    /// The thread's name, when the file was named by a descriptor alone (Linux 6.14).
    pub comm: Option<CString>,
}

impl Prepared {
    /// From files that were opened and checked before the exec.
    ///
    /// # Errors
    /// Those of reading the headers, should the files have changed.
    pub fn again(program: Opened, interpreter: Option<Opened>, execfn: CString) -> SysResult<Self> {
        let mut head = [0u8; HEAD_LEN];
        program.read(&mut head, 0)?;
        let image = headers(&program, Header::program(&head)?, Errno::ENOEXEC)?;
        let interpreter = match interpreter {
            Some(file) => {
                file.read(&mut head, 0)?;
                let image = headers(&file, Header::interpreter(&head)?, Errno::ELIBBAD)?;
                Some((file, image))
            }
            None => None,
        };
        Ok(Self {
            program,
            image,
            interpreter,
            script: None,
            execfn,
            comm: None,
        })
    }

    /// From a program alone, whose interpreter is looked up again: for a process that has rights
    /// which whoever opened the files did not have.
    ///
    /// # Errors
    /// Those of execve(2).
    pub fn anew(program: Opened, execfn: CString) -> SysResult<Self> {
        let mut head = [0u8; HEAD_LEN];
        program.read(&mut head, 0)?;
        let (image, interpreter) = binary(None, &program, &head)?;
        Ok(Self {
            program,
            image,
            interpreter,
            script: None,
            execfn,
            comm: None,
        })
    }

    /// Whether the program gives a process rights that this one has not.
    #[must_use]
    pub fn has_rights(&self) -> bool {
        has_rights(&self.program)
    }
}

/// Finds what `path` leads to, in the zone where that has no namespaces. `flags` are those of execveat(2).
///
/// # Errors
/// Those of execve(2).
pub fn prepare(bare: Bare<'_>, dirfd: i32, path: &CStr, flags: u32) -> SysResult<Prepared> {
    prepare_as(bare, name(dirfd, path)?, dirfd, path, flags)
}

/// Like [`prepare`], of a program that the guest called `execfn`, which is not where it lies.
pub(super) fn prepare_as(
    bare: Bare<'_>,
    execfn: CString,
    dirfd: i32,
    path: &CStr,
    flags: u32,
) -> SysResult<Prepared> {
    let mut program = Opened::open(bare, dirfd, path, flags)?;
    let mut current = execfn.clone();
    let mut prefix: Option<Vec<CString>> = None;
    let mut depth = 0;
    loop {
        let mut head = [0u8; HEAD_LEN];
        program.read(&mut head, 0)?;
        let Some(script) = script::parse(&head)? else {
            let (image, interpreter) = binary(bare, &program, &head)?;
            let comm = path
                .is_empty()
                .then(|| last_component(&program.canonical(bare)));
            return Ok(Prepared {
                program,
                image,
                interpreter,
                script: prefix,
                execfn,
                comm,
            });
        };
        // A script that exec closes is not there for its interpreter to read.
        if depth == 0 && is_closed_by_exec(dirfd, path) {
            return Err(Errno::ENOENT);
        }
        depth += 1;
        if depth > MAX_DEPTH {
            return Err(Errno::ELOOP);
        }
        let text = |bytes: &[u8]| CString::new(bytes).map_err(|_| Errno::ENOEXEC);
        let interpreter = beside(bare, &program, text(script.interpreter)?);
        let mut words = Vec::new();
        words.push(interpreter.clone());
        if let Some(argument) = script.argument {
            words.push(text(argument)?);
        }
        words.push(current);
        // The words of an outer interpreter go before those of the script that it reads.
        words.extend(prefix.take().into_iter().flatten().skip(1));
        prefix = Some(words);
        program = Opened::open(bare, AT_FDCWD, &interpreter, 0)?;
        current = interpreter;
    }
}

/// What follows the last slash, as much of it as a thread's name can have.
fn last_component(path: &CStr) -> CString {
    let bytes = path.to_bytes();
    let name = bytes.rsplit(|&byte| byte == b'/').next().unwrap_or(bytes);
    CString::new(name.get(..15).unwrap_or(name)).unwrap_or_default()
}

/// What the kernel calls the file: the path, or `/dev/fd/N[/path]` (`alloc_bprm`).
pub(super) fn name(dirfd: i32, path: &CStr) -> SysResult<CString> {
    let bytes = path.to_bytes();
    if dirfd == AT_FDCWD || bytes.starts_with(b"/") {
        return Ok(path.into());
    }
    let mut text = alloc::format!("/dev/fd/{dirfd}").into_bytes();
    if !bytes.is_empty() {
        text.push(b'/');
        text.extend_from_slice(bytes);
    }
    CString::new(text).map_err(|_| Errno::ENOENT)
}

fn is_closed_by_exec(dirfd: i32, path: &CStr) -> bool {
    const F_GETFD: usize = 1;
    const FD_CLOEXEC: usize = 1;
    dirfd != AT_FDCWD
        && !path.to_bytes().starts_with(b"/")
        && host::host_call!(abi::nr::FCNTL, host::call::int(dirfd), F_GETFD)
            .is_ok_and(|flags| flags & FD_CLOEXEC != 0)
}

/// Reads the headers of a program, and those of its interpreter.
fn binary(
    bare: Bare<'_>,
    program: &Opened,
    head: &[u8],
) -> SysResult<(Image, Option<(Opened, Image)>)> {
    let header = Header::program(head)?;
    let image = headers(program, header, Errno::ENOEXEC)?;
    let Some(interp) = image.interp else {
        return Ok((image, None));
    };
    let path = program.read_exact(interp.len, interp.offset)?;
    let path = CString::new(interp.path(&path)?).map_err(|_| Errno::ENOEXEC)?;
    let path = beside(bare, program, path);
    let file = Opened::open_interpreter(bare, &path)?;
    let mut head = [0u8; loader::elf::HEADER_LEN];
    if file.read(&mut head, 0)? < head.len() {
        return Err(Errno::EIO);
    }
    let header = Header::interpreter(&head)?;
    let table = headers(&file, header, Errno::ELIBBAD)?;
    Ok((image, Some((file, table))))
}

/// The interpreter of `program`: for one of the host's tools in a zone that of the host.
fn beside(bare: Bare<'_>, program: &Opened, interpreter: CString) -> CString {
    let path = interpreter.to_bytes();
    if !zone::attached() || !path.starts_with(b"/") || zone::is_native(path) {
        return interpreter;
    }
    if !zone::is_native(program.canonical(bare).to_bytes()) {
        return interpreter;
    }
    let native = CString::new([zone::NATIVE.as_bytes(), path].concat()).ok();
    let found = native.and_then(|native| match bare {
        Some(space) => {
            let found = space.object(At::cwd(&native), Aim::Follow);
            found.is_ok().then_some(native)
        }
        None => beneath_native(&native),
    });
    found.unwrap_or(interpreter)
}

/// Reads the program headers; `unreadable` when the table is not in the file as it should be
/// (`load_elf_phdrs`).
fn headers(file: &Opened, header: Header, unreadable: Errno) -> SysResult<Image> {
    let table = file
        .read_exact(header.table_len(), header.phoff)
        .map_err(|_| unreadable)?;
    Image::from_headers(header, &table)
}
