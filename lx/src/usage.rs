//! What clap has to say, in the form of lx: help on stdout, an error as one line on stderr.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::error::ErrorKind;

/// The exit status for a wrong call, as of clap and of sh(1)'s builtins.
const WRONG_CALL: u8 = 2;

/// Answers for clap when it parsed no command.
pub(crate) fn answer(error: &clap::Error, command: Option<&str>) -> ExitCode {
    if matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    ) {
        // A closed pipe (`lx --help | head`) is no error of lx.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    let line = match error.kind() {
        // Clap's message is the whole help here.
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => one_line("no command given", None),
        _ => one_line(&error.to_string(), command),
    };
    let _ = writeln!(io::stderr(), "lx: {line}");
    ExitCode::from(WRONG_CALL)
}

/// The first paragraph of clap's `message` as one line, with where to read on.
fn one_line(message: &str, command: Option<&str>) -> String {
    let mut line = String::new();
    for part in message
        .lines()
        .map(str::trim)
        .take_while(|part| !part.is_empty())
    {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(part);
    }
    let text = line.strip_prefix("error: ").unwrap_or(&line);
    let help = command.map_or_else(String::new, |command| format!("{command} "));
    format!("{text} (see 'lx {help}--help')")
}

#[cfg(test)]
mod tests {
    use super::one_line;

    #[test]
    fn a_paragraph_becomes_a_line() {
        let message = "error: these are missing:\n  <A>\n\nUsage: lx\n";
        assert_eq!(
            one_line(message, Some("run")),
            "these are missing: <A> (see 'lx run --help')"
        );
        assert_eq!(one_line("error: no\n", None), "no (see 'lx --help')");
    }
}
