//! `kernel::overlay`, on the same layers.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use abi::SysResult;
use kernel::bare::Handle;
use kernel::overlay::{Content, Found, HostDisk, Made, Numbers, Spot, Stack};
use rustix::fs::{CWD, FileType, Mode, OFlags, XattrFlags, getxattr, openat, setxattr};
use rustix::io::Errno;

use crate::native::{layer, link_of, summary};
use crate::plan::{Described, Outcome, Step, Way};

pub(super) struct Ours {
    stack: Stack<HostDisk>,
    _layers: Vec<OwnedFd>,
}

fn errno(errno: abi::Errno) -> Errno {
    Errno::from_raw_os_error(i32::from(errno.number()))
}

fn os(error: std::io::Error) -> abi::Errno {
    let number = error.raw_os_error().expect("the host's");
    abi::Errno::from_raw(u16::try_from(number).expect("small")).expect("known")
}

/// The path of a spot, through its directory's descriptor.
fn spot(at: Spot<'_, Handle>) -> PathBuf {
    link_of(at.directory.raw()).join(std::str::from_utf8(at.name).expect("text"))
}

impl Ours {
    pub(super) fn new(folder: &Path, lower: &[PathBuf; 2]) -> Self {
        let paths = [folder.join("ours"), lower[0].clone(), lower[1].clone()];
        let mut open: Vec<OwnedFd> = paths.iter().map(|path| layer(path)).collect();
        let devices: Vec<u64> = paths
            .iter()
            .map(|path| fs::metadata(path).expect("it is there").dev())
            .collect();
        let layers = open.iter().map(AsRawFd::as_raw_fd).collect();
        let work = layer(&folder.join("ours-work"));
        let disk = HostDisk::new(layers, work.as_raw_fd());
        open.push(work);
        Self {
            stack: Stack {
                disk,
                numbers: Numbers::new(&devices),
            },
            _layers: open,
        }
    }

    fn create(&self, path: &str, byte: u8) -> SysResult<()> {
        let file = self.stack.make(path.as_bytes(), Made::File, &mut |at| {
            let mut options = OpenOptions::new();
            options.write(true).create_new(true).mode(0o644);
            options.open(spot(at)).map_err(os)
        });
        file.map(|mut file| file.write_all(&[byte; 3]).expect("it is written"))
    }

    /// Opens for writing.
    fn write(&self, path: &str, content: Content) -> SysResult<File> {
        let found = self.stack.find(path.as_bytes())?;
        if kind(&found) != FileType::RegularFile {
            return Err(match kind(&found) {
                FileType::Fifo | FileType::Directory => abi::Errno::EISDIR,
                _ => abi::Errno::ELOOP,
            });
        }
        let file = self.stack.raise(path.as_bytes(), content)?;
        let mut options = OpenOptions::new();
        options.append(true);
        options.open(link_of(file.raw())).map_err(os)
    }

    fn step(&self, step: &Step) -> SysResult<()> {
        let stack = &self.stack;
        match step {
            Step::Create(path, byte) => self.create(path, *byte),
            Step::Append(path, byte) => {
                let mut file = self.write(path, Content::Whole)?;
                file.write_all(&[*byte]).map_err(os)
            }
            Step::Cut(path) => self.write(path, Content::Nothing)?.set_len(0).map_err(os),
            Step::Directory(path) => stack.make(path.as_bytes(), Made::Directory, &mut |at| {
                fs::create_dir(spot(at)).map_err(os)
            }),
            Step::RemoveDirectory(path) => stack.remove(path.as_bytes(), Made::Directory),
            Step::Remove(path) => stack.remove(path.as_bytes(), Made::File),
            Step::Rename(old, new, flags) => stack.rename(old.as_bytes(), new.as_bytes(), *flags),
            Step::Link(path) => stack.make(path.as_bytes(), Made::File, &mut |at| {
                std::os::unix::fs::symlink("-", spot(at)).map_err(os)
            }),
            Step::Name(old, new) => {
                if stack.find(old.as_bytes())?.is_directory() {
                    return match stack.find(new.as_bytes()) {
                        Ok(_) => Err(abi::Errno::EEXIST),
                        Err(abi::Errno::ENOENT)
                            if stack.find(kernel::overlay::split(new.as_bytes()).0).is_ok() =>
                        {
                            Err(abi::Errno::EPERM)
                        }
                        Err(errno) => Err(errno),
                    };
                }
                if stack.find(new.as_bytes()).is_ok() {
                    return Err(abi::Errno::EEXIST);
                }
                stack.find(kernel::overlay::split(new.as_bytes()).0)?;
                let file = stack.raise(old.as_bytes(), Content::Whole)?;
                stack.link(&file, new.as_bytes())
            }
            Step::Fifo(path) => stack.make(path.as_bytes(), Made::File, &mut |at| {
                let mode = Mode::from_raw_mode(0o600);
                rustix::fs::mknodat(CWD, spot(at), FileType::Fifo, mode, 0)
                    .map_err(|errno| os(errno.into()))
            }),
            Step::Mode(path, mode) => {
                let found = stack.find(path.as_bytes())?;
                if kind(&found) == FileType::Symlink {
                    return Err(abi::Errno::ELOOP);
                }
                let file = stack.raise(path.as_bytes(), Content::Whole)?;
                fs::set_permissions(link_of(file.raw()), fs::Permissions::from_mode(*mode))
                    .map_err(os)
            }
            Step::Attribute(path, byte) => {
                let found = stack.find(path.as_bytes())?;
                if !matches!(kind(&found), FileType::RegularFile | FileType::Directory) {
                    return Err(abi::Errno::EISDIR);
                }
                let file = stack.raise(path.as_bytes(), Content::Whole)?;
                setxattr(
                    link_of(file.raw()),
                    "user.note",
                    &[*byte],
                    XattrFlags::empty(),
                )
                .map_err(|errno| os(errno.into()))
            }
            Step::List(_) => Ok(()),
        }
    }
}

fn kind(found: &Found<Handle>) -> FileType {
    FileType::from_raw_mode(found.status.st_mode)
}

/// What stands for a link on the way: nothing, since no link leads anywhere here.
fn nowhere(errno: abi::Errno) -> abi::Errno {
    match errno {
        abi::Errno::ELOOP => abi::Errno::ENOENT,
        errno => errno,
    }
}

impl Way for Ours {
    fn take(&self, step: &Step) -> Outcome {
        if let Step::List(path) = step {
            return self.list(path);
        }
        let last = match step {
            Step::Append(path, _) | Step::Cut(path) | Step::Mode(path, _) => Some(path),
            _ => None,
        };
        let found = last.and_then(|path| self.stack.find(path.as_bytes()).ok());
        self.step(step).map(|()| Vec::new()).map_err(|error| {
            let link = found.is_some_and(|found| kind(&found) == FileType::Symlink);
            match (error, step) {
                (abi::Errno::ELOOP, Step::Mode(..)) if link => Errno::LOOP,
                (abi::Errno::ELOOP, _) if link => Errno::ISDIR,
                (error, _) => errno(nowhere(error)),
            }
        })
    }

    fn list(&self, path: &str) -> Outcome {
        let found = self.stack.find(path.as_bytes());
        let found = found.map_err(|error| errno(nowhere(error)))?;
        if !found.is_directory() {
            return Err(Errno::NOTDIR);
        }
        let listed = self.stack.list(path.as_bytes()).map_err(errno)?;
        let mut names: Vec<String> = listed
            .into_iter()
            .map(|entry| {
                let name = String::from_utf8(entry.name).expect("text");
                let mode = u32::from(entry.kind) << 12;
                let kind = FileType::from_raw_mode(mode);
                let path = if path.is_empty() {
                    name.clone()
                } else {
                    format!("{path}/{name}")
                };
                let found = self.stack.find(path.as_bytes()).expect("it is there");
                let number = self
                    .stack
                    .number(&found.file, &found.status)
                    .expect("it is known");
                assert_eq!(number, Some(entry.number), "{path}");
                format!("{name} {kind:?}")
            })
            .collect();
        names.sort();
        Ok(names)
    }

    fn describe(&self, path: &str) -> Result<Described, Errno> {
        let found = self.stack.find(path.as_bytes()).map_err(errno)?;
        let status = found.status;
        let kind = kind(&found);
        let mut text = format!("{kind:?} {:o}", status.st_mode);
        let host = link_of(found.file.raw());
        match kind {
            FileType::RegularFile => {
                let content = fs::read(&host).expect("it is read");
                text += &format!(" {} {}", status.st_nlink, summary(&content));
            }
            FileType::Symlink => {
                let link = rustix::fs::readlinkat(Raw(&found.file).fd(), "", Vec::new())?;
                text += &format!(" {link:?}");
            }
            _ => {}
        }
        if matches!(kind, FileType::RegularFile | FileType::Directory) {
            let mut note = [0; 16];
            let note = match getxattr(&host, "user.note", &mut note[..]) {
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

/// A link's own descriptor.
struct Raw<'a>(&'a Handle);

impl Raw<'_> {
    fn fd(&self) -> OwnedFd {
        let flags = OFlags::PATH | OFlags::NOFOLLOW;
        let path = fs::read_link(link_of(self.0.raw())).expect("it has a path");
        openat(CWD, path, flags, Mode::empty()).expect("it is there")
    }
}
