//! A bundle: a directory with `config.json` and, mostly, the root.

use std::fs;
use std::path::{Path, PathBuf};

use oci_spec::runtime::{Process, Spec};

use crate::error::{Context, Error, Result};

/// What it holds.
#[derive(Debug)]
pub(crate) struct Bundle {
    pub(crate) path: PathBuf,
    pub(crate) spec: Spec,
}

impl Bundle {
    /// Reads it.
    pub(crate) fn load(path: &Path) -> Result<Self> {
        let path = fs::canonicalize(path).about(path.display())?;
        let spec = config(&path.join("config.json"))?;
        Ok(Self { path, spec })
    }

    /// The root directory.
    pub(crate) fn root(&self) -> Result<PathBuf> {
        let root = self.spec.root().as_ref();
        let root = root.ok_or_else(|| Error::new("config.json: no root is given"))?;
        let path = self.path.join(root.path());
        fs::canonicalize(&path).about(path.display())
    }

    /// The container's process.
    pub(crate) fn process(&self) -> Result<&Process> {
        let process = self.spec.process().as_ref();
        process.ok_or_else(|| Error::new("config.json: no process is given"))
    }
}

/// Reads a `config.json`.
pub(crate) fn config(path: &Path) -> Result<Spec> {
    read(path)
}

/// Reads the description of a process.
pub(crate) fn process(path: &Path) -> Result<Process> {
    read(path)
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T> {
    let text = fs::read(path).about(path.display())?;
    let read = serde_json::from_slice(&text);
    read.map_err(|error| Error::new(format!("{}: {error}", path.display())))
}
