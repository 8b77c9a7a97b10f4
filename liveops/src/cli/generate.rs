//! The completion scripts and the manual page.

use std::{io, process::ExitCode};

use clap_complete::Shell;

use super::error::CommandError;

/// Writes the completion script of `command` for a shell.
pub(super) fn completions(mut command: clap::Command, shell: Shell) -> ExitCode {
    let mut text = Vec::new();
    let name = command.get_name().to_owned();
    clap_complete::generate(shell, &mut command, name, &mut text);
    write(&text)
}

/// Writes one manual page with `command` and each of its subcommands.
pub(super) fn manual(mut command: clap::Command) -> ExitCode {
    command.build();
    let mut text = Vec::new();
    let rendered = render(&command, &mut text);
    rendered.map_or_else(|error| CommandError::from(error).report(), |()| write(&text))
}

fn render(command: &clap::Command, text: &mut Vec<u8>) -> io::Result<()> {
    clap_mangen::Man::new(command.clone()).render(text)?;
    let shown = command.get_subcommands().filter(|command| command.get_name() != "help");
    for subcommand in shown {
        let man = clap_mangen::Man::new(subcommand.clone());
        man.render_name_section(text)?;
        man.render_synopsis_section(text)?;
        man.render_description_section(text)?;
        man.render_options_section(text)?;
    }
    Ok(())
}

fn write(text: &[u8]) -> ExitCode {
    match io::Write::write_all(&mut io::stdout(), text) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => CommandError::from(error).report(),
    }
}
