//! `codegen test-pack`

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};
use qingstor_codegen::Formatting;
use qingstor_codegen::pack_test::{FIRST_TEST, PackTests};

use super::streams::Stdout;

pub(crate) fn test_pack(
    pack: PathBuf,
    overrides: Vec<PathBuf>,
    formatting: Formatting,
    update: bool,
) -> Result<ExitCode> {
    let shown = pack.display().to_string();
    let golden = PackTests::new(pack).formatting(formatting);
    let golden = overrides
        .into_iter()
        .fold(golden, PackTests::override_templates);
    let names = golden.names()?;
    match (update, names.as_slice()) {
        (true, []) => keep(&golden, &[FIRST_TEST.to_owned()]),
        (true, names) => keep(&golden, names),
        (false, []) => bail!(
            "error[test-pack]: {shown} has no tests\n  help: `codegen test-pack {shown} --update` creates {shown}/tests/{FIRST_TEST} from a small API; add a spec.json there to use another API"
        ),
        (false, names) => compare(&golden, names, &shown),
    }
}

/// Replaces the expected outputs of the tests by the current outputs.
fn keep(golden: &PackTests, names: &[String]) -> Result<ExitCode> {
    let mut out = Stdout::lock();
    let mut changed = 0;
    for name in names {
        for path in golden.update(name)? {
            writeln!(out, "updated {path}")?;
            changed += 1;
        }
    }
    writeln!(out, "{} tests, {changed} files updated", names.len())?;
    Ok(ExitCode::SUCCESS)
}

fn compare(golden: &PackTests, names: &[String], shown: &str) -> Result<ExitCode> {
    let mut out = Stdout::lock();
    let mut failed = 0;
    for name in names {
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
