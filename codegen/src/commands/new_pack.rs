//! `codegen new-pack`

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;

pub(crate) fn new_pack(folder: &Path) -> Result<ExitCode> {
    let files = qingstor_codegen::new_pack::write(folder)?;
    let mut out = std::io::stdout().lock();
    let shown = folder.display();
    for file in files {
        writeln!(out, "wrote {shown}/{file}")?;
    }
    writeln!(
        out,
        "next: `codegen test-pack {shown}`, then read {shown}/README.md"
    )?;
    Ok(ExitCode::SUCCESS)
}
