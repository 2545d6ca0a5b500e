//! sysfs(2): numbers and names of the types of file systems, in a zone those that it can mount.

use abi::arg::{Int, Ulong};
use abi::{Errno, SysResult, UserCStr, nr};
use host::call::forward;
use host::user;
use kernel::Task;
use kernel::zone::{Text, attached, facts};

/// `PATH_MAX`, which the kernel reads a name with (`getname`).
const LONGEST: usize = 4096;

/// sysfs(2).
pub fn sysfs(_: &mut Task, option: Int, first: Ulong, second: Ulong) -> SysResult {
    if !attached() {
        return forward(nr::SYSFS, &[option.raw(), first.0, second.0, 0, 0, 0]);
    }
    let text = facts()?.text(Text::FileSystems)?;
    match option.0 {
        1 => {
            let mut name = [0; LONGEST];
            let name = user::read_cstr(UserCStr(first.0), &mut name)?.to_bytes();
            names(&text)
                .position(|one| one == name)
                .ok_or(Errno::EINVAL)
        }
        2 => {
            let name = names(&text).nth(first.0).ok_or(Errno::EINVAL)?;
            user::write_bytes(second.0, name)?;
            user::write_bytes(second.0.wrapping_add(name.len()), &[0])?;
            Ok(0)
        }
        3 => Ok(names(&text).count()),
        _ => Err(Errno::EINVAL),
    }
}

/// The names in a text as that of /proc/filesystems.
fn names(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let lines = text.split(|byte| *byte == b'\n');
    lines.filter_map(|line| {
        line.rsplit(|byte| *byte == b'\t')
            .next()
            .filter(|name| !name.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::names;
    use alloc::vec::Vec;

    #[test]
    fn names_stand_behind_tabs() {
        let found: Vec<&[u8]> = names(b"nodev\tsysfs\n\text4\nnodev\tproc\n").collect();
        assert_eq!(found, [&b"sysfs"[..], b"ext4", b"proc"]);
    }
}
