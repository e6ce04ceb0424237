//! `qingstor-emulator`: a QingStor object storage on this machine.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use clap::Parser;
use clap::error::ErrorKind;
use qingstor_emulator::{DEFAULT_ACCESS_KEY_ID, DEFAULT_SECRET_ACCESS_KEY, Emulator};
use tracing::level_filters::LevelFilter;

/// The exit code of an emulator that could not start.
const FAILED: u8 = 2;

/// A QingStor object storage on this machine.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9000")]
    listen: String,
    /// Where to keep buckets and objects; without it they go away at the end
    #[arg(long, value_name = "DIRECTORY")]
    data_dir: Option<PathBuf>,
    /// The access key id of an account; repeat it for several accounts
    #[arg(long, value_name = "ID")]
    access_key_id: Vec<String>,
    /// The secret of the access key id at the same place
    #[arg(long, value_name = "SECRET")]
    secret_access_key: Vec<String>,
    /// A zone; the first one is the default. Repeat it for several zones
    #[arg(long, value_name = "ZONE")]
    zone: Vec<String>,
    /// What to log to standard error: off, error, warn, info or debug
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    log: LevelFilter,
}

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
            ) =>
        {
            // Nobody listens to a closed standard output.
            let _ = error.print();
            return ExitCode::SUCCESS;
        }
        Err(error) => return fail(&first_paragraph(&error.to_string())),
    };
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&format!("error: {error:#}")),
    }
}

fn fail(message: &str) -> ExitCode {
    eprintln!("{message}");
    ExitCode::from(FAILED)
}

/// What clap says before it explains the usage, in one line.
fn first_paragraph(message: &str) -> String {
    let paragraph = message.split("\n\n").next().unwrap_or_default();
    paragraph.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[tokio::main]
async fn run(arguments: Arguments) -> Result<()> {
    tracing_subscriber::fmt()
        .with_max_level(arguments.log)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .init();
    let ids = arguments.access_key_id;
    let secrets = arguments.secret_access_key;
    if ids.len() != secrets.len() {
        bail!(
            "there are {} --access-key-id and {} --secret-access-key; they come in pairs",
            ids.len(),
            secrets.len()
        );
    }
    if ids.is_empty() {
        tracing::info!(
            access_key_id = DEFAULT_ACCESS_KEY_ID,
            secret_access_key = DEFAULT_SECRET_ACCESS_KEY,
            "no account is given, so the well-known one is used"
        );
    }
    let mut builder = Emulator::builder().listen(arguments.listen);
    if let Some(directory) = arguments.data_dir {
        builder = builder.data_dir(directory);
    }
    if !arguments.zone.is_empty() {
        builder = builder.zones(arguments.zone);
    }
    for (id, secret) in ids.into_iter().zip(secrets) {
        builder = builder.account(id, secret);
    }
    let emulator = builder.start().await?;
    let mut stdout = std::io::stdout();
    writeln!(stdout, "listening on {}", emulator.endpoint())
        .and_then(|()| stdout.flush())
        .context("cannot write to standard output")?;
    told_to_end().await.context("cannot wait for signals")?;
    emulator.shutdown().await;
    Ok(())
}

/// Waits for Ctrl-C, or for what service managers and containers send instead.
#[cfg(unix)]
async fn told_to_end() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        result = tokio::signal::ctrl_c() => result,
        _ = terminate.recv() => Ok(()),
    }
}

/// Waits for Ctrl-C.
#[cfg(not(unix))]
async fn told_to_end() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}
