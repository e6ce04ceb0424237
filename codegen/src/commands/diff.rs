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

use super::streams::Stdout;

use revision::Revisions;

#[derive(Debug, Args)]
pub(crate) struct Diff {
    /// The old specification: its root file, its folder, or `REV:PATH`, where PATH starts at the
    /// root of the git repository.
    old: String,
    /// The new specification, in the same form.
    new: String,
    /// An overlay of the old specification: a file, or `REV:PATH`. Can be repeated.
    #[arg(long, value_name = "FILE")]
    overlay_old: Vec<String>,
    /// An overlay of the new specification. Can be repeated.
    #[arg(long, value_name = "FILE")]
    overlay_new: Vec<String>,
    /// Folder that references of the old specification cannot leave: a path, or `REV:PATH`, or
    /// `REV:` for the whole repository. The default is the folder of its root file.
    #[arg(long, value_name = "DIR")]
    spec_root_old: Option<String>,
    /// Folder that references of the new specification cannot leave.
    #[arg(long, value_name = "DIR")]
    spec_root_new: Option<String>,
    /// Use the naming rules and the type map of this pack, instead of the pack `rust` that the
    /// program contains.
    #[arg(short, long, value_name = "PACK")]
    template: Option<PathBuf>,
    /// Output format.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Exit with status 1 if there is a breaking change.
    #[arg(long)]
    exit_code: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// Text.
    Text,
    /// JSON.
    Json,
}

pub(crate) fn diff(diff: &Diff) -> Result<ExitCode> {
    let report = compared(diff)?;
    let mut out = Stdout::lock();
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
    let (old_root, new_root) = (&diff.spec_root_old, &diff.spec_root_new);
    let old = side(&diff.old, &diff.overlay_old, old_root, &mut revisions)?;
    let new = side(&diff.new, &diff.overlay_new, new_root, &mut revisions)?;
    let generator = match &diff.template {
        Some(pack) => new.generator.pack(pack),
        None => new.generator,
    };
    let report = generator
        .changes_since(&old.generator)
        // The temporary folders no longer exist when the user reads the message.
        .map_err(|error| anyhow!("{}", revisions.named(&error.to_string())))?;
    Ok(report.prefixed(old.prefix, new.prefix))
}

/// A specification with its overlays.
struct Side {
    generator: Generator,
    /// Prefix of file names in the report: the revision.
    prefix: String,
}

fn side(
    spec: &str,
    overlays: &[String],
    spec_root: &Option<String>,
    revisions: &mut Revisions,
) -> Result<Side> {
    let path = revisions.path(spec)?;
    let root = root::find(&path)
        .map_err(|message| anyhow!("error[diff]: {}", revisions.named(&message)))?;
    let mut generator = Generator::new().spec(root);
    let mut prefix = String::new();
    if let Some((revision, folder)) = revisions.of(spec) {
        prefix = format!("{revision}:");
        generator = generator.base(folder);
    }
    if let Some(folder) = spec_root {
        generator = generator.spec_root(revisions.path(folder)?);
    }
    for overlay in overlays {
        generator = generator.overlay(revisions.path(overlay)?);
    }
    Ok(Side { generator, prefix })
}

/// Returns the path with forward slashes, for messages.
fn shown(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}
