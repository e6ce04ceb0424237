//! `man`: prints the manual page.

use anyhow::Result;

use crate::output::Output;

/// Runs the command. Prints one page with all commands, for `qingstor man | man -l -`.
pub(super) fn run(output: &Output) -> Result<()> {
    let mut command = crate::command();
    command.build();
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut page)?;
    render_subcommands(&command, "", &mut page)?;
    output.raw(&page)
}

/// Appends the commands of a command, and theirs. `above` names the commands that contain it.
fn render_subcommands(command: &clap::Command, above: &str, page: &mut Vec<u8>) -> Result<()> {
    for subcommand in command.get_subcommands() {
        let name = format!("{above}{}", subcommand.get_name());
        // The help of `qingstor api` has its many operations.
        if subcommand.get_name() != "help" && !name.starts_with("api ") {
            render_command(subcommand, &name, page)?;
            render_subcommands(subcommand, &format!("{name} "), page)?;
        }
    }
    Ok(())
}

/// Appends the options and examples of a command as a section.
fn render_command(command: &clap::Command, name: &str, page: &mut Vec<u8>) -> Result<()> {
    let name = name.to_uppercase();
    page.extend(format!(".SH \"COMMAND {name}\"\n").bytes());
    let man = clap_mangen::Man::new(command.clone());
    let mut parts = Vec::new();
    man.render_description_section(&mut parts)?;
    man.render_synopsis_section(&mut parts)?;
    man.render_options_section(&mut parts)?;
    man.render_extra_section(&mut parts)?;
    // The headings of a separate page become headings within the section.
    for line in String::from_utf8_lossy(&parts).lines() {
        let line = match line.strip_prefix(".SH ") {
            Some(heading) => format!(".SS {heading}"),
            None => line.to_owned(),
        };
        page.extend(line.bytes());
        page.push(b'\n');
    }
    Ok(())
}
