//! The entries whose text is the same in every zone: a zone has no drivers and no kernel of its own
//! to speak of, and few devices.

/// `uevent` of a device that everybody may use.
macro_rules! device {
    ($major:literal, $minor:literal, $name:literal) => {
        concat!(
            "MAJOR=",
            $major,
            "\nMINOR=",
            $minor,
            "\nDEVNAME=",
            $name,
            "\nDEVMODE=0666\n"
        )
    };
}

/// The text of the entry with that path.
pub(super) fn text(path: &str) -> Option<&'static str> {
    Some(match path {
        // Version 2 alone: no controller belongs to a hierarchy of version 1 (cgroups(7)).
        "cgroups" => concat!(
            "#subsys_name\thierarchy\tnum_cgroups\tenabled\n",
            "cpuset\t0\t1\t1\n",
            "cpu\t0\t1\t1\n",
            "cpuacct\t0\t1\t1\n",
            "blkio\t0\t1\t1\n",
            "memory\t0\t1\t1\n",
            "devices\t0\t1\t1\n",
            "freezer\t0\t1\t1\n",
            "perf_event\t0\t1\t1\n",
            "pids\t0\t1\t1\n",
        ),
        "cmdline" => "lx\n",
        "devices" => concat!(
            "Character devices:\n",
            "  1 mem\n",
            "  5 /dev/tty\n",
            "  5 /dev/console\n",
            "  5 /dev/ptmx\n",
            " 10 misc\n",
            "128 ptm\n",
            "136 pts\n",
            "\n",
            "Block devices:\n",
        ),
        // Addresses as a process without CAP_SYS_ADMIN sees them.
        "iomem" => "00000000-00000000 : System RAM\n",
        "ioports" => "0000-0000 : PCI conf1\n",
        "execdomains" => "0-0\tLinux           \t[kernel]\n",
        // The zone's root user holds nothing; the limits are the kernel's own (keyrings(7)).
        "key-users" => "    0:     1 1/1 0/1000000 0/25000000\n",
        "partitions" => "major minor  #blocks  name\n\n",
        "slabinfo" => concat!(
            "slabinfo - version: 2.1\n",
            "# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab>",
            " : tunables <limit> <batchcount> <sharedfactor>",
            " : slabdata <active_slabs> <num_slabs> <sharedavail>\n",
        ),
        "tty/drivers" => concat!(
            "/dev/tty             /dev/tty        5       0 system:/dev/tty\n",
            "/dev/console         /dev/console    5       1 system:console\n",
            "/dev/ptmx            /dev/ptmx       5       2 system\n",
            "pty_slave            /dev/pts      136 0-1048575 pty:slave\n",
            "pty_master           /dev/ptm      128 0-1048575 pty:master\n",
        ),
        "tty/ldiscs" => "n_tty       0\nn_null     27\n",
        "fs/cgroup/cgroup.stat" => "nr_descendants 0\nnr_dying_descendants 0\n",
        "fs/cgroup/memory.swap.events" => "high 0\nmax 0\nfail 0\n",
        "devices/virtual/mem/full/uevent" => device!(1, 7, "full"),
        "devices/virtual/mem/null/uevent" => device!(1, 3, "null"),
        "devices/virtual/mem/random/uevent" => device!(1, 8, "random"),
        "devices/virtual/mem/urandom/uevent" => device!(1, 9, "urandom"),
        "devices/virtual/mem/zero/uevent" => device!(1, 5, "zero"),
        "devices/virtual/tty/console/uevent" => "MAJOR=5\nMINOR=1\nDEVNAME=console\n",
        "devices/virtual/tty/ptmx/uevent" => device!(5, 2, "ptmx"),
        "devices/virtual/tty/tty/uevent" => device!(5, 0, "tty"),
        "consoles" | "crypto" | "diskstats" | "dma" | "kallsyms" | "keys" | "misc" | "modules" => {
            ""
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::text;
    use std::fs::read_to_string;

    /// The heads of the tables, and the lines that are the same on every kernel.
    #[test]
    fn as_the_kernel_writes_them() {
        for (path, lines) in [
            ("cgroups", 1),
            ("execdomains", 1),
            ("partitions", 2),
            ("slabinfo", 2),
        ] {
            let Ok(host) = read_to_string(std::path::Path::new("/proc").join(path)) else {
                continue;
            };
            let ours = text(path).expect("an entry");
            assert!(
                ours.lines().take(lines).eq(host.lines().take(lines)),
                "{path}"
            );
        }
    }

    #[test]
    fn devices_are_those_of_the_kernel() {
        for (class, name) in [
            ("mem", "null"),
            ("mem", "urandom"),
            ("tty", "console"),
            ("tty", "tty"),
        ] {
            let path = std::format!("devices/virtual/{class}/{name}/uevent");
            if let Ok(host) = read_to_string(std::path::Path::new("/sys").join(&path)) {
                assert_eq!(text(&path), Some(&*host), "{path}");
            }
        }
    }

    #[test]
    fn the_terminals_are_those_of_the_kernel() {
        let host = read_to_string("/proc/tty/drivers").expect("it is there");
        let ours = text("tty/drivers").expect("an entry");
        for line in ours.lines().filter(|line| !line.contains("0-1048575")) {
            assert!(host.lines().any(|other| other == line), "{line}");
        }
    }
}
