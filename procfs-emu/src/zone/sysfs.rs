//! What of /sys changes, but for the control groups: memory nodes (`Documentation/ABI/stable/
//! sysfs-devices-node`) and network statistics (`Documentation/ABI/testing/
//! sysfs-class-net-statistics`).

use alloc::vec::Vec;

use abi::{Errno, SysResult};

use super::Moment;
use super::memory;
use crate::text::{decimal, put_decimal};

/// The text of `name` in `devices/system/node/node0`, the only node.
pub(super) fn node(moment: &Moment, name: &str) -> SysResult<Vec<u8>> {
    let mut out = Vec::new();
    match name {
        "meminfo" => meminfo(moment, &mut out),
        "numastat" => {
            for name in [
                "numa_hit",
                "numa_miss",
                "numa_foreign",
                "interleave_hit",
                "local_node",
                "other_node",
            ] {
                out.extend_from_slice(name.as_bytes());
                out.extend_from_slice(b" 0\n");
            }
        }
        "vmstat" => memory::vmstat(moment, &mut out),
        _ => return Err(Errno::ENXIO),
    }
    Ok(out)
}

/// The lines of /proc/meminfo that a node has, and what it calls otherwise.
fn meminfo(moment: &Moment, out: &mut Vec<u8>) {
    const NAMES: [&str; 16] = [
        "MemTotal",
        "MemFree",
        "MemUsed",
        "SwapCached",
        "Active",
        "Inactive",
        "Active(anon)",
        "Inactive(anon)",
        "Active(file)",
        "Inactive(file)",
        "Unevictable",
        "Mlocked",
        "Dirty",
        "Writeback",
        "FilePages",
        "AnonPages",
    ];
    let shares = memory::Shares::of(moment);
    for name in NAMES {
        let start = out.len();
        out.extend_from_slice(b"Node 0 ");
        out.extend_from_slice(name.as_bytes());
        out.push(b':');
        let value = match name {
            "MemTotal" => shares.total,
            "MemFree" => shares.free,
            "MemUsed" => shares.total - shares.free,
            "FilePages" | "Inactive" | "Inactive(file)" => shares.cached,
            "AnonPages" | "Active" | "Active(anon)" => shares.anonymous,
            _ => 0,
        };
        memory::pad(out, start + 23);
        put_decimal(out, value >> 10, 8);
        out.extend_from_slice(b" kB\n");
    }
    for name in ["Total", "Free", "Surp"] {
        out.extend_from_slice(b"Node 0 HugePages_");
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b":");
        memory::pad(out, out.len() + 6 - name.len());
        out.extend_from_slice(b"    0\n");
    }
}

/// The text of `name` among the statistics of `interface`, from `/proc/net/dev`
/// (`dev_seq_printf_stats` in `net/core/net-procfs.c`). The kernel adds several errors up there;
/// the first of them has the sum here.
pub(super) fn statistic(devices: &[u8], interface: &[u8], name: &str) -> SysResult<Vec<u8>> {
    /// In the order of the columns.
    const COLUMNS: [&str; 16] = [
        "rx_bytes",
        "rx_packets",
        "rx_errors",
        "rx_dropped",
        "rx_fifo_errors",
        "rx_frame_errors",
        "rx_compressed",
        "multicast",
        "tx_bytes",
        "tx_packets",
        "tx_errors",
        "tx_dropped",
        "tx_fifo_errors",
        "collisions",
        "tx_carrier_errors",
        "tx_compressed",
    ];
    let mut lines = devices.split(|byte| *byte == b'\n');
    let values = lines.find_map(|line| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let (name, values) = line.split_at(colon);
        (name.trim_ascii() == interface).then(|| values.get(1..).unwrap_or_default())
    });
    // The interface is gone.
    let values = values.ok_or(Errno::EINVAL)?;
    let words = values
        .split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty());
    let column = COLUMNS
        .iter()
        .zip(words)
        .find(|(column, _)| **column == name);
    let mut out = Vec::new();
    put_decimal(
        &mut out,
        column.and_then(|(_, word)| decimal(word)).unwrap_or(0),
        1,
    );
    out.push(b'\n');
    Ok(out)
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::super::moment::{sample, sampled};
    use super::{meminfo, node, statistic};
    use abi::Errno;
    use std::fs::read_to_string;

    const DEVICES: &[u8] = b"\
Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:     100       2    0    0    0     0          0         0      100       2    0    0    0     0       0          0
  eth0: 7890123    4567    1    2    3     4          5         6  4321098    7654    8    9   10    11      12         13
";

    #[test]
    fn statistics() {
        for (interface, name, expected) in [
            ("lo", "rx_bytes", "100\n"),
            ("eth0", "rx_bytes", "7890123\n"),
            ("eth0", "multicast", "6\n"),
            ("eth0", "tx_packets", "7654\n"),
            ("eth0", "tx_compressed", "13\n"),
            ("eth0", "rx_crc_errors", "0\n"),
        ] {
            let text = statistic(DEVICES, interface.as_bytes(), name);
            assert_eq!(
                text.as_deref(),
                Ok(expected.as_bytes()),
                "{interface} {name}"
            );
        }
        assert_eq!(statistic(DEVICES, b"eth1", "rx_bytes"), Err(Errno::EINVAL));
        assert_eq!(statistic(b"", b"", "rx_bytes"), Err(Errno::EINVAL));
    }

    /// Every line that we have is one of the kernel's, in its form.
    #[test]
    fn nodes_have_the_kernels_lines() {
        let Ok(host) = read_to_string("/sys/devices/system/node/node0/meminfo") else {
            return;
        };
        for line in sampled(meminfo).lines() {
            let name = line.split(':').next().unwrap_or_default();
            let theirs = host
                .lines()
                .find(|other| other.split(':').next() == Some(name));
            assert_eq!(theirs.map(str::len), Some(line.len()), "{line}");
        }
        assert!(node(&sample(), "numastat").is_ok() && node(&sample(), "vmstat").is_ok());
    }
}
