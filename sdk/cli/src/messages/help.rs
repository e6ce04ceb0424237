//! Chinese texts of the help.

mod table;

use clap::{Arg, ArgAction, Command};

use super::{Language, language};
use table::lines;

/// Layout of the help, with Chinese headings.
const TEMPLATE: &str = "{about-with-newline}\n用法：{usage}\n\n{all-args}{after-help}";

/// Returns the command with its help in the language of the locale.
pub(crate) fn translated(command: Command) -> Command {
    match language() {
        Language::English => command,
        Language::Chinese => in_chinese(command),
    }
}

/// Sets the layout of the help in the language of the locale.
pub(crate) fn with_layout(command: Command) -> Command {
    if language() == Language::English {
        return command;
    }
    let help = Arg::new("help").short('h').long("help");
    command
        .help_template(TEMPLATE)
        .subcommand_help_heading("命令")
        .subcommand_value_name("命令")
        .disable_help_flag(true)
        .arg(
            help.action(ArgAction::Help)
                .help("显示帮助")
                .help_heading("选项"),
        )
}

fn in_chinese(command: Command) -> Command {
    let about = command.get_about().map(|text| chinese(&text.to_string()));
    let long_about = command
        .get_long_about()
        .map(|text| chinese(&text.to_string()));
    let after_help = command
        .get_after_help()
        .map(|text| chinese(&text.to_string()));
    let mut command = with_layout(command)
        .mut_args(argument)
        .mut_subcommands(in_chinese);
    if command.get_version().is_some() {
        let version = Arg::new("version")
            .short('V')
            .long("version")
            .action(ArgAction::Version);
        command = command
            .disable_version_flag(true)
            .arg(version.help("显示版本").help_heading("选项"));
    }
    if let Some(text) = about {
        command = command.about(text);
    }
    if let Some(text) = long_about {
        command = command.long_about(text);
    }
    match after_help {
        Some(text) => command.after_help(text),
        None => command,
    }
}

fn argument(argument: Arg) -> Arg {
    let heading = match argument.get_help_heading() {
        Some(heading) => heading_in_chinese(heading),
        None if argument.is_positional() => "参数",
        None => "选项",
    };
    let help = argument.get_help().map(|text| chinese(&text.to_string()));
    let argument = argument.help_heading(heading);
    match help {
        Some(text) => argument.help(text),
        None => argument,
    }
}

fn heading_in_chinese(heading: &str) -> &'static str {
    lines()
        .find(|(english, _)| *english == heading)
        .map_or("选项", |(_, chinese)| chinese)
}

/// Translates a text: each line that is not an example. A line without a translation stays.
fn chinese(text: &str) -> String {
    let translated = text.lines().map(|line| translation(line).unwrap_or(line));
    translated.collect::<Vec<_>>().join("\n")
}

fn translation(line: &str) -> Option<&'static str> {
    let (_, chinese) = lines().find(|(english, _)| *english == line)?;
    Some(chinese)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::arguments::Cli;

    /// Start of the lines of examples, which are not translated.
    const INDENT: &str = "  ";

    /// Adds the lines of all texts that have no translation. The operations of the API have the
    /// descriptions of the specification.
    fn add_missing(command: &Command, missing: &mut Vec<String>) {
        let arguments = command.get_arguments();
        let texts = arguments.flat_map(|argument| {
            let heading = argument.get_help_heading().map(str::to_owned);
            [argument.get_help().map(ToString::to_string), heading]
        });
        let own = [
            command.get_about(),
            command.get_long_about(),
            command.get_after_help(),
        ];
        let all = texts
            .chain(own.map(|text| text.map(ToString::to_string)))
            .flatten();
        for line in all.collect::<Vec<_>>().iter().flat_map(|text| text.lines()) {
            if !line.is_empty() && !line.starts_with(INDENT) && translation(line).is_none() {
                missing.push(line.to_owned());
            }
        }
        for subcommand in command.get_subcommands() {
            add_missing(subcommand, missing);
        }
    }

    #[test]
    fn every_text_of_the_help_is_translated() {
        let mut missing = Vec::new();
        add_missing(&Cli::command(), &mut missing);
        assert_eq!(missing, [""; 0]);
    }

    /// Limits and examples must not get lost.
    #[test]
    fn translations_contain_the_numbers_of_the_text() {
        let numbers = |text: &str| {
            let words = text.split(|c: char| !c.is_ascii_alphanumeric());
            let numbers = words.filter(|word| word.starts_with(|c: char| c.is_ascii_digit()));
            let mut numbers: Vec<_> = numbers.map(str::to_owned).collect();
            numbers.sort();
            numbers
        };
        for (english, chinese) in lines() {
            assert_eq!(numbers(chinese), numbers(english), "{english}");
        }
    }

    #[test]
    fn translations_are_unique_and_not_empty() {
        for (index, (english, chinese)) in lines().enumerate() {
            assert!(!chinese.is_empty(), "{english}");
            let earlier = lines().take(index);
            assert!(
                earlier.clone().all(|(other, _)| other != english),
                "{english}"
            );
        }
    }
}
