//! `/proc/version`, `/proc/filesystems`, and of /proc/sys what is not a plain number
//! (proc_version(5), proc_filesystems(5), proc_sys_kernel(5), proc_sys_fs(5)).

use alloc::vec::Vec;

use abi::{Errno, SysResult, nr};
use host::host_call;
use kernel::zone;

use super::Moment;
use super::moment::name;
use crate::text::{put_decimal, put_hex};

/// `version`.
pub(super) fn version(moment: &Moment, out: &mut Vec<u8>) {
    let names = &moment.names;
    for part in [
        name(&names.sysname),
        b" version ",
        name(&names.release),
        b" (lx@lx) (rustc) ",
        name(&names.version),
        b"\n",
    ] {
        out.extend_from_slice(part);
    }
}

/// `filesystems`: what zsched says, else those that every zone has.
pub(super) fn filesystems(zsched: &[u8], out: &mut Vec<u8>) {
    const ALWAYS: &[u8] = b"nodev\tsysfs\nnodev\ttmpfs\nnodev\tproc\nnodev\tcgroup2\n\
        nodev\tdevpts\nnodev\tmqueue\nnodev\toverlay\n";
    out.extend_from_slice(if zsched.is_empty() { ALWAYS } else { zsched });
}

/// What /proc/sys says that changes.
pub(super) fn sysctl(moment: &Moment, path: &str) -> SysResult<Vec<u8>> {
    let mut out = Vec::new();
    let names = &moment.names;
    match path.strip_prefix("sys/").unwrap_or_default() {
        "kernel/hostname" => out.extend_from_slice(name(&names.nodename)),
        "kernel/domainname" => out.extend_from_slice(name(&names.domainname)),
        "kernel/osrelease" => out.extend_from_slice(name(&names.release)),
        "kernel/ostype" => out.extend_from_slice(name(&names.sysname)),
        "kernel/version" => out.extend_from_slice(name(&names.version)),
        "kernel/ns_last_pid" => put_decimal(&mut out, moment.tid.into(), 1),
        "kernel/pty/nr" | "fs/aio-nr" => out.push(b'0'),
        // Open files, free ones (always 0), and the most that there can be.
        "fs/file-nr" => {
            put_decimal(&mut out, moment.facts.pids_current.saturating_mul(32), 1);
            out.extend_from_slice(b"\t0\t9223372036854775807");
        }
        // The host's caches of names are not the zone's.
        "fs/dentry-state" => out.extend_from_slice(b"0\t0\t45\t0\t0\t0"),
        "fs/inode-nr" => out.extend_from_slice(b"0\t0"),
        "fs/inode-state" => out.extend_from_slice(b"0\t0\t0\t0\t0\t0\t0"),
        _ => return Err(Errno::ENXIO),
    }
    out.push(b'\n');
    Ok(out)
}

/// What /proc/sys/kernel/random says (random(4)).
pub(super) fn random(path: &str) -> SysResult<Vec<u8>> {
    let mut out = Vec::new();
    match path.strip_prefix("sys/kernel/random/").unwrap_or_default() {
        "uuid" => {
            let mut bits = [0u64; 2];
            let to = bits.as_mut_ptr().expose_provenance();
            host_call!(nr::GETRANDOM, to, size_of_val(&bits), 0)?;
            put_uuid(&mut out, bits);
        }
        // The same as long as the zone runs.
        "boot_id" => {
            let facts = zone::facts()?;
            let seed = facts.boottime ^ facts.realtime.rotate_left(32) ^ facts.placeholders;
            put_uuid(&mut out, [mix(seed), mix(seed.wrapping_add(1))]);
        }
        // The pool is full, in bits.
        "entropy_avail" => out.extend_from_slice(b"256"),
        _ => return Err(Errno::ENXIO),
    }
    out.push(b'\n');
    Ok(out)
}

/// Spreads the bits of a number over all of it (the finalizer of SplitMix64).
fn mix(seed: u64) -> u64 {
    let mut bits = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ bits >> 31
}

/// Appends random bits as a UUID of version 4 (RFC 9562, 5.4).
fn put_uuid(out: &mut Vec<u8>, [high, low]: [u64; 2]) {
    let high = high & !0xf000 | 0x4000;
    let low = low & !(3 << 62) | 2 << 62;
    put_hex(out, high >> 32, 8);
    out.push(b'-');
    put_hex(out, high >> 16 & 0xffff, 4);
    out.push(b'-');
    put_hex(out, high & 0xffff, 4);
    out.push(b'-');
    put_hex(out, low >> 48, 4);
    out.push(b'-');
    put_hex(out, low & 0xffff_ffff_ffff, 12);
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::super::moment::{sample, sampled};
    use super::{put_uuid, random, sysctl, version};
    use crate::skeleton::{Kind, ZSCHED, entries};
    use alloc::vec::Vec;
    use std::fs::read_to_string;

    #[test]
    fn versions() {
        let text = sampled(version);
        assert_eq!(text, "Linux version 6.18.0 (lx@lx) (rustc) #1 SMP\n");
        assert_eq!(
            sysctl(&sample(), "sys/kernel/osrelease").as_deref(),
            Ok(&b"6.18.0\n"[..])
        );
        assert_eq!(
            sysctl(&sample(), "sys/kernel/hostname").as_deref(),
            Ok(&b"box\n"[..])
        );
    }

    #[test]
    fn uuids() {
        let mut out = Vec::new();
        put_uuid(&mut out, [u64::MAX, 0x0123_4567_89ab_cdef]);
        assert_eq!(out, b"ffffffff-ffff-4fff-8123-456789abcdef");
    }

    /// As many words as the kernel's own files have.
    #[test]
    fn every_live_sysctl_has_the_kernels_form() {
        let live = entries().filter(|entry| {
            let path = entry.path;
            entry.kind == Kind::Live && path.starts_with("sys/") && !path.starts_with(ZSCHED)
        });
        for entry in live.filter(|entry| !entry.path.contains("random")) {
            let ours = sysctl(&sample(), entry.path).expect("a text");
            let ours = core::str::from_utf8(&ours).expect("text");
            let Ok(host) = read_to_string(std::path::Path::new("/proc").join(entry.path)) else {
                continue;
            };
            if entry.path != "sys/kernel/version" {
                let words = |text: &str| text.split('\t').count();
                assert_eq!(words(ours), words(&host), "{}", entry.path);
            }
            assert!(
                ours.ends_with('\n') && !ours.ends_with("\n\n"),
                "{}",
                entry.path
            );
        }
        assert!(random("sys/kernel/random/entropy_avail").is_ok());
    }
}
