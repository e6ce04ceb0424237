//! The program `qingstor`: a command line for QingStor object storage.

mod action;
mod api;
mod arguments;
mod commands;
mod completion;
mod curl;
mod debug_log;
mod exit;
#[expect(
    clippy::mod_module_files,
    reason = "the generator only writes below its output folder"
)]
mod generated;
mod global_options;
mod kept_downloads;
mod listing;
mod location;
mod messages;
mod open_uploads;
mod output;
mod pattern;
mod printable;
mod progress;
mod quantities;
mod service_clock;
mod session;
mod signals;
mod special_files;

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use clap::error::ErrorKind;
use clap::{CommandFactory as _, FromArgMatches as _};
use clap_complete::CompleteEnv;

use arguments::Cli;
use exit::{DONE, FAILED, USAGE, code_of, exit_code};
use messages::usage_errors;
use open_uploads::OpenUpload;
use output::Output;
use session::Session;
use signals::{Signal, Signals};

/// The longest wait for requests that abort uploads after Ctrl-C.
const MAX_ABORT_TIME: Duration = Duration::from_secs(10);

fn main() -> ExitCode {
    CompleteEnv::with_factory(command)
        .shells(completion::shells::shells())
        .complete();
    // Also for the errors of the parser.
    messages::use_english(is_json_requested());
    let matches = command().try_get_matches();
    let cli = match matches.and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        Err(error) => return exit_code(print_usage(error)),
    };
    messages::use_english(cli.global.json);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => {
            let code = runtime.block_on(run(cli));
            // A blocked read of standard input must not keep the process alive.
            runtime.shutdown_background();
            exit_code(code)
        }
        Err(error) => {
            let _ = writeln!(io::stderr(), "{}", messages::error(error));
            exit_code(FAILED)
        }
    }
}

/// Prints a usage error, or the help that was asked for. Returns the exit code.
fn print_usage(error: clap::Error) -> u8 {
    let arguments = std::env::args_os().skip(1);
    let arguments: Vec<_> = arguments
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect();
    let json = is_json_requested();
    // Nothing can be done if the output is closed.
    let print_json = |text: String| {
        let _ = writeln!(io::stdout(), "{}", serde_json::json!({"error": text}));
    };
    if error.kind() == ErrorKind::DisplayHelp && usage_errors::means_sizes(&arguments) {
        let text = messages::help_instead_of_sizes();
        match json {
            true => print_json(text),
            false => drop(writeln!(io::stderr(), "{}", messages::error(text))),
        }
        return USAGE;
    }
    let error = usage_errors::with_few_operations(error);
    let code = if error.use_stderr() { USAGE } else { DONE };
    if code == USAGE && json {
        print_json(usage_errors::one_line(&error));
        return code;
    }
    let _ = match usage_errors::translated(&error) {
        Some(text) if code == USAGE => write!(io::stderr(), "{text}"),
        Some(text) => write!(io::stdout(), "{text}"),
        None => error.print(),
    };
    code
}

/// Returns whether `--json` is probably set. For use before the arguments are parsed.
fn is_json_requested() -> bool {
    let mut arguments = std::env::args_os().take_while(|argument| argument != "--");
    arguments.any(|argument| argument == "--json")
}

/// Returns the command line in the language of the locale.
fn command() -> clap::Command {
    messages::help::translated(Cli::command())
}

/// Runs the command, and returns the exit code.
async fn run(cli: Cli) -> u8 {
    let session = Arc::new(Session::new(cli.global));
    let output = session.output();
    let mut signals = match Signals::new() {
        Ok(signals) => signals,
        Err(error) => {
            output.error(&error.into());
            return FAILED;
        }
    };
    let is_transfer = cli.command.is_transfer();
    let is_server = cli.command.is_server();
    let ended = tokio::select! {
        result = commands::run(&session, &output, cli.command) => Ok(result),
        signal = async {
            let signal = signals.next().await;
            // Before the commands are dropped.
            session.open_uploads().interrupt();
            signal
        } => Err(signal),
    };
    output.show_progress(progress::Progress::hidden());
    match ended {
        Ok(result) => {
            let code = finish(&output, result);
            if code != DONE && is_transfer {
                name_uploads(&session, &output);
                name_downloads(&session, &output, &mut signals).await;
            }
            code
        }
        Err(_) if is_server => DONE,
        Err(signal) => {
            wait_for_aborts(&session, &mut signals).await;
            interrupted(&session, &output);
            name_downloads(&session, &output, &mut signals).await;
            signal.exit_code()
        }
    }
}

/// Reports the error of the command, and returns the exit code.
fn finish(output: &Output, result: Result<()>) -> u8 {
    let result = result.and_then(|()| output.flush());
    let code = match &result {
        Ok(()) => DONE,
        Err(error) => code_of(error),
    };
    if let Err(error) = &result
        && code != DONE
    {
        output.error(error);
    }
    match code {
        DONE if output.failures() > 0 => FAILED,
        code => code,
    }
}

/// Waits until the uploads of dropped transfers are aborted. A second signal ends the wait.
async fn wait_for_aborts(session: &Session, signals: &mut Signals) {
    tokio::select! {
        () = session.wait_for_aborts(MAX_ABORT_TIME) => {}
        _ = signals.next() => {}
    }
}

/// Says which uploads are aborted, and which are left.
fn interrupted(session: &Session, output: &Output) {
    let _ = output.flush();
    output.stderr(&messages::interrupted());
    for (name, maybe_completed) in session.open_uploads().aborted() {
        let name = output::printable_name(&name);
        output.stderr(&match maybe_completed {
            true => messages::upload_aborted_or_completed(name),
            false => messages::upload_aborted(name),
        });
    }
    name_uploads(session, output);
}

/// Says which uploads are left.
fn name_uploads(session: &Session, output: &Output) {
    for (name, upload) in session.open_uploads().open() {
        let name = output::printable_name(&name);
        output.stderr(&match upload {
            OpenUpload::Kept => messages::transfer_kept(name),
            OpenUpload::KeptWithoutParts => messages::upload_kept_without_parts(name),
            OpenUpload::NotKept => messages::upload_unknown(name),
        });
    }
}

/// Names the files with the bytes of downloads that the same command continues. A signal ends the search.
async fn name_downloads(session: &Session, output: &Output, signals: &mut Signals) {
    let downloads = session.kept_downloads().clone();
    let found = tokio::select! {
        found = tokio::task::spawn_blocking(move || downloads.find()) => found,
        _ = signals.next() => return,
    };
    for path in found.unwrap_or_default() {
        let name = path.display().to_string();
        output.stderr(&messages::transfer_kept(output::printable_name(&name)));
    }
}

impl Signal {
    fn exit_code(self) -> u8 {
        match self {
            Self::Interrupt => exit::INTERRUPTED,
            Self::Terminate => exit::TERMINATED,
            Self::HangUp => exit::HUNG_UP,
        }
    }
}
