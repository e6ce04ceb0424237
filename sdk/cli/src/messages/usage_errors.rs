//! Chinese texts of the parser's errors and of the fixed words in its help.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args as _, Error};

use super::{Language, error as error_line, language, needs_command, not_utf8};
use crate::generated::OPERATIONS;
use crate::global_options::GlobalOptions;

/// Words that the parser adds to the help and to the usage, and their translations.
const WORDS: &[(&str, &str)] = &[
    ("[OPTIONS]", "[选项]"),
    ("[default: ", "[默认值："),
    ("[possible values: ", "[可选值："),
    (
        "Print this message or the help of the given subcommand(s)",
        "显示此帮助，或指定命令的帮助",
    ),
    ("[COMMAND]...", "[命令]..."),
];

/// Returns an error of the parser, or the help that was asked for, in the language of the locale.
/// `None` if the parser's own text is used.
pub(crate) fn translated(error: &Error) -> Option<String> {
    match language() {
        Language::English if error.kind() == ErrorKind::InvalidUtf8 => {
            Some(format!("{}\n", error_line(reason(error))))
        }
        Language::English => None,
        Language::Chinese => Some(in_chinese(error)),
    }
}

/// Returns the error as one line, in the language of the locale.
pub(crate) fn one_line(error: &Error) -> String {
    let text = match (language(), error.kind()) {
        // Instead of the help.
        (_, ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand) => needs_command(),
        (Language::English, kind) if kind != ErrorKind::InvalidUtf8 => error.render().to_string(),
        _ => reason(error),
    };
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    let reason = text.split("\n\n").next().unwrap_or_default();
    let lines = reason.lines().map(str::trim);
    lines.collect::<Vec<_>>().join(" ")
}

fn in_chinese(error: &Error) -> String {
    match error.kind() {
        ErrorKind::DisplayHelp
        | ErrorKind::DisplayVersion
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            with_chinese_words(&error.render().to_string())
        }
        _ => {
            let mut text = format!("错误：{}\n", reason(error));
            for (kind, hint) in HINTS {
                if let Some(similar) = strings(error, *kind) {
                    text += &format!("\n  提示：{hint} {similar}\n");
                }
            }
            if let Some(ContextValue::StyledStr(usage)) = error.get(ContextKind::Usage) {
                let usage = usage.to_string();
                let usage = usage.strip_prefix("Usage:").unwrap_or(&usage).trim_start();
                text += &format!("\n用法：{}\n", with_chinese_words(usage));
            }
            text + "\n更多信息请使用 --help。\n"
        }
    }
}

/// Labels of the suggestions of the parser.
const HINTS: &[(ContextKind, &str)] = &[
    (ContextKind::SuggestedArg, "类似的选项："),
    (ContextKind::SuggestedSubcommand, "类似的命令："),
    (ContextKind::SuggestedValue, "类似的值："),
];

fn reason(error: &Error) -> String {
    let argument = strings(error, ContextKind::InvalidArg).unwrap_or_default();
    let value = strings(error, ContextKind::InvalidValue).unwrap_or_default();
    let number = |kind| match error.get(kind) {
        Some(ContextValue::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    match error.kind() {
        ErrorKind::ArgumentConflict => match strings(error, ContextKind::PriorArg) {
            Some(prior) if prior != argument => format!("{argument} 不能与 {prior} 同时使用"),
            _ => format!("{argument} 不能重复使用"),
        },
        ErrorKind::InvalidValue => {
            let problem = match value.is_empty() {
                true => format!("{argument} 缺少值"),
                false => format!("{argument} 的值“{value}”无效"),
            };
            match strings(error, ContextKind::ValidValue) {
                Some(values) => format!("{problem}，可选值：{values}"),
                None => problem,
            }
        }
        ErrorKind::ValueValidation => {
            let source = std::error::Error::source(error).map(ToString::to_string);
            let source = source.as_deref().map(reason_of_value).unwrap_or_default();
            format!("{argument} 的值“{value}”无效：{source}")
        }
        ErrorKind::NoEquals => format!("{argument} 与值之间需要等号"),
        ErrorKind::UnknownArgument => format!("未知参数 {argument}"),
        ErrorKind::InvalidSubcommand => {
            let name = strings(error, ContextKind::InvalidSubcommand).unwrap_or_default();
            format!("未知命令 {name}")
        }
        ErrorKind::MissingRequiredArgument => format!("缺少必需的参数：{argument}"),
        ErrorKind::MissingSubcommand => {
            let names = strings(error, ContextKind::ValidSubcommand).unwrap_or_default();
            format!("缺少命令，可选：{names}")
        }
        ErrorKind::TooManyValues => format!("{argument} 的值过多：{value}"),
        ErrorKind::TooFewValues => {
            let least = number(ContextKind::MinValues);
            format!("{argument} 至少需要 {least} 个值")
        }
        ErrorKind::WrongNumberOfValues => {
            let expected = number(ContextKind::ExpectedNumValues);
            format!("{argument} 需要 {expected} 个值")
        }
        ErrorKind::InvalidUtf8 => not_utf8(invalid_arguments()),
        // Failures to print, and kinds of later versions.
        _ => error.to_string(),
    }
}

/// Commands that print sizes.
const SIZE_COMMANDS: [&str; 5] = ["ls", "du", "find", "stat", "check"];

/// Returns whether arguments that ask for the help probably mean `-H`, as in `ls -lh` and `du -h`.
pub(crate) fn means_sizes(arguments: &[String]) -> bool {
    let mut arguments = arguments.iter().map(String::as_str);
    let global = GlobalOptions::augment_args(clap::Command::new(""));
    let has_value = |text: &str| {
        let name = text.strip_prefix("--").unwrap_or_default();
        let mut options = global.get_arguments();
        options.any(|option| option.get_long() == Some(name) && option.get_action().takes_values())
    };
    let command = loop {
        match arguments.next() {
            Some(option) if has_value(option) => _ = arguments.next(),
            Some(option) if option.starts_with('-') => {}
            command => break command,
        }
    };
    let has_sizes = command.is_some_and(|command| SIZE_COMMANDS.contains(&command));
    let options: Vec<&str> = arguments.collect();
    let is_short = |option: &&str| {
        let letters = option.strip_prefix('-').unwrap_or_default();
        letters.contains('h') && letters.bytes().all(|letter| letter.is_ascii_alphanumeric())
    };
    has_sizes
        && options.iter().any(is_short)
        && options.iter().any(|option| *option != "-h")
        && !options.contains(&"--help")
}

/// Largest number of operations that the user may have meant.
const MAX_SIMILAR: usize = 3;

/// Leaves only the most similar operations of those that the user may have meant, each with one name.
pub(crate) fn with_few_operations(mut error: Error) -> Error {
    let Some(ContextValue::Strings(similar)) = error.get(ContextKind::SuggestedSubcommand) else {
        return error;
    };
    let wrong = strings(&error, ContextKind::InvalidSubcommand).unwrap_or_default();
    let is_alias = |name: &String| OPERATIONS.iter().any(|operation| operation.name == name);
    // The last one is the most similar.
    let names = similar.iter().rev().filter(|name| !is_alias(name));
    let same = names.clone().find(|name| name.eq_ignore_ascii_case(&wrong));
    let names: Vec<String> = match same {
        Some(name) => vec![name.clone()],
        None => names.take(MAX_SIMILAR).cloned().collect(),
    };
    if !names.is_empty() {
        error.insert(
            ContextKind::SuggestedSubcommand,
            ContextValue::Strings(names),
        );
    }
    error
}

/// Returns the arguments of the process that are not UTF-8. The parser does not name them.
fn invalid_arguments() -> String {
    let arguments = std::env::args_os();
    let invalid = arguments.filter(|argument| argument.to_str().is_none());
    let names = invalid.map(|argument| argument.display().to_string());
    names.collect::<Vec<_>>().join(", ")
}

/// Translates why a number is invalid. The program's own parsers translate their reasons.
fn reason_of_value(reason: &str) -> String {
    if let Some((_, range)) = reason.split_once(" is not in ") {
        return format!("不在 {range} 范围内");
    }
    match reason {
        "invalid digit found in string" | "cannot parse integer from empty string" => "不是数字",
        "number too large to fit in target type" => "数字过大",
        "number too small to fit in target type" => "数字过小",
        other => other,
    }
    .to_owned()
}

fn strings(error: &Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        ContextValue::Strings(texts) if !texts.is_empty() => Some(texts.join(" ")),
        _ => None,
    }
}

fn with_chinese_words(text: &str) -> String {
    let words = WORDS.iter();
    words.fold(text.to_owned(), |text, (english, chinese)| {
        text.replace(english, chinese)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_short_help_with_other_arguments_means_sizes() {
        for (line, expected) in [
            ("ls -lh", true),
            ("ls -hl qs://b", true),
            ("du -h qs://b", true),
            ("--json find -h qs://b", true),
            ("ls -h", false),
            ("ls -l --help", false),
            ("cp -h a", false),
            ("uploads ls -h qs://b", false),
            ("--profile ls cp -h a", false),
            ("--profile cp ls -lh", true),
            ("--zone=cp -q ls -lh", true),
            ("-h ls", false),
            ("du --human qs://b", false),
        ] {
            let arguments: Vec<_> = line.split(' ').map(str::to_owned).collect();
            assert_eq!(means_sizes(&arguments), expected, "{line}");
        }
    }
}
