//! `codegen lint`

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, ValueEnum};
use qingstor_codegen::Generator;
use qingstor_codegen::diagnostic::{Report, Severity, rules};

use super::streams::Stdout;

#[derive(Debug, Args)]
pub(crate) struct Lint {
    /// Root file of the specification.
    #[arg(
        short = 'f',
        long = "file",
        value_name = "SPEC",
        required_unless_present = "rules"
    )]
    spec: Option<PathBuf>,
    /// Overlay with corrections and additions to the specification. Can be repeated; overlays apply
    /// in order.
    #[arg(long, value_name = "FILE")]
    overlay: Vec<PathBuf>,
    /// Folder that references of the specification cannot leave, instead of the folder of its root
    /// file.
    #[arg(long, value_name = "DIR")]
    spec_root: Option<PathBuf>,
    /// Use the naming rules and the type map of this pack, instead of the pack `rust` that the
    /// program contains.
    #[arg(short, long, value_name = "PACK")]
    template: Option<PathBuf>,
    /// Output format.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// Findings that make the command fail, in addition to errors.
    #[arg(long, value_enum, value_name = "LEVEL")]
    deny: Option<Level>,
    /// Print all rules with their help, instead of reading a specification.
    #[arg(long)]
    rules: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Format {
    /// Text.
    Human,
    /// JSON.
    Json,
    /// Workflow commands of GitHub Actions, which annotate the lines of a pull request.
    Github,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Level {
    /// Warnings.
    Warnings,
    /// Warnings and notes.
    Notes,
}

pub(crate) fn lint(arguments: Lint) -> Result<ExitCode> {
    let mut out = Stdout::lock();
    if arguments.rules {
        match arguments.format {
            Format::Json => {
                let all: Vec<_> = rules::all().collect();
                writeln!(out, "{}", serde_json::to_string_pretty(&all)?)?;
            }
            Format::Human | Format::Github => write!(out, "{}", rules::document())?,
        }
        return Ok(ExitCode::SUCCESS);
    }
    let mut generator = Generator::new().spec(arguments.spec.unwrap_or_default());
    if let Some(folder) = arguments.spec_root {
        generator = generator.spec_root(folder);
    }
    if let Some(pack) = arguments.template {
        generator = generator.pack(pack);
    }
    let overlays = arguments.overlay.into_iter();
    let report = overlays.fold(generator, Generator::overlay).lint()?;
    match arguments.format {
        Format::Json => writeln!(out, "{}", serde_json::to_string_pretty(&report)?)?,
        Format::Github => write!(out, "{}", report.github())?,
        Format::Human if report.findings.is_empty() => {}
        Format::Human => writeln!(out, "{report}\n{}", counts(&report))?,
    }
    let worst = report.findings.iter().map(|finding| finding.severity).max();
    let failure = match arguments.deny {
        None => Severity::Error,
        Some(Level::Warnings) => Severity::Warning,
        Some(Level::Notes) => Severity::Note,
    };
    Ok(match worst {
        Some(worst) if worst >= failure => ExitCode::FAILURE,
        _ => ExitCode::SUCCESS,
    })
}

fn counts(report: &Report) -> String {
    let counted = [Severity::Error, Severity::Warning, Severity::Note];
    let counted = counted.map(|severity| (report.count(severity), severity));
    let [errors, warnings, notes] = counted.map(|(count, severity)| match count {
        1 => format!("1 {severity}"),
        _ => format!("{count} {severity}s"),
    });
    match counted {
        [_, _, (0, _)] => format!("{errors}, {warnings}"),
        _ => format!("{errors}, {warnings}, {notes}"),
    }
}
