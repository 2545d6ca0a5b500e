//! `spec`: a configuration to begin with.

use std::fs;

use nix::unistd::{Gid, Uid};
use oci_spec::runtime::{ProcessBuilder, RootBuilder, Spec as Configuration};

use crate::cli::Spec;
use crate::container::VERSION;
use crate::error::{Context, Error, Result};

/// Writes it.
pub(crate) fn spec(options: &Spec) -> Result<()> {
    let path = options.bundle.join("config.json");
    if path.exists() {
        return Err(Error::new(format!(
            "File {} exists. Remove it first",
            path.display()
        )));
    }
    let text = serde_json::to_vec_pretty(&template(options.rootless)?).about("config.json")?;
    fs::write(&path, text).about(path.display())
}

fn template(rootless: bool) -> Result<Configuration> {
    let mut spec = match rootless {
        true => Configuration::rootless(Uid::effective().as_raw(), Gid::effective().as_raw()),
        false => Configuration::default(),
    };
    let wrong = |error| Error::new(format!("config.json: {error}"));
    let usual = spec.process().clone().unwrap_or_default();
    let process = ProcessBuilder::default()
        .terminal(true)
        .user(usual.user().clone())
        .args(vec!["sh".to_owned()])
        .env(usual.env().clone().unwrap_or_default())
        .cwd("/")
        .capabilities(usual.capabilities().clone().unwrap_or_default())
        .rlimits(usual.rlimits().clone().unwrap_or_default())
        .no_new_privileges(true)
        .build()
        .map_err(wrong)?;
    let root = RootBuilder::default().path("rootfs").readonly(true).build();
    spec.set_version(VERSION.to_owned())
        .set_hostname(Some("lx".to_owned()))
        .set_root(Some(root.map_err(wrong)?))
        .set_process(Some(process));
    Ok(spec)
}

#[cfg(test)]
mod tests {
    use super::template;

    #[test]
    fn it_is_one_that_can_be_made() {
        for rootless in [false, true] {
            let spec = template(rootless).expect("it is made");
            assert!(spec.process().is_some() && spec.linux().is_some());
        }
    }
}
