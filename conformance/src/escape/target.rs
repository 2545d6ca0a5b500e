//! What attempts aim at: a process that holds a file, sockets, shared memory and a queue.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Stdio};

/// A running target.
pub(super) struct Target {
    child: Child,
    output: BufReader<ChildStdout>,
    facts: Vec<(String, String)>,
}

impl Target {
    /// Starts it, and reads what it tells of itself.
    pub(super) fn start(mut command: Command) -> Result<Self, String> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("target: {error}"))?;
        let output = child.stdout.take().ok_or("the target has no output")?;
        let mut target = Self {
            child,
            output: BufReader::new(output),
            facts: Vec::new(),
        };
        let mut line = String::new();
        target
            .output
            .read_line(&mut line)
            .map_err(|error| format!("target: {error}"))?;
        target.facts = facts(&line).ok_or_else(|| format!("target: {}", line.trim_end()))?;
        Ok(target)
    }

    /// Who it is on the host, as far as this program knows.
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Corrects what it cannot know.
    pub(super) fn set(&mut self, key: &str, value: String) {
        self.facts.retain(|(known, _)| known != key);
        self.facts.push((key.to_owned(), value));
    }

    /// What it told, as arguments for the attempts.
    pub(super) fn arguments(&self, name: &str) -> Vec<String> {
        let argument = |(key, value): &(String, String)| format!("{name}.{key}={value}");
        self.facts.iter().map(argument).collect()
    }

    /// Ends it. What of it was touched.
    pub(super) fn end(mut self) -> Result<Vec<String>, String> {
        drop(self.child.stdin.take());
        let mut text = String::new();
        let read = self.output.read_to_string(&mut text);
        read.map_err(|error| format!("target: {error}"))?;
        let status = self.child.wait();
        let mut touched: Vec<String> = text
            .lines()
            .filter_map(|line| line.strip_prefix("touched "))
            .map(str::to_owned)
            .collect();
        if !text.lines().any(|line| line == "end") {
            touched.push(format!("life: {status:?}"));
        }
        Ok(touched)
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        // It ends by itself; after an error nobody waited for it.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

fn facts(line: &str) -> Option<Vec<(String, String)>> {
    let pair = |word: &str| {
        let (key, value) = word.split_once('=')?;
        Some((key.to_owned(), value.to_owned()))
    };
    let words = line.strip_prefix("ready ")?.split_whitespace();
    words.map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::facts;

    #[test]
    fn facts_are_pairs() {
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        let read = facts("ready pid=7 out=/tmp/x\n");
        assert_eq!(read, Some(vec![pair("pid", "7"), pair("out", "/tmp/x")]));
        assert_eq!(facts("failed mq_open: no\n"), None);
        assert_eq!(facts("ready pid\n"), None);
    }
}
