use super::{Held, KEPT, Shelf, Template, Workshop, place};
use kernel::zone::rights::{MAGIC, NAME, Record};
use rustix::fs::{Mode, OFlags, fchmod, openat};
use std::fs::{self, File};
use std::io::Write;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use zerocopy::{FromBytes, IntoBytes};

/// A directory that goes away with this value.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("lx-{name}-{}", std::process::id()));
        fs::create_dir_all(path.join("shelf")).expect("it is made");
        Self(path)
    }

    fn open(&self, path: &str) -> OwnedFd {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        openat(rustix::fs::CWD, self.0.join(path), flags, Mode::empty()).expect("it opens")
    }

    fn program(&self, name: &str, mode: u32) -> OwnedFd {
        fs::write(self.0.join(name), name).expect("it is written");
        let fd = self.open(name);
        fchmod(&fd, Mode::from_raw_mode(mode)).expect("it is one's own");
        fd
    }

    fn copies(&self) -> Vec<PathBuf> {
        let listed = fs::read_dir(self.0.join("shelf")).expect("it is there");
        listed
            .map(|entry| entry.expect("it is listed").path())
            .collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn image() -> Vec<u8> {
    let empty = Record::empty();
    [b"code", MAGIC.as_bytes(), empty.as_bytes(), b"more"].concat()
}

fn workshop(folder: &Folder, own_users: bool) -> Workshop {
    let mut file = File::create(folder.0.join("image")).expect("it is made");
    file.write_all(&image()).expect("it is written");
    let template = Template {
        image: folder.open("image"),
        version: Some("5.4".to_owned()),
    };
    let null = File::open("/dev/null").expect("it opens");
    let record = template.record(Held {
        proc: null.as_fd(),
        facts: null.as_fd(),
        socket: null.as_fd(),
    });
    let shelf = Shelf {
        shown: folder.open("shelf"),
        store: folder.open("shelf"),
        mounts: File::open("/proc/self/mountinfo").expect("it opens").into(),
    };
    let record = record.expect("all can be looked at");
    Workshop::open(template.image.as_fd(), record, &shelf, own_users).expect("it is an image")
}

#[test]
fn a_copy_has_the_owner_the_bits_and_the_record() {
    let folder = Folder::new("rights-copy");
    let mut workshop = workshop(&folder, false);
    let program = folder.program("program", 0o4775);
    let copy = workshop.copy(program.as_fd()).expect("it is made");
    assert!(copy.is_some());
    let [path] = &folder.copies()[..] else {
        panic!("one copy");
    };
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    assert!(name.starts_with(NAME));
    let (made, original) = (fs::metadata(path), fs::metadata(folder.0.join("program")));
    let (made, original) = (made.expect("it is there"), original.expect("it is there"));
    assert_eq!(made.permissions().mode() & 0o7777, 0o4555);
    assert_eq!((made.uid(), made.gid()), (original.uid(), original.gid()));
    let bytes = fs::read(path).expect("it reads");
    let (mark, tail) = (4 + size_of_val(&MAGIC), b"more".len());
    let (record, _) = Record::read_from_prefix(&bytes[mark..]).expect("it is whole");
    assert_eq!((record.made, record.version()), (1, Some(&b"5.4"[..])));
    assert_eq!(record.program.number, original.ino());
    assert!(bytes.starts_with(b"code") && &bytes[bytes.len() - tail..] == b"more");
}

#[test]
fn copies_are_of_one_state_of_a_program() {
    let folder = Folder::new("rights-state");
    let mut workshop = workshop(&folder, false);
    let program = folder.program("program", 0o4755);
    for _ in 0..3 {
        assert!(
            workshop
                .copy(program.as_fd())
                .expect("it is made")
                .is_some()
        );
    }
    assert_eq!(folder.copies().len(), 1);
    let change = |mode| fchmod(&program, Mode::from_raw_mode(mode)).expect("it is one's own");
    change(0o755);
    assert!(workshop.copy(program.as_fd()).expect("no rights").is_none());
    change(0o2745);
    assert!(workshop.copy(program.as_fd()).expect("no rights").is_none());
    change(0o4755);
    assert!(
        workshop
            .copy(program.as_fd())
            .expect("it is made")
            .is_some()
    );
    assert_eq!(folder.copies().len(), 2);
}

#[test]
fn only_so_many_are_kept() {
    let folder = Folder::new("rights-many");
    let mut workshop = workshop(&folder, false);
    for number in 0..KEPT + 3 {
        let program = folder.program(&format!("program{number}"), 0o4755);
        assert!(
            workshop
                .copy(program.as_fd())
                .expect("it is made")
                .is_some()
        );
    }
    assert_eq!(folder.copies().len(), KEPT);
}

#[test]
fn what_gives_no_rights() {
    let folder = Folder::new("rights-none");
    let mut workshop = workshop(&folder, true);
    let mut gives = |path: &Path| {
        let file = File::open(path).expect("it opens");
        workshop.copy(file.as_fd()).map(|copy| copy.is_some())
    };
    // No file; on a mount that says nosuid and noexec.
    assert_eq!(gives(&folder.0), Ok(false));
    assert_eq!(gives(Path::new("/proc/self/status")), Ok(false));
    // An owner that the zone may not have.
    folder.program("nobody", 0o4755);
    if std::os::unix::fs::chown(folder.0.join("nobody"), Some(65_534), None).is_ok() {
        let mode = fs::Permissions::from_mode(0o4755);
        fs::set_permissions(folder.0.join("nobody"), mode).expect("it is changed");
        assert_eq!(gives(&folder.0.join("nobody")), Ok(false));
    }
    // Through a mount that the zone has not.
    drop(folder.program("program", 0o4755));
    workshop.mounts = tempfile(&folder, b"1 0 8:0 / / rw - ext4 /dev/x rw\n");
    let file = folder.open("program");
    assert!(workshop.copy(file.as_fd()).expect("no rights").is_none());
}

fn tempfile(folder: &Folder, text: &[u8]) -> File {
    fs::write(folder.0.join("mounts"), text).expect("it is written");
    File::from(folder.open("mounts"))
}

#[test]
fn a_record_has_one_place() {
    let image = image();
    let mark = 4 + size_of_val(&MAGIC);
    assert_eq!(place(&image), Some(mark));
    let twice = [&image[..], &image].concat();
    assert_eq!(place(&twice), None);
    let mut full = image.clone();
    full[mark] = 1;
    assert_eq!(place(&full), None);
    assert_eq!(place(&image[..image.len() - 8]), None);
}
