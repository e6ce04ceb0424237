//! Support for build scripts.

use std::collections::BTreeSet;
use std::env;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::{Error, Generator};
use crate::diagnostic::{Finding, Report, Severity, one_line};
use crate::render::RenderError;

impl Generator {
    /// Writes the files from a build script, and reports the result to Cargo.
    ///
    /// The default output folder is `OUT_DIR`. Paths are relative to the package. Cargo runs the
    /// script again if a file of the specification, an overlay, or anything in a folder of
    /// templates changes.
    ///
    /// Errors fail the build. Cargo shows each finding in one line with its file, line and column,
    /// and below that the full report as the error output of the script.
    /// ```no_run
    /// // build.rs
    /// use std::process::ExitCode;
    ///
    /// fn main() -> ExitCode {
    ///     qingstor_codegen::Generator::new()
    ///         .spec("specs/api.json")
    ///         .overlay("specs/overlay.json")
    ///         .pack("templates")
    ///         .run_in_build_script()
    /// }
    /// ```
    ///
    /// A single file is included with `include!(concat!(env!("OUT_DIR"), "/api.rs"));`. It must not
    /// begin with `//!`. For several files, let the pack render a file with
    /// `#[path = "mod.rs"] mod api;` to include, and a `mod.rs` that declares the modules beside
    /// it.
    #[must_use = "the return value of the build script's `main` reports failures to Cargo"]
    pub fn run_in_build_script(&self) -> ExitCode {
        let done = self.run_for_cargo(env::var_os("OUT_DIR").map(PathBuf::from));
        let (says, code) = match &done {
            Ok(inputs) => (rerun_if_changed(inputs), ExitCode::SUCCESS),
            Err(error) => (failure(error), ExitCode::FAILURE),
        };
        let written = io::stdout().lock().write_all(says.as_bytes());
        if let Err(error) = &done {
            // If writing to standard error fails, the exit code still reports the failure.
            let _ = writeln!(io::stderr(), "{}", error.to_string().trim_end());
        }
        if written.is_ok() {
            code
        } else {
            ExitCode::FAILURE
        }
    }

    /// Writes the files, and returns the inputs that they depend on.
    fn run_for_cargo(&self, out_dir: Option<PathBuf>) -> Result<BTreeSet<PathBuf>, Error> {
        if self.out_dir.as_os_str().is_empty() {
            let folder = out_dir.ok_or(Error::NoOutDir)?;
            self.clone().out_dir(folder).run()?;
        } else {
            self.run()?;
        }
        // Cargo watches everything in a folder, so that new templates count. The folder of the
        // specification is not watched: it can be the package itself, and new files in it change
        // nothing.
        let folders = self.pack_folders().map(Path::to_owned);
        Ok(self.spec_files().into_iter().chain(folders).collect())
    }
}

/// Returns the lines for Cargo. A failed script needs none, because Cargo runs it again anyway.
fn rerun_if_changed(inputs: &BTreeSet<PathBuf>) -> String {
    let mut lines = String::new();
    for path in inputs {
        // A path with a line break becomes one that does not exist, so the script always runs
        // again.
        let path = path.to_string_lossy();
        let path = path.replace('\n', "\\n").replace('\r', "\\r");
        // Writing to a string cannot fail.
        let _ = writeln!(lines, "cargo::rerun-if-changed={path}");
    }
    lines
}

/// Returns one line per finding. Cargo shows these lines with the name of the package.
fn failure(error: &Error) -> String {
    let (Error::Spec(report) | Error::Render(RenderError::Template(report))) = error else {
        let message = error.to_string();
        return format!("cargo::error={}\n", one_line(message.trim_end()));
    };
    let Report { findings } = report;
    findings.iter().map(line).collect()
}

fn line(finding: &Finding) -> String {
    let kind = match finding.severity {
        Severity::Error => "error",
        Severity::Warning | Severity::Note => "warning",
    };
    let place = finding.place.as_ref();
    let place = place.map_or_else(String::new, |place| {
        format!("{}:{}:{}: ", place.file, place.line, place.column)
    });
    let text = format!("{place}{} [{}]", finding.message, finding.rule);
    format!("cargo::{kind}={}\n", one_line(&text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_with_line_breaks_do_not_inject_cargo_lines() {
        // A mark for the direction of text is part of the path.
        let inputs = ["a\ncargo::rustc-cfg=b", "c\u{200f}.json"];
        let inputs = inputs.map(PathBuf::from).into();
        assert_eq!(
            rerun_if_changed(&inputs),
            "cargo::rerun-if-changed=a\\ncargo::rustc-cfg=b\n\
             cargo::rerun-if-changed=c\u{200f}.json\n"
        );
    }

    #[test]
    fn outside_cargo_an_output_folder_is_required() {
        let generator = Generator::new().spec("api.json").pack("templates");
        let error = generator.run_for_cargo(None).unwrap_err();
        assert_eq!(
            failure(&error),
            "cargo::error=error[output]: there is no OUT_DIR; call this from a build.rs, or call \
             `Generator::out_dir`\n"
        );
    }
}
