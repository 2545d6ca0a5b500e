//! Numbers of objects, their keys and permissions (`ipc/util.c` of the kernel).

use std::time::{SystemTime, UNIX_EPOCH};

use abi::{Errno, SysResult};

use crate::asked::Sender;

/// How many objects of a kind there can be (`IPCMNI`).
pub(super) const MOST: usize = 32000;
/// A number is the place in the table, and how often places were taken anew above these bits.
const PLACE_BITS: u32 = 15;
/// How often that is, before it begins again.
const SEQUENCES: u32 = 1 << (31 - PLACE_BITS);

/// Flags of the calls that look an object up by its key.
const IPC_CREAT: i32 = 0o1000;
const IPC_EXCL: i32 = 0o2000;
/// Any process makes a new one with this key.
const IPC_PRIVATE: u32 = 0;

/// To read an object, and to change it.
pub(super) const READ: i32 = 0o444;
/// To change it.
pub(super) const WRITE: i32 = 0o222;

/// The time, in seconds.
pub(super) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(0))
}

/// Whose an object is, and who may do what with it (`struct ipc64_perm`).
#[derive(Debug, Clone)]
pub(super) struct Perm {
    key: u32,
    user: u32,
    group: u32,
    creator: [u32; 2],
    mode: u32,
}

impl Perm {
    /// Whether the sender may do what these permission bits say (`ipcperms`).
    pub(super) fn allows(&self, sender: Sender, wanted: i32) -> SysResult<()> {
        let wanted = wanted.cast_unsigned();
        let wanted = (wanted >> 6 | wanted >> 3 | wanted) & 7;
        let granted = if self.is_owner(sender) {
            self.mode >> 6
        } else if sender.group == self.group || sender.group == self.creator[1] {
            self.mode >> 3
        } else {
            self.mode
        };
        match wanted & !granted {
            0 => Ok(()),
            _ => Err(Errno::EACCES),
        }
    }

    fn is_owner(&self, sender: Sender) -> bool {
        sender.user == self.user || sender.user == self.creator[0]
    }

    /// Whether the sender may remove the object, or give it away.
    pub(super) fn owns(&self, sender: Sender) -> SysResult<()> {
        match self.is_owner(sender) {
            true => Ok(()),
            false => Err(Errno::EPERM),
        }
    }

    /// Changes owner and mode to those of a structure in which they stand at the beginning (`IPC_SET`).
    pub(super) fn set(&mut self, structure: &[u8]) -> SysResult<()> {
        let word = |at: usize| {
            let bytes = structure
                .get(at..at + 4)
                .and_then(|bytes| bytes.try_into().ok());
            bytes.map(u32::from_le_bytes).ok_or(Errno::EINVAL)
        };
        (self.user, self.group) = (word(4)?, word(8)?);
        self.mode = self.mode & !0o777 | word(20)? & 0o777;
        Ok(())
    }

    /// The structure, for an object of this number.
    pub(super) fn bytes(&self, id: i32) -> Vec<u8> {
        let sequence = id.cast_unsigned() >> PLACE_BITS;
        let [creator, creators] = self.creator;
        let words = [
            self.key, self.user, self.group, creator, creators, self.mode, sequence,
        ];
        let mut bytes = super::bytes(&words, |word| word.to_le_bytes());
        bytes.resize(48, 0);
        bytes
    }
}

/// An object.
pub(super) trait Object {
    /// Its permissions.
    fn perm(&self) -> &Perm;
}

/// Objects of a kind by their numbers.
#[derive(Debug)]
pub(super) struct Ids<T> {
    places: Vec<Option<(i32, T)>>,
    last: usize,
    sequence: u32,
}

impl<T> Default for Ids<T> {
    fn default() -> Self {
        Self {
            places: Vec::new(),
            last: 0,
            sequence: 0,
        }
    }
}

impl<T: Object> Ids<T> {
    /// The object of a key, after `check`, or one that `make` makes (`ipcget`); its number.
    pub(super) fn get(
        &mut self,
        sender: Sender,
        key: u32,
        flags: i32,
        check: impl FnOnce(&T) -> SysResult<()>,
        make: impl FnOnce(&Self, Perm) -> SysResult<T>,
    ) -> SysResult<i32> {
        let has_key = |object: &&(i32, T)| object.1.perm().key == key;
        let all = self.places.iter().flatten();
        let found = all.filter(|_| key != IPC_PRIVATE).find(has_key);
        if let Some((id, object)) = found {
            if flags & IPC_CREAT != 0 && flags & IPC_EXCL != 0 {
                return Err(Errno::EEXIST);
            }
            check(object)?;
            object.perm().allows(sender, flags)?;
            return Ok(*id);
        }
        if key != IPC_PRIVATE && flags & IPC_CREAT == 0 {
            return Err(Errno::ENOENT);
        }
        let perm = Perm {
            key,
            user: sender.user,
            group: sender.group,
            creator: [sender.user, sender.group],
            mode: flags.cast_unsigned() & 0o777,
        };
        let object = make(self, perm)?;
        self.insert(object)
    }

    fn insert(&mut self, object: T) -> SysResult<i32> {
        let place = self.places.iter().position(Option::is_none);
        let place = place.unwrap_or(self.places.len());
        if place >= MOST {
            return Err(Errno::ENOSPC);
        }
        if place <= self.last && !self.places.is_empty() {
            self.sequence = (self.sequence + 1) % SEQUENCES;
        }
        self.last = place;
        let number = u32::try_from(place).unwrap_or(0) | self.sequence << PLACE_BITS;
        let id = number.cast_signed();
        if place == self.places.len() {
            self.places.push(None);
        }
        if let Some(to) = self.places.get_mut(place) {
            *to = Some((id, object));
        }
        Ok(id)
    }

    /// The object of a number.
    pub(super) fn find(&mut self, id: i32) -> SysResult<&mut T> {
        match self.at(id) {
            Some(Some((known, object))) if *known == id => Ok(object),
            _ => Err(Errno::EINVAL),
        }
    }

    /// The object at the place of a number, and its own number (`SEM_STAT` and its like).
    pub(super) fn find_place(&mut self, place: i32) -> SysResult<(i32, &mut T)> {
        match self.at(place) {
            Some(Some((id, object))) => Ok((*id, object)),
            _ => Err(Errno::EINVAL),
        }
    }

    fn at(&mut self, id: i32) -> Option<&mut Option<(i32, T)>> {
        let place = usize::try_from(id).ok()? & ((1 << PLACE_BITS) - 1);
        self.places.get_mut(place)
    }

    /// Takes the object of a number away.
    pub(super) fn remove(&mut self, id: i32) -> Option<T> {
        self.find(id).ok()?;
        self.at(id)?.take().map(|(_, object)| object)
    }

    /// All objects, with their numbers.
    pub(super) fn iter(&self) -> impl Iterator<Item = (i32, &T)> {
        self.places
            .iter()
            .flatten()
            .map(|(id, object)| (*id, object))
    }

    /// All objects, to be changed.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (i32, &mut T)> {
        let all = self.places.iter_mut().flatten();
        all.map(|(id, object)| (*id, object))
    }

    /// The highest place that is taken, or 0.
    pub(super) fn highest(&self) -> i32 {
        let place = self.places.iter().rposition(Option::is_some).unwrap_or(0);
        i32::try_from(place).unwrap_or(0)
    }
}
