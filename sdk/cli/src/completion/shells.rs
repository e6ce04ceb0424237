//! Shells in which candidates have to be quoted: they insert a candidate as it is, so a key such as
//! `$(command)` would be executed.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;

use clap::Command;
use clap_complete::engine::complete;
use clap_complete::env::{Elvish, EnvCompleter, Fish, Powershell, Shells, Zsh};

use super::unquoted;

/// Environment variable with the part of the word that bash replaces.
const REPLACED: &str = "_QINGSTOR_REPLACED";

/// Returns the shells that have completion.
pub(crate) fn shells() -> Shells<'static> {
    Shells(&[&Bash, &Elvish, &Fish, &QuotingPowershell, &Zsh])
}

/// The script for bash. That of `clap_complete` does not quote, expands `*` in candidates, and needs
/// another value of `COMP_WORDBREAKS`.
const BASH: &str = r#"
_qingstor() {
    local line=${COMP_LINE:0:COMP_POINT} words=() rest word i
    # Bash also splits words at colons and equals signs; they are joined again.
    for ((i = 0; i <= COMP_CWORD; i++)); do
        rest=${line#"${line%%[![:space:]]*}"}
        word=${COMP_WORDS[i]}
        ((i == COMP_CWORD)) && word=$rest
        if ((i == 0)) || [[ $rest != "$line" ]]; then
            words+=("$word")
        else
            words[${#words[@]} - 1]+=$word
        fi
        line=${rest#"$word"}
    done
    COMPREPLY=()
    while IFS= read -r word; do
        COMPREPLY+=("$word")
    done < <( \
        REPLACED=$2 _CLAP_COMPLETE_INDEX=$((${#words[@]} - 1)) COMPLETE=bash \
        PROGRAM -- "${words[@]}" 2> /dev/null \
    )
    # More is typed after a folder, so no space follows.
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} != *[/=:] ]]; then
        compopt +o nospace 2> /dev/null
    fi
}
complete -o nospace -o bashdefault -F _qingstor qingstor
if [[ "${BASH_VERSINFO[0]}" -eq 4 && "${BASH_VERSINFO[1]}" -ge 4 || "${BASH_VERSINFO[0]}" -gt 4 ]]; then
    complete -o nospace -o bashdefault -o nosort -F _qingstor qingstor
fi
"#;

/// Completion in bash.
struct Bash;

impl EnvCompleter for Bash {
    fn name(&self) -> &'static str {
        "bash"
    }

    fn is(&self, name: &str) -> bool {
        name == "bash"
    }

    fn write_registration(
        &self,
        _: &str,
        _: &str,
        _: &str,
        program: &str,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let program = shlex::try_quote(program).map_err(io::Error::other)?;
        let script = BASH.replace("PROGRAM", &program);
        out.write_all(script.replace("REPLACED", REPLACED).as_bytes())
    }

    fn write_complete(
        &self,
        command: &mut Command,
        words: Vec<OsString>,
        folder: Option<&Path>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let index = std::env::var("_CLAP_COMPLETE_INDEX").ok();
        let index = index.and_then(|index| index.parse().ok()).unwrap_or(0);
        let word = words.get(index).and_then(|word| word.to_str());
        let word = word.unwrap_or_default().to_owned();
        let replaced = std::env::var(REPLACED).unwrap_or_default();
        let candidates = complete(command, words, index, folder)?;
        let texts = candidates.iter().filter_map(|candidate| {
            let candidate = candidate.get_value().to_string_lossy();
            in_bash(&candidate, &word, &replaced)
        });
        let mut texts: Vec<_> = texts.collect();
        if let ([text], Some((_, quote))) = (&mut *texts, open_quote(&word))
            && text.ends_with(quote)
        {
            // Bash closes the quotes of a single candidate, unless it ends with such a character.
            text.push(quote);
        }
        texts.iter().try_for_each(|text| writeln!(out, "{text}"))
    }
}

/// Returns the text by which bash replaces `replaced`, the end of `word`, for a candidate. `None` for
/// control characters, which a terminal would obey.
fn in_bash(candidate: &str, word: &str, replaced: &str) -> Option<String> {
    if candidate.contains(char::is_control) {
        return None;
    }
    let quote = open_quote(word);
    let before = match quote {
        // In quotes, everything after the opening one is replaced.
        Some((at, _)) => word.get(..at)?,
        None => word.strip_suffix(replaced).unwrap_or(word),
    };
    let before = unquoted(before);
    let rest = candidate.strip_prefix(&before).unwrap_or(candidate);
    let mut text = String::new();
    for (index, character) in rest.chars().enumerate() {
        match (character, quote.map(|(_, quote)| quote)) {
            ('\'', Some('\'')) => text.push_str(r"'\''"),
            (_, Some('\'')) => text.push(character),
            // A backslash would stay before it.
            ('!', Some(_)) => text.push_str(r#""'!'""#),
            ('\\' | '"' | '$' | '`', Some(_)) => text.extend(['\\', character]),
            (_, Some(_)) => text.push(character),
            ('~', None) if index > 0 || !before.is_empty() => text.push(character),
            (_, None) if is_plain(character) => text.push(character),
            (_, None) => text.extend(['\\', character]),
        }
    }
    Some(text)
}

/// Returns the place of the quote that a word does not close, and the quote.
fn open_quote(word: &str) -> Option<(usize, char)> {
    let mut open = None;
    let mut characters = word.char_indices();
    while let Some((at, character)) = characters.next() {
        match (character, open) {
            ('\\', None | Some((_, '"'))) => drop(characters.next()),
            ('\'' | '"', None) => open = Some((at, character)),
            (end, Some((_, start))) if end == start => open = None,
            _ => {}
        }
    }
    open
}

/// Returns whether a character means nothing else to a shell.
fn is_plain(character: char) -> bool {
    character.is_alphanumeric() || "_-./:=,@+%".contains(character)
}

/// Completion in PowerShell: that of `clap_complete`, with quoted candidates.
struct QuotingPowershell;

impl EnvCompleter for QuotingPowershell {
    fn name(&self) -> &'static str {
        Powershell.name()
    }

    fn is(&self, name: &str) -> bool {
        Powershell.is(name)
    }

    fn write_registration(
        &self,
        variable: &str,
        name: &str,
        bin: &str,
        program: &str,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        Powershell.write_registration(variable, name, bin, program, out)
    }

    fn write_complete(
        &self,
        command: &mut Command,
        words: Vec<OsString>,
        folder: Option<&Path>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let index = words.len().saturating_sub(1);
        for candidate in complete(command, words, index, folder)? {
            let value = candidate.get_value().to_string_lossy();
            if value.contains(char::is_control) {
                continue;
            }
            out.write_all(in_powershell(&value).as_bytes())?;
            if let Some(help) = candidate.get_help() {
                let help = help.to_string();
                write!(out, "\t{}", help.lines().next().unwrap_or_default())?;
            }
            writeln!(out)?;
        }
        Ok(())
    }
}

/// Returns a word of PowerShell. It also takes typographic quotes for quotes.
fn in_powershell(word: &str) -> String {
    if word
        .chars()
        .all(|character| is_plain(character) && character != '@' && character != ',')
    {
        return word.to_owned();
    }
    let mut text = "'".to_owned();
    for character in word.chars() {
        if matches!(character, '\'' | '\u{2018}'..='\u{201b}') {
            text.push(character);
        }
        text.push(character);
    }
    text.push('\'');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bash_gets_quoted_words_without_what_it_keeps() {
        for (candidate, word, replaced, expected) in [
            ("stat", "st", "st", "stat"),
            ("qs://b/", "qs", "qs", "qs://b/"),
            ("qs://b/a b", "qs://b/a", "//b/a", r"//b/a\ b"),
            ("qs://b/a b", "qs:", "", r"//b/a\ b"),
            ("qs://b/$(x)`y`", "qs://b/", "//b/", r"//b/\$\(x\)\`y\`"),
            ("qs://b/a=b", "qs://b/a=", "", "b"),
            ("qs://b/a!b", "qs://b/", "//b/", r"//b/a\!b"),
            (
                "qs://b/a b/c d",
                r"qs://b/a\ b/",
                r"//b/a\ b/",
                r"//b/a\ b/c\ d",
            ),
            ("qs://b/it's", "'qs://b/i", "qs://b/i", r"qs://b/it'\''s"),
            ("qs://b/it's", "'qs://b/i", "'qs://b/i", r"qs://b/it'\''s"),
            ("qs://b/$x!", "\"qs://b/", "qs://b/", r#"qs://b/\$x"'!'""#),
            ("qs://b/a b/c d", r#""qs://b/a b/"c"#, "c", r"c\ d"),
            ("--zone=pek3a", "--zone=p", "p", "pek3a"),
            ("~x", "", "", r"\~x"),
            ("a~", "a", "a", "a~"),
            ("文 件", "文", "文", r"文\ 件"),
        ] {
            let text = in_bash(candidate, word, replaced);
            assert_eq!(text.as_deref(), Some(expected), "{candidate} {word}");
        }
        assert_eq!(in_bash("a\u{1b}[2J", "a", "a"), None);
    }

    #[test]
    fn powershell_gets_quoted_words() {
        for (word, expected) in [
            ("qs://b/a.txt", "qs://b/a.txt"),
            ("qs://b/$(x)", "'qs://b/$(x)'"),
            ("it's", "'it''s'"),
            ("a\u{2019}b", "'a\u{2019}\u{2019}b'"),
            ("a,b", "'a,b'"),
        ] {
            assert_eq!(in_powershell(word), expected);
        }
    }
}
