//! Processes that run already: how they learn that they are to be observed, and where they write
//! (`observe::door`).

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::PathBuf;

use observe::door::{ASKED, BARRED, CLOSED, Door, STATE};
use zone::zones::{Zone, find};

use super::{Form, Mapped};
use crate::failure::Failure;

/// What the file for the book is called among a process's descriptors.
const BOOK: &str = "/memfd:lx-book (deleted)";
/// What the brand's image is called among its mappings.
const IMAGE: &str = "/memfd:lx (deleted)";

/// What `-p` names.
#[derive(Debug, Clone)]
pub(crate) enum Target {
    /// A process, as the host counts, and its children to come.
    Process(i32),
    /// All processes of a zone.
    Zone(String),
}

impl Target {
    /// A number is a process, else it is a zone.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        match text.parse() {
            Ok(pid) if pid > 0 => Ok(Self::Process(pid)),
            Ok(_) => Err("no process has such a number".to_owned()),
            Err(_) => zone::config::check_name(text).map(Self::Zone),
        }
    }
}

/// The processes, as they come to be observed.
pub(crate) struct Running {
    /// The zone whose processes are looked for.
    zone: Option<Zone>,
    /// The process by whose end all is over.
    pub(crate) first: i32,
    form: Form,
    doors: BTreeMap<i32, Knocked>,
    /// The inodes of the books that this program has.
    books: BTreeSet<u64>,
}

/// A process that was met before.
struct Knocked {
    door: Door,
    memory: File,
}

impl Running {
    pub(crate) fn new(target: &Target, form: Form) -> Result<Self, Failure> {
        let zone = match target {
            Target::Process(_) => None,
            Target::Zone(name) => {
                let failed = |error: zone::Error| Failure::about(&error.subject, &error.error);
                Some(find(name).map_err(failed)?)
            }
        };
        let first = match target {
            Target::Process(pid) => *pid,
            Target::Zone(_) => zone.as_ref().map_or(0, Zone::init),
        };
        Ok(Self {
            zone,
            first,
            form,
            doors: BTreeMap::new(),
            books: BTreeSet::new(),
        })
    }

    /// Whether the numbers of processes that they write are not the host's.
    pub(crate) fn is_zoned(&self) -> bool {
        let status = fs::read_to_string(format!("/proc/{}/status", self.first));
        let numbers = status.unwrap_or_default();
        let numbers = numbers.lines().find_map(|line| line.strip_prefix("NSpid:"));
        self.zone.is_some() || numbers.is_some_and(|numbers| numbers.split_whitespace().count() > 1)
    }

    /// Asks those that were not asked yet. The books that they have made since the last time.
    pub(crate) fn look(&mut self) -> Result<Vec<Mapped>, Failure> {
        let Some(zone) = &self.zone else {
            let pid = self.first;
            let subject = format!("process {pid}");
            let visited = self.visit(pid);
            let book = visited.map_err(|error| Failure::about(subject, &error))?;
            return Ok(book.into_iter().collect());
        };
        let processes = zone.processes().unwrap_or_default();
        let pids: BTreeSet<i32> = processes.iter().map(|process| process.host_pid).collect();
        self.doors.retain(|pid, _| pids.contains(pid));
        let mut books = Vec::new();
        for pid in pids {
            match self.visit(pid) {
                Ok(book) => books.extend(book),
                Err(error) if error.kind() == io::ErrorKind::ResourceBusy => {
                    return Err(Failure::about(format!("process {pid}"), &error));
                }
                // One that has just ended, or begins this moment, is no reason to give up the others.
                Err(_) => {}
            }
        }
        Ok(books)
    }

    fn visit(&mut self, pid: i32) -> io::Result<Option<Mapped>> {
        let mut met = match self.doors.remove(&pid) {
            Some(met) => met,
            None => Knocked::meet(pid)?,
        };
        // Of an exec the old door's memory is gone.
        if met.look().is_err() {
            met = Knocked::meet(pid)?;
        }
        let book = match met.door.state {
            BARRED => {
                return Err(io::Error::other(
                    "it has no descriptor free to be observed by",
                ));
            }
            _ => self.take_book(pid)?,
        };
        if met.door.state == CLOSED {
            met.knock()?;
        }
        self.doors.insert(pid, met);
        Ok(book)
    }

    /// The book that the process has made, if this program does not have it yet.
    fn take_book(&mut self, pid: i32) -> io::Result<Option<Mapped>> {
        let Some(path) = book_of(pid)? else {
            return Ok(None);
        };
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        let inode = file.metadata()?.ino();
        if self.books.contains(&inode) {
            return Ok(None);
        }
        let mapped = Mapped::take(file, &self.form)?;
        self.books.insert(inode);
        Ok(Some(mapped))
    }
}

impl Knocked {
    /// Finds the door of a process.
    fn meet(pid: i32) -> io::Result<Self> {
        let maps = fs::read_to_string(format!("/proc/{pid}/maps"))?;
        let memory = OpenOptions::new()
            .read(true)
            .write(true)
            .open(format!("/proc/{pid}/mem"))?;
        let found = data_of_image(&maps).find_map(|(start, end)| {
            let mut bytes = vec![0; usize::try_from(end.checked_sub(start)?).ok()?];
            memory.read_exact_at(&mut bytes, start).ok()?;
            Door::find(usize::try_from(start).ok()?, &bytes)
        });
        match found {
            Some(door) => Ok(Self { door, memory }),
            None => Err(io::Error::other("lx does not run it")),
        }
    }

    /// Reads the door again.
    fn look(&mut self) -> io::Result<()> {
        let mut bytes = [0; observe::door::LEN];
        self.memory
            .read_exact_at(&mut bytes, wide(self.door.address))?;
        let door = Door::find(self.door.address, &bytes);
        self.door = door.ok_or(io::ErrorKind::NotFound)?;
        Ok(())
    }

    fn knock(&mut self) -> io::Result<()> {
        let rows = vec![0; self.door.count.min(abi::nr::LIMIT)];
        self.memory.write_all_at(&rows, wide(self.door.rows))?;
        let state = wide(self.door.address.saturating_add(STATE));
        self.memory.write_all_at(&ASKED.to_le_bytes(), state)
    }
}

fn wide(address: usize) -> u64 {
    u64::try_from(address).unwrap_or(u64::MAX)
}

/// The writable mappings of the brand's image (proc_pid_maps(5)). A mapping of that name may be the guest's
/// work: then it is the guest's memory that is read and written there.
fn data_of_image(maps: &str) -> impl Iterator<Item = (u64, u64)> {
    maps.lines().filter_map(|line| {
        let (range, rest) = line.split_once(' ')?;
        if !rest.starts_with("rw") || !rest.ends_with(IMAGE) {
            return None;
        }
        let (start, end) = range.split_once('-')?;
        let address = |text| u64::from_str_radix(text, 16).ok();
        Some((address(start)?, address(end)?))
    })
}

/// Where the process's book can be opened: the last descriptor of that name, since the guest has
/// lower ones.
fn book_of(pid: i32) -> io::Result<Option<PathBuf>> {
    let mut books = BTreeMap::new();
    for entry in fs::read_dir(format!("/proc/{pid}/fd"))? {
        let path = entry?.path();
        let number = path.file_name().and_then(|name| name.to_str());
        if let Some(Ok(number)) = number.map(str::parse::<u32>)
            && fs::read_link(&path).is_ok_and(|name| name.as_os_str() == BOOK)
        {
            books.insert(number, path);
        }
    }
    Ok(books.pop_last().map(|(_, path)| path))
}

#[cfg(test)]
mod tests {
    use super::{Target, data_of_image};

    #[test]
    fn the_brands_data_are_among_the_mappings() {
        let maps = "\
7f0000000000-7f0000010000 r-xp 00000000 00:01 5     /memfd:lx (deleted)
7f0000010000-7f0000012000 rw-p 00010000 00:01 5     /memfd:lx (deleted)
7f0000020000-7f0000030000 rw-p 00000000 00:00 0
7f0000040000-7f0000050000 rw-p 00000000 00:00 0     [heap]
";
        let found: Vec<_> = data_of_image(maps).collect();
        assert_eq!(found, [(0x7f00_0001_0000, 0x7f00_0001_2000)]);
    }

    #[test]
    fn a_number_is_a_process() {
        assert!(matches!(Target::parse("12"), Ok(Target::Process(12))));
        assert!(matches!(Target::parse("a1"), Ok(Target::Zone(name)) if name == "a1"));
        assert!(Target::parse("0").is_err());
        assert!(Target::parse("-3").is_err());
        assert!(Target::parse("no/zone").is_err());
    }
}
