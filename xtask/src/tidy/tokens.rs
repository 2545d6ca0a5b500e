//! Rust's tokens, as far as telling code from comments and literals needs it.

/// A word or a single character of code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) text: &'a str,
    /// Counted from 1.
    pub(super) line: usize,
}

/// The words and punctuation of `source`, without comments, literals of text and white space.
pub(super) fn tokens(source: &str) -> impl Iterator<Item = Token<'_>> {
    let mut rest = source;
    let mut line = 1;
    std::iter::from_fn(move || {
        while let Some(first) = rest.chars().next() {
            let (length, is_code) = match skipped(rest) {
                Some(length) => (length, false),
                None => (
                    word(rest).unwrap_or(first.len_utf8()),
                    !first.is_whitespace(),
                ),
            };
            let (text, after) = rest.split_at(length);
            let token = Token { text, line };
            line += text.matches('\n').count();
            rest = after;
            if is_code {
                return Some(token);
            }
        }
        None
    })
}

/// The length of the word that `text` begins with.
fn word(text: &str) -> Option<usize> {
    let is_part = |character: char| character.is_alphanumeric() || character == '_';
    text.starts_with(is_part)
        .then(|| text.find(|c| !is_part(c)).unwrap_or(text.len()))
}

/// The length of the comment or literal of text that `text` begins with.
fn skipped(text: &str) -> Option<usize> {
    if text.starts_with("//") {
        return Some(text.find('\n').unwrap_or(text.len()));
    }
    if text.starts_with("/*") {
        return Some(block_comment(text));
    }
    let literal = text.trim_start_matches(['b', 'c']);
    let prefix = text.len() - literal.len();
    if prefix <= 1 {
        if let Some(raw) = literal.strip_prefix('r') {
            let hashes = raw.len() - raw.trim_start_matches('#').len();
            if raw[hashes..].starts_with('"') {
                let end = format!("\"{}", "#".repeat(hashes));
                let start = prefix + 1 + hashes + 1;
                let length = text[start..]
                    .find(&end)
                    .map_or(text.len(), |at| start + at + end.len());
                return Some(length);
            }
        }
        if literal.starts_with('"') {
            return Some(prefix + quoted(literal, '"'));
        }
        if literal.starts_with('\'') && is_character(literal) {
            return Some(prefix + quoted(literal, '\''));
        }
    }
    None
}

/// The length of a comment that may hold others.
fn block_comment(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// The length of a literal from its opening quote on.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if character == '\\' {
            escaped = true;
        } else if character == quote {
            return at + 1;
        }
    }
    text.len()
}

/// Whether a single quote opens a character and not a lifetime.
fn is_character(text: &str) -> bool {
    let mut characters = text.chars().skip(1);
    match characters.next() {
        Some('\\') => true,
        Some(_) => characters.next() == Some('\''),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::tokens;

    fn words(source: &str) -> Vec<&str> {
        tokens(source).map(|token| token.text).collect()
    }

    #[test]
    fn comments_and_literals_are_left_out() {
        assert_eq!(words("a // b\nc"), ["a", "c"]);
        assert_eq!(words("a /* b /* c */ d */ e"), ["a", "e"]);
        assert_eq!(words("a \"b \\\" c\" d"), ["a", "d"]);
        assert_eq!(words("a r#\"b \" c\"# d"), ["a", "d"]);
        assert_eq!(words("a b\"x\" c\"y\" br\"z\" d"), ["a", "d"]);
        assert_eq!(words("a '\\'' b '\"' c b'x' d"), ["a", "b", "c", "d"]);
    }

    #[test]
    fn words_and_lifetimes_are_kept() {
        assert_eq!(words("fn f<'a>(b: &'a str)").concat(), "fnf<'a>(b:&'astr)");
        assert_eq!(words("break_car r b"), ["break_car", "r", "b"]);
        assert_eq!(words("unsafe_code unsafe{"), ["unsafe_code", "unsafe", "{"]);
    }

    #[test]
    fn lines_are_counted_through_everything() {
        let source = "a /*\n*/ \"\n\" // x\nb";
        let lines: Vec<usize> = tokens(source).map(|token| token.line).collect();
        assert_eq!(lines, [1, 4]);
    }

    #[test]
    fn what_does_not_end_is_no_trouble() {
        for source in ["/* a", "\"a", "r#\"a", "'", "'\\", "b", "r", "/", "é"] {
            let _ = words(source);
        }
    }
}
