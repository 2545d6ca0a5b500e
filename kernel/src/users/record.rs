//! Who the processes of the zone are, for each other: a file that all of them share has a record for
//! each, at a place that its number gives. It is only as true as the processes are honest.

use abi::nr;
use host::call::int;
use host::{host_call, intercept};

use super::credentials::Credentials;
use super::ids::Ids;

/// How many records there are: of two processes whose numbers differ by a multiple of this, the
/// younger has the place.
const RECORDS: u32 = 1 << 16;
const SIZE: usize = 32;
/// How large the file is, in bytes.
pub const FILE_SIZE: u64 = 32 * (RECORDS as u64);

/// A process and its ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its number on the host.
    pub pid: u32,
    /// Its user.
    pub user: Ids,
    /// Its group: real, effective and saved.
    pub group: [u32; 3],
}

impl Record {
    /// Of a process with these credentials.
    #[must_use]
    pub fn of(pid: u32, credentials: &Credentials) -> Self {
        let group = &credentials.group;
        Self {
            pid,
            user: credentials.user,
            group: [group.real, group.effective, group.saved],
        }
    }

    /// Of the process with this number on the host.
    #[must_use]
    pub fn read(pid: u32) -> Option<Self> {
        let mut bytes = [0u8; SIZE];
        let to = bytes.as_mut_ptr().expose_provenance();
        let read = host_call!(
            nr::PREAD64,
            int(intercept::users_fd()),
            to,
            SIZE,
            place(pid)
        );
        if read != Ok(SIZE) {
            return None;
        }
        Some(Self::decode(&bytes)).filter(|record| record.pid == pid)
    }

    fn encode(&self) -> [u8; SIZE] {
        let Ids {
            real,
            effective,
            saved,
            fs,
        } = self.user;
        let [group, effective_group, saved_group] = self.group;
        let words = [
            self.pid,
            real,
            effective,
            saved,
            fs,
            group,
            effective_group,
            saved_group,
        ];
        let mut bytes = [0; SIZE];
        for (to, word) in bytes.chunks_exact_mut(4).zip(words) {
            to.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }

    fn decode(bytes: &[u8; SIZE]) -> Self {
        let mut words = [0u32; SIZE / 4];
        for (to, from) in words.iter_mut().zip(bytes.chunks_exact(4)) {
            *to = u32::from_le_bytes(from.try_into().unwrap_or_default());
        }
        let [pid, real, effective, saved, fs, group @ ..] = words;
        Self {
            pid,
            user: Ids {
                real,
                effective,
                saved,
                fs,
            },
            group,
        }
    }
}

fn place(pid: u32) -> usize {
    usize::try_from(pid % RECORDS).unwrap_or(0) * SIZE
}

pub(super) fn publish(record: &Record) {
    let bytes = record.encode();
    let from = bytes.as_ptr().expose_provenance();
    let file = int(intercept::users_fd());
    let _ = host_call!(nr::PWRITE64, file, from, SIZE, place(record.pid));
}

#[cfg(test)]
mod tests {
    use super::Record;
    use crate::users::{Credentials, Owner};

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let credentials = Credentials::new(Owner { uid: 7, gid: 8 }, alloc::vec![]);
        let record = Record::of(99, &credentials);
        assert_eq!(Record::decode(&record.encode()), record);
    }
}
