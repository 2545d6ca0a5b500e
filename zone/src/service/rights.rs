//! Makes copies of the brand's image that have the owner, the set-id bits and the capabilities of a
//! program (`kernel::zone::rights`).
//!
//! Whoever asks hands over an open file, and may lie about it in every way: what counts is what the
//! kernel says of the file, in the zone's user namespace. Whether the asking process may execute it
//! is not asked here: the copy has its permissions, and the kernel looks at them at the exec.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, Read, Seek, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::thread::sleep;
use std::time::{Duration, SystemTime};

use abi::SysResult;
use kernel::zone::rights::{Born, LONGEST_VERSION, MAGIC, NAME, Program, Record};
use rustix::fs::{
    AtFlags, Gid, Mode, OFlags, Statx, StatxFlags, StatxTimestamp, Uid, XattrFlags, fchmod, fchown,
    fgetxattr, fsetxattr, fstatvfs, openat, statx, unlinkat,
};
use zerocopy::IntoBytes;

use crate::asked::errno;

/// How many copies are kept.
const KEPT: usize = 32;
/// How long a change of a program must be past, so that the next one has another time: clocks of
/// file systems tick at least as often.
const SETTLED: Duration = Duration::from_millis(20);
const S_IFMT: u64 = 0o170_000;
const S_IFREG: u64 = 0o100_000;
const S_ISUID: u64 = 0o4000;
/// `S_ISGID | S_IXGRP`: without the second, the first means something else.
const SET_GID: u64 = 0o2010;
/// Copies are never written to.
const MODE: u64 = 0o7555;
/// The longest extended attribute that is copied, in bytes.
const LONGEST: usize = 1024;
const CAPABILITIES: &str = "security.capability";
const ACCESS_LIST: &str = "system.posix_acl_access";

/// Where the copies lie.
#[derive(Debug)]
pub(crate) struct Shelf {
    /// Their directory, as mounted in the zone.
    pub(crate) shown: OwnedFd,
    /// The same, mounted nowhere, where files can be made.
    pub(crate) store: OwnedFd,
    /// The list of the zone's mounts.
    pub(crate) mounts: OwnedFd,
}

/// What copies are made of.
#[derive(Debug)]
pub(crate) struct Template {
    /// The image.
    pub(crate) image: OwnedFd,
    /// The kernel version that the zone shows.
    pub(crate) version: Option<String>,
}

/// What processes of the zone hold, for the record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Held<'a> {
    /// The procfs that is mounted nowhere.
    pub(crate) proc: BorrowedFd<'a>,
    /// zsched's facts.
    pub(crate) facts: BorrowedFd<'a>,
    /// The guests' end of the socket.
    pub(crate) socket: BorrowedFd<'a>,
}

impl Template {
    /// What every record begins with.
    pub(crate) fn record(&self, held: Held<'_>) -> io::Result<Record> {
        let mut record = Record::empty();
        record.made = 1;
        record.image = born(&status(self.image.as_fd())?);
        record.facts = born(&status(held.facts)?);
        record.socket = born(&status(held.socket)?);
        let proc = status(held.proc)?;
        record.proc = device(proc.stx_dev_major, proc.stx_dev_minor);
        if let Some(version) = &self.version {
            let room = record.version.get_mut(..version.len().min(LONGEST_VERSION));
            let room = room.filter(|room| room.len() == version.len());
            let room = room.ok_or(io::ErrorKind::InvalidInput)?;
            room.copy_from_slice(version.as_bytes());
            record.version_length = u64::try_from(version.len()).map_err(io::Error::other)?;
        }
        Ok(record)
    }
}

/// Whether a host tells when files in memory were made, by which a copy knows them.
pub(crate) fn tells_birth(image: BorrowedFd<'_>) -> bool {
    status(image).is_ok_and(|status| born(&status).seconds != 0)
}

/// Makes and keeps the copies.
#[derive(Debug)]
pub(super) struct Workshop {
    image: Vec<u8>,
    /// Where the record stands in the image.
    at: usize,
    record: Record,
    shown: OwnedFd,
    store: OwnedFd,
    mounts: File,
    /// What the kernel calls an id that the zone has not, if there are such.
    overflow: Option<u64>,
    made: VecDeque<(Program, String)>,
    count: u64,
}

impl Workshop {
    /// One for the zone. With `own_users`, it has not all of the host's ids.
    pub(super) fn open(
        image: BorrowedFd<'_>,
        record: Record,
        shelf: &Shelf,
        own_users: bool,
    ) -> io::Result<Self> {
        let mut bytes = Vec::new();
        let mut file = File::from(image.try_clone_to_owned()?);
        file.rewind()?;
        file.read_to_end(&mut bytes)?;
        let overflow = fs::read_to_string("/proc/sys/kernel/overflowuid");
        let overflow = overflow.ok().and_then(|text| text.trim().parse().ok());
        Ok(Self {
            at: place(&bytes).ok_or(io::ErrorKind::InvalidData)?,
            image: bytes,
            record,
            shown: shelf.shown.try_clone()?,
            store: shelf.store.try_clone()?,
            mounts: File::from(shelf.mounts.try_clone()?),
            overflow: own_users.then(|| overflow.unwrap_or(65_534)),
            made: VecDeque::new(),
            count: 0,
        })
    }

    /// What it holds open.
    pub(super) fn descriptors(&self) -> [RawFd; 3] {
        [
            self.shown.as_raw_fd(),
            self.store.as_raw_fd(),
            self.mounts.as_raw_fd(),
        ]
    }

    /// The copy for an open program, to be executed by whoever may; `None` where the kernel would
    /// give it no rights.
    pub(super) fn copy(&mut self, program: BorrowedFd<'_>) -> SysResult<Option<OwnedFd>> {
        self.find(program).map_err(|error| errno(&error))
    }

    fn find(&mut self, file: BorrowedFd<'_>) -> io::Result<Option<OwnedFd>> {
        let mut found = status(file)?;
        let mut program = described(&found);
        if program.mode & S_IFMT != S_IFREG || !self.is_honoured(file, &found, &program)? {
            return Ok(None);
        }
        if !is_settled(&program) {
            sleep(SETTLED);
            found = status(file)?;
            program = described(&found);
        }
        let capabilities = attribute(file, CAPABILITIES)?;
        let access_list = attribute(file, ACCESS_LIST)?;
        let has_bits = program.mode & S_ISUID != 0 || program.mode & SET_GID == SET_GID;
        if !has_bits && capabilities.is_none() {
            return Ok(None);
        }
        // All of that must be of one moment.
        if described(&status(file)?) != program {
            return Err(rustix::io::Errno::TXTBSY.into());
        }
        let known = self.made.iter().find(|(known, _)| *known == program);
        let name = match known {
            Some((_, name)) => name.clone(),
            None => {
                let attributes = [(CAPABILITIES, capabilities), (ACCESS_LIST, access_list)];
                self.make(program, &attributes)?
            }
        };
        let flags = OFlags::PATH | OFlags::CLOEXEC;
        Ok(Some(openat(&self.shown, &name, flags, Mode::empty())?))
    }

    /// Whether rights count where the file was opened (`mnt_may_suid`, `bprm_fill_uid`): not through
    /// a mount that is not of the zone or says `nosuid`, nor for owners that the zone does not have.
    fn is_honoured(
        &mut self,
        file: BorrowedFd<'_>,
        status: &Statx,
        program: &Program,
    ) -> io::Result<bool> {
        use rustix::fs::StatVfsMountFlags as Flags;
        let has = |id| self.overflow != Some(id);
        if !has(program.uid) || !has(program.gid) {
            return Ok(false);
        }
        let flags = fstatvfs(file)?.f_flag;
        if flags.intersects(Flags::NOSUID | Flags::NOEXEC) {
            return Ok(false);
        }
        if status.stx_mask & StatxFlags::MNT_ID.bits() == 0 {
            return Ok(false);
        }
        self.mounts.rewind()?;
        let mut list = String::new();
        self.mounts.read_to_string(&mut list)?;
        let number = status.stx_mnt_id.to_string();
        let mut lines = list.lines();
        Ok(lines.any(|line| line.split(' ').next() == Some(&number)))
    }

    fn make(
        &mut self,
        program: Program,
        attributes: &[(&str, Option<Vec<u8>>)],
    ) -> io::Result<String> {
        // What others than root own must leave room: whoever holds copies keeps their memory.
        let space = fstatvfs(&self.store)?;
        if program.uid != 0 && space.f_bfree < space.f_blocks / 2 {
            return Err(rustix::io::Errno::NOSPC.into());
        }
        while self.made.len() >= KEPT {
            self.forget_oldest()?;
        }
        self.count += 1;
        let name = format!("{NAME}{}", self.count);
        let made = loop {
            let made = self.write(&name, program, attributes);
            let full = matches!(&made, Err(error) if error.kind() == io::ErrorKind::StorageFull);
            if !full || self.made.is_empty() {
                break made;
            }
            self.forget_oldest()?;
        };
        if let Err(error) = made {
            let _ = unlinkat(&self.store, &name, AtFlags::empty());
            return Err(error);
        }
        self.made.push_back((program, name.clone()));
        Ok(name)
    }

    fn forget_oldest(&mut self) -> io::Result<()> {
        if let Some((_, name)) = self.made.pop_front() {
            unlinkat(&self.store, name, AtFlags::empty())?;
        }
        Ok(())
    }

    fn write(
        &mut self,
        name: &str,
        program: Program,
        attributes: &[(&str, Option<Vec<u8>>)],
    ) -> io::Result<()> {
        self.record.program = program;
        let room = self.image.get_mut(self.at..).unwrap_or_default();
        let room = room.get_mut(..size_of::<Record>());
        let room = room.ok_or(io::ErrorKind::InvalidData)?;
        room.copy_from_slice(self.record.as_bytes());
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::CLOEXEC;
        let mode = Mode::from_raw_mode(0o600);
        let mut file = File::from(openat(&self.store, name, flags, mode)?);
        file.write_all(&self.image)?;
        // In this order: a change of owner takes bits and capabilities away.
        let id = |id| u32::try_from(id).map_err(io::Error::other);
        let (uid, gid) = (
            Uid::from_raw(id(program.uid)?),
            Gid::from_raw(id(program.gid)?),
        );
        fchown(&file, Some(uid), Some(gid))?;
        for (name, value) in attributes {
            if let Some(value) = value {
                fsetxattr(&file, *name, value, XattrFlags::empty())?;
            }
        }
        let mode = Mode::from_raw_mode(id(program.mode & MODE)?);
        Ok(fchmod(&file, mode)?)
    }
}

/// Where the record stands behind its mark.
fn place(image: &[u8]) -> Option<usize> {
    let mark = MAGIC.as_bytes();
    let found = |window: &[u8]| window == mark;
    let first = image.windows(mark.len()).position(found)? + mark.len();
    let end = first + size_of::<Record>();
    let is_empty = image.get(first..end)?.iter().all(|byte| *byte == 0);
    let twice = image.get(first..)?.windows(mark.len()).any(found);
    (is_empty && !twice).then_some(first)
}

/// Whether the file's last change is so long ago that another one will show.
fn is_settled(program: &Program) -> bool {
    let seconds = u64::try_from(program.seconds).unwrap_or(0);
    let changed = Duration::from_secs(seconds) + Duration::from_nanos(program.nanoseconds);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.is_ok_and(|now| now > changed + SETTLED)
}

/// An extended attribute, if the file has it.
fn attribute(file: BorrowedFd<'_>, name: &str) -> io::Result<Option<Vec<u8>>> {
    use rustix::io::Errno;
    let mut value = vec![0; LONGEST];
    match fgetxattr(file, name, &mut value[..]) {
        Ok(length) => {
            value.truncate(length);
            Ok(Some(value))
        }
        // What is for the root of another user namespace does not count in this one.
        Err(Errno::NODATA | Errno::NOTSUP | Errno::OVERFLOW) => Ok(None),
        Err(errno) => Err(errno.into()),
    }
}

fn status(file: BorrowedFd<'_>) -> io::Result<Statx> {
    let mask = StatxFlags::BASIC_STATS | StatxFlags::BTIME | StatxFlags::MNT_ID;
    Ok(statx(file, "", AtFlags::EMPTY_PATH, mask)?)
}

fn device(major: u32, minor: u32) -> u64 {
    u64::from(major) << 32 | u64::from(minor)
}

fn described(status: &Statx) -> Program {
    Program {
        device: device(status.stx_dev_major, status.stx_dev_minor),
        number: status.stx_ino,
        seconds: status.stx_ctime.tv_sec,
        nanoseconds: status.stx_ctime.tv_nsec.into(),
        mode: status.stx_mode.into(),
        uid: status.stx_uid.into(),
        gid: status.stx_gid.into(),
    }
}

fn born(status: &Statx) -> Born {
    let known = status.stx_mask & StatxFlags::BTIME.bits() != 0;
    let time = |of: fn(&StatxTimestamp) -> i64| if known { of(&status.stx_btime) } else { 0 };
    Born {
        device: device(status.stx_dev_major, status.stx_dev_minor),
        number: status.stx_ino,
        seconds: time(|born| born.tv_sec),
        nanoseconds: time(|born| born.tv_nsec.into()).cast_unsigned(),
    }
}

#[cfg(test)]
mod tests;
