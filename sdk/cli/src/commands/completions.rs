//! `completions`: prints the completion script of a shell.

use anyhow::Result;

use crate::arguments::CompletionsArguments;
use crate::completion::shells::shells;
use crate::exit::usage;
use crate::output::Output;

/// Environment variable in which a shell asks the program for completions.
const VARIABLE: &str = "COMPLETE";

/// The script for zsh. That of `clap_complete` takes the colon of `qs://` for the start of a
/// description, needs a loaded completion system, and quotes the `~` of home directories.
const ZSH: &str = r#"#compdef qingstor
_qingstor() {
    if [[ $PREFIX == '~'* ]]; then
        _files
        return
    fi
    local -a lines folders others
    local line value
    lines=("${(@f)$( \
        _CLAP_IFS=$'\n' _CLAP_COMPLETE_INDEX=$((CURRENT - 1)) COMPLETE=zsh \
        PROGRAM -- "${words[@]}" 2> /dev/null \
    )}")
    for line in $lines; do
        # A description starts at the first colon without a backslash.
        value=${${line//\\:/$'\1'}%%:*}
        if [[ $value == */ ]]; then
            folders+=("$line")
        else
            others+=("$line")
        fi
    done
    # More is typed after a folder, so no space follows.
    [[ -n $folders ]] && _describe -V values folders -S ''
    [[ -n $others ]] && _describe -V values others
}
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
compdef _qingstor qingstor
"#;

/// Runs the command. The script calls the program for each completion, so that it can complete
/// buckets and keys.
pub(super) fn run(output: &Output, arguments: &CompletionsArguments) -> Result<()> {
    let shells = shells();
    let Some(shell) = shells.completer(&arguments.shell) else {
        return Err(usage(&arguments.shell));
    };
    let program = std::env::current_exe()?;
    let program = program.to_string_lossy();
    if arguments.shell == "zsh" {
        let quoted = shlex::try_quote(&program)?;
        return output.raw(ZSH.replace("PROGRAM", &quoted).as_bytes());
    }
    let mut script = Vec::new();
    shell.write_registration(VARIABLE, "qingstor", "qingstor", &program, &mut script)?;
    output.raw(&script)
}
