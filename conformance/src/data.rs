//! Where the guests, scripts and expectations lie.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The variable that names the folder.
pub const VARIABLE: &str = "LX_CONFORMANCE_DATA";

/// The folder: the one that `LX_CONFORMANCE_DATA` names, else `../share/lx/conformance` beside this
/// program where that is, else the sources that it was built from.
#[must_use]
pub fn folder() -> &'static Path {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    FOUND.get_or_init(|| {
        if let Some(named) = std::env::var_os(VARIABLE) {
            return named.into();
        }
        let beside = std::env::current_exe().ok().and_then(|own| {
            let installed = own.parent()?.parent()?.join("share/lx/conformance");
            installed.is_dir().then_some(installed)
        });
        beside.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")))
    })
}
