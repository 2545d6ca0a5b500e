//! The guest programs: found, built into a cache, and asked for their cases.
//!
//! Head comments of a source name how it is built and run:
//! `//! variants: pie static no-pie static-pie nostdlib` (default `pie`),
//! `//! flags: …` (more compiler flags), `//! limit: 30` (seconds, the default),
//! `//! alone` (the whole program is one case), `//! serial` (never beside other cases).

use crate::child::{End, Job, run};
use crate::data;
use std::collections::hash_map::DefaultHasher;
use std::ffi::OsString;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// One built program.
#[derive(Clone, Debug)]
pub struct Guest {
    /// File name without its ending, with `.VARIANT` where there is more than one.
    pub name: String,
    /// The built program.
    pub program: PathBuf,
    /// Time limit of one native run; runs under lx get twice that.
    pub limit: Duration,
    /// The whole program is one case.
    pub alone: bool,
    /// Runs while nothing else of the suite does.
    pub serial: bool,
}

/// One case of one program.
#[derive(Clone, Debug)]
pub struct Case {
    /// `guest/case`.
    pub name: String,
    /// Program and arguments.
    pub line: Vec<OsString>,
    /// Time limit natively.
    pub limit: Duration,
    /// Runs while nothing else of the suite does.
    pub serial: bool,
}

#[derive(Debug, PartialEq, Eq)]
struct Head {
    variants: Vec<String>,
    flags: Vec<String>,
    limit: Duration,
    alone: bool,
    serial: bool,
}

fn parse_head(source: &str) -> Result<Head, String> {
    let mut head = Head {
        variants: vec!["pie".to_owned()],
        flags: Vec::new(),
        limit: Duration::from_secs(30),
        alone: false,
        serial: false,
    };
    let words = |text: &str| {
        text.split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    for line in source.lines().map_while(|line| line.strip_prefix("//!")) {
        let line = line.trim();
        match line.split_once(':') {
            Some(("variants", rest)) => head.variants = words(rest),
            Some(("flags", rest)) => head.flags = words(rest),
            Some(("limit", rest)) => {
                let seconds = rest.trim().parse().map_err(|e| format!("limit: {e}"))?;
                head.limit = Duration::from_secs(seconds);
            }
            _ if line == "alone" => head.alone = true,
            _ if line == "serial" => head.serial = true,
            _ => {}
        }
    }
    Ok(head)
}

fn variant_flags(variant: &str) -> Result<&'static [&'static str], String> {
    match variant {
        "pie" => Ok(&["-fPIE", "-pie"]),
        "no-pie" => Ok(&["-fno-pie", "-no-pie"]),
        "static" => Ok(&["-fno-pie", "-no-pie", "-static"]),
        "static-pie" => Ok(&["-fPIE", "-static-pie"]),
        "nostdlib" => Ok(&[
            "-fno-pie",
            "-no-pie",
            "-static",
            "-nostdlib",
            "-ffreestanding",
            "-fno-stack-protector",
        ]),
        other => Err(format!("unknown variant {other}")),
    }
}

/// The folder of the guest programs' sources.
#[must_use]
pub fn folder() -> PathBuf {
    data::folder().join("guests")
}

/// Builds all sources of `folder` whose name the filter admits.
pub fn build_all(folder: &Path, admits: impl Fn(&str) -> bool) -> Result<Vec<Guest>, String> {
    let listed = fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let mut sources: Vec<PathBuf> = listed
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|ending| ending == "c"))
        .collect();
    sources.sort();
    let mut guests = Vec::new();
    for source in sources {
        let stem = source
            .file_stem()
            .map_or(String::new(), |s| s.to_string_lossy().into_owned());
        if admits(&stem) {
            guests.extend(build(&source, &stem)?);
        }
    }
    Ok(guests)
}

/// Builds one source in each of its variants.
pub fn build(source: &Path, stem: &str) -> Result<Vec<Guest>, String> {
    let text = fs::read_to_string(source).map_err(|e| format!("{}: {e}", source.display()))?;
    let head = parse_head(&text).map_err(|e| format!("{}: {e}", source.display()))?;
    let header = fs::read(source.with_file_name("guest.h")).unwrap_or_default();
    head.variants
        .iter()
        .map(|variant| {
            let mut flags: Vec<&str> = vec!["-O2", "-pthread", "-Wall", "-Wno-unused-result"];
            flags.extend(variant_flags(variant)?);
            flags.extend(head.flags.iter().map(String::as_str));
            let program = compile(source, &flags, &[text.as_bytes(), &header])?;
            let name = match head.variants.len() {
                1 => stem.to_owned(),
                _ => format!("{stem}.{variant}"),
            };
            let (limit, alone, serial) = (head.limit, head.alone, head.serial);
            Ok(Guest {
                name,
                program,
                limit,
                alone,
                serial,
            })
        })
        .collect()
}

/// Compiles unless the cache has the result of the same sources and flags.
pub(crate) fn compile(
    source: &Path,
    flags: &[&str],
    contents: &[&[u8]],
) -> Result<PathBuf, String> {
    let mut hasher = DefaultHasher::new();
    (source, flags, contents).hash(&mut hasher);
    let cache = std::env::temp_dir().join("lx-conformance-cache");
    fs::create_dir_all(&cache).map_err(|e| format!("{}: {e}", cache.display()))?;
    let stem = source.file_stem().unwrap_or_default().to_string_lossy();
    let program = cache.join(format!("{stem}-{:016x}", hasher.finish()));
    if program.is_file() {
        return Ok(program);
    }
    let fresh = program.with_extension(format!("new{}", std::process::id()));
    let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
    let output = Command::new(&compiler)
        .args(flags)
        .arg("-o")
        .arg(&fresh)
        .arg(source)
        .args(flags.contains(&"nostdlib").then_some("-lgcc"))
        .output()
        .map_err(|e| format!("{}: {e}", compiler.display()))?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{} does not compile:\n{text}", source.display()));
    }
    // Another runner may have been quicker; a rename replaces its equal result.
    fs::rename(&fresh, &program).map_err(|e| format!("{}: {e}", program.display()))?;
    Ok(program)
}

/// The cases of a guest, as its own `--list` names them.
pub fn cases(guest: &Guest) -> Result<Vec<Case>, String> {
    let case = |name: String, line: Vec<OsString>| Case {
        name,
        line,
        limit: guest.limit,
        serial: guest.serial,
    };
    let program = guest.program.clone().into_os_string();
    if guest.alone {
        return Ok(vec![case(guest.name.clone(), vec![program])]);
    }
    let line = vec![program.clone(), "--list".into()];
    let listed = run(&Job::new(line, guest.limit))?;
    if listed.end != End::Exit(0) {
        return Err(format!("{} --list: {}", guest.name, listed.end));
    }
    let names = String::from_utf8_lossy(&listed.stdout).into_owned();
    Ok(names
        .lines()
        .map(|name| {
            case(
                format!("{}/{name}", guest.name),
                vec![program.clone(), name.into()],
            )
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::parse_head;
    use std::time::Duration;

    #[test]
    fn head_comments_are_read_up_to_the_first_other_line() {
        let text =
            "//! Registers.\n//! variants: pie static\n//! limit: 3\n//! serial\n\n//! alone\n";
        let head = parse_head(text).expect("valid");
        assert_eq!(head.variants, ["pie", "static"]);
        assert_eq!(head.limit, Duration::from_secs(3));
        assert!(head.serial && !head.alone);
    }
}
