//! `completions`: prints the completion script of a shell.

use anyhow::Result;
use clap_complete::env::Shells;

use crate::arguments::CompletionsArguments;
use crate::exit::usage;
use crate::output::Output;

/// Environment variable in which a shell asks the program for completions.
const VARIABLE: &str = "COMPLETE";

/// Lets bash keep addresses such as `qs://bucket` in one word.
const BASH_WORDS: &str = "\
# Addresses such as qs://bucket contain a colon, at which bash would split words.
COMP_WORDBREAKS=${COMP_WORDBREAKS//:/}
";

/// Runs the command. The script calls the program for each completion, so that it can complete
/// buckets and keys.
pub(super) fn run(output: &Output, arguments: &CompletionsArguments) -> Result<()> {
    let shells = Shells::builtins();
    let Some(shell) = shells.completer(&arguments.shell) else {
        return Err(usage(&arguments.shell));
    };
    let program = std::env::current_exe()?;
    let mut script = Vec::new();
    shell.write_registration(
        VARIABLE,
        "qingstor",
        "qingstor",
        &program.to_string_lossy(),
        &mut script,
    )?;
    if arguments.shell == "bash" {
        script.extend(BASH_WORDS.bytes());
    }
    output.raw(&script)
}
