//! `completions`: prints the completion script of a shell.

use anyhow::Result;
use clap_complete::env::Shells;

use crate::arguments::CompletionsArguments;
use crate::exit::usage;
use crate::output::Output;

/// Environment variable in which a shell asks the program for completions.
const VARIABLE: &str = "COMPLETE";

/// End of the script for bash.
const BASH_END: &str = r#"
_qingstor() {
    _clap_complete_qingstor "$@"
    # Bash quotes special characters of keys and files only if they are file names.
    local reply
    for reply in "${COMPREPLY[@]}"; do
        if [[ $reply == *[!a-zA-Z0-9_./:=,@+%-]* ]]; then
            compopt -o filenames 2> /dev/null
            break
        fi
    done
}
complete -o nospace -o bashdefault -F _qingstor qingstor
if [[ "${BASH_VERSINFO[0]}" -eq 4 && "${BASH_VERSINFO[1]}" -ge 4 || "${BASH_VERSINFO[0]}" -gt 4 ]]; then
    complete -o nospace -o bashdefault -o nosort -F _qingstor qingstor
fi
# Addresses such as qs://bucket contain a colon, at which bash would split words.
COMP_WORDBREAKS=${COMP_WORDBREAKS//:/}
"#;

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
    let shells = Shells::builtins();
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
    if arguments.shell == "bash" {
        script.extend(BASH_END.bytes());
    }
    output.raw(&script)
}
