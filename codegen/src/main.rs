//! The command line of the generator.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Parser, Subcommand, ValueEnum};
use qingstor_codegen::Generator;

/// Renders files from a Swagger 2.0 specification and a pack of templates.
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
    Lint {
        #[command(flatten)]
        input: Input,
        /// How to say it.
        #[arg(long, value_enum, default_value_t = Format::Human)]
        format: Format,
    },
    /// Print the model that templates see, as JSON.
    Dump {
        #[command(flatten)]
        input: Input,
        /// Use the names and types of this pack.
        #[arg(short, long, value_name = "PACK")]
        template: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
struct Input {
    /// The root file of the specification.
    #[arg(short = 'f', long = "file", value_name = "SPEC")]
    spec: PathBuf,
    /// Corrections and additions to the specification.
    #[arg(long, value_name = "FILE")]
    overlay: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct Output {
    #[command(flatten)]
    input: Input,
    /// The folder with the templates and pack.json.
    #[arg(short, long, value_name = "PACK")]
    template: PathBuf,
    /// Where files are written to.
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// For people.
    Human,
    /// For editors and CI.
    Json,
}

impl Input {
    fn generator(self) -> Generator {
        let generator = Generator::new().spec(self.spec);
        match self.overlay {
            Some(overlay) => generator.overlay(overlay),
            None => generator,
        }
    }
}

impl Output {
    fn generator(self) -> Generator {
        let generator = self.input.generator();
        generator.pack(self.template).out_dir(self.output)
    }
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
        Command::Generate(output) => generate(&output.generator()),
        Command::Check(output) => check(&output.generator()),
        Command::Lint { input, format } => lint(&input.generator(), format),
        Command::Dump { input, template } => dump(input.generator(), template),
    }
}

fn generate(generator: &Generator) -> Result<ExitCode> {
    let summary = generator.run()?;
    let mut out = std::io::stdout().lock();
    for path in &summary.written {
        writeln!(out, "wrote {path}")?;
    }
    for path in &summary.removed {
        writeln!(out, "removed {path}")?;
    }
    writeln!(
        out,
        "{} written, {} unchanged, {} removed",
        summary.written.len(),
        summary.unchanged,
        summary.removed.len()
    )?;
    Ok(ExitCode::SUCCESS)
}

fn check(generator: &Generator) -> Result<ExitCode> {
    let stale = generator.check()?;
    if stale.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    let mut out = std::io::stdout().lock();
    for one in &stale {
        writeln!(out, "{one}")?;
    }
    writeln!(
        out,
        "{} stale: run `make generate` and commit the result",
        stale.len()
    )?;
    Ok(ExitCode::FAILURE)
}

fn lint(generator: &Generator, format: Format) -> Result<ExitCode> {
    let report = generator.lint();
    let mut out = std::io::stdout().lock();
    match format {
        Format::Json => writeln!(out, "{}", serde_json::to_string_pretty(&report)?)?,
        Format::Human if report.findings.is_empty() => {}
        Format::Human => {
            let warnings = report.findings.len() - report.errors();
            writeln!(
                out,
                "{report}\n{} errors, {warnings} warnings",
                report.errors()
            )?;
        }
    }
    Ok(if report.has_errors() {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

fn dump(generator: Generator, template: Option<PathBuf>) -> Result<ExitCode> {
    let generator = match template {
        Some(pack) => generator.pack(pack),
        None => generator,
    };
    let model = generator.model()?;
    let mut out = std::io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, &model)?;
    writeln!(out)?;
    Ok(ExitCode::SUCCESS)
}
