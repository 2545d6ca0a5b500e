//! What can be made from the definition of the command line.

use std::io;

use clap::{Command, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;

use crate::cli::Cli;

/// How roff is told of the apostrophe; clap_mangen begins every section so.
const PREAMBLE: &str = ".ie \\n(.g .ds Aq \\(aq\n.el .ds Aq '\n";

/// The completion script of `shell`.
pub(crate) fn completions(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "lx", &mut script);
    script
}

/// The man page: lx itself, then each of its commands in a section of its own.
pub(crate) fn man() -> io::Result<Vec<u8>> {
    let mut command = Cli::command();
    command.build();
    let lx = Man::new(command.clone());
    let mut head = Vec::new();
    lx.render_title(&mut head)?;
    lx.render_name_section(&mut head)?;
    lx.render_synopsis_section(&mut head)?;
    lx.render_options_section(&mut head)?;

    let mut page = PREAMBLE.to_owned();
    page.push_str(&without_preamble(&head));
    page.push_str(&notes(&command));
    sections(&command, &mut page)?;
    Ok(page.into_bytes())
}

/// A section for each command below `command` that has none below itself.
fn sections(command: &Command, page: &mut String) -> io::Result<()> {
    let below = command.get_subcommands();
    for command in below.filter(|command| command.get_name() != "help") {
        if command.has_subcommands() {
            sections(command, page)?;
        } else {
            page.push_str(&section(command)?);
        }
    }
    Ok(())
}

/// The section of one command.
fn section(command: &Command) -> io::Result<String> {
    let man = Man::new(command.clone());
    let mut parts = Vec::new();
    man.render_synopsis_section(&mut parts)?;
    man.render_description_section(&mut parts)?;
    man.render_options_section(&mut parts)?;
    let name = command.get_bin_name().unwrap_or(command.get_name());
    let title = format!(".SH \"{}\"\n", name.to_uppercase());
    let parts = without_preamble(&parts).replace(".SH ", ".SS ");
    Ok(title + &parts + &notes(command))
}

fn without_preamble(roff: &[u8]) -> String {
    String::from_utf8_lossy(roff).replace(PREAMBLE, "")
}

/// What stands below a command's help, line by line: it is set by hand.
fn notes(command: &Command) -> String {
    let text = command.get_after_long_help().or(command.get_after_help());
    let text = text.map(ToString::to_string).unwrap_or_default();
    let mut notes = ".PP\n.nf\n".to_owned();
    for line in text.lines() {
        notes.push_str(&escaped(line));
        notes.push('\n');
    }
    notes + ".fi\n"
}

/// A line of text in roff: no character of it is a request or an escape (groff(7)).
fn escaped(line: &str) -> String {
    let text = line
        .replace('\\', "\\e")
        .replace('-', "\\-")
        .replace('\'', "\\(aq");
    if text.starts_with('.') {
        format!("\\&{text}")
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::{Cli, Command, escaped, man};
    use clap::CommandFactory;

    #[test]
    fn text_is_no_request() {
        assert_eq!(escaped(".x '-' \\"), "\\&.x \\(aq\\-\\(aq \\e");
    }

    /// The commands that have none below themselves.
    fn leaves(command: &Command) -> usize {
        let below: Vec<_> = command.get_subcommands().collect();
        let below = below.iter().map(|command| leaves(command).max(1));
        below.sum()
    }

    #[test]
    fn the_page_has_one_title_and_a_section_for_each_command() {
        let page = String::from_utf8(man().expect("it is made")).expect("it is text");
        assert_eq!(page.matches(".TH ").count(), 1);
        assert_eq!(page.matches(".ie ").count(), 1);
        let titles = page.matches(".SH \"LX ").count();
        assert_eq!(titles, leaves(&Cli::command()));
        assert!(page.contains(".SH \"LX ZONE INSPECT\""));
        assert!(page.contains("Exit status:"));
    }
}
