//! Command line of the generator.

mod commands;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::builder::PossibleValuesParser;
use clap::{Parser, Subcommand};

use commands::dump::Schema;
use commands::input::{Formatter, Input, Output, Overrides};
use commands::lint::Lint;
use commands::streams::print_error;
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
        /// Render again whenever the specification or a template changes, until Ctrl-C.
        #[arg(long)]
        watch: bool,
    },
    /// Compare the files of a pack with those that `generate` would write. Exits with 1 if they
    /// differ. Runs the pack's formatter.
    Check(Output),
    /// Check a specification. Exits with 1 if there are errors.
    Lint(Lint),
    /// Compare two specifications, and print the changes of the Rust SDK and the version bump.
    Diff(diff::Diff),
    /// Print the model that templates see, as JSON.
    Dump {
        #[command(flatten)]
        input: Option<Input>,
        /// Use the naming rules and the type map of this pack.
        #[arg(short, long, value_name = "PACK")]
        template: Option<PathBuf>,
        #[command(flatten)]
        overrides: Overrides,
        /// Print a JSON Schema instead: of the model, or of pack.json.
        #[arg(long, value_enum, exclusive = true, num_args = 0..=1, default_missing_value = "model")]
        schema: Option<Schema>,
    },
    /// Write a small working pack, or a copy of an existing one, into a new folder.
    NewPack {
        /// Folder for the pack. It must be empty or not exist.
        #[arg(value_name = "DIR")]
        folder: PathBuf,
        /// Copy this pack: the SDK for Rust, its emulator, the reference, or the package for Python.
        #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(qingstor_codegen::new_pack::names()))]
        from: Option<String>,
    },
    /// Run the tests of a pack. Exits with 1 if an output differs. Runs the pack's formatter.
    TestPack {
        /// Folder with the templates, pack.json and tests.
        #[arg(value_name = "PACK")]
        pack: PathBuf,
        #[command(flatten)]
        overrides: Overrides,
        #[command(flatten)]
        formatter: Formatter,
        /// Replace the expected outputs by the current ones.
        #[arg(long)]
        update: bool,
    },
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(code) => code,
        // The reader of what `generate --watch` prints closed the pipe.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // Messages of the library already include their causes.
            print_error(error.to_string().trim_end());
            ExitCode::FAILURE
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let kind = |error: &std::io::Error| error.kind() == std::io::ErrorKind::BrokenPipe;
    error.downcast_ref().is_some_and(kind)
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
        Command::NewPack { folder, from } => new_pack::new_pack(&folder, from.as_deref()),
        Command::TestPack {
            pack,
            overrides,
            formatter,
            update,
        } => test_pack::test_pack(pack, overrides.folders, formatter.into(), update),
    }
}
