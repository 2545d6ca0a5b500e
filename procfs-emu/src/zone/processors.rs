//! `/proc/cpuinfo`, `/proc/stat` and the other tables with a row or column for each processor
//! (proc_cpuinfo(5), proc_stat(5), proc_interrupts(5), `Documentation/scheduler/sched-stats.rst`).

use alloc::vec::Vec;

use super::Moment;
use crate::text::{decimal, put_decimal};

/// Microseconds in the unit of `stat` (`USER_HZ` is 100).
const TICK: u64 = 10_000;

/// `cpuinfo`: of the host's entries those of the zone's processors. With none of the host's, the
/// numbers alone.
pub(super) fn cpuinfo(moment: &Moment, host: &[u8], out: &mut Vec<u8>) {
    let before = out.len();
    let mine = |number| {
        moment
            .facts
            .processors()
            .any(|cpu| u64::try_from(cpu) == Ok(number))
    };
    let mut keep = false;
    for line in host.split_inclusive(|byte| *byte == b'\n') {
        if let Some(value) = line.strip_prefix(b"processor\t: ") {
            keep = decimal(value.trim_ascii_end()).is_some_and(mine);
        }
        if keep {
            out.extend_from_slice(line);
        }
    }
    if out.len() == before {
        for cpu in moment.facts.processors() {
            out.extend_from_slice(b"processor\t: ");
            put_number(out, cpu, 1);
            out.extend_from_slice(b"\n\n");
        }
    }
}

/// Nanoseconds of a tick of the kernel, of which there are 250 in a second.
const JIFFY: u64 = 4_000_000;

/// `stat`: `shares` are [`kernel::zone::Text::Shares`], and `forks` counts the processes and threads
/// that the zone made.
pub(super) fn stat(moment: &Moment, shares: &[u8], forks: u64, out: &mut Vec<u8>) {
    let facts = &moment.facts;
    let (user, system) = (facts.cpu_user / TICK, facts.cpu_system / TICK);
    out.extend_from_slice(b"cpu ");
    put_times(out, [user, system, moment.idle() / TICK]);
    let (words, _) = shares.as_chunks::<8>();
    let all = moment.uptime / 1000;
    for cpu in facts.processors() {
        let word = |nth: usize| {
            words
                .get(2 * cpu + nth)
                .map_or(0, |word| u64::from_ne_bytes(*word))
        };
        let (user, system) = (word(0), word(1));
        let idle = all.saturating_sub(user.saturating_add(system));
        out.extend_from_slice(b"cpu");
        put_number(out, cpu, 1);
        put_times(out, [user, system, idle].map(|time| time / TICK));
    }
    out.extend_from_slice(b"intr ");
    put_decimal(out, timer_interrupts(moment), 1);
    out.extend_from_slice(b"\nctxt ");
    put_decimal(out, facts.switches, 1);
    out.extend_from_slice(b"\nbtime ");
    put_decimal(out, facts.realtime, 1);
    out.extend_from_slice(b"\nprocesses ");
    put_decimal(out, forks, 1);
    out.extend_from_slice(b"\nprocs_running ");
    // Who reads it runs.
    put_decimal(out, facts.running.max(1), 1);
    out.extend_from_slice(b"\nprocs_blocked ");
    put_decimal(out, facts.blocked, 1);
    out.extend_from_slice(b"\nsoftirq 0 0 0 0 0 0 0 0 0 0 0\n");
}

/// Appends the ten columns: user, nice, system, idle, iowait, irq, softirq, steal, guest and
/// guest_nice.
fn put_times(out: &mut Vec<u8>, [user, system, idle]: [u64; 3]) {
    for value in [user, 0, system, idle, 0, 0, 0, 0, 0, 0] {
        out.push(b' ');
        put_decimal(out, value, 1);
    }
    out.push(b'\n');
}

/// Appends the head of each processor's column.
fn put_heads(moment: &Moment, out: &mut Vec<u8>) {
    for cpu in moment.facts.processors() {
        out.extend_from_slice(b"CPU");
        let start = out.len();
        put_number(out, cpu, 1);
        while out.len() < start + 8 {
            out.push(b' ');
        }
    }
    out.push(b'\n');
}

/// How often the timer interrupted the zone's programs: at each of the kernel's ticks while they ran.
fn timer_interrupts(moment: &Moment) -> u64 {
    let facts = &moment.facts;
    // Microseconds.
    facts.cpu_user.saturating_add(facts.cpu_system) / (JIFFY / 1000)
}

/// `interrupts`: the timer's are the only ones that are a zone's own.
pub(super) fn interrupts(moment: &Moment, out: &mut Vec<u8>) {
    let processors = moment.processors().max(1);
    let all = timer_interrupts(moment);
    out.extend_from_slice(b"           ");
    put_heads(moment, out);
    for (name, description) in [
        (&b"NMI"[..], &b"   Non-maskable interrupts"[..]),
        (b"LOC", b"   Local timer interrupts"),
        (b"RES", b"   Rescheduling interrupts"),
        (b"CAL", b"   Function call interrupts"),
        (b"TLB", b"   TLB shootdowns"),
    ] {
        out.extend_from_slice(name);
        out.push(b':');
        for (processor, _) in (0..).zip(moment.facts.processors()) {
            let own = all / processors + u64::from(processor < all % processors);
            out.push(b' ');
            put_decimal(out, if name == b"LOC" { own } else { 0 }, 10);
        }
        out.extend_from_slice(description);
        out.push(b'\n');
    }
    out.extend_from_slice(b"ERR:          0\nMIS:          0\n");
}

/// `softirqs`.
pub(super) fn softirqs(moment: &Moment, out: &mut Vec<u8>) {
    out.extend_from_slice(b"                    ");
    put_heads(moment, out);
    for name in [
        &b"          HI:"[..],
        b"       TIMER:",
        b"      NET_TX:",
        b"      NET_RX:",
        b"       BLOCK:",
        b"    IRQ_POLL:",
        b"     TASKLET:",
        b"       SCHED:",
        b"     HRTIMER:",
        b"         RCU:",
    ] {
        out.extend_from_slice(name);
        for _ in moment.facts.processors() {
            out.extend_from_slice(b"          0");
        }
        out.push(b'\n');
    }
}

/// `schedstat`, version 17: a time in ticks of the kernel (250 per second), and of each processor
/// how long it ran tasks, how long tasks waited (nanoseconds), and how many ran.
pub(super) fn schedstat(moment: &Moment, out: &mut Vec<u8>) {
    out.extend_from_slice(b"version 17\ntimestamp ");
    put_decimal(out, moment.uptime / JIFFY, 1);
    out.push(b'\n');
    let used = (moment
        .facts
        .cpu_user
        .saturating_add(moment.facts.cpu_system))
    .saturating_mul(1000);
    for cpu in moment.facts.processors() {
        out.extend_from_slice(b"cpu");
        put_number(out, cpu, 1);
        out.extend_from_slice(b" 0 0 0 0 0 0 ");
        put_decimal(out, used / moment.processors().max(1), 1);
        out.extend_from_slice(b" 0 0\n");
    }
}

fn put_number(out: &mut Vec<u8>, number: usize, width: usize) {
    put_decimal(out, u64::try_from(number).unwrap_or(0), width);
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::super::moment::sampled;
    use super::{cpuinfo, interrupts, schedstat, softirqs, stat};
    use std::fs::read_to_string;
    use std::vec::Vec;

    const HOST: &[u8] = b"\
processor\t: 0
model name\t: A

processor\t: 1
model name\t: B

processor\t: 3
model name\t: C

";

    #[test]
    fn only_the_zones_processors() {
        assert_eq!(
            sampled(|moment, out| cpuinfo(moment, HOST, out)),
            "processor\t: 1\nmodel name\t: B\n\nprocessor\t: 3\nmodel name\t: C\n\n"
        );
        assert_eq!(
            sampled(|moment, out| cpuinfo(moment, b"", out)),
            "processor\t: 1\n\nprocessor\t: 3\n\n"
        );
    }

    /// As the sample has them: 3 s in user code and 1.5 s in the kernel, on processors 1 and 3.
    fn sample_of_stat() -> std::string::String {
        let shares: [u64; 8] = [0, 0, 1_000_000, 500_000, 0, 0, 2_000_000, 1_000_000];
        let shares: Vec<u8> = shares.iter().flat_map(|word| word.to_ne_bytes()).collect();
        sampled(|moment, out| stat(moment, &shares, 42, out))
    }

    #[test]
    fn stat_adds_up() {
        assert_eq!(
            sample_of_stat(),
            "\
cpu  300 0 150 19600 0 0 0 0 0 0
cpu1 100 0 50 9875 0 0 0 0 0 0
cpu3 200 0 100 9725 0 0 0 0 0 0
intr 1125
ctxt 1234
btime 1700000000
processes 42
procs_running 2
procs_blocked 1
softirq 0 0 0 0 0 0 0 0 0 0 0
"
        );
    }

    /// The first words of the lines, and how many words each has.
    fn shape(text: &str) -> Vec<(&str, usize)> {
        let words = |line: &'_ str| line.split_ascii_whitespace().count();
        let lines = text.lines().filter(|line| !line.starts_with("cpu"));
        lines
            .map(|line| (line.split(' ').next().unwrap_or_default(), words(line)))
            .collect()
    }

    #[test]
    fn as_the_kernel_has_it() {
        let host = read_to_string("/proc/stat").expect("it is there");
        let (ours, theirs) = (sample_of_stat(), shape(&host));
        for (name, words) in shape(&ours).into_iter().filter(|(name, _)| *name != "intr") {
            assert!(theirs.contains(&(name, words)), "{name}");
        }
        let columns = |text: &str| text.lines().next().map(|line| line.split(' ').count());
        assert_eq!(columns(&ours), columns(&host));
        let host = read_to_string("/proc/softirqs").expect("it is there");
        let first = |text: &str| -> Vec<std::string::String> {
            text.lines()
                .map(|line| line.chars().take(24).collect())
                .collect()
        };
        let ours = sampled(softirqs).replace("CPU1", "CPU0");
        let starts =
            |line: &std::string::String| line.chars().take(13).collect::<std::string::String>();
        assert!(
            first(&ours)
                .iter()
                .map(starts)
                .eq(first(&host).iter().map(starts))
        );
        assert_eq!(first(&ours)[0], first(&host)[0]);
    }

    #[test]
    fn interrupts_have_the_kernels_columns() {
        let host = read_to_string("/proc/interrupts").expect("it is there");
        let ours = sampled(interrupts);
        for line in ours.lines().skip(1) {
            let name = line.split(':').next().unwrap_or_default();
            let Some(other) = host.lines().find(|other| other.starts_with(name)) else {
                continue;
            };
            let text = |line: &str| line.trim_start_matches(|c: char| !c.is_lowercase()).len();
            assert_eq!(text(line), text(other), "{line}");
        }
        assert!(
            ours.starts_with(
                "           CPU1       CPU3       \nNMI:          0          0   Non-"
            )
        );
    }

    #[test]
    fn schedstat_has_a_line_for_each() {
        let text = sampled(schedstat);
        assert!(
            text.starts_with("version 17\ntimestamp 25062\ncpu1 0 0 0 0 0 0 2250000000 0 0\ncpu3 ")
        );
    }
}
