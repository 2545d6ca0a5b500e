//! A scratch directory and the data in it that the whole programs work on. All of it is made
//! from fixed seeds, so that every run does the same work.

use crate::Result;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// A directory that goes away with its owner.
#[derive(Debug)]
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    /// Makes an empty one under the system's directory for temporary files.
    pub(crate) fn new() -> Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("lx-bench.{}.{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path)?;
        Ok(Self(path))
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A small generator (xorshift64*): the data only has to be the same every time.
#[derive(Debug)]
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % limit
    }
}

/// Lines of words in random order.
fn prose(random: &mut Random, lines: u32) -> String {
    const WORDS: [&str; 12] = [
        "call", "table", "signal", "zone", "thread", "frame", "page", "mount", "site", "guest",
        "kernel", "stack",
    ];
    let mut text = String::new();
    for _ in 0..lines {
        for _ in 0..8 {
            let word = usize::try_from(random.below(12)).map_or("word", |i| WORDS[i]);
            let _ = write!(text, "{word}{} ", random.below(1000));
        }
        text.push('\n');
    }
    text
}

/// A C file of `functions` functions that the optimiser has some work with.
fn c_file(random: &mut Random, tag: &str, functions: u32) -> String {
    let mut text = String::from("#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n");
    for f in 0..functions {
        let (a, b) = (random.below(97) + 3, random.below(31) + 1);
        let _ = write!(
            text,
            "static int {tag}{f}(int *v, int n) {{\n  int s = {a};\n  for (int i = 0; i < n; i++) {{\n\
             \x20   if (v[i] % {b} == 0) s += v[i] * {a}; else s ^= v[(i * {b}) % n];\n\
             \x20   switch (s & 7) {{ case 1: s -= i; break; case 3: s *= 3; break; default: s++; }}\n\
             \x20 }}\n  return s;\n}}\n"
        );
    }
    let _ = write!(text, "int {tag}_all(int *v, int n) {{\n  int s = 0;\n");
    for f in 0..functions {
        let _ = writeln!(text, "  s += {tag}{f}(v, n);");
    }
    text.push_str("  return s;\n}\n");
    text
}

/// Makes everything under `dir`.
pub(crate) fn prepare(dir: &Path) -> Result<()> {
    let mut random = Random(0x1234_5678_9ABC_DEF1);
    std::fs::write(dir.join("big.txt"), prose(&mut random, 60_000))?;
    std::fs::write(dir.join("one.c"), c_file(&mut random, "f", 60))?;

    let project = dir.join("project");
    std::fs::create_dir(&project)?;
    let objects: Vec<String> = (0..12).map(|i| format!("part{i}.o")).collect();
    for i in 0..12 {
        let text = c_file(&mut random, &format!("part{i}_"), 6);
        std::fs::write(project.join(format!("part{i}.c")), text)?;
    }
    std::fs::write(project.join("main.c"), "int main(void) { return 0; }\n")?;
    let rules = format!(
        "all: prog\nprog: main.o {0}\n\tcc -o $@ $^\n%.o: %.c\n\tcc -O1 -c -o $@ $<\nclean:\n\trm -f *.o prog\n",
        objects.join(" ")
    );
    std::fs::write(project.join("Makefile"), rules)?;

    let tree = dir.join("tree");
    for d in 0..20 {
        let sub = tree.join(format!("dir{d}"));
        std::fs::create_dir_all(&sub)?;
        for f in 0..25 {
            std::fs::write(sub.join(format!("file{f}.txt")), prose(&mut random, 60))?;
        }
    }
    let mut inserts = String::from("create table t(id integer primary key, a text, b integer);\n");
    for i in 0..400 {
        let n = random.below(100_000);
        let _ = writeln!(
            inserts,
            "insert into t(a,b) values('row {i} of many', {n});"
        );
    }
    inserts.push_str("create index i on t(b);\nselect count(*), sum(b), max(a) from t;\n");
    std::fs::write(dir.join("inserts.sql"), inserts)?;
    repository(&tree)
}

/// Turns the tree into a git repository with some history; left as it is where git is absent.
fn repository(tree: &Path) -> Result<()> {
    const HISTORY: &str = "command -v git >/dev/null || exit 0
git init -q . && git config user.name bench && git config user.email bench@example.org
git add . && git commit -q -m start
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
    for d in 1 3 5 7 9; do echo \"change $i\" >> dir$d/file$i.txt; done
    git commit -q -a -m \"change $i\"
done";
    let mut shell = Command::new("/bin/sh");
    shell
        .args(["-c", HISTORY])
        .current_dir(tree)
        .env("GIT_CONFIG_GLOBAL", "/dev/null");
    match crate::command::run(shell, std::time::Duration::from_secs(120)) {
        crate::command::Outcome::Done { status, .. } if status.success() => Ok(()),
        other => Err(format!("the git history was not made: {other:?}").into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_text_is_the_same_every_time() {
        let text = |seed| prose(&mut Random(seed), 3);
        assert_eq!(text(7), text(7));
        assert_ne!(text(7), text(8));
        assert_eq!(text(7).lines().count(), 3);
        assert!(c_file(&mut Random(7), "f", 2).contains("int f_all("));
    }

    #[test]
    fn scratch_goes_away() {
        let scratch = Scratch::new().unwrap();
        let path = scratch.path().to_owned();
        std::fs::write(path.join("x"), "y").unwrap();
        drop(scratch);
        assert!(!path.exists());
    }
}
