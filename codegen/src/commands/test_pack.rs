//! `codegen test-pack`

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use qingstor_codegen::golden::Golden;

pub(crate) fn test_pack(pack: PathBuf, overrides: Vec<PathBuf>, update: bool) -> Result<ExitCode> {
    let shown = pack.display().to_string();
    let golden = Golden::new(pack);
    let golden = overrides
        .into_iter()
        .fold(golden, Golden::override_templates);
    let names = golden.names()?;
    if names.is_empty() {
        eprintln!(
            "error[test-pack]: {shown} has no tests; make the folder {shown}/tests/small, perhaps with \
             spec.json and overlay.json in it, and run `codegen test-pack {shown} --update`"
        );
        return Ok(ExitCode::FAILURE);
    }
    let mut out = std::io::stdout().lock();
    if update {
        let mut changed = 0;
        for name in &names {
            for path in golden.update(name)? {
                writeln!(out, "updated {path}")?;
                changed += 1;
            }
        }
        writeln!(out, "{} tests, {changed} files updated", names.len())?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut failed = 0;
    for name in &names {
        let outcome = golden.run(name)?;
        if outcome.differences.is_empty() {
            writeln!(out, "test {name}: ok")?;
            continue;
        }
        failed += 1;
        writeln!(out, "test {name}: FAILED")?;
        for difference in &outcome.differences {
            write!(out, "{}", difference.diff)?;
        }
    }
    writeln!(out, "{} tests, {failed} failed", names.len())?;
    if failed == 0 {
        return Ok(ExitCode::SUCCESS);
    }
    writeln!(
        out,
        "if the pack is right, run `codegen test-pack {shown} --update`"
    )?;
    Ok(ExitCode::FAILURE)
}
