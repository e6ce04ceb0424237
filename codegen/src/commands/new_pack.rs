//! `codegen new-pack`

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;

use super::streams::Stdout;

pub(crate) fn new_pack(folder: &Path, from: Option<&str>) -> Result<ExitCode> {
    let files = match from {
        Some(name) => qingstor_codegen::new_pack::copy(name, folder)?,
        None => qingstor_codegen::new_pack::write(folder)?,
    };
    let mut out = Stdout::lock();
    let shown = folder.display();
    for file in files {
        writeln!(out, "wrote {shown}/{file}")?;
    }
    let then = match from {
        Some(_) => String::new(),
        None => format!(", then read {shown}/README.md"),
    };
    writeln!(out, "next: `codegen test-pack {shown}`{then}")?;
    Ok(ExitCode::SUCCESS)
}
