//! The contracts of a zone in its /system: which there are. zsched removes those that are empty.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

use loader::handover::{Handover, MAGIC};
use procfs_emu::skeleton::{Kind, system_entries};
use rustix::fs::{
    AtFlags, FileType, Mode, OFlags, mkdirat, openat, symlinkat, unlinkat, utimensat,
};
use rustix::process::umask;

use crate::inside::placeholders::{list, now, socket, times};

/// Adds one below `directory`, that of all contracts, for the process `number`.
pub(crate) fn add(directory: BorrowedFd<'_>, number: u32) -> io::Result<()> {
    let before = umask(Mode::empty());
    let added = entries(directory, number);
    umask(before);
    added
}

fn entries(directory: BorrowedFd<'_>, number: u32) -> io::Result<()> {
    let (now, number) = (now(), number.to_string());
    for entry in system_entries().filter(|entry| entry.path.contains('#')) {
        let path = entry.path.replace('#', &number);
        let path = Path::new(path.strip_prefix("contract/").unwrap_or(&path));
        let times = times(now, entry.stamp());
        match entry.kind {
            Kind::Directory => mkdirat(directory, path, Mode::from_raw_mode(entry.mode))?,
            Kind::Link(target) => symlinkat(target.replace('#', &number), directory, path)?,
            _ => socket(directory, path, entry.mode, &times)?,
        }
        utimensat(directory, path, &times, AtFlags::SYMLINK_NOFOLLOW)?;
    }
    Ok(())
}

/// Removes those that no process in `proc` belongs to.
pub(crate) fn clean_up(directory: BorrowedFd<'_>, proc: BorrowedFd<'_>) -> io::Result<()> {
    let numbers: Vec<u32> = numbers(open(directory, "process")?.as_fd())?;
    let is_there = |number: &u32| open(proc, &number.to_string()).is_ok();
    let doubtful: Vec<u32> = numbers.into_iter().filter(|one| !is_there(one)).collect();
    if doubtful.is_empty() {
        return Ok(());
    }
    let processes = self::numbers(proc)?;
    let held: Vec<u32> = processes
        .iter()
        .filter_map(|pid| contract_of(proc, *pid))
        .collect();
    for number in doubtful.iter().filter(|number| !held.contains(number)) {
        remove(directory, *number)?;
    }
    Ok(())
}

fn remove(directory: BorrowedFd<'_>, number: u32) -> io::Result<()> {
    let path = format!("process/{number}");
    for (name, _) in list(open(directory, &path)?.as_fd())? {
        unlinkat(directory, Path::new(&path).join(name), AtFlags::empty())?;
    }
    unlinkat(directory, &path, AtFlags::REMOVEDIR)?;
    Ok(unlinkat(
        directory,
        format!("all/{number}"),
        AtFlags::empty(),
    )?)
}

fn open(at: BorrowedFd<'_>, path: &str) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(File::from(openat(at, path, flags, Mode::empty())?))
}

/// The entries of a directory that are numbers.
fn numbers(directory: BorrowedFd<'_>) -> io::Result<Vec<u32>> {
    let names = list(directory)?.into_iter();
    Ok(names
        .filter_map(|(name, kind)| {
            (kind == FileType::Directory).then(|| name.to_str()?.parse().ok())?
        })
        .collect())
}

/// What the hand-over string of a process says, which is the last of its environment.
fn contract_of(proc: BorrowedFd<'_>, pid: u32) -> Option<u32> {
    /// More than the kernel lets an environment have (`ARG_MAX`, execve(2)), in bytes.
    const LONGEST: u64 = 8 << 20;
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    let file = openat(proc, format!("{pid}/environ"), flags, Mode::empty()).ok()?;
    let mut text = Vec::new();
    File::from(file).take(LONGEST).read_to_end(&mut text).ok()?;
    let text = text.strip_suffix(b"\0").unwrap_or(&text);
    let last = text.split(|byte| *byte == 0).next_back()?;
    let handover = Handover::decode(last).filter(|_| last.starts_with(MAGIC))?;
    Some(handover.contract)
}

#[cfg(test)]
mod tests {
    use super::{add, clean_up, numbers};
    use std::fs::{self, File};
    use std::os::fd::AsFd;

    #[test]
    fn a_contract_stays_while_it_has_processes() {
        let path = std::env::temp_dir().join(format!("lx-contracts-{}", std::process::id()));
        let proc = path.join("proc");
        for name in ["all", "process", "proc/9"] {
            fs::create_dir_all(path.join(name)).expect("it is made");
        }
        let (directory, procs) = (File::open(&path), File::open(&proc));
        let (directory, procs) = (directory.expect("it opens"), procs.expect("it opens"));
        for number in [7, 8, 9] {
            add(directory.as_fd(), number).expect("it is added");
        }
        assert!(path.join("all/7/status").symlink_metadata().is_ok());
        fs::create_dir(proc.join("12")).expect("it is made");
        let handover = b"A=b\0\x01LX1;image=3fc;proc=3fd;mode=0;contract=7;exe=1:x;fn=x\0";
        fs::write(proc.join("12/environ"), handover).expect("it is written");
        clean_up(directory.as_fd(), procs.as_fd()).expect("it works");
        let process = File::open(path.join("process")).expect("it opens");
        let mut left = numbers(process.as_fd()).expect("it lists");
        left.sort_unstable();
        // 9 is there itself, 7 has a process, 8 nothing.
        assert_eq!(left, [7, 9]);
        assert!(path.join("all/8").symlink_metadata().is_err());
        fs::remove_dir_all(&path).expect("it is removed");
    }
}
