//! The texts by which `-v`, `--mount` and `--tmpfs` say what to mount.

use std::path::{Component, Path, PathBuf};

use crate::config::{Mount, Propagation, Source, check_name};

/// `SRC:DST[:OPTIONS]` of `-v`: a missing SRC is made.
///
/// # Errors
/// What is wrong with it.
pub fn volume(text: &str) -> Result<Mount, String> {
    let mut parts = text.splitn(3, ':');
    let (Some(source), Some(target)) = (parts.next(), parts.next()) else {
        return Err("expected SRC:DST[:OPTIONS]".to_owned());
    };
    if source.is_empty() {
        return Err("the part before ':' is empty".to_owned());
    }
    let mut bind = Bind::new(source);
    bind.create = true;
    let mut flags = Flags::default();
    for option in parts.next().into_iter().flat_map(|list| list.split(',')) {
        if !flags.take(option) && !bind.take(option) {
            return Err(format!("unknown option '{option}'"));
        }
    }
    flags.mount(target, bind.source())
}

/// `PATH[:OPTIONS]` of `--tmpfs`.
///
/// # Errors
/// What is wrong with it.
pub fn tmpfs(text: &str) -> Result<Mount, String> {
    let (target, list) = text.split_once(':').unwrap_or((text, ""));
    // What Docker's tmpfs has.
    let mut flags = Flags {
        nosuid: true,
        noexec: true,
        ..Flags::default()
    };
    let mut options = vec![("mode".to_owned(), "1777".to_owned())];
    for option in list.split(',').filter(|option| !option.is_empty()) {
        if flags.take(option) {
            continue;
        }
        let (key, value) = option
            .split_once('=')
            .ok_or_else(|| format!("unknown option '{option}'"))?;
        set(&mut options, key, tmpfs_option(key, value)?);
    }
    flags.mount(target, Source::Tmpfs { options })
}

/// `type=bind|volume|tmpfs,KEY=VALUE,...` of `--mount`: a missing source is an error.
///
/// # Errors
/// What is wrong with it.
pub fn mount(text: &str) -> Result<Mount, String> {
    let (mut kind, mut source, mut target) = ("volume", None, None);
    let mut flags = Flags::default();
    let (mut propagation, mut recursive) = (None, true);
    let mut options = vec![("mode".to_owned(), "1777".to_owned())];
    let mut tmpfs_only = None;
    for pair in text.split(',') {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        match key {
            "type" => kind = value,
            "source" | "src" if !value.is_empty() => source = Some(value),
            "target" | "dst" | "destination" => target = Some(value),
            "readonly" | "ro" => {
                flags.read_only = match value {
                    "" | "true" | "1" => true,
                    "false" | "0" => false,
                    _ => return Err(format!("'{pair}': expected true or false")),
                }
            }
            "bind-propagation" => propagation = Some(propagation_of(value)?),
            "bind-nonrecursive" | "bind-recursive" => {
                recursive = match (key, value) {
                    ("bind-nonrecursive", "" | "true" | "1") | (_, "disabled") => false,
                    ("bind-nonrecursive", "false" | "0") | (_, "enabled") => true,
                    _ => return Err(format!("'{pair}': unknown value")),
                }
            }
            "tmpfs-size" | "tmpfs-mode" => {
                let name = key.trim_start_matches("tmpfs-");
                tmpfs_only = Some(key);
                set(&mut options, name, tmpfs_option(name, value)?);
            }
            _ => return Err(format!("unknown option '{pair}'")),
        }
    }
    let target = target.ok_or("no target is given")?;
    let alone = |key: Option<&str>| match key {
        Some(key) => Err(format!("{key} does not fit type={kind}")),
        None => Ok(()),
    };
    let missing = || "no source is given".to_owned();
    let source = match kind {
        "bind" => {
            alone(tmpfs_only)?;
            let mut bind = Bind::new(source.ok_or_else(missing)?);
            (bind.recursive, bind.propagation) =
                (recursive, propagation.unwrap_or(bind.propagation));
            bind.source()
        }
        "volume" => {
            alone(tmpfs_only.or(propagation.map(|_| "bind-propagation")))?;
            let name = check_name(source.ok_or_else(missing)?);
            Source::Volume {
                name: name.map_err(|why| format!("source: {why}"))?,
            }
        }
        "tmpfs" => {
            alone(
                source
                    .map(|_| "source")
                    .or(propagation.map(|_| "bind-propagation")),
            )?;
            (flags.nosuid, flags.noexec) = (true, true);
            Source::Tmpfs { options }
        }
        _ => return Err(format!("type={kind}: expected bind, volume or tmpfs")),
    };
    flags.mount(target, source)
}

#[derive(Default)]
struct Flags {
    read_only: bool,
    nosuid: bool,
    dev: bool,
    noexec: bool,
}

impl Flags {
    /// Takes `option` if it is one that every mount has.
    fn take(&mut self, option: &str) -> bool {
        match option {
            "ro" => self.read_only = true,
            "rw" => self.read_only = false,
            "nosuid" => self.nosuid = true,
            "suid" => self.nosuid = false,
            "nodev" => self.dev = false,
            "dev" => self.dev = true,
            "noexec" => self.noexec = true,
            "exec" => self.noexec = false,
            _ => return false,
        }
        true
    }

    fn mount(self, target: &str, source: Source) -> Result<Mount, String> {
        let path = Path::new(target);
        if !path.is_absolute() {
            return Err(format!("'{target}': expected an absolute path in the zone"));
        }
        if path.components().any(|part| part == Component::ParentDir) {
            return Err(format!("'{target}': it holds '..'"));
        }
        let target: PathBuf = path.components().collect();
        if target == Path::new("/") {
            return Err("'/': the root is given by --rootfs".to_owned());
        }
        Ok(Mount {
            target,
            source,
            read_only: self.read_only,
            nosuid: self.nosuid,
            nodev: !self.dev,
            noexec: self.noexec,
        })
    }
}

struct Bind {
    path: PathBuf,
    create: bool,
    recursive: bool,
    propagation: Propagation,
}

impl Bind {
    fn new(path: &str) -> Self {
        Self {
            path: PathBuf::from(path),
            create: false,
            recursive: true,
            propagation: Propagation::Private,
        }
    }

    fn take(&mut self, option: &str) -> bool {
        match option {
            "bind" => self.recursive = false,
            "rbind" => self.recursive = true,
            _ => match propagation_of(option) {
                Ok(propagation) => self.propagation = propagation,
                Err(_) => return false,
            },
        }
        true
    }

    fn source(self) -> Source {
        Source::Bind {
            path: self.path,
            create: self.create,
            recursive: self.recursive,
            propagation: self.propagation,
        }
    }
}

fn propagation_of(text: &str) -> Result<Propagation, String> {
    match text {
        "private" | "rprivate" => Ok(Propagation::Private),
        "slave" | "rslave" => Ok(Propagation::Slave),
        "shared" | "rshared" => Ok(Propagation::Shared),
        _ => Err(format!(
            "propagation '{text}': expected private, slave or shared"
        )),
    }
}

/// Checks an option of tmpfs(5).
fn tmpfs_option(key: &str, value: &str) -> Result<String, String> {
    let wrong = || Err(format!("{key}={value}: not a valid value"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let good = match key {
        "size" | "nr_inodes" => digits(value.trim_end_matches(['k', 'm', 'g', 'K', 'M', 'G', '%'])),
        "mode" => {
            !value.is_empty()
                && value.len() <= 5
                && value.bytes().all(|b| (b'0'..=b'7').contains(&b))
        }
        "uid" | "gid" => digits(value),
        _ => return Err(format!("unknown option '{key}'")),
    };
    if good { Ok(value.to_owned()) } else { wrong() }
}

fn set(options: &mut Vec<(String, String)>, key: &str, value: String) {
    match options.iter_mut().find(|(name, _)| name == key) {
        Some((_, old)) => *old = value,
        None => options.push((key.to_owned(), value)),
    }
}

#[cfg(test)]
mod tests {
    use super::{mount, tmpfs, volume};
    use crate::config::{Propagation, Source};
    use std::path::Path;

    #[test]
    fn volumes_are_binds_that_are_made() {
        let plain = volume("/a:/b//c/").expect("it is right");
        assert_eq!(plain.target, Path::new("/b/c"));
        assert!(!plain.read_only && plain.nodev);
        assert!(matches!(
            plain.source,
            Source::Bind {
                create: true,
                recursive: true,
                ..
            }
        ));
        let full = volume("a:/b:ro,rslave,nosuid,bind").expect("it is right");
        assert!(full.read_only && full.nosuid);
        let Source::Bind {
            recursive,
            propagation,
            ..
        } = full.source
        else {
            panic!("{full:?}");
        };
        assert_eq!((recursive, propagation), (false, Propagation::Slave));
        for bad in [
            "",
            "/a",
            ":/b",
            "/a:b",
            "/a:/b:fast",
            "/a:/b/../c",
            "/a:/",
            "/a:/b:ro:rw",
        ] {
            assert!(volume(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn mounts_have_a_type() {
        let bind = mount("type=bind,source=/a,target=/b,readonly").expect("it is right");
        assert!(bind.read_only);
        assert!(matches!(bind.source, Source::Bind { create: false, .. }));
        let volume = mount("src=data,dst=/b").expect("it is right");
        assert_eq!(
            volume.source,
            Source::Volume {
                name: "data".to_owned()
            }
        );
        let memory = mount("type=tmpfs,dst=/b,tmpfs-size=1m,tmpfs-mode=700").expect("it is right");
        assert!(matches!(memory.source, Source::Tmpfs { ref options } if options.len() == 2));
        for bad in [
            "",
            "type=bind,target=/b",
            "type=bind,source=/a",
            "type=bind,source=,target=/b",
            "type=disk,source=/a,target=/b",
            "type=volume,source=../x,target=/b",
            "type=tmpfs,source=/a,target=/b",
            "type=bind,source=/a,target=/b,tmpfs-size=1",
            "type=bind,source=/a,target=/b,readonly=perhaps",
            "type=bind,source=/a,target=/b,bind-propagation=far",
        ] {
            assert!(mount(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn tmpfs_options_are_checked() {
        let memory = tmpfs("/run:size=64m,mode=755,exec").expect("it is right");
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        let options = vec![pair("mode", "755"), pair("size", "64m")];
        assert_eq!(memory.source, Source::Tmpfs { options });
        assert!(!memory.noexec && memory.nosuid);
        assert!(tmpfs("/run").is_ok());
        for bad in [
            "",
            "run",
            "/run:size=",
            "/run:size=1x,ro",
            "/run:huge=always",
            "/run:odd",
        ] {
            assert!(tmpfs(bad).is_err(), "{bad}");
        }
    }
}
