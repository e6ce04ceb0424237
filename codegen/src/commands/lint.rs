//! `codegen lint`

use std::io::Write;
use std::process::ExitCode;

use anyhow::Result;
use clap::ValueEnum;
use qingstor_codegen::Generator;

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Human,
    /// For editors and CI.
    Json,
}

pub(crate) fn lint(generator: &Generator, format: Format) -> Result<ExitCode> {
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
