//! /dev/pts of a bare zone. The host's would show the terminals of others, and give their numbers to
//! the zone's once they are free. The warden makes the zone's and keeps each one's inode, which is
//! dead for ever when the terminal is gone: names lead to nothing else ([`warden::terminal`]).

use abi::SysResult;

use super::node::Node;
use super::space::Space;
use super::table::Kind;
use super::warden::{self, MULTIPLEXER};

impl Space<'_> {
    /// Whether the zone has terminals of its own.
    #[must_use]
    pub fn has_terminals(&self) -> bool {
        self.table.of_kind(Kind::Terminals).is_some()
    }

    /// Whether it is the directory of the terminals.
    ///
    /// # Errors
    /// Those of fstat(2).
    pub fn lists_terminals(&self, directory: &Node) -> SysResult<bool> {
        let terminals = self.table.of_kind(Kind::Terminals);
        let terminals = terminals.and_then(|index| self.table.mounts.get(index));
        terminals.map_or(Ok(false), |terminals| {
            directory.ident().map(|ident| ident == terminals.here)
        })
    }

    /// The number of the terminal that a name in a directory stands for.
    pub(super) fn terminal(&self, directory: &Node, name: &[u8]) -> SysResult<Option<u32>> {
        let number = number(name);
        if number.is_none() || !self.lists_terminals(directory)? {
            return Ok(None);
        }
        Ok(number)
    }

    /// The terminal of a number.
    ///
    /// # Errors
    /// `ENOENT` where the zone has none such.
    pub fn enter_terminal(&self, number: u32) -> SysResult<Node> {
        let mut node = Node::new(warden::terminal(number)?);
        node.outside_proc = true;
        node.by_warden = true;
        Ok(node)
    }
}

fn number(name: &[u8]) -> Option<u32> {
    if name == b"ptmx" {
        return Some(MULTIPLEXER);
    }
    let plain = name.iter().all(u8::is_ascii_digit) && (name == b"0" || !name.starts_with(b"0"));
    let text = core::str::from_utf8(name).ok().filter(|_| plain)?;
    text.parse().ok().filter(|number| *number != MULTIPLEXER)
}

#[cfg(test)]
mod tests {
    use super::{MULTIPLEXER, number};

    #[test]
    fn names_of_terminals() {
        let names = ["0", "17", "ptmx", "", "00", "07", "+1", "1a", "tty"];
        let found = names.map(|name| number(name.as_bytes()));
        let expected = [Some(0), Some(17), Some(MULTIPLEXER)];
        assert_eq!(found[..3], expected);
        assert_eq!(found[3..], [None; 6]);
        assert_eq!(number(b"4294967295"), None);
    }
}
