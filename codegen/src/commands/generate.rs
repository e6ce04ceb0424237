//! `codegen generate`

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use qingstor_codegen::Generator;

use super::streams::{Stdout, print_error};

pub(crate) fn generate(generator: &Generator, folder: &Path) -> Result<ExitCode> {
    let summary = generator.run()?;
    // Print paths with their folder, because several runs can write files of the same name.
    let shown = |path: &str| {
        let folder = folder.strip_prefix(".").unwrap_or(folder);
        folder.join(path).display().to_string().replace('\\', "/")
    };
    for template in &summary.unused_templates {
        print_error(format_args!(
            "warning[template-unused]: {template}: nothing renders or includes it\n  help: name it in \
             pack.json, include it in another template, or remove it"
        ));
    }
    for path in &summary.edited {
        print_error(format_args!(
            "warning[output-edited]: {}: it was edited since the last run, and the edits are lost\n  \
             help: change the template or the specification instead",
            shown(path)
        ));
    }
    let mut out = Stdout::lock();
    for path in &summary.written {
        writeln!(out, "wrote {}", shown(path))?;
    }
    for path in &summary.removed {
        writeln!(out, "removed {}", shown(path))?;
    }
    writeln!(
        out,
        "{} written, {} unchanged, {} removed",
        summary.written.len(),
        summary.unchanged,
        summary.removed.len()
    )?;
    Ok(ExitCode::SUCCESS)
}
