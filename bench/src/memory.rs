//! Private memory of a guest, read from outside: what one more process costs the host.

use crate::Result;
use crate::command;
use crate::guest::Guest;
use crate::mode::Mode;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

/// Operations that the guest runs before it sleeps, so that what the layer sets up at first use
/// is counted too.
const WARM_UP: &str = "getpid,read_1_zero,stat,open_close,mmap_munmap,pipe_1,signal_kill,fork_wait";

/// KiB of private memory of the sleeping guest under `mode`, all processes of the layer included.
pub(crate) fn private_kib(guest: &Guest, mode: &Mode) -> Result<f64> {
    use std::os::unix::process::CommandExt;
    let args = [
        "--only",
        WARM_UP,
        "--batches",
        "1",
        "--batch-us",
        "20",
        "--sleep",
    ];
    let mut command = guest.command(mode, &args.map(String::from));
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0);
    let mut child = command.spawn()?;
    let lines = child.stdout.take().map(|out| BufReader::new(out).lines());
    let ready = lines.is_some_and(|mut lines| lines.any(|l| l.is_ok_and(|l| l == "ready")));
    let kib = if ready { tree_kib(child.id()) } else { None };
    command::kill_group(&mut child);
    kib.map(f64::from)
        .ok_or_else(|| format!("no memory figures under {}", mode.name).into())
}

/// Sum over a process and its descendants.
fn tree_kib(pid: u32) -> Option<u32> {
    let own = parse_private(&std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?)?;
    let mut sum = own;
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).ok()?;
    for task in tasks.flatten() {
        let children = std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
        for child in children
            .split_whitespace()
            .filter_map(|word| word.parse().ok())
        {
            sum += tree_kib(child).unwrap_or(0);
        }
    }
    Some(sum)
}

/// Private pages of an smaps_rollup file, KiB (proc_pid_smaps(5)).
fn parse_private(text: &str) -> Option<u32> {
    let mut found = None;
    for line in text.lines() {
        let Some(rest) = line.strip_prefix("Private_") else {
            continue;
        };
        let Some((kind, value)) = rest.split_once(':') else {
            continue;
        };
        if kind == "Clean" || kind == "Dirty" {
            let kib: u32 = value.trim().strip_suffix(" kB")?.trim().parse().ok()?;
            found = Some(found.unwrap_or(0) + kib);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_private_pages() {
        let text = "55a-7ff ---p 00000000 00:00 0   [rollup]\nRss:   2000 kB\nPss: 900 kB\n\
                    Shared_Clean:  700 kB\nPrivate_Clean:   96 kB\nPrivate_Dirty:  104 kB\n\
                    Private_Hugetlb: 8 kB\n";
        assert_eq!(parse_private(text), Some(200));
        assert_eq!(parse_private("Rss: 1 kB\n"), None);
    }

    #[test]
    fn this_process_has_private_memory() {
        assert!(tree_kib(std::process::id()).unwrap() > 0);
    }
}
