//! `#!` scripts (execve(2)), parsed as `load_script` (Linux `fs/binfmt_script.c`, since 5.0) does.

use abi::Errno;

/// Bytes of a file's start that decide how it is executed (`BINPRM_BUF_SIZE`).
pub const HEAD_LEN: usize = 256;

/// How often an interpreter may itself be a script: the file that was executed and four more may
/// be scripts, one more is `ELOOP` (`exec_binprm` in Linux `fs/exec.c`).
pub const MAX_DEPTH: usize = 5;

/// What a `#!` line says.
///
/// The new arguments are: interpreter, `argument` if any, the script's path, then the old
/// arguments from the second on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Script<'a> {
    /// Path of the interpreter. Empty when a NUL comes first; the kernel then opens the current
    /// directory, which is `EACCES`.
    pub interpreter: &'a [u8],
    /// All the rest of the line as one argument, which can be empty.
    pub argument: Option<&'a [u8]>,
}

/// Parses the first [`HEAD_LEN`] bytes of a file, or all of a shorter one; `None` when it is no
/// script.
///
/// # Errors
/// `ENOEXEC` when the line names no interpreter or its path is cut off.
pub fn parse(head: &[u8]) -> Result<Option<Script<'_>>, Errno> {
    let head = &head[..head.len().min(HEAD_LEN)];
    let Some(line) = head.strip_prefix(b"#!") else {
        return Ok(None);
    };
    // After a short file the kernel's buffer holds NULs up to this index.
    let last = HEAD_LEN - 1 - 2;

    // A newline counts unless a NUL comes before it.
    let newline = line.iter().position(|byte| matches!(byte, b'\n' | 0));
    let mut end = match newline.filter(|at| line[*at] == b'\n') {
        Some(newline) => newline,
        None => {
            // The path may be cut off unless something ends it. The argument may be.
            let name = skip(line, 0, last).ok_or(Errno::ENOEXEC)?;
            terminator(line, name, last).ok_or(Errno::ENOEXEC)?;
            last
        }
    };
    while end > 0 && is_blank(at(line, end - 1)) {
        end -= 1;
    }
    let name = skip(line, 0, end)
        .filter(|name| *name != end)
        .ok_or(Errno::ENOEXEC)?;

    let separator = terminator(line, name, end).filter(|at_| at(line, *at_) != 0);
    let argument = separator.and_then(|separator| skip(line, separator, end));
    let name_end = if argument.is_some() {
        separator.unwrap_or(end)
    } else {
        end
    };
    Ok(Some(Script {
        interpreter: string(line, name, name_end),
        argument: argument.map(|argument| string(line, argument, end)),
    }))
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// The byte at `index` of the kernel's zero-padded buffer.
fn at(line: &[u8], index: usize) -> u8 {
    line.get(index).copied().unwrap_or(0)
}

/// The first byte in `from..=last` that is neither space nor tab.
fn skip(line: &[u8], from: usize, last: usize) -> Option<usize> {
    (from..=last).find(|index| !is_blank(at(line, *index)))
}

/// The first space, tab or NUL in `from..=last`.
fn terminator(line: &[u8], from: usize, last: usize) -> Option<usize> {
    (from..=last).find(|index| is_blank(at(line, *index)) || at(line, *index) == 0)
}

/// The C string at `from`, at most up to `end`.
fn string(line: &[u8], from: usize, end: usize) -> &[u8] {
    let rest = line.get(from..end.min(line.len())).unwrap_or(&[]);
    rest.split(|byte| *byte == 0).next().unwrap_or(rest)
}
