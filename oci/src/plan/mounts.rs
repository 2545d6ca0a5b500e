//! Mounts. Those that every zone has are the zone's own: /proc, /sys, /dev and what lies in it.

use std::fs;
use std::path::{Component, Path, PathBuf};

use oci_spec::runtime::Mount as Asked;
use zone::config::{Mount, Propagation, Source};

use crate::error::{Context, Error, Result};

/// What the options of a mount say.
#[derive(Debug, Default)]
struct Options {
    read_only: bool,
    nosuid: bool,
    nodev: bool,
    noexec: bool,
    /// For a bind mount, whether with what is mounted below.
    bind: Option<bool>,
    propagation: Option<Propagation>,
    /// Of the file system.
    own: Vec<(String, String)>,
}

/// The zone's mount for one of the configuration's; `None` for one that every zone has.
pub(super) fn mount(asked: &Asked, bundle: &Path) -> Result<Option<Mount>> {
    let target = absolute(asked.destination());
    let kind = asked.typ().as_deref().unwrap_or_default();
    let name = || format!("mount {}", target.display());
    let wrong = |why: &str| Error::new(format!("{}: {why}", name()));
    if target.components().any(|part| part == Component::ParentDir) || target == Path::new("/") {
        return Err(wrong("not a place for it"));
    }
    if asked.uid_mappings().is_some() || asked.gid_mappings().is_some() {
        return Err(wrong("its ids cannot be mapped"));
    }
    let options = options(asked.options().as_deref().unwrap_or_default())
        .map_err(|option| wrong(&format!("option {option:?} is not supported")))?;
    let has_own = match kind {
        "proc" | "sysfs" | "cgroup" | "cgroup2" | "devpts" | "mqueue" => true,
        "tmpfs" => target == Path::new("/dev"),
        _ => ["/proc", "/sys", "/dev"]
            .iter()
            .any(|own| target == Path::new(own)),
    };
    if has_own {
        return Ok(None);
    }
    let mut nodev = options.nodev;
    let source = match (options.bind, kind) {
        (Some(recursive), _) => {
            let path = bundle.join(source(asked, &name())?);
            let metadata = fs::metadata(&path).about(path.display())?;
            // A device can be shown, but not a directory with devices.
            nodev |= metadata.is_dir();
            Source::Bind {
                path,
                create: false,
                recursive,
                propagation: options.propagation.unwrap_or(Propagation::Private),
            }
        }
        (None, "tmpfs") => {
            nodev = true;
            Source::Tmpfs {
                options: options.own,
            }
        }
        (None, "bind" | "none" | "") => {
            return Err(wrong("it has no type"));
        }
        (None, kind) => Source::Other {
            kind: kind.to_owned(),
            source: source(asked, &name())?.display().to_string(),
            options: options.own,
        },
    };
    Ok(Some(Mount {
        target,
        source,
        read_only: options.read_only,
        nosuid: options.nosuid,
        nodev,
        noexec: options.noexec,
    }))
}

fn source(asked: &Asked, name: &str) -> Result<PathBuf> {
    let source = asked.source().clone();
    source.ok_or_else(|| Error::new(format!("{name}: no source is given")))
}

/// runc takes relative ones from the root too.
fn absolute(path: &Path) -> PathBuf {
    Path::new("/").join(path).components().collect()
}

/// Reads options; what is wrong is the error.
fn options(texts: &[String]) -> std::result::Result<Options, String> {
    let mut options = Options::default();
    for text in texts {
        match text.as_str() {
            "ro" | "rro" => options.read_only = true,
            "rw" | "rrw" => options.read_only = false,
            "nosuid" | "rnosuid" => options.nosuid = true,
            "suid" | "rsuid" => options.nosuid = false,
            "nodev" | "rnodev" => options.nodev = true,
            "dev" | "rdev" => options.nodev = false,
            "noexec" | "rnoexec" => options.noexec = true,
            "exec" | "rexec" => options.noexec = false,
            "bind" => options.bind = options.bind.or(Some(false)),
            "rbind" => options.bind = Some(true),
            "private" | "rprivate" | "unbindable" | "runbindable" => {
                options.propagation = Some(Propagation::Private);
            }
            "slave" | "rslave" => options.propagation = Some(Propagation::Slave),
            "shared" | "rshared" => options.propagation = Some(Propagation::Shared),
            "idmap" | "ridmap" => return Err(text.clone()),
            // How times are kept and written is the file system's; a zone changes none of that.
            "defaults" | "atime" | "noatime" | "diratime" | "nodiratime" | "relatime"
            | "norelatime" | "strictatime" | "nostrictatime" | "ratime" | "rnoatime"
            | "rrelatime" | "sync" | "async" | "dirsync" | "mand" | "nomand" | "silent"
            | "loud" | "iversion" | "noiversion" | "tmpcopyup" | "nosymfollow" | "symfollow"
            | "copy-symlink" => {}
            _ => {
                let (key, value) = text.split_once('=').unwrap_or((text, ""));
                options.own.push((key.to_owned(), value.to_owned()));
            }
        }
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::mount;
    use oci_spec::runtime::Mount as Asked;
    use serde_json::{Value, json};
    use std::path::Path;
    use zone::config::{Mount, Propagation, Source};

    fn one(value: Value) -> Option<Option<Mount>> {
        let asked: Asked = serde_json::from_value(value).expect("it is one");
        mount(&asked, Path::new("/etc")).ok()
    }

    #[test]
    fn what_every_zone_has_is_left_out() {
        for (path, kind) in [
            ("/proc", "proc"),
            ("/dev", "tmpfs"),
            ("/dev/pts", "devpts"),
            ("/sys", "sysfs"),
            ("/sys/fs/cgroup", "cgroup"),
        ] {
            let value = json!({"destination": path, "type": kind, "source": "x"});
            assert_eq!(one(value), Some(None), "{path}");
        }
    }

    #[test]
    fn binds_keep_their_options() {
        let bind = one(json!({"destination": "data", "source": "passwd",
            "options": ["rbind", "ro", "rslave", "noexec"]}));
        let bind = bind.flatten().expect("it can be");
        assert_eq!(bind.target, Path::new("/data"));
        assert!(bind.read_only && bind.noexec && !bind.nodev);
        let Source::Bind {
            path,
            recursive,
            propagation,
            ..
        } = bind.source
        else {
            panic!("{bind:?}");
        };
        assert_eq!(path, Path::new("/etc/passwd"));
        assert_eq!((recursive, propagation), (true, Propagation::Slave));
        let directory = one(json!({"destination": "/d", "source": "/etc", "options": ["bind"]}));
        assert!(directory.flatten().expect("it can be").nodev);
    }

    #[test]
    fn memory_has_its_own_options() {
        let memory = one(
            json!({"destination": "/dev/shm", "type": "tmpfs", "source": "shm",
            "options": ["nosuid", "mode=1777", "size=65536k"]}),
        );
        let memory = memory.flatten().expect("it can be");
        assert!(matches!(memory.source, Source::Tmpfs { ref options } if options.len() == 2));
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for bad in [
            json!({"destination": "/", "source": "/etc", "options": ["bind"]}),
            json!({"destination": "/a/../..", "source": "/etc", "options": ["bind"]}),
            json!({"destination": "/a", "source": "/etc", "options": ["bind", "idmap"]}),
            json!({"destination": "/a", "options": ["bind"]}),
            json!({"destination": "/a", "source": "/no/such", "options": ["bind"]}),
            json!({"destination": "/a", "type": "bind", "source": "/etc"}),
        ] {
            assert_eq!(one(bad.clone()), None, "{bad}");
        }
    }
}
