//! `/proc/PID/mounts`, `mountinfo` and `mountstats` of a zone (proc_pid_mountinfo(5)): without the
//! mounts that cover entries of /proc and the one that /dev covers, and with those at /sys called
//! what they stand for.

use alloc::vec::Vec;

use kernel::zone::rights;

use crate::text::Lines;

/// What zsched calls the file system of the placeholders.
const PLACEHOLDERS: &[u8] = b"lx-placeholders";

/// Which of the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// As in fstab(5).
    Mounts,
    MountInfo,
    MountStats,
}

/// Filters one of them.
#[derive(Debug)]
pub(crate) struct Mounts {
    form: Form,
    /// Where procfs is mounted, each with a slash at its end.
    proc: Vec<Vec<u8>>,
    /// The number of the mount that is left out although another is mounted on it, and that of the
    /// one that it is mounted on.
    covered: Option<(Vec<u8>, Vec<u8>)>,
}

/// What a line says.
struct Mount<'a> {
    source: &'a [u8],
    target: &'a [u8],
    kind: &'a [u8],
}

impl Mounts {
    pub(crate) fn new(form: Form) -> Self {
        Self {
            form,
            proc: Vec::new(),
            covered: None,
        }
    }

    fn parse<'a>(&self, line: &'a [u8]) -> Option<Mount<'a>> {
        let line = line.trim_ascii_end();
        let mut words = line.split(|byte| *byte == b' ');
        let [source, target, kind] = match self.form {
            Form::Mounts => [words.next()?, words.next()?, words.next()?],
            Form::MountInfo => {
                let target = words.nth(4)?;
                words.find(|word| *word == b"-")?;
                let kind = words.next()?;
                [words.next()?, target, kind]
            }
            // `device SOURCE mounted on TARGET with fstype KIND`.
            Form::MountStats => {
                let source = words.nth(1)?;
                let target = words.nth(2)?;
                [source, target, words.nth(2)?]
            }
        };
        Some(Mount {
            source,
            target,
            kind,
        })
    }

    /// Notes what takes the place of the mount of this line.
    fn leave_out(&mut self, line: &[u8]) {
        let mut words = line.split(|byte| *byte == b' ');
        if let (Form::MountInfo, Some(number), Some(parent)) =
            (self.form, words.next(), words.next())
        {
            self.covered = Some((number.into(), parent.into()));
        }
    }

    /// Writes a line as it is, but for the number of a mount that is left out.
    fn pass(&self, line: &[u8], out: &mut Vec<u8>) {
        let mut words = line.splitn(3, |byte| *byte == b' ');
        let words = [words.next(), words.next(), words.next()];
        match (&self.covered, words) {
            (Some((covered, below)), [Some(number), Some(parent), Some(rest)])
                if self.form == Form::MountInfo && parent == covered =>
            {
                out.extend_from_slice(&[number, below, rest].join(&b' '));
            }
            _ => out.extend_from_slice(line),
        }
    }

    /// Writes the line of a placeholder that stands for a file system; others hide something.
    fn put(&self, line: &[u8], target: &[u8], out: &mut Vec<u8>) {
        let Some((source, kind)) = stands_for(target) else {
            return;
        };
        let words: Vec<&[u8]> = line.trim_ascii_end().split(|byte| *byte == b' ').collect();
        let word = |at: usize| words.get(at).copied().unwrap_or_default();
        let flags = |at: usize| flags(word(at));
        let line = match self.form {
            Form::Mounts => [source, target, kind, &flags(3), b"0", b"0"].join(&b' '),
            Form::MountInfo => {
                // Its number, its parent's and the device; then the root; then what may vary.
                let end = words.iter().position(|word| *word == b"-");
                let varying = words.get(6..end.unwrap_or(6)).unwrap_or_default();
                let first = [word(0), word(1), word(2), b"/", target, &flags(5)];
                let last = [&b"-"[..], kind, source, b"rw"];
                [&first, varying, &last].concat().join(&b' ')
            }
            Form::MountStats => {
                let words = [
                    b"device",
                    source,
                    b"mounted on",
                    target,
                    b"with fstype",
                    kind,
                ];
                words.join(&b' ')
            }
        };
        out.extend_from_slice(&line);
        out.push(b'\n');
    }
}

/// Source and type of the file system that placeholders at a mount point stand for.
pub(crate) fn stands_for(target: &[u8]) -> Option<(&'static [u8], &'static [u8])> {
    let known: [(&[u8], &[u8], &[u8]); 4] = [
        (b"/sys/fs/cgroup", b"cgroup", b"cgroup2"),
        (b"/system/object", b"objfs", b"objfs"),
        (b"/system/contract", b"ctfs", b"ctfs"),
        (b"/sys", b"sysfs", b"sysfs"),
    ];
    let found = known.iter().find(|(end, ..)| target.ends_with(end));
    found.map(|(_, source, kind)| (*source, *kind))
}

/// Of a list of options those that every file system has.
fn flags(options: &[u8]) -> Vec<u8> {
    const FLAGS: [&[u8]; 8] = [
        b"ro",
        b"rw",
        b"nosuid",
        b"nodev",
        b"noexec",
        b"noatime",
        b"nodiratime",
        b"relatime",
    ];
    let options = options.split(|byte| *byte == b',');
    let known: Vec<&[u8]> = options.filter(|option| FLAGS.contains(option)).collect();
    known.join(&b',')
}

impl Lines for Mounts {
    fn line(&mut self, line: &[u8], out: &mut Vec<u8>) {
        let Some(mount) = self.parse(line) else {
            out.extend_from_slice(line);
            return;
        };
        if mount.kind == b"proc" {
            self.proc.push([mount.target, b"/"].concat());
        }
        if mount.source == rights::SOURCE.as_bytes() {
            self.leave_out(line);
        } else if mount.source != PLACEHOLDERS {
            self.pass(line, out);
        } else if !self.proc.iter().any(|proc| mount.target.starts_with(proc)) {
            self.put(line, mount.target, out);
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::{Form, Mounts};
    use crate::text::filtered;

    #[test]
    fn mounts() {
        let host = "\
/dev/vda / ext4 rw,nodev,relatime 0 0
proc /proc proc rw,nosuid,nodev,noexec,relatime 0 0
lx-placeholders /proc/stat tmpfs ro,nosuid,nodev,noexec,relatime,size=64k,mode=755,inode64 0 0
lx-placeholders /proc/sys tmpfs ro,nosuid 0 0
lx-placeholders /sys tmpfs ro,nosuid,nodev,noexec,relatime,size=64k,mode=755,inode64 0 0
lx-placeholders /sys/fs/cgroup tmpfs ro,nosuid,nodev,noexec,relatime,size=64k 0 0
lx-placeholders /run/lx tmpfs ro,nosuid,nodev,noexec,relatime,size=64k 0 0
tmpfs /tmp\\040x tmpfs rw,relatime,inode64 0 0
lx-copies /dev tmpfs ro,nodev,relatime,size=64m,inode64 0 0
";
        let seen = "\
/dev/vda / ext4 rw,nodev,relatime 0 0
proc /proc proc rw,nosuid,nodev,noexec,relatime 0 0
sysfs /sys sysfs ro,nosuid,nodev,noexec,relatime 0 0
cgroup /sys/fs/cgroup cgroup2 ro,nosuid,nodev,noexec,relatime 0 0
tmpfs /tmp\\040x tmpfs rw,relatime,inode64 0 0
";
        assert_eq!(filtered(&mut Mounts::new(Form::Mounts), host), seen);
    }

    #[test]
    fn mountinfo() {
        let host = "\
90 80 254:0 /root / rw,nodev,relatime master:1 - ext4 /dev/vda rw,discard
91 90 0:21 / /proc rw,nosuid,nodev,noexec,relatime - proc proc rw
92 91 0:50 /proc/stat /proc/stat ro,nosuid - tmpfs lx-placeholders rw,size=64k,inode64
93 90 0:50 /sys /sys ro,nosuid,nodev shared:3 - tmpfs lx-placeholders rw,size=64k,inode64
94 93 0:50 /sys/fs/cgroup /sys/fs/cgroup ro,nosuid - tmpfs lx-placeholders ro,size=64k
95 90 0:52 / /dev ro,nodev,relatime - tmpfs lx-copies rw,size=64m,inode64
96 95 0:53 / /dev rw,nosuid - tmpfs tmpfs rw,size=64k
97 96 0:54 / /dev/pts rw,nosuid - devpts devpts rw
";
        let seen = "\
90 80 254:0 /root / rw,nodev,relatime master:1 - ext4 /dev/vda rw,discard
91 90 0:21 / /proc rw,nosuid,nodev,noexec,relatime - proc proc rw
93 90 0:50 / /sys ro,nosuid,nodev shared:3 - sysfs sysfs rw
94 93 0:50 / /sys/fs/cgroup ro,nosuid - cgroup2 cgroup rw
96 90 0:53 / /dev rw,nosuid - tmpfs tmpfs rw,size=64k
97 96 0:54 / /dev/pts rw,nosuid - devpts devpts rw
";
        assert_eq!(filtered(&mut Mounts::new(Form::MountInfo), host), seen);
    }

    #[test]
    fn mountstats() {
        let host = "\
device proc mounted on /proc with fstype proc
device lx-placeholders mounted on /proc/stat with fstype tmpfs
device lx-placeholders mounted on /sys with fstype tmpfs
no device mounted on /x with fstype none
";
        let seen = "\
device proc mounted on /proc with fstype proc
device sysfs mounted on /sys with fstype sysfs
no device mounted on /x with fstype none
";
        assert_eq!(filtered(&mut Mounts::new(Form::MountStats), host), seen);
    }

    #[test]
    fn where_nothing_is_covered_the_text_is_the_same() {
        for (form, file) in [
            (Form::Mounts, "mounts"),
            (Form::MountInfo, "mountinfo"),
            (Form::MountStats, "mountstats"),
        ] {
            let host = std::fs::read_to_string(std::format!("/proc/self/{file}"));
            let host = host.expect("it is there");
            assert_eq!(filtered(&mut Mounts::new(form), &host), host);
        }
    }
}
