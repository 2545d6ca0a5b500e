//! What a container may use and uses: `pause`, `resume`, `update` and `events`.

use std::io::{self, Read};
use std::thread::sleep;
use std::time::Duration;

use libcgroups::stats::Stats;
use oci_spec::runtime::LinuxResources;
use serde_json::{Map, Value, json};

use super::print;
use crate::cgroups::Groups;
use crate::cli::{Events, Global, Update};
use crate::container::{Container, Status};
use crate::error::{Context, Error, Result};

/// `pause`, or with `stop` false `resume`.
pub(crate) fn pause(global: &Global, id: &str, stop: bool) -> Result<()> {
    let container = Container::find(&global.root(), id)?;
    match (container.status(), stop) {
        (Status::Running | Status::Created, true) | (Status::Paused, false) => {
            groups(&container)?.freeze(stop)
        }
        (Status::Stopped, true) => Err(Error::new("container not running")),
        (Status::Paused, true) => Err(Error::new("container already paused")),
        (_, false) => Err(Error::new("container not paused")),
    }
}

fn groups(container: &Container) -> Result<&Groups> {
    let groups = container.state.lx.groups.as_ref();
    groups.ok_or_else(|| Error::new("the container has no control groups"))
}

/// `update`.
pub(crate) fn update(global: &Global, options: &Update) -> Result<()> {
    let container = Container::find(&global.root(), &options.id)?;
    let resources = match &options.resources {
        Some(path) => {
            let text = match path.as_os_str() == "-" {
                true => {
                    let mut text = String::new();
                    io::stdin().read_to_string(&mut text).map(|_| text)
                }
                false => std::fs::read_to_string(path),
            };
            text.about(path.display())?
        }
        None => described(options).to_string(),
    };
    let resources: LinuxResources = serde_json::from_str(&resources).about("resources")?;
    groups(&container)?.update(&resources)
}

/// Resources as a configuration has them.
fn described(options: &Update) -> Value {
    let section = |entries: &[(&str, Option<Value>)]| {
        let set = entries
            .iter()
            .filter_map(|(key, value)| Some(((*key).to_owned(), value.clone()?)));
        set.collect::<Map<String, Value>>()
    };
    let number = |value: Option<i64>| value.map(|value| json!(value));
    let count = |value: Option<u64>| value.map(|value| json!(value));
    let text = |value: &Option<String>| value.as_ref().map(|value| json!(value));
    let sections = [
        (
            "memory",
            section(&[
                ("limit", number(options.memory)),
                ("swap", number(options.memory_swap)),
                ("reservation", number(options.memory_reservation)),
            ]),
        ),
        (
            "cpu",
            section(&[
                ("shares", count(options.cpu_shares)),
                ("quota", number(options.cpu_quota)),
                ("period", count(options.cpu_period)),
                ("cpus", text(&options.cpuset_cpus)),
                ("mems", text(&options.cpuset_mems)),
            ]),
        ),
        ("pids", section(&[("limit", number(options.pids_limit))])),
        (
            "blockIO",
            section(&[("weight", options.blkio_weight.map(|weight| json!(weight)))]),
        ),
    ];
    let sections = sections
        .into_iter()
        .filter(|(_, section)| !section.is_empty());
    sections
        .map(|(name, section)| (name.to_owned(), json!(section)))
        .collect()
}

/// `events`.
pub(crate) fn events(global: &Global, options: &Events) -> Result<()> {
    let interval = interval(&options.interval)?;
    loop {
        let container = Container::find(&global.root(), &options.id)?;
        if container.status() == Status::Stopped {
            return match options.stats {
                true => Err(Error::new("container not running")),
                false => Ok(()),
            };
        }
        let stats = groups(&container)?.stats()?;
        let event = json!({ "type": "stats", "id": options.id, "data": data(&stats) });
        print(&format!("{event}\n"))?;
        if options.stats {
            return Ok(());
        }
        sleep(interval);
    }
}

/// As runc prints it.
fn data(stats: &Stats) -> Value {
    let memory = |data: &libcgroups::stats::MemoryData| {
        json!({
            "usage": data.usage,
            "max": data.max_usage,
            "limit": data.limit,
            "failcnt": data.fail_count,
        })
    };
    let cpu = &stats.cpu;
    json!({
        "cpu": {
            "usage": {
                "total": cpu.usage.usage_total,
                "percpu": cpu.usage.per_core_usage_total,
                "kernel": cpu.usage.usage_kernel,
                "user": cpu.usage.usage_user,
            },
            "throttling": {
                "periods": cpu.throttling.periods,
                "throttledPeriods": cpu.throttling.throttled_periods,
                "throttledTime": cpu.throttling.throttled_time,
            },
        },
        "memory": {
            "cache": stats.memory.cache,
            "usage": memory(&stats.memory.memory),
            "swap": memory(&stats.memory.memswap),
            "kernel": memory(&stats.memory.kernel),
            "kernelTCP": memory(&stats.memory.kernel_tcp),
            "raw": stats.memory.stats,
        },
        "pids": { "current": stats.pids.current, "limit": stats.pids.limit },
    })
}

/// A time as Go writes it, in whole units.
fn interval(text: &str) -> Result<Duration> {
    let wrong = || Error::new(format!("--interval {text}: expected a time, as 5s"));
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits.parse().map_err(|_| wrong())?;
    let time = match &text[digits.len()..] {
        "ms" => Duration::from_millis(number),
        "s" => Duration::from_secs(number),
        "m" => Duration::from_secs(number.saturating_mul(60)),
        _ => return Err(wrong()),
    };
    match time.is_zero() {
        true => Err(wrong()),
        false => Ok(time),
    }
}

#[cfg(test)]
mod tests {
    use super::interval;
    use std::time::Duration;

    #[test]
    fn times_have_units() {
        assert_eq!(interval("5s"), Ok(Duration::from_secs(5)));
        assert_eq!(interval("100ms"), Ok(Duration::from_millis(100)));
        for bad in ["", "5", "0s", "s", "5h5"] {
            assert!(interval(bad).is_err(), "{bad}");
        }
    }
}
