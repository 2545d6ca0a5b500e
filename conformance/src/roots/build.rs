//! The roots: made once by the recipes of `roots/build`, and kept until those change.

pub(super) use crate::ordinary::USER;
use crate::restricted;
use std::collections::BTreeMap;
use std::collections::hash_map::DefaultHasher;
use std::ffi::OsStr;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Starts a command in namespaces with whose end all its processes and mounts end.
pub(super) const CAGE: [&str; 7] = [
    "unshare",
    "--mount",
    "--pid",
    "--fork",
    "--kill-child",
    "--mount-proc",
    "--",
];

/// A recipe leaves with this status when the machine lacks something that it needs.
const SKIP_STATUS: i32 = 77;
/// Seconds for one recipe; debootstrap takes one or two minutes with a fast mirror.
const LIMIT: &str = "900";

/// A root, or why there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Made {
    Here(PathBuf),
    Not(String),
}

/// The roots by name, each as those of [`super::USERS`] have it.
pub(super) struct Roots(BTreeMap<String, [Made; 3]>);

impl Roots {
    /// Makes those of `names` that the folder `cache` lacks, by the programs in `recipes`.
    pub(super) fn make(recipes: &Path, cache: &Path, names: &[&str]) -> Result<Self, String> {
        let maker = Maker {
            recipes,
            cache,
            stamp: stamp(recipes)?,
        };
        let obstacle = obstacle();
        let user_obstacle = match &obstacle {
            Some(_) => None,
            None => maker.script("lib/user", &[USER.as_ref()])?.err(),
        };
        let mut roots = BTreeMap::new();
        for &name in names {
            if roots.contains_key(name) {
                continue;
            }
            let root = match &obstacle {
                Some(why) => Made::Not(why.clone()),
                None => maker.root(name)?,
            };
            let user = match (&root, &user_obstacle) {
                (Made::Not(why), _) | (_, Some(why)) => Made::Not(why.clone()),
                (Made::Here(root), None) => maker.users(name, root)?,
            };
            let bare = match &root {
                Made::Not(why) => Made::Not(why.clone()),
                Made::Here(root) => maker.bare(name, root)?,
            };
            roots.insert(name.to_owned(), [root, user, bare]);
        }
        Ok(Self(roots))
    }

    /// The root as that one of [`super::USERS`] has it.
    pub(super) fn of(&self, name: &str, who: usize) -> Made {
        let found = self.0.get(name).and_then(|made| made.get(who)).cloned();
        found.unwrap_or_else(|| Made::Not(format!("no root {name}")))
    }
}

/// Why no script can run on this machine.
fn obstacle() -> Option<String> {
    if !nix::unistd::geteuid().is_root() {
        return Some("not root: no chroot to compare with".to_owned());
    }
    let [program, arguments @ ..] = CAGE;
    let caged = Command::new(program).args(arguments).arg("true").output();
    let works = caged.is_ok_and(|output| output.status.success());
    (!works).then(|| "root cannot make namespaces here".to_owned())
}

/// Changes when a recipe does.
fn stamp(recipes: &Path) -> Result<String, String> {
    let mut hasher = DefaultHasher::new();
    for folder in ["build", "lib/user", "lib/bare"] {
        let folder = recipes.join(folder);
        let mut files: Vec<PathBuf> = match fs::read_dir(&folder) {
            Ok(listed) => listed.flatten().map(|entry| entry.path()).collect(),
            Err(_) => vec![folder],
        };
        files.sort();
        for file in files {
            let text = fs::read(&file).map_err(|e| format!("{}: {e}", file.display()))?;
            (file, text).hash(&mut hasher);
        }
    }
    Ok(format!("{:016x}\n", hasher.finish()))
}

struct Maker<'a> {
    recipes: &'a Path,
    cache: &'a Path,
    stamp: String,
}

impl Maker<'_> {
    fn root(&self, name: &str) -> Result<Made, String> {
        self.unless_kept(name, |to| {
            self.script(&format!("build/{name}"), &[to.as_os_str()])
        })
    }

    fn users(&self, name: &str, root: &Path) -> Result<Made, String> {
        self.unless_kept(&format!("{name}-{USER}"), |to| {
            let words = [USER.as_ref(), root.as_os_str(), to.as_os_str()];
            self.script("lib/user", &words)
        })
    }

    fn bare(&self, name: &str, root: &Path) -> Result<Made, String> {
        self.unless_kept(&format!("{name}-bare"), |to| {
            let user = restricted::USER.to_string();
            let words = [user.as_ref(), root.as_os_str(), to.as_os_str()];
            self.script("lib/bare", &words)
        })
    }

    /// The directory `name` of the cache, filled by `fill` unless the same recipes did before.
    fn unless_kept(
        &self,
        name: &str,
        fill: impl FnOnce(&Path) -> Result<Result<(), String>, String>,
    ) -> Result<Made, String> {
        let (root, stamp) = (
            self.cache.join(name),
            self.cache.join(format!("{name}.stamp")),
        );
        if fs::read_to_string(&stamp).is_ok_and(|text| text == self.stamp) {
            return Ok(Made::Here(root));
        }
        println!("making the root {name}");
        let about = |path: &Path, error: std::io::Error| format!("{}: {error}", path.display());
        if root.exists() {
            fs::remove_dir_all(&root).map_err(|e| about(&root, e))?;
        }
        fs::create_dir_all(&root).map_err(|e| about(&root, e))?;
        Ok(match fill(&root)? {
            Ok(()) => {
                fs::write(&stamp, &self.stamp).map_err(|e| about(&stamp, e))?;
                Made::Here(root)
            }
            Err(why) => Made::Not(format!("no root {name}: {why}")),
        })
    }

    /// Runs a recipe. The inner error is what the machine lacks.
    fn script(&self, name: &str, words: &[&OsStr]) -> Result<Result<(), String>, String> {
        let output = Command::new("timeout")
            .args(["--kill-after=10", LIMIT, "/bin/sh"])
            .arg(self.recipes.join(name))
            .args(words)
            .output()
            .map_err(|e| format!("timeout: {e}"))?;
        let last = |bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes);
            text.lines().last().unwrap_or("no reason given").to_owned()
        };
        match output.status.code() {
            Some(0) => Ok(Ok(())),
            Some(SKIP_STATUS) => Ok(Err(last(&output.stdout))),
            // What a mirror needs longer for is no fault of lx.
            Some(124) => Ok(Err(format!("not made in {LIMIT} s"))),
            _ => Err(format!("{name}: {}", last(&output.stderr))),
        }
    }
}
