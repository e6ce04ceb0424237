//! `codegen dump`

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use qingstor_codegen::Generator;

pub(crate) fn dump(generator: Generator, template: Option<PathBuf>) -> Result<ExitCode> {
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
