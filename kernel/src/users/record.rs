//! Who the threads of the zone are, for each other: a file that all of them share has a record for
//! each, at a place that its number gives. It is only as true as the processes are honest.

use abi::nr;
use alloc::vec::Vec;
use host::call::int;
use host::{host_call, intercept};

use super::capability::Capabilities;
use super::credentials::Credentials;
use super::ids::Ids;
use super::secure::SecureBits;

/// How many records there are: of two threads whose numbers differ by a multiple of this, the
/// younger has the place.
const RECORDS: u32 = 1 << 16;
/// The length of one, in bytes: eleven words and the first groups, of four each, then the sets of
/// capabilities, of eight each.
const SIZE: usize = 128;
const MOST_GROUPS: usize = 11;
const SETS: usize = 88;
/// How large the file is, in bytes.
pub const FILE_SIZE: u64 = 128 * (RECORDS as u64);

/// Who the thread is that the host gives this number: of its groups the first ones. `None` when it
/// did not say.
#[must_use]
pub fn published(tid: u32) -> Option<Credentials> {
    let mut bytes = [0u8; SIZE];
    let to = bytes.as_mut_ptr().expose_provenance();
    let file = int(intercept::users_fd()?);
    let read = host_call!(nr::PREAD64, file, to, SIZE, place(tid));
    decode(&bytes, tid).filter(|_| read == Ok(SIZE))
}

/// Says who a thread is.
pub(super) fn publish(tid: u32, credentials: &Credentials) {
    let bytes = encode(tid, credentials);
    let from = bytes.as_ptr().expose_provenance();
    if let Some(file) = intercept::users_fd() {
        let _ = host_call!(nr::PWRITE64, int(file), from, SIZE, place(tid));
    }
}

fn place(tid: u32) -> usize {
    usize::try_from(tid % RECORDS).unwrap_or(0) * SIZE
}

fn encode(tid: u32, credentials: &Credentials) -> [u8; SIZE] {
    let (user, group) = (&credentials.user, &credentials.group);
    let groups = credentials.groups.iter().take(MOST_GROUPS);
    let words = [
        tid,
        user.real,
        user.effective,
        user.saved,
        user.fs,
        group.real,
        group.effective,
        group.saved,
        group.fs,
        credentials.no_new_privs.into(),
        u32::try_from(groups.len()).unwrap_or(0),
    ];
    let sets = &credentials.capabilities;
    let sets = [
        sets.effective,
        sets.permitted,
        sets.inheritable,
        sets.bounding,
        sets.ambient,
    ];
    let mut bytes = [0; SIZE];
    let (small, large) = bytes.split_at_mut(SETS);
    for (to, word) in small.chunks_exact_mut(4).zip(words.iter().chain(groups)) {
        to.copy_from_slice(&word.to_le_bytes());
    }
    for (to, set) in large.chunks_exact_mut(8).zip(sets) {
        to.copy_from_slice(&set.to_le_bytes());
    }
    bytes
}

fn decode(bytes: &[u8; SIZE], tid: u32) -> Option<Credentials> {
    let (small, large) = bytes.split_at(SETS);
    let mut words = small
        .chunks_exact(4)
        .map(|word| u32::from_le_bytes(word.try_into().unwrap_or_default()));
    let mut sets = large
        .chunks_exact(8)
        .map(|set| u64::from_le_bytes(set.try_into().unwrap_or_default()));
    if words.next()? != tid {
        return None;
    }
    let mut ids = || {
        Some(Ids {
            real: words.next()?,
            effective: words.next()?,
            saved: words.next()?,
            fs: words.next()?,
        })
    };
    let (user, group) = (ids()?, ids()?);
    let no_new_privs = words.next()? != 0;
    let count = usize::try_from(words.next()?).ok()?;
    Some(Credentials {
        user,
        group,
        groups: words.take(count).collect::<Vec<_>>(),
        capabilities: Capabilities {
            effective: sets.next()?,
            permitted: sets.next()?,
            inheritable: sets.next()?,
            bounding: sets.next()?,
            ambient: sets.next()?,
        },
        secure: SecureBits::default(),
        no_new_privs,
    })
}

#[cfg(test)]
mod tests {
    use super::{MOST_GROUPS, decode, encode};
    use crate::users::{Credentials, Owner};
    use alloc::vec::Vec;

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let who = |groups: Vec<u32>| Credentials::new(Owner { uid: 7, gid: 8 }, groups);
        let some = who(alloc::vec![3, 4]);
        assert_eq!(decode(&encode(99, &some), 99), Some(some));
        let many = who((0..100).collect());
        let read = decode(&encode(99, &many), 99).expect("a record");
        assert_eq!(read.groups, many.groups[..MOST_GROUPS]);
        assert_eq!(decode(&encode(99, &many), 98), None);
    }
}
