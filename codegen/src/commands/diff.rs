//! `codegen diff`

mod revision;
mod root;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, anyhow};
use clap::{Args, ValueEnum};
use qingstor_codegen::Generator;
use qingstor_codegen::diff::Report;

use revision::Revisions;

#[derive(Debug, Args)]
pub(crate) struct Diff {
    /// The specification from before: its root file, a folder that holds it, or `REV:PATH`, the
    /// path from the root of the git repository.
    old: String,
    /// The specification from now, given in the same way.
    new: String,
    /// An overlay of the old specification, a file or `REV:PATH`; may be given again.
    #[arg(long, value_name = "FILE")]
    overlay_old: Vec<String>,
    /// An overlay of the new specification.
    #[arg(long, value_name = "FILE")]
    overlay_new: Vec<String>,
    /// Use the names and types of this pack.
    #[arg(short, long, value_name = "PACK")]
    template: Option<PathBuf>,
    /// How to say it.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Exit with 1 if a change is breaking.
    #[arg(long)]
    exit_code: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

pub(crate) fn diff(diff: &Diff) -> Result<ExitCode> {
    let report = compared(diff)?;
    let mut out = std::io::stdout().lock();
    match diff.format {
        Format::Text => write!(out, "{report}")?,
        Format::Json => writeln!(out, "{}", serde_json::to_string_pretty(&report)?)?,
    }
    Ok(if diff.exit_code && report.is_breaking() {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

fn compared(diff: &Diff) -> Result<Report> {
    let mut revisions = Revisions::default();
    let old = side(&diff.old, &diff.overlay_old, &mut revisions)?;
    let new = side(&diff.new, &diff.overlay_new, &mut revisions)?;
    let generator = match &diff.template {
        Some(pack) => new.generator.pack(pack),
        None => new.generator,
    };
    let report = generator
        .changes_since(&old.generator)
        // The folders are gone when the message is read.
        .map_err(|error| anyhow!("{}", revisions.named(&error.to_string())))?;
    Ok(report.prefixed(old.prefix, new.prefix))
}

/// One specification with its overlays.
struct Side {
    generator: Generator,
    /// What names of files begin with: the revision.
    prefix: String,
}

fn side(spec: &str, overlays: &[String], revisions: &mut Revisions) -> Result<Side> {
    let path = revisions.path(spec)?;
    let root = root::find(&path)
        .map_err(|message| anyhow!("error[diff]: {}", revisions.named(&message)))?;
    let mut generator = Generator::new().spec(root);
    let mut prefix = String::new();
    if let Some((revision, folder)) = revisions.of(spec) {
        prefix = format!("{revision}:");
        generator = generator.base(folder);
    }
    for overlay in overlays {
        generator = generator.overlay(revisions.path(overlay)?);
    }
    Ok(Side { generator, prefix })
}

/// A path with forward slashes, for messages.
fn shown(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}
