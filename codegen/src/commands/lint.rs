//! `codegen lint`

use std::io::Write;
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use qingstor_codegen::diagnostic::{Report, Severity, rules};

use super::input::Input;

#[derive(Debug, Args)]
pub(crate) struct Lint {
    #[command(flatten)]
    input: Option<Input>,
    /// How to say it.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// What is a failure besides errors.
    #[arg(long, value_enum, value_name = "LEVEL")]
    deny: Option<Level>,
    /// Print all rules with what they find and what to do, instead of reading a specification.
    #[arg(long)]
    rules: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Human,
    /// For editors and programs.
    Json,
    /// For workflows on GitHub, which show findings beside their lines.
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
    let mut out = std::io::stdout().lock();
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
    let Some(input) = arguments.input else {
        bail!("error[usage]: no specification was given; add `--file SPEC`, or `--rules`");
    };
    let report = input.generator().lint();
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
    let [errors, warnings, notes] = counted.map(|(count, severity)| format!("{count} {severity}s"));
    match counted {
        [_, _, (0, _)] => format!("{errors}, {warnings}"),
        _ => format!("{errors}, {warnings}, {notes}"),
    }
}
