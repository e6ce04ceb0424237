//! The command line of the generator.

mod commands;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use commands::input::{Input, Output};
use commands::lint::Lint;
use commands::{check, dump, generate, lint};

/// Renders files from a Swagger 2.0 or OpenAPI 3 specification and a pack of templates.
#[derive(Debug, Parser)]
#[command(name = "codegen", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write the files of a pack: all of them, or none.
    Generate(Output),
    /// Compare the files of a pack with what would be written; exit with 1 if they differ.
    Check(Output),
    /// Say what is wrong with a specification; exit with 1 if there are errors.
    Lint(Lint),
    /// Print the model that templates see, as JSON.
    Dump {
        #[command(flatten)]
        input: Input,
        /// Use the names and types of this pack.
        #[arg(short, long, value_name = "PACK")]
        template: Option<PathBuf>,
    },
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(code) => code,
        // Who reads our output had enough of it.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // The library's messages hold their causes.
            eprintln!("{}", error.to_string().trim_end());
            ExitCode::FAILURE
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let kind = |error: &std::io::Error| error.kind() == std::io::ErrorKind::BrokenPipe;
    let json =
        |error: &serde_json::Error| error.io_error_kind() == Some(std::io::ErrorKind::BrokenPipe);
    error.downcast_ref().is_some_and(kind) || error.downcast_ref().is_some_and(json)
}

fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Generate(output) => generate::generate(&output.generator()),
        Command::Check(output) => check::check(&output.generator()),
        Command::Lint(arguments) => lint::lint(arguments),
        Command::Dump { input, template } => dump::dump(input.generator(), template),
    }
}
