//! What can be made from the definition of the command line.

use std::io;

use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::Cli;

/// The completion script of `shell`.
pub(crate) fn completions(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "lx", &mut script);
    script
}

/// The man page: lx itself, then each of its commands.
pub(crate) fn man() -> io::Result<Vec<u8>> {
    let mut command = Cli::command();
    command.build();
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut page)?;
    for subcommand in command
        .get_subcommands()
        .filter(|command| command.get_name() != "help")
    {
        let part = clap_mangen::Man::new(subcommand.clone());
        let title = format!(".SH \"LX {}\"\n", subcommand.get_name().to_uppercase());
        page.extend_from_slice(title.as_bytes());
        let mut text = Vec::new();
        part.render_synopsis_section(&mut text)?;
        part.render_description_section(&mut text)?;
        part.render_options_section(&mut text)?;
        part.render_extra_section(&mut text)?;
        page.extend_from_slice(demoted(&text).as_bytes());
    }
    Ok(page)
}

/// The page's section headings (`.SH`) as headings of subsections (`.SS`).
fn demoted(page: &[u8]) -> String {
    String::from_utf8_lossy(page)
        .lines()
        .flat_map(|line| match line.strip_prefix(".SH ") {
            Some(title) => [".SS ", title, "\n"],
            None => [line, "\n", ""],
        })
        .collect()
}
