//! The program `qingstor-emulator`.

mod arguments;
mod signals;

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use clap::Parser as _;
use clap::error::ErrorKind;
use qingstor_emulator::{
    Builder, DEFAULT_ACCESS_KEY_ID, DEFAULT_SECRET_ACCESS_KEY, Emulator, OPENING_THREAD,
};

use arguments::Arguments;
use signals::Signals;

/// Exit code if the start fails.
const EXIT_START_FAILED: u8 = 2;
/// Exit code after the second signal.
const EXIT_FORCED: u8 = 1;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
            ) =>
        {
            // Standard output may be closed.
            let _ = error.print();
            return ExitCode::SUCCESS;
        }
        Err(error) => return fail(&first_paragraph(&error.to_string())),
    };
    match run(arguments) {
        Ok(code) => code,
        Err(error) => fail(&format!("error: {error:#}")),
    }
}

fn fail(message: &str) -> ExitCode {
    // Nothing can be done if standard error is closed.
    let _ = writeln!(std::io::stderr(), "{message}");
    ExitCode::from(EXIT_START_FAILED)
}

/// Returns the message of clap without the usage, as one line.
fn first_paragraph(message: &str) -> String {
    let paragraph = message.split("\n\n").next().unwrap_or_default();
    paragraph.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Hides the output of panics of the database library at a damaged file. The emulator reports them
/// as an error in one line.
fn silence_opening_thread() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if std::thread::current().name() != Some(OPENING_THREAD) {
            report(panic);
        }
    }));
}

#[tokio::main]
async fn run(arguments: Arguments) -> Result<ExitCode> {
    tracing_subscriber::fmt()
        .with_max_level(arguments.log)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .init();
    silence_opening_thread();
    signals::survive_file_size_limits().context("cannot set up signals")?;
    let has_account = !arguments.access_key_id.is_empty();
    let builder = builder(arguments)?;
    // Signals are handled before the address is printed, because a reader may send one immediately.
    let mut signals = Signals::new().context("cannot wait for signals")?;
    let emulator = builder.start().await?;
    if !has_account {
        tracing::info!(
            access_key_id = DEFAULT_ACCESS_KEY_ID,
            secret_access_key = DEFAULT_SECRET_ACCESS_KEY,
            "using the default account, because no account is specified"
        );
    }
    if let Some(url) = emulator.console_url() {
        tracing::info!(url, "serving the console");
    }
    let mut stdout = std::io::stdout();
    writeln!(stdout, "listening on {}", emulator.endpoint())
        .and_then(|()| stdout.flush())
        .context("cannot write to standard output")?;
    signals.next().await;
    tokio::select! {
        () = emulator.shutdown() => Ok(ExitCode::SUCCESS),
        () = signals.next() => Ok(ExitCode::from(EXIT_FORCED)),
    }
}

fn builder(arguments: Arguments) -> Result<Builder> {
    let ids = arguments.access_key_id;
    let secrets = arguments.secret_access_key;
    if ids.len() != secrets.len() {
        bail!(
            "{} --access-key-id and {} --secret-access-key do not make pairs",
            ids.len(),
            secrets.len()
        );
    }
    let mut builder = Emulator::builder()
        .listen(arguments.listen)
        .grace(arguments.grace)
        .console(arguments.console || arguments.admin)
        .admin(arguments.admin);
    for host in arguments.console_host {
        builder = builder.console_host(host);
    }
    if arguments.explain_signatures {
        builder = builder.explain_signatures(true);
    }
    if let Some(directory) = arguments.data_dir {
        builder = builder.data_dir(directory);
    }
    if arguments.in_memory {
        builder = builder.in_memory();
    }
    if !arguments.zone.is_empty() {
        builder = builder.zones(arguments.zone);
    }
    for (id, secret) in ids.into_iter().zip(secrets) {
        builder = builder.account(id, secret);
    }
    for rule in arguments.fault {
        builder = builder.fault(rule);
    }
    if let Some(seed) = arguments.fault_seed {
        builder = builder.fault_seed(seed);
    }
    Ok(builder)
}
