//! System V shared memory (shmget(2)) where the kernel's would be the host's: each segment is a file in a
//! directory of the zone's that no path leads to, what is known of it another, and a key a link.
//! Which processes have it mapped, their `maps` tell.

use alloc::ffi::CString;
use alloc::vec::Vec;
use alloc::{format, vec};

use abi::arg::{Int, MapFlags, OpenFlags, Prot, Ptr, Size, Ulong};
use abi::{Errno, RawArg, SysResult, nr};
use host::call::{as_int, int};
use host::memory::PAGE;
use host::user::{self, PATH_MAX};
use host::{host_call, intercept};
use kernel::Task;
use kernel::bare::{Handle, Kind, link_text, members};
use kernel::vfs::ProcView;

use super::arguments::{pointer, space};
use super::numbers::told_number;

/// More segments no zone has (`SHMMNI`).
const MOST: i32 = 4096;

/// What is known of a segment, as its file has it.
#[derive(Clone, Copy, Default)]
struct Known {
    key: u32,
    mode: u32,
    /// Owner and creator, users and groups.
    ids: [u32; 4],
    size: u64,
    /// Of the last attach, detach and change, in seconds.
    times: [u64; 3],
    /// Of the creator and of whom was there last, as the host calls them.
    processes: [u32; 2],
}

/// [`Known`] in a file, in words.
const WORDS: usize = 12;

impl Known {
    fn words(&self) -> [u64; WORDS] {
        let [user, group, creator, creators] = self.ids.map(u64::from);
        let [attach, detach, change] = self.times;
        let [first, last] = self.processes.map(u64::from);
        [
            self.key.into(),
            self.mode.into(),
            user,
            group,
            creator,
            creators,
            self.size,
            attach,
            detach,
            change,
            first,
            last,
        ]
    }

    fn from(words: &[u64; WORDS]) -> Self {
        let narrow = |word: u64| u32::try_from(word).unwrap_or(0);
        let [
            key,
            mode,
            a,
            b,
            c,
            d,
            size,
            attach,
            detach,
            change,
            first,
            last,
        ] = *words;
        Self {
            key: narrow(key),
            mode: narrow(mode),
            ids: [a, b, c, d].map(narrow),
            size,
            times: [attach, detach, change],
            processes: [narrow(first), narrow(last)],
        }
    }

    /// Whether the owner may do what these permission bits say (`ipcperms` in ipc/util.c of the
    /// kernel). Nobody else is in the zone.
    fn allows(&self, wanted: u32) -> SysResult<()> {
        let wanted = (wanted >> 6 | wanted >> 3 | wanted) & 7;
        match wanted & !(self.mode >> 6) {
            0 => Ok(()),
            _ => Err(Errno::EACCES),
        }
    }
}

/// The directory.
struct Segments(usize);

fn name_of(id: i32) -> CString {
    CString::new(format!("{id}")).unwrap_or_default()
}

fn about(id: i32) -> CString {
    CString::new(format!("{id}.about")).unwrap_or_default()
}

fn link_of(key: u32) -> CString {
    CString::new(format!("key-{key:x}")).unwrap_or_default()
}

fn now() -> u64 {
    let mut time = [0u64; 2];
    let to = time.as_mut_ptr().expose_provenance();
    let _ = host_call!(nr::CLOCK_GETTIME, 0, to);
    time[0]
}

impl Segments {
    fn of(t: &Task) -> SysResult<Self> {
        let index = space(t)?.table().of_kind(Kind::Segments);
        let index = index.and_then(|index| i32::try_from(index).ok());
        let index = index.ok_or(Errno::ENOSYS)?;
        Ok(Self(int(intercept::mounts_fd() + index)))
    }

    fn open(&self, name: &CString, flags: OpenFlags) -> SysResult<Handle> {
        let name = name.as_ptr().expose_provenance();
        let flags = (flags | OpenFlags::CLOEXEC).raw();
        let fd = host_call!(nr::OPENAT, self.0, name, flags, 0o600)?;
        Ok(Handle::owned(as_int(fd)))
    }

    fn remove(&self, name: &CString) {
        let _ = host_call!(nr::UNLINKAT, self.0, name.as_ptr().expose_provenance(), 0);
    }

    /// What is known of a segment; `EINVAL` when there is none.
    fn known(&self, id: i32) -> SysResult<Known> {
        let file = self.open(&about(id), OpenFlags::empty());
        let file = file.map_err(|_| Errno::EINVAL)?;
        let mut words = [0u64; WORDS];
        let to = words.as_mut_ptr().expose_provenance();
        let size = size_of_val(&words);
        match host_call!(nr::PREAD64, file.register(), to, size, 0) {
            Ok(length) if length == size => Ok(Known::from(&words)),
            _ => Err(Errno::EINVAL),
        }
    }

    fn note(&self, id: i32, known: &Known, flags: OpenFlags) -> SysResult<()> {
        let file = self.open(&about(id), flags | OpenFlags::WRONLY)?;
        let words = known.words();
        let from = words.as_ptr().expose_provenance();
        let size = size_of_val(&words);
        match host_call!(nr::PWRITE64, file.register(), from, size, 0)? {
            length if length == size => Ok(()),
            _ => Err(Errno::ENOSPC),
        }
    }

    /// The segment of a key.
    fn by_key(&self, key: u32) -> Option<i32> {
        let mut text = [0u8; 16];
        let (name, to) = (link_of(key), text.as_mut_ptr().expose_provenance());
        let name = name.as_ptr().expose_provenance();
        let length = host_call!(nr::READLINKAT, self.0, name, to, text.len()).ok()?;
        core::str::from_utf8(text.get(..length)?).ok()?.parse().ok()
    }

    /// Makes a segment; `EEXIST` when somebody else has made one with the key meanwhile.
    fn make(&self, t: &Task, key: u32, size: usize, mode: u32) -> SysResult<i32> {
        let bytes = size.checked_next_multiple_of(PAGE).ok_or(Errno::EINVAL)?;
        let user = |nr| host_call!(nr).ok().and_then(|id| u32::try_from(id).ok());
        let (user, group) = (user(nr::GETEUID), user(nr::GETEGID));
        let [user, group] = [user, group].map(Option::unwrap_or_default);
        let known = Known {
            key,
            mode: mode & 0o777,
            ids: [user, group, user, group],
            size: u64::try_from(size).unwrap_or(0),
            times: [0, 0, now()],
            processes: [t.pid(), 0],
        };
        let fresh = OpenFlags::CREAT | OpenFlags::EXCL;
        let id = (0..MOST).find_map(|id| match self.note(id, &known, fresh) {
            Err(Errno::EEXIST) => None,
            noted => Some(noted.map(|()| id)),
        });
        let id = id.unwrap_or(Err(Errno::ENOSPC))?;
        let made = self
            .open(&name_of(id), fresh | OpenFlags::RDWR)
            .and_then(|file| host_call!(nr::FTRUNCATE, file.register(), bytes))
            .and_then(|_| match key {
                0 => Ok(0),
                key => {
                    let (name, link) = (name_of(id), link_of(key));
                    let [name, link] = [&name, &link].map(|name| name.as_ptr().expose_provenance());
                    host_call!(nr::SYMLINKAT, name, self.0, link)
                }
            });
        if made.is_err() {
            self.remove(&name_of(id));
            self.remove(&about(id));
        }
        made.map(|_| id)
    }

    /// How the host's `maps` call the segment's file.
    fn path(&self, id: Option<i32>) -> SysResult<Vec<u8>> {
        let mut room = [0; PATH_MAX];
        let mut path = Vec::from(link_text(as_int(self.0), &mut room)?);
        path.push(b'/');
        if let Some(id) = id {
            path.extend_from_slice(name_of(id).to_bytes());
        }
        Ok(path)
    }

    /// How often the zone's processes have a segment mapped.
    fn attached(&self, id: i32) -> SysResult<usize> {
        let path = self.path(Some(id))?;
        let mut count = 0;
        for process in members()? {
            let maps = maps(&format!("{process}/maps")).unwrap_or_default();
            let mappings = mappings(&maps, &path).filter(|mapping| mapping.name == path);
            count += mappings.filter(|mapping| mapping.offset == 0).count();
        }
        Ok(count)
    }
}

/// A line of `maps` (proc_pid_maps(5)).
struct Mapping<'a> {
    start: usize,
    end: usize,
    offset: usize,
    name: &'a [u8],
}

/// The text of a `maps` below /proc.
fn maps(path: &str) -> SysResult<Vec<u8>> {
    const PIECE: usize = 16 << 10;
    let path = CString::new(path).map_err(|_| Errno::EINVAL)?;
    let fd = kernel::proc::open(intercept::proc_fd(), &path, OpenFlags::CLOEXEC)?;
    let file = Handle::owned(fd);
    let (mut text, mut piece) = (Vec::new(), vec![0u8; PIECE]);
    loop {
        let to = piece.as_mut_ptr().expose_provenance();
        match host_call!(nr::READ, file.register(), to, PIECE)? {
            0 => return Ok(text),
            length => text.extend_from_slice(piece.get(..length).unwrap_or_default()),
        }
    }
}

/// The mappings of files whose names begin so.
fn mappings<'a>(maps: &'a [u8], prefix: &'a [u8]) -> impl Iterator<Item = Mapping<'a>> {
    let lines = maps.split(|byte| *byte == b'\n');
    lines.filter_map(move |line| {
        let at = line.windows(prefix.len()).position(|part| part == prefix)?;
        let (head, name) = line.split_at_checked(at)?;
        let name = name.strip_suffix(b" (deleted)").unwrap_or(name);
        let head = core::str::from_utf8(head).ok()?;
        let mut words = head.split_ascii_whitespace();
        let (start, end) = words.next()?.split_once('-')?;
        let offset = words.nth(1)?;
        let hex = |text| usize::from_str_radix(text, 16).ok();
        Some(Mapping {
            start: hex(start)?,
            end: hex(end)?,
            offset: hex(offset)?,
            name,
        })
    })
}

/// shmget(2).
pub(super) fn shmget(t: &mut Task, a: &[usize; 6]) -> SysResult {
    const IPC_CREAT: u32 = 0o1000;
    const IPC_EXCL: u32 = 0o2000;
    const SHM_HUGETLB: u32 = 0o4000;
    let segments = Segments::of(t)?;
    let (key, size, flags) = (RawArg(a[0]).low_u32(), a[1], RawArg(a[2]).low_u32());
    if flags & SHM_HUGETLB != 0 {
        return Err(Errno::EINVAL);
    }
    loop {
        let found = if key == 0 { None } else { segments.by_key(key) };
        if let Some(id) = found {
            if flags & IPC_CREAT != 0 && flags & IPC_EXCL != 0 {
                return Err(Errno::EEXIST);
            }
            let known = segments.known(id)?;
            if u64::try_from(size).unwrap_or(u64::MAX) > known.size {
                return Err(Errno::EINVAL);
            }
            known.allows(flags)?;
            return Ok(int(id));
        }
        if key != 0 && flags & IPC_CREAT == 0 {
            return Err(Errno::ENOENT);
        }
        if size == 0 {
            return Err(Errno::EINVAL);
        }
        match segments.make(t, key, size, flags) {
            Err(Errno::EEXIST) => {}
            made => return made.map(int),
        }
    }
}

/// shmat(2).
pub(super) fn shmat(t: &mut Task, a: &[usize; 6]) -> SysResult {
    const SHM_RDONLY: u32 = 0o10000;
    const SHM_RND: u32 = 0o20000;
    const SHM_REMAP: u32 = 0o40000;
    const SHM_EXEC: u32 = 0o100_000;
    const PROT_READ_WRITE: usize = 3;
    const PROT_EXEC: usize = 4;
    const MAP_SHARED: usize = 1;
    const MAP_FIXED: usize = 0x10;
    const MAP_FIXED_NOREPLACE: usize = 0x10_0000;
    let segments = Segments::of(t)?;
    let (id, mut address, flags) = (as_int(a[0]), a[1], RawArg(a[2]).low_u32());
    let has = |flag| flags & flag != 0;
    if !address.is_multiple_of(PAGE) {
        if !has(SHM_RND) {
            return Err(Errno::EINVAL);
        }
        address -= address % PAGE;
    }
    let place = match (address, has(SHM_REMAP)) {
        (0, true) => return Err(Errno::EINVAL),
        (0, false) => 0,
        (_, true) => MAP_FIXED,
        (_, false) => MAP_FIXED_NOREPLACE,
    };
    let known = segments.known(id)?;
    let (mut protection, mut wanted, opened) = match has(SHM_RDONLY) {
        true => (1, 0o444, OpenFlags::empty()),
        false => (PROT_READ_WRITE, 0o666, OpenFlags::RDWR),
    };
    if has(SHM_EXEC) {
        protection |= PROT_EXEC;
        wanted |= 0o111;
    }
    known.allows(wanted)?;
    let file = segments
        .open(&name_of(id), opened)
        .map_err(|_| Errno::EINVAL)?;
    let size = usize::try_from(known.size).unwrap_or(usize::MAX);
    let mapped = crate::memory::mmap(
        t,
        Ptr(address),
        Size(size),
        Prot(protection),
        MapFlags(MAP_SHARED | place),
        Int(file.raw()),
        Ulong(0),
    );
    let at = mapped.map_err(|errno| match errno {
        Errno::EEXIST => Errno::EINVAL,
        errno => errno,
    })?;
    let [_, detached, changed] = known.times;
    let known = Known {
        times: [now(), detached, changed],
        processes: [known.processes[0], t.pid()],
        ..known
    };
    // A segment that is removed meanwhile stays mapped.
    let _ = segments.note(id, &known, OpenFlags::empty());
    Ok(at)
}

/// shmdt(2): all of the segment that is still where it was attached.
pub(super) fn shmdt(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let segments = Segments::of(t)?;
    let directory = segments.path(None)?;
    let text = maps("thread-self/maps")?;
    let first = mappings(&text, &directory).find(|it| it.start == a[0] && it.offset == 0);
    let first = first.ok_or(Errno::EINVAL)?;
    let same = |it: &Mapping<'_>| {
        it.name == first.name && it.start.checked_sub(it.offset) == Some(first.start)
    };
    for part in mappings(&text, &directory).filter(same) {
        crate::memory::munmap(t, Ptr(part.start), Size(part.end - part.start))?;
    }
    let id = first.name.get(directory.len()..).unwrap_or_default();
    let id = core::str::from_utf8(id).ok().and_then(|id| id.parse().ok());
    if let Some(id) = id
        && let Ok(known) = segments.known(id)
    {
        let [attached, _, changed] = known.times;
        let known = Known {
            times: [attached, now(), changed],
            processes: [known.processes[0], t.pid()],
            ..known
        };
        let _ = segments.note(id, &known, OpenFlags::empty());
    }
    Ok(0)
}

/// `struct shmid64_ds`, in words.
const SHMID_DS: usize = 14;

/// shmctl(2). A segment that is removed can no longer be attached.
pub(super) fn shmctl(t: &mut Task, a: &[usize; 6]) -> SysResult {
    const IPC_RMID: i32 = 0;
    const IPC_SET: i32 = 1;
    const IPC_STAT: i32 = 2;
    let segments = Segments::of(t)?;
    let id = as_int(a[0]);
    let known = segments.known(id)?;
    match as_int(a[1]) {
        IPC_RMID => {
            if known.key != 0 {
                segments.remove(&link_of(known.key));
            }
            segments.remove(&name_of(id));
            segments.remove(&about(id));
            Ok(0)
        }
        IPC_SET => {
            let given: [u64; SHMID_DS] = user::read(pointer(a[2]))?;
            let ([_, user], [group, _], [_, mode]) =
                (halves(given[0]), halves(given[1]), halves(given[2]));
            let [attached, detached, _] = known.times;
            let [_, _, creator, creators] = known.ids;
            let known = Known {
                ids: [user, group, creator, creators],
                mode: known.mode & !0o777 | mode & 0o777,
                times: [attached, detached, now()],
                ..known
            };
            segments.note(id, &known, OpenFlags::empty())?;
            Ok(0)
        }
        IPC_STAT => {
            known.allows(0o444)?;
            let attached = u64::try_from(segments.attached(id)?).unwrap_or(0);
            let [user, group, creator, creators] = known.ids;
            let told = |process: u32| told_number(process.cast_signed()).cast_unsigned();
            let [first, last] = known.processes.map(told);
            let [attach, detach, change] = known.times;
            let status = [
                word([known.key, user]),
                word([group, creator]),
                word([creators, known.mode]),
                0,
                0,
                0,
                known.size,
                attach,
                detach,
                change,
                word([first, last]),
                attached,
                0,
                0,
            ];
            user::write(pointer(a[2]), &status)?;
            Ok(0)
        }
        _ => Err(Errno::EINVAL),
    }
}

fn word([low, high]: [u32; 2]) -> u64 {
    u64::from(low) | u64::from(high) << 32
}

fn halves(word: u64) -> [u32; 2] {
    let [a, b, c, d, e, f, g, h] = word.to_le_bytes();
    [
        u32::from_le_bytes([a, b, c, d]),
        u32::from_le_bytes([e, f, g, h]),
    ]
}

#[cfg(test)]
mod tests {
    use super::{Known, halves, mappings, word};

    #[test]
    fn mappings_are_found_by_name() {
        let maps = b"1000-3000 rw-s 00000000 00:1c 77   /run/lx/segments/4 (deleted)\n\
                     3000-4000 rw-s 00002000 00:1c 77   /run/lx/segments/4\n\
                     5000-6000 r--p 00000000 08:01 9    /bin/sh\n";
        let found: std::vec::Vec<_> = mappings(maps, b"/run/lx/segments/")
            .map(|it| (it.start, it.end, it.offset, it.name))
            .collect();
        let name: &[u8] = b"/run/lx/segments/4";
        assert_eq!(
            found,
            [(0x1000, 0x3000, 0, name), (0x3000, 0x4000, 0x2000, name)]
        );
    }

    #[test]
    fn what_is_known_comes_back() {
        let known = Known {
            key: 7,
            mode: 0o600,
            ids: [1, 2, 3, 4],
            size: 8192,
            times: [5, 6, 7],
            processes: [8, 9],
        };
        assert_eq!(Known::from(&known.words()).words(), known.words());
        assert!(known.allows(0o666).is_ok() && known.allows(0o111).is_err());
        assert_eq!(halves(word([1, u32::MAX])), [1, u32::MAX]);
    }
}
