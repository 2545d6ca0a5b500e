//! `/proc/PID/mounts`, `mountinfo` and `mountstats` of a zone without namespaces: from its own mount
//! table, and what the host says of the mounts that they show parts of.

use alloc::vec::Vec;

use kernel::bare::{NO_DEV, NO_EXEC, READ_ONLY, Shown, Shows};

use crate::mounts::Form;
use crate::text::{decimal, put_decimal};

/// The number of the zone's root; that of the others follow.
const FIRST: u64 = 100;
/// Options of a mount that are told of its file system, too.
const ACCESS: [&[u8]; 2] = [b"ro", b"rw"];

/// A line of the host's mountinfo (proc_pid_mountinfo(5)).
#[derive(Clone, Copy, Debug)]
struct Host<'a> {
    number: u64,
    root: &'a [u8],
    target: &'a [u8],
    options: &'a [u8],
    kind: &'a [u8],
    source: &'a [u8],
    super_options: &'a [u8],
}

impl<'a> Host<'a> {
    fn parse(line: &'a [u8]) -> Option<Self> {
        let mut words = line.trim_ascii().split(|byte| *byte == b' ');
        let number = decimal(words.next()?)?;
        let root = words.nth(2)?;
        let (target, options) = (words.next()?, words.next()?);
        words.find(|word| *word == b"-")?;
        Some(Self {
            number,
            root,
            target,
            options,
            kind: words.next()?,
            source: words.next()?,
            super_options: words.next()?,
        })
    }
}

/// What is told of a mount.
struct Told<'a> {
    root: Vec<u8>,
    target: Vec<u8>,
    options: Vec<&'a [u8]>,
    kind: &'a [u8],
    source: &'a [u8],
    super_options: &'a [u8],
}

/// The text of one of the files for these mounts, where the host's mountinfo reads `host`.
pub(crate) fn text(form: Form, mounts: &[Shown], host: &[u8]) -> Vec<u8> {
    let hosts: Vec<Host<'_>> = host
        .split(|byte| *byte == b'\n')
        .filter_map(Host::parse)
        .collect();
    let mut out = Vec::new();
    let mut number = FIRST;
    for mount in mounts {
        let told = told(mount, &hosts);
        let within = FIRST + u64::try_from(mount.within).unwrap_or(0);
        // What the root lies in is out of sight.
        let within = if number == FIRST { 1 } else { within };
        put(form, &told, number, within, mount.device, &mut out);
        number += 1;
    }
    for (index, mount) in (FIRST..).zip(mounts) {
        if mount.shows == Shows::Sys {
            let told = Told {
                root: b"/".into(),
                target: escaped(&[&mount.target[..], b"/fs/cgroup"].concat()),
                options: options(mount.flags, b"relatime"),
                kind: b"cgroup2",
                source: b"cgroup",
                super_options: b"rw",
            };
            put(form, &told, number, index, mount.device, &mut out);
            number += 1;
        }
    }
    out
}

fn told<'a>(mount: &Shown, hosts: &[Host<'a>]) -> Told<'a> {
    let plain = |kind, source, flags| Told {
        root: b"/".into(),
        target: escaped(&mount.target),
        options: options(flags, b"relatime"),
        kind,
        source,
        super_options: b"rw",
    };
    match mount.shows {
        Shows::Proc => plain(b"proc", b"proc", mount.flags | NO_DEV | NO_EXEC),
        Shows::Sys => plain(b"sysfs", b"sysfs", mount.flags | NO_DEV),
        Shows::Terminals => Told {
            super_options: b"rw,gid=5,mode=620,ptmxmode=666",
            ..plain(b"devpts", b"devpts", mount.flags)
        },
        Shows::Memory => plain(b"tmpfs", b"tmpfs", mount.flags),
        Shows::Layers => Told {
            super_options: b"rw,userxattr",
            ..plain(b"overlay", b"overlay", mount.flags)
        },
        Shows::Host(number) => {
            let Some(host) = hosts.iter().find(|host| host.number == number) else {
                return plain(b"none", b"none", mount.flags);
            };
            let shown = escaped(&mount.host);
            let below = shown.strip_prefix(host.target).unwrap_or_default();
            let mut root = Vec::from(host.root.strip_suffix(b"/").unwrap_or(host.root));
            if !below.is_empty() && !below.starts_with(b"/") {
                root.push(b'/');
            }
            root.extend_from_slice(below);
            if root.is_empty() {
                root.push(b'/');
            }
            Told {
                root,
                target: escaped(&mount.target),
                options: options(mount.flags, host.options),
                kind: host.kind,
                source: host.source,
                super_options: host.super_options,
            }
        }
    }
}

/// The options of a mount with these flags that shows one with those of the host's. Set-id bits mean
/// nothing in such a zone.
fn options(flags: u8, host: &[u8]) -> Vec<&[u8]> {
    let hosts = || host.split(|byte| *byte == b',');
    let has = |flag, name: &[u8]| flags & flag != 0 || hosts().any(|option| option == name);
    let mut all: Vec<&[u8]> = Vec::new();
    all.push(if has(READ_ONLY, b"ro") { b"ro" } else { b"rw" });
    all.push(b"nosuid");
    if has(NO_DEV, b"nodev") {
        all.push(b"nodev");
    }
    if has(NO_EXEC, b"noexec") {
        all.push(b"noexec");
    }
    const TIMES: [&[u8]; 4] = [b"noatime", b"nodiratime", b"relatime", b"strictatime"];
    all.extend(hosts().filter(|option| TIMES.contains(option)));
    all
}

fn put(form: Form, told: &Told<'_>, number: u64, within: u64, device: u64, out: &mut Vec<u8>) {
    let Told {
        root,
        target,
        kind,
        source,
        super_options,
        ..
    } = told;
    let options = told.options.join(&b',');
    let line = match form {
        Form::Mounts => {
            let extra = super_options.split(|byte| *byte == b',');
            let extra: Vec<&[u8]> = extra.filter(|option| !ACCESS.contains(option)).collect();
            let all = [&told.options[..], &extra].concat().join(&b',');
            [*source, target, kind, &all, b"0", b"0"].join(&b' ')
        }
        Form::MountInfo => {
            let mut numbers = Vec::new();
            put_decimal(&mut numbers, number, 1);
            numbers.push(b' ');
            put_decimal(&mut numbers, within, 1);
            numbers.push(b' ');
            put_decimal(&mut numbers, major(device), 1);
            numbers.push(b':');
            put_decimal(&mut numbers, minor(device), 1);
            [
                &numbers,
                root,
                target,
                &options[..],
                b"-",
                kind,
                source,
                super_options,
            ]
            .join(&b' ')
        }
        Form::MountStats => {
            let on: [&[u8]; 6] = [
                b"device",
                source,
                b"mounted on",
                target,
                b"with fstype",
                kind,
            ];
            on.join(&b' ')
        }
    };
    out.extend_from_slice(&line);
    out.push(b'\n');
}

/// `major(3)` of `st_dev`.
fn major(device: u64) -> u64 {
    device >> 8 & 0xfff | device >> 32 & !0xfff
}

/// `minor(3)` of it.
fn minor(device: u64) -> u64 {
    device & 0xff | device >> 12 & !0xff & 0xffff_ffff
}

/// A path as these files have it: blanks and backslashes are octal (`mangle` in `fs/seq_file.c`).
fn escaped(path: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(path.len());
    for byte in path {
        match byte {
            b' ' => out.extend_from_slice(b"\\040"),
            b'\t' => out.extend_from_slice(b"\\011"),
            b'\n' => out.extend_from_slice(b"\\012"),
            b'\\' => out.extend_from_slice(b"\\134"),
            other => out.push(*other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{escaped, major, minor, text};
    use crate::mounts::Form;
    use alloc::string::String;
    use alloc::vec::Vec;
    use kernel::bare::{NO_EXEC, READ_ONLY, Shown, Shows};

    const HOST: &str = "\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,discard
29 22 0:25 /sub /srv/my\\040data rw,nodev,noatime - btrfs /dev/vdb rw,subvol=/sub
";

    fn mounts() -> Vec<Shown> {
        let mount = |target: &str, host: &str, shows, flags, within| Shown {
            target: target.into(),
            host: host.into(),
            shows,
            flags,
            device: 0xfe00,
            within,
        };
        alloc::vec![
            mount("/", "/home/u/root", Shows::Host(22), 0, 0),
            mount("/dev", "/dev/shm/lx/dev", Shows::Memory, NO_EXEC, 0),
            mount("/proc", "/proc", Shows::Proc, 0, 0),
            mount("/sys", "/dev/shm/lx/s", Shows::Sys, READ_ONLY | NO_EXEC, 0),
            mount("/mnt/a b", "/srv/my data/x", Shows::Host(29), READ_ONLY, 0),
            mount("/dev/null", "/dev/null", Shows::Host(7), 0, 1),
        ]
    }

    fn told(form: Form) -> String {
        String::from_utf8(text(form, &mounts(), HOST.as_bytes())).expect("text")
    }

    #[test]
    fn mountinfo() {
        assert_eq!(
            told(Form::MountInfo),
            "\
100 1 254:0 /home/u/root / rw,nosuid,relatime - ext4 /dev/vda rw,discard
101 100 254:0 / /dev rw,nosuid,noexec,relatime - tmpfs tmpfs rw
102 100 254:0 / /proc rw,nosuid,nodev,noexec,relatime - proc proc rw
103 100 254:0 / /sys ro,nosuid,nodev,noexec,relatime - sysfs sysfs rw
104 100 254:0 /sub/x /mnt/a\\040b ro,nosuid,nodev,noatime - btrfs /dev/vdb rw,subvol=/sub
105 101 254:0 / /dev/null rw,nosuid,relatime - none none rw
106 103 254:0 / /sys/fs/cgroup ro,nosuid,noexec,relatime - cgroup2 cgroup rw
"
        );
    }

    #[test]
    fn the_other_forms() {
        let mounts = told(Form::Mounts);
        assert!(mounts.starts_with("/dev/vda / ext4 rw,nosuid,relatime,discard 0 0\n"));
        assert!(
            mounts.contains(
                "\n/dev/vdb /mnt/a\\040b btrfs ro,nosuid,nodev,noatime,subvol=/sub 0 0\n"
            )
        );
        let stats = told(Form::MountStats);
        assert!(stats.starts_with("device /dev/vda mounted on / with fstype ext4\n"));
    }

    #[test]
    fn numbers_and_names() {
        assert_eq!((major(0xfe00), minor(0xfe00)), (254, 0));
        assert_eq!((major(0x19), minor(0x19)), (0, 25));
        assert_eq!((major(0x10_0801), minor(0x10_0801)), (8, 257));
        assert_eq!(escaped(b"a\\ \t"), b"a\\134\\040\\011");
    }
}
