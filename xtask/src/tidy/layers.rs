//! Which crate may depend on which.

use std::path::PathBuf;

use serde_json::Value;

/// The house, bottom up: a crate may depend on those of the rows before its own.
const LAYERS: &[&[&str]] = &[
    &["abi"],
    &["host"],
    &["kernel"],
    &["loader"],
    &["procfs-emu"],
    &["native-mounts"],
    &["syscalls"],
    &["observe"],
    &["brand"],
    // `host` for programs with std; it stands on nothing of the brand.
    &["host-std"],
    &["zone"],
    &["oci"],
    &["decode"],
    &["lx"],
    &["bench", "conformance", "xtask"],
];

/// Dependencies that the order would allow and the design does not.
const FORBIDDEN: &[(&str, &str, &str)] = &[
    (
        "syscalls",
        "procfs-emu",
        "it knows modules only as `dyn FileSystem`",
    ),
    (
        "syscalls",
        "native-mounts",
        "it knows modules only as `dyn FileSystem`",
    ),
    (
        "native-mounts",
        "procfs-emu",
        "modules do not know each other",
    ),
];

/// The crates of the image: without std.
const CORE: &[&str] = &[
    "abi",
    "host",
    "kernel",
    "loader",
    "procfs-emu",
    "native-mounts",
    "syscalls",
    "observe",
    "brand",
];

/// Crates that drive built programs, so that they link nothing of the house.
const DRIVERS: &[&str] = &["bench", "conformance", "xtask"];

/// A crate of the workspace.
#[derive(Debug)]
pub(super) struct Package {
    pub(super) name: String,
    pub(super) manifest: PathBuf,
    /// Names of what it depends on, with whether only its tests and benchmarks do.
    pub(super) dependencies: Vec<(String, bool)>,
    /// The root files of its library and programs.
    pub(super) roots: Vec<PathBuf>,
}

/// Whether the crate goes into the image.
pub(super) fn is_core(name: &str) -> bool {
    CORE.contains(&name)
}

/// The crates of the workspace, from `cargo metadata`.
pub(super) fn packages(metadata: &Value) -> Result<Vec<Package>, String> {
    list(metadata, "packages").map(package).collect()
}

fn package(package: &Value) -> Result<Package, String> {
    let dependencies = list(package, "dependencies").map(|dependency| {
        let only_tests = dependency["kind"].as_str() == Some("dev");
        Ok((text(dependency, "name")?.to_owned(), only_tests))
    });
    let is_root = |target: &&Value| {
        list(target, "kind").any(|kind| matches!(kind.as_str(), Some("lib" | "bin")))
    };
    let roots = list(package, "targets")
        .filter(is_root)
        .map(|target| text(target, "src_path").map(PathBuf::from));
    Ok(Package {
        name: text(package, "name")?.to_owned(),
        manifest: PathBuf::from(text(package, "manifest_path")?),
        dependencies: dependencies.collect::<Result<_, String>>()?,
        roots: roots.collect::<Result<_, String>>()?,
    })
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value[key].as_array().into_iter().flatten()
}

fn text<'a>(value: &'a Value, key: &str) -> Result<&'a str, String> {
    value[key]
        .as_str()
        .ok_or_else(|| format!("cargo metadata tells no `{key}`"))
}

/// The safe wrappers around what std lacks, which hold nothing of lx.
const WRAPPERS: &str = "host-std";

/// What breaks the order.
pub(super) fn problems(packages: &[Package]) -> Vec<String> {
    let mut problems = Vec::new();
    for package in packages {
        let name = package.name.as_str();
        let Some(own) = layer(name) else {
            problems.push(format!(
                "{name}: stands in no layer (xtask/src/tidy/layers.rs)"
            ));
            continue;
        };
        for (dependency, only_tests) in &package.dependencies {
            let Some(other) = layer(dependency) else {
                continue;
            };
            if other >= own {
                problems.push(format!(
                    "{name}: depends on {dependency}, which is not below it"
                ));
            } else if DRIVERS.contains(&name) && dependency != WRAPPERS && !only_tests {
                problems.push(format!(
                    "{name}: depends on {dependency}, but drives programs only"
                ));
            }
            for (from, to, why) in FORBIDDEN {
                if *from == name && to == dependency && !only_tests {
                    problems.push(format!("{name}: depends on {dependency}, but {why}"));
                }
            }
        }
    }
    problems
}

/// The row of a crate of this workspace.
fn layer(name: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::{packages, problems};
    use serde_json::json;

    fn found(name: &str, dependency: &str, kind: Option<&str>) -> Vec<String> {
        let metadata = json!({ "packages": [{
            "name": name,
            "manifest_path": "/x/Cargo.toml",
            "dependencies": [{ "name": dependency, "kind": kind }, { "name": "clap", "kind": null }],
            "targets": [{ "kind": ["lib"], "src_path": "/x/src/lib.rs" }],
        }] });
        problems(&packages(&metadata).expect("it is whole"))
    }

    #[test]
    fn below_is_allowed() {
        assert!(found("kernel", "host", None).is_empty());
        assert!(found("lx", "zone", None).is_empty());
        assert!(found("brand", "procfs-emu", None).is_empty());
        assert!(found("bench", "loader", Some("dev")).is_empty());
    }

    #[test]
    fn above_and_beside_are_not() {
        for (name, dependency) in [
            ("host", "kernel"),
            ("abi", "syscalls"),
            ("bench", "xtask"),
            ("loader", "loader"),
            ("bench", "loader"),
            ("syscalls", "procfs-emu"),
            ("nobody", "abi"),
        ] {
            assert_eq!(
                found(name, dependency, None).len(),
                1,
                "{name} {dependency}"
            );
        }
        assert_eq!(found("kernel", "syscalls", Some("dev")).len(), 1);
    }

    #[test]
    fn metadata_that_is_not_whole_is_an_error() {
        assert!(packages(&json!({ "packages": [{}] })).is_err());
    }
}
