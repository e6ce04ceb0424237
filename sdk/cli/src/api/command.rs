//! The commands of `qingstor api`, from the list of operations.

use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};

use super::operation::{BODY_FLAG, Kind, Level, Operation, Parameter};
use crate::completion::bucket_completer;
use crate::generated::OPERATIONS;
use crate::messages;
use crate::special_files::is_stdin;

const EXAMPLES: &str = "\
Examples:
  qingstor api ListObjects --bucket b --prefix logs/ --limit 10
  qingstor api PutBucketCORS --bucket b --body @cors.json
  qingstor api GetObject --bucket b --key a.txt --output a.txt
  qingstor api DeleteObject --bucket b --key a.txt --dry-run";

/// The operation that was selected, and its flags.
#[derive(Clone)]
pub(crate) struct ApiArguments {
    pub(crate) operation: &'static Operation,
    pub(crate) matches: ArgMatches,
}

impl ApiArguments {
    /// Returns whether the value of a flag is read from standard input.
    pub(crate) fn reads_stdin(&self) -> bool {
        let texts = |flag| self.matches.get_many::<String>(flag).into_iter().flatten();
        let is_in_stdin = |text: &String| {
            let file = text.strip_prefix('@');
            file.is_some_and(|file| is_stdin(Path::new(file)))
        };
        let mut parameters = self.operation.parameters.iter();
        let has_body_flag = self.operation.has_body_flag();
        has_body_flag && texts(BODY_FLAG).any(is_in_stdin)
            || parameters.any(|parameter| match parameter.kind {
                Kind::Stream => texts(parameter.flag).any(|file| is_stdin(Path::new(file))),
                Kind::Json | Kind::Secret => texts(parameter.flag).any(is_in_stdin),
                _ => false,
            })
    }
}

impl std::fmt::Debug for ApiArguments {
    /// Flags can contain secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("ApiArguments")
            .field(&self.operation.id)
            .finish()
    }
}

impl Args for ApiArguments {
    fn augment_args(command: Command) -> Command {
        let command = command
            .subcommand_required(true)
            .arg_required_else_help(true)
            .subcommand_value_name("OPERATION")
            .subcommand_help_heading("Operations")
            .after_help(EXAMPLES);
        // Other commands do not need the flags of all operations.
        command.defer(|command| command.subcommands(OPERATIONS.iter().map(subcommand)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for ApiArguments {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let selected = matches.subcommand().and_then(|(name, matches)| {
            let operation = OPERATIONS.iter().find(|operation| operation.id == name)?;
            Some(Self {
                operation,
                matches: matches.clone(),
            })
        });
        selected.ok_or_else(|| clap::Error::new(ErrorKind::MissingSubcommand))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

fn subcommand(operation: &'static Operation) -> Command {
    let about = messages::operation_text(operation.id, "", operation.about);
    let mut command = Command::new(operation.id)
        .alias(operation.name)
        .about(first_sentence(about))
        .long_about(about)
        .arg(
            flag("dry-run")
                .help(messages::help_dry_run())
                .action(ArgAction::SetTrue),
        )
        .arg(
            flag("show-secrets")
                .help(messages::help_show_secrets())
                .requires("dry-run")
                .action(ArgAction::SetTrue),
        );
    if !operation.document.is_empty() {
        command = command.after_long_help(operation.document);
    }
    if operation.level == Level::Bucket {
        command = command.arg(
            flag("bucket")
                .value_name("NAME")
                .help(messages::help_bucket())
                .add(bucket_completer())
                .required(true),
        );
    }
    if operation.has_stream_output {
        command = command.arg(
            flag("output")
                .value_name("FILE")
                .help(messages::help_output())
                .value_parser(clap::value_parser!(PathBuf)),
        );
    }
    if operation.has_body_flag() {
        command = command.arg(
            flag(BODY_FLAG)
                .value_name("JSON")
                .help(messages::help_body()),
        );
    }
    let parameters = operation.parameters.iter();
    let versions = parameters.clone().filter_map(version_argument);
    let command = command
        .args(parameters.map(|parameter| argument(operation, parameter)))
        .args(versions);
    messages::help::with_layout(command)
}

fn flag(name: &'static str) -> Arg {
    Arg::new(name)
        .long(name)
        .help_heading(match messages::language() {
            messages::Language::English => "Options",
            messages::Language::Chinese => "选项",
        })
}

fn argument(operation: &Operation, parameter: &'static Parameter) -> Arg {
    let (name, action) = match parameter.kind {
        Kind::Text => ("TEXT", ArgAction::Set),
        Kind::Number => ("NUMBER", ArgAction::Set),
        Kind::Boolean => ("BOOLEAN", ArgAction::Set),
        Kind::Time => ("TIME", ArgAction::Set),
        Kind::Json => ("JSON", ArgAction::Set),
        Kind::Secret => ("SECRET", ArgAction::Set),
        Kind::ObjectPath => ("BUCKET/KEY", ArgAction::Set),
        Kind::List => ("TEXT", ArgAction::Append),
        Kind::Pairs => ("KEY=VALUE", ArgAction::Append),
        Kind::Stream => ("FILE", ArgAction::Set),
    };
    let help = messages::operation_text(operation.id, parameter.flag, parameter.help);
    let argument = flag(parameter.flag)
        .value_name(name)
        .action(action)
        .help(first_sentence(help))
        .long_help(help)
        .allow_hyphen_values(parameter.kind != Kind::Stream);
    let argument = match parameter.kind {
        Kind::Boolean => argument
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("true"),
        _ => argument,
    };
    match parameter.is_required {
        true if parameter.is_in_json && operation.has_body_flag() => {
            argument.required_unless_present(BODY_FLAG)
        }
        is_required => argument.required(is_required),
    }
}

/// Returns the flag of the version of a source.
fn version_argument(parameter: &'static Parameter) -> Option<Arg> {
    let version = flag(parameter.version_flag()?)
        .value_name("TEXT")
        .help(messages::help_source_version())
        .requires(parameter.flag)
        .allow_hyphen_values(true);
    Some(version)
}

/// Returns the first sentence of a text, without its period, in both languages.
fn first_sentence(text: &'static str) -> &'static str {
    let ends = [text.find(". "), text.find('。')];
    let end = ends.into_iter().flatten().min().unwrap_or(text.len());
    text.get(..end).unwrap_or(text).trim_end_matches('.')
}
