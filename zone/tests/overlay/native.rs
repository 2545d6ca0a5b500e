//! The kernel's overlayfs.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{
    AtFlags, CWD, Dir, FileType, Mode, OFlags, RenameFlags, XattrFlags, chmodat, fsetxattr, linkat,
    mkdirat, mknodat, openat, readlinkat, renameat_with, statat, symlinkat, unlinkat,
};
use rustix::io::Errno;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, fsconfig_create, fsconfig_set_flag,
    fsconfig_set_string, fsmount, fsopen,
};

use crate::plan::{Described, Outcome, Step, Way};

/// A mount that is nowhere.
pub(super) struct Native(OwnedFd);

impl Native {
    pub(super) fn mount(folder: &Path, lower: &[PathBuf; 2], upper: &str, work: &str) -> Self {
        let context = fsopen("overlay", FsOpenFlags::FSOPEN_CLOEXEC).expect("overlayfs");
        let set = |key: &str, path: &OsStr| {
            fsconfig_set_string(&context, key, path)
                .unwrap_or_else(|errno| panic!("{key}: {errno}"));
        };
        let both = [lower[0].as_os_str(), lower[1].as_os_str()].join(OsStr::new(":"));
        set("lowerdir", &both);
        set("upperdir", folder.join(upper).as_os_str());
        set("workdir", folder.join(work).as_os_str());
        fsconfig_set_flag(&context, "userxattr").expect("it is known");
        fsconfig_create(&context).expect("it is made");
        let mount = fsmount(
            &context,
            FsMountFlags::FSMOUNT_CLOEXEC,
            MountAttrFlags::empty(),
        );
        Self(mount.expect("it is mounted"))
    }

    fn open(&self, path: &str, flags: OFlags) -> Result<File, Errno> {
        let flags = flags | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
        openat(&self.0, path, flags, Mode::from_raw_mode(0o644)).map(File::from)
    }
}

/// Of the errors of opening, those that say what stands there are one.
pub(super) fn unwritable(errno: Errno) -> Errno {
    match errno {
        Errno::LOOP | Errno::NXIO => Errno::ISDIR,
        errno => errno,
    }
}

impl Way for Native {
    fn take(&self, step: &Step) -> Outcome {
        let at = &self.0;
        match step {
            Step::Create(path, byte) => self
                .open(path, OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY)
                .map(|mut file| file.write_all(&[*byte; 3]).expect("it is written")),
            Step::Append(path, byte) => self
                .open(path, OFlags::WRONLY | OFlags::APPEND)
                .map(|mut file| file.write_all(&[*byte]).expect("it is written"))
                .map_err(unwritable),
            Step::Cut(path) => self
                .open(path, OFlags::WRONLY | OFlags::TRUNC)
                .map(drop)
                .map_err(unwritable),
            Step::Directory(path) => mkdirat(at, path, Mode::from_raw_mode(0o755)),
            Step::RemoveDirectory(path) => unlinkat(at, path, AtFlags::REMOVEDIR),
            Step::Remove(path) => unlinkat(at, path, AtFlags::empty()),
            Step::Rename(old, new, flags) => {
                renameat_with(at, old, at, new, RenameFlags::from_bits_retain(*flags))
            }
            Step::Link(path) => symlinkat("-", at, path),
            Step::Name(old, new) => linkat(at, old, at, new, AtFlags::empty()),
            Step::Fifo(path) => mknodat(at, path, FileType::Fifo, Mode::from_raw_mode(0o600), 0),
            Step::Mode(path, mode) => {
                let status = statat(at, path, AtFlags::SYMLINK_NOFOLLOW)?;
                if FileType::from_raw_mode(status.st_mode) == FileType::Symlink {
                    return Err(Errno::LOOP);
                }
                chmodat(at, path, Mode::from_raw_mode(*mode), AtFlags::empty())
            }
            Step::Attribute(path, byte) => self
                .open(path, OFlags::RDONLY)
                .map_err(unwritable)
                .and_then(|file| {
                    fsetxattr(&file, "user.note", &[*byte], XattrFlags::empty())
                        .map_err(|_| Errno::ISDIR)
                }),
            Step::List(path) => return self.list(path),
        }
        .map(|()| Vec::new())
    }

    fn list(&self, path: &str) -> Outcome {
        let path = if path.is_empty() { "." } else { path };
        let directory = self.open(path, OFlags::RDONLY | OFlags::DIRECTORY)?;
        let mut names: Vec<String> = Dir::read_from(&directory)?
            .map(|entry| entry.expect("it is listed"))
            // Where there is nothing to merge, overlayfs lists whiteouts, which lead nowhere.
            .filter(|entry| entry.file_type() != FileType::CharacterDevice)
            .map(|entry| {
                let name = entry.file_name().to_str().expect("text");
                format!("{name} {:?}", entry.file_type())
            })
            .filter(|name| !name.starts_with('.'))
            .collect();
        names.sort();
        Ok(names)
    }

    fn describe(&self, path: &str) -> Result<Described, Errno> {
        let status = statat(&self.0, path, AtFlags::SYMLINK_NOFOLLOW)?;
        let kind = FileType::from_raw_mode(status.st_mode);
        let mut text = format!("{kind:?} {:o}", status.st_mode);
        match kind {
            FileType::RegularFile => {
                let mut content = Vec::new();
                let mut file = self.open(path, OFlags::RDONLY)?;
                file.read_to_end(&mut content).expect("it is read");
                text += &format!(" {} {}", status.st_nlink, summary(&content));
            }
            FileType::Symlink => {
                text += &format!(" {:?}", readlinkat(&self.0, path, Vec::new())?);
            }
            _ => {}
        }
        if matches!(kind, FileType::RegularFile | FileType::Directory) {
            let file = self.open(path, OFlags::RDONLY)?;
            let mut note = [0; 16];
            let note = match rustix::fs::fgetxattr(&file, "user.note", &mut note[..]) {
                Ok(length) => String::from_utf8_lossy(&note[..length]).into_owned(),
                Err(_) => String::from("-"),
            };
            text += &format!(" {note}");
        }
        Ok(Described {
            text,
            is_directory: kind == FileType::Directory,
        })
    }
}

/// A file's content in a line.
pub(super) fn summary(content: &[u8]) -> String {
    let sum = content.iter().fold(0u64, |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(u64::from(*byte))
    });
    format!("{} bytes {sum:x}", content.len())
}

/// The host's path of what a descriptor leads to.
pub(super) fn link_of(fd: i32) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{fd}"))
}

/// Opens a directory as a layer.
pub(super) fn layer(path: &Path) -> OwnedFd {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    openat(CWD, path, flags, Mode::empty()).expect("it is there")
}
