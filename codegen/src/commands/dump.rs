//! `codegen dump`

use std::io::Write;
use std::process::ExitCode;

use anyhow::Result;
use qingstor_codegen::{Generator, schema};

use super::streams::Stdout;

/// A JSON Schema that `--schema` prints.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(crate) enum Schema {
    /// Schema of the model that templates see.
    Model,
    /// Schema of pack.json.
    Pack,
}

pub(crate) fn dump(generator: &Generator) -> Result<ExitCode> {
    print(&generator.model()?)
}

pub(crate) fn dump_schema(of: Schema) -> Result<ExitCode> {
    match of {
        Schema::Model => print(&schema::model()),
        Schema::Pack => print(&schema::manifest()),
    }
}

fn print(value: &impl serde::Serialize) -> Result<ExitCode> {
    let mut out = Stdout::lock();
    serde_json::to_writer_pretty(&mut out, value)?;
    writeln!(out)?;
    Ok(ExitCode::SUCCESS)
}
