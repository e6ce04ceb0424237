//! `run`: runs commands from a file or standard input in one process.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use clap::Parser as _;
use futures_util::{StreamExt as _, stream};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};

use crate::arguments::{Cli, Command, RunArguments};
use crate::exit::{OutputClosed, usage};
use crate::global_options::GlobalOptions;
use crate::messages;
use crate::output::Output;
use crate::session::Session;

/// Runs the command. Continues with the next line after an error.
pub(super) async fn run(
    session: &Arc<Session>,
    output: &Arc<Output>,
    arguments: RunArguments,
) -> Result<()> {
    let input: Box<dyn AsyncRead + Send + Unpin> = match &arguments.file {
        Some(path) if path != std::path::Path::new("-") => {
            let file = tokio::fs::File::open(path).await;
            Box::new(file.with_context(|| path.display().to_string())?)
        }
        _ => Box::new(tokio::io::stdin()),
    };
    let lines = stream::unfold(
        (BufReader::new(input).lines(), 0_u64),
        |(mut lines, number)| async move {
            let line = lines.next_line().await.transpose()?;
            Some(((number + 1, line), (lines, number + 1)))
        },
    );
    let mut commands = lines
        .map(|(number, line)| async move {
            let done = match line {
                Ok(line) => run_line(session, output, &line).await,
                Err(error) => Err(error.into()),
            };
            done.map_err(|error| match error.is::<OutputClosed>() {
                true => error,
                false => error.context(messages::line_number(number)),
            })
        })
        .boxed()
        .buffer_unordered(arguments.jobs.into());
    while let Some(done) = commands.next().await {
        match done {
            Err(error) if error.is::<OutputClosed>() => return Err(error),
            Err(error) => output.error(&error),
            Ok(()) => {}
        }
    }
    Ok(())
}

async fn run_line(session: &Arc<Session>, output: &Arc<Output>, line: &str) -> Result<()> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(());
    }
    let words = shlex::split(line).ok_or_else(|| usage(messages::quotes_not_closed()))?;
    let program = "qingstor".to_owned();
    let cli = match Cli::try_parse_from(std::iter::once(program).chain(words)) {
        Ok(cli) => cli,
        Err(error) => return Err(usage(messages::usage_errors::one_line(&error))),
    };
    if matches!(cli.command, Command::Run(_)) {
        return Err(usage(messages::run_in_run()));
    }
    if cli.global != GlobalOptions::default() {
        return Err(usage(messages::options_in_run()));
    }
    super::run(session, output, cli.command).await
}
