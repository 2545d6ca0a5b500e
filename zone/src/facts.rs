//! Writes what the brands of a zone are told (`kernel::zone::Facts`).

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Duration;

use kernel::zone::{Facts, MAGIC, Text};
use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
use rustix::time::{ClockId, clock_gettime};
use zerocopy::{FromZeros, IntoBytes};

/// A file that holds them and cannot change, for reading.
pub(crate) fn create(name: &str) -> io::Result<OwnedFd> {
    let mut facts = Facts::new_zeroed();
    facts.magic = MAGIC;
    facts.boottime = nanoseconds(ClockId::Boottime);
    facts.realtime = nanoseconds(ClockId::Realtime) / 1_000_000_000;
    facts.pids_limit = u64::MAX;
    let mut texts = Vec::new();
    put(&mut facts, &mut texts, Text::Name, name)?;

    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let mut file = File::from(memfd_create("lx-facts", flags)?);
    file.write_all(facts.as_bytes())?;
    file.write_all(&texts)?;
    let seals = SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE | SealFlags::SEAL;
    fcntl_add_seals(&file, seals)?;
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    Ok(OpenOptions::new().read(true).open(path)?.into())
}

/// Adds a text behind the structure.
fn put(facts: &mut Facts, texts: &mut Vec<u8>, which: Text, text: &str) -> io::Result<()> {
    let number = |length: usize| u64::try_from(length).map_err(io::Error::other);
    let offset = number(size_of::<Facts>() + texts.len())?;
    facts.texts[which as usize] = [offset, number(text.len())?];
    texts.extend_from_slice(text.as_bytes());
    Ok(())
}

fn nanoseconds(clock: ClockId) -> u64 {
    let time = clock_gettime(clock);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let time = Duration::from_secs(seconds) + Duration::from_nanos(time.tv_nsec.cast_unsigned());
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::create;
    use kernel::zone::{Facts, MAGIC, Text};
    use std::fs::File;
    use std::io::{Read, Write};
    use zerocopy::FromBytes;

    #[test]
    fn the_file_holds_the_name_and_cannot_change() {
        let mut file = File::from(create("zone-1").expect("it is made"));
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).expect("it reads");
        let (facts, _) = Facts::read_from_prefix(&bytes).expect("it is long enough");
        assert_eq!((facts.magic, facts.begun), (MAGIC, facts.ended));
        assert!(facts.boottime > 0 && facts.realtime > 0);
        let [offset, length] = facts.texts[Text::Name as usize].map(usize::try_from);
        let (offset, length) = (offset.expect("it fits"), length.expect("it fits"));
        assert_eq!(&bytes[offset..offset + length], b"zone-1");
        assert!(file.write_all(b"x").is_err());
    }
}
