//! The command line of the generator.

mod commands;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::{Parser, Subcommand};

use commands::dump::Schema;
use commands::input::{Formatter, Input, Output, Overrides};
use commands::lint::Lint;
use commands::{check, diff, dump, generate, lint, new_pack, test_pack, watch};

/// Renders files from a Swagger 2.0 or OpenAPI 3 specification and a pack of templates.
#[derive(Debug, Parser)]
#[command(name = "codegen", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write the files of a pack: all of them, or none. Runs the pack's formatter.
    Generate {
        #[command(flatten)]
        output: Output,
        /// Go on: render again whenever a specification or a template changes, until Ctrl-C.
        #[arg(long)]
        watch: bool,
    },
    /// Compare the files of a pack with what would be written; exit with 1 if they differ. Runs the
    /// pack's formatter.
    Check(Output),
    /// Say what is wrong with a specification; exit with 1 if there are errors.
    Lint(Lint),
    /// Say what changed for who uses the SDK, and which version that needs.
    Diff(diff::Diff),
    /// Print the model that templates see, as JSON.
    Dump {
        #[command(flatten)]
        input: Option<Input>,
        /// Use the names and types of this pack.
        #[arg(short, long, value_name = "PACK")]
        template: Option<PathBuf>,
        #[command(flatten)]
        overrides: Overrides,
        /// Print a JSON Schema instead: of the model, or of pack.json.
        #[arg(long, value_enum, exclusive = true, num_args = 0..=1, default_missing_value = "model")]
        schema: Option<Schema>,
    },
    /// Write a small working pack into a new folder.
    NewPack {
        /// The folder; empty, or not there.
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
    /// Run a pack's own tests; exit with 1 if an output is not as expected. Runs the pack's
    /// formatter.
    TestPack {
        /// The folder with the templates, pack.json and tests.
        #[arg(value_name = "PACK")]
        pack: PathBuf,
        #[command(flatten)]
        overrides: Overrides,
        #[command(flatten)]
        formatter: Formatter,
        /// Make what the pack makes the expected outputs.
        #[arg(long)]
        update: bool,
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
        Command::Generate {
            output,
            watch: true,
        } => watch::watch(&output.generator()),
        Command::Generate { output, .. } => {
            let folder = output.folder.clone();
            generate::generate(&output.generator(), &folder)
        }
        Command::Check(output) => check::check(&output.generator()),
        Command::Lint(arguments) => lint::lint(arguments),
        Command::Diff(arguments) => diff::diff(&arguments),
        Command::Dump {
            schema: Some(of), ..
        } => dump::dump_schema(of),
        Command::Dump {
            input,
            template,
            overrides,
            schema: None,
        } => {
            let Some(input) = input else {
                bail!("error[dump]: name a specification with --file, or ask for --schema");
            };
            let generator = overrides.apply(input.generator());
            dump::dump(&match template {
                Some(pack) => generator.pack(pack),
                None => generator,
            })
        }
        Command::NewPack { folder } => new_pack::new_pack(&folder),
        Command::TestPack {
            pack,
            overrides,
            formatter,
            update,
        } => test_pack::test_pack(pack, overrides.folders, formatter.into(), update),
    }
}
