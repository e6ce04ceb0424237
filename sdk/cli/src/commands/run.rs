//! `run`: runs commands from a file or standard input in one process.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use clap::Parser as _;
use clap::error::ErrorKind;
use futures_util::{Stream, StreamExt as _, stream};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};

use crate::arguments::{Cli, Command, RunArguments};
use crate::exit::{OutputClosed, usage};
use crate::global_options::GlobalOptions;
use crate::messages;
use crate::messages::usage_errors;
use crate::output::Output;
use crate::session::Session;

/// Runs the command. Continues with the next line after an error.
pub(super) async fn run(
    session: &Arc<Session>,
    output: &Arc<Output>,
    arguments: RunArguments,
) -> Result<()> {
    let input: Box<dyn AsyncRead + Send + Unpin> = match &arguments.file {
        Some(path) if !arguments.reads_stdin() => {
            let file = tokio::fs::File::open(path).await;
            Box::new(file.with_context(|| path.display().to_string())?)
        }
        _ => Box::new(tokio::io::stdin()),
    };
    let is_stdin = arguments.reads_stdin();
    let mut commands = lines(input)
        .map(|(number, line)| async move {
            let output = Arc::new(output.of_line(number));
            let done = match line {
                Ok(line) => run_line(session, &output, &line, is_stdin).await,
                Err(error) => Err(error),
            };
            match done {
                Err(error) if error.is::<OutputClosed>() => return Err(error),
                Err(error) => output.error(&error),
                Ok(()) => {}
            }
            Ok(())
        })
        .boxed()
        .buffer_unordered(arguments.jobs.into());
    while let Some(done) = commands.next().await {
        done?;
    }
    Ok(())
}

/// Yields the lines with their numbers. A line that is not UTF-8 is an error, and the next line follows;
/// an I/O error is the last item.
fn lines(input: impl AsyncRead + Send + Unpin) -> impl Stream<Item = (u64, Result<String>)> + Send {
    let reader = Some(BufReader::new(input));
    stream::unfold((reader, 0_u64), |(reader, number)| async move {
        let mut reader = reader?;
        let number = number + 1;
        let mut line = Vec::new();
        match reader.read_until(b'\n', &mut line).await {
            Err(error) => Some(((number, Err(error.into())), (None, number))),
            Ok(0) => None,
            Ok(_) => {
                let line = String::from_utf8(line).map_err(Into::into);
                Some(((number, line), (Some(reader), number)))
            }
        }
    })
}

/// Runs a line. `is_stdin` means that the lines come from standard input, which commands then cannot
/// read.
async fn run_line(
    session: &Arc<Session>,
    output: &Arc<Output>,
    line: &str,
    is_stdin: bool,
) -> Result<()> {
    // Some editors start a file with a byte order mark.
    let line = line.trim_start_matches('\u{feff}').trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(());
    }
    let words = shlex::split(line).ok_or_else(|| usage(messages::quotes_not_closed()))?;
    let program = "qingstor".to_owned();
    let cli = match Cli::try_parse_from(std::iter::once(program).chain(words)) {
        Ok(cli) => cli,
        Err(error) => {
            return Err(usage(match error.kind() {
                ErrorKind::DisplayHelp => messages::not_in_run("help"),
                ErrorKind::DisplayVersion => messages::not_in_run("--version"),
                _ => usage_errors::one_line(&usage_errors::with_few_operations(error)),
            }));
        }
    };
    match cli.command {
        Command::Run(_) => return Err(usage(messages::not_in_run("run"))),
        // It would run until the end of the process.
        _ if cli.command.is_server() => return Err(usage(messages::not_in_run("emulator"))),
        _ => {}
    }
    if cli.global != GlobalOptions::default() {
        return Err(usage(messages::options_in_run()));
    }
    if is_stdin && cli.command.reads_stdin() {
        return Err(usage(messages::stdin_has_commands()));
    }
    let session = Arc::new(session.of_next_command());
    super::run(&session, output, cli.command).await
}
