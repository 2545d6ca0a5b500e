//! The container's control groups, by libcgroups.

use std::path::{Path, PathBuf};

use libcgroups::common::{
    AnyCgroupManager, CgroupConfig, CgroupManager, ControllerOpt, FreezerState,
    create_cgroup_manager,
};
use libcgroups::stats::Stats;
use nix::unistd::Pid;
use nix_of_libcgroups::unistd::Pid as TheirPid;
use oci_spec::runtime::LinuxResources;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Which groups they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Groups {
    /// The path below each hierarchy's root, or slice, prefix and name for systemd.
    pub(crate) path: PathBuf,
    /// Whether systemd makes them.
    pub(crate) systemd: bool,
    /// The container's name.
    pub(crate) id: String,
}

impl Groups {
    /// Those that the configuration names, or of the container's own.
    pub(crate) fn new(path: Option<&Path>, systemd: bool, id: &str) -> Self {
        let own = || match systemd {
            true => PathBuf::from(format!(":lx:{id}")),
            false => PathBuf::from(format!("/{id}")),
        };
        Self {
            path: path.map_or_else(own, Path::to_owned),
            systemd,
            id: id.to_owned(),
        }
    }

    fn manager(&self) -> Result<AnyCgroupManager> {
        let config = CgroupConfig {
            cgroup_path: self.path.clone(),
            systemd_cgroup: self.systemd,
            container_name: self.id.clone(),
        };
        create_cgroup_manager(config).map_err(failed)
    }

    /// Makes them, puts the process into them, and sets their limits.
    pub(crate) fn hold(&self, pid: Pid, resources: Option<&LinuxResources>) -> Result<()> {
        let manager = self.manager()?;
        manager
            .add_task(TheirPid::from_raw(pid.as_raw()))
            .map_err(failed)?;
        let none = LinuxResources::default();
        limit(&manager, resources.unwrap_or(&none))
    }

    /// Sets other limits.
    pub(crate) fn update(&self, resources: &LinuxResources) -> Result<()> {
        limit(&self.manager()?, resources)
    }

    /// Stops what is in them, or lets it go on.
    pub(crate) fn freeze(&self, stop: bool) -> Result<()> {
        let state = match stop {
            true => FreezerState::Frozen,
            false => FreezerState::Thawed,
        };
        self.manager()?.freeze(state).map_err(failed)
    }

    /// The processes in them.
    pub(crate) fn processes(&self) -> Result<Vec<Pid>> {
        let pids = self.manager()?.get_all_pids().map_err(failed)?;
        Ok(pids
            .into_iter()
            .map(|pid| Pid::from_raw(pid.as_raw()))
            .collect())
    }

    /// What they have counted.
    pub(crate) fn stats(&self) -> Result<Stats> {
        self.manager()?.stats().map_err(failed)
    }

    /// Ends what is left in them, and removes them.
    pub(crate) fn remove(&self) -> Result<()> {
        self.manager()?.remove().map_err(failed)
    }
}

fn limit(manager: &AnyCgroupManager, resources: &LinuxResources) -> Result<()> {
    let memory = resources.memory().as_ref();
    let disable_oom_killer = memory.and_then(|memory| memory.disable_oom_killer());
    let options = ControllerOpt {
        resources,
        disable_oom_killer: disable_oom_killer.unwrap_or(false),
        oom_score_adj: None,
        freezer_state: None,
    };
    manager.apply(&options).map_err(failed)
}

/// The whole chain of causes.
fn failed(error: impl std::error::Error) -> Error {
    let mut text = format!("control groups: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.ends_with(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    Error::new(text)
}
