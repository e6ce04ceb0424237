//! `codegen check`

use std::io::Write;
use std::process::ExitCode;

use anyhow::Result;
use qingstor_codegen::Generator;

use super::streams::Stdout;

pub(crate) fn check(generator: &Generator) -> Result<ExitCode> {
    let stale = generator.check()?;
    if stale.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    let mut out = Stdout::lock();
    for one in &stale {
        writeln!(out, "{one}")?;
    }
    writeln!(
        out,
        "{} stale: run `generate` with the same arguments",
        stale.len()
    )?;
    Ok(ExitCode::FAILURE)
}
