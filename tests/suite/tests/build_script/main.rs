//! A package whose `build.rs` generates code from the specification and its own overlay.
//!
//! The package is kept in Cargo's folder for test files, so a second run does not compile the generator
//! again.
#![cfg(test)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use qingstor_suite::project::{copy, write};
use qingstor_suite::repository::{read, root};

struct Package {
    folder: PathBuf,
}

impl Package {
    /// Copies the package in `project` and the specification of this repository.
    fn new() -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("build_script");
        let project = root().join("tests/suite/tests/build_script/project");
        for part in ["src", "templates"] {
            copy(&project.join(part), &folder.join(part), &[]);
        }
        copy(&root().join("specs"), &folder.join("specs"), &[]);
        let package = Self { folder };
        for file in ["build.rs", "overlay.json"] {
            package.write(file, &std::fs::read_to_string(project.join(file)).unwrap());
        }
        // The locked versions of this repository need no network access. Cargo removes unused entries.
        package.write("Cargo.lock", &read("Cargo.lock"));
        let generator = root().join("codegen");
        package.write(
            "Cargo.toml",
            &format!(
                "[package]\nname = \"routes\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
                 [build-dependencies]\n\
                 qingstor-codegen = {{ path = {generator:?}, default-features = false }}\n\n\
                 [workspace]\n\n[profile.dev]\ndebug = false\n"
            ),
        );
        package
    }

    fn write(&self, file: &str, text: &str) {
        write(&self.folder.join(file), text.as_bytes());
    }

    /// Replaces the first occurrence of `from`, which must exist.
    fn edit(&self, file: &str, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.folder.join(file)).unwrap();
        assert!(text.contains(from), "{file} does not contain {from}");
        self.write(file, &text.replacen(from, to, 1));
    }

    fn cargo(&self, command: &str) -> Output {
        Command::new(env!("CARGO"))
            .args([command, "--offline", "--color=never"])
            .current_dir(&self.folder)
            .env("CARGO_TARGET_DIR", self.folder.join("target"))
            .env("RUSTFLAGS", "-D warnings -A dead_code")
            .output()
            .unwrap()
    }

    /// Runs the program. Returns its output, and whether Cargo compiled the package.
    fn run(&self) -> (String, bool) {
        let output = self.cargo("run");
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{stderr}");
        let stdout = String::from_utf8(output.stdout).unwrap();
        (stdout, stderr.contains("Compiling routes"))
    }

    /// Runs a build that must fail. Returns the messages of Cargo.
    fn failing_build(&self) -> String {
        let output = self.cargo("build");
        assert!(!output.status.success(), "the build succeeded");
        String::from_utf8(output.stderr).unwrap()
    }
}

/// One test, because each step depends on the previous one.
#[test]
fn a_build_script_regenerates_after_changes_and_reports_errors() {
    let package = Package::new();
    let (stdout, _) = package.run();
    let (request, count) = stdout.split_once('\n').unwrap();
    assert_eq!(request, "PUT /my-bucket/my-key?tagging");
    let specified = qingstor_emulator::OPERATIONS.len();
    assert_eq!(count.trim_end(), format!("one of {}", specified + 1));
    assert_eq!(
        package.run(),
        (stdout.clone(), false),
        "recompiled without a change"
    );

    for (file, from, to) in [
        ("overlay.json", "?tagging", "?labels"),
        ("templates/routes.rs.tera", "Routes of the", "Routes of all"),
        ("specs/qingstor/2016-01-06/object.json", "{", "{ "),
    ] {
        package.edit(file, from, to);
        let (stdout, compiled) = package.run();
        assert!(compiled, "not recompiled after a change of {file}");
        assert!(
            stdout.starts_with("PUT /my-bucket/my-key?labels\n"),
            "{stdout}"
        );
    }
    // A new template is an input even if no other template uses it. A new file beside the specification
    // is not an input.
    package.write("templates/added.tera", "{#- Empty. -#}\n");
    assert!(package.run().1, "not recompiled after a template was added");
    package.write("specs/NOTES.md", "Not a specification.\n");
    assert!(
        !package.run().1,
        "recompiled after an unrelated file was added"
    );

    package.edit("overlay.json", "\"integer\"", "\"integr\"");
    let messages = package.failing_build();
    let summary = "error: routes@0.0.0: overlay.json:19:57: unknown type `integr`";
    assert!(messages.contains(summary), "{messages}");
    assert!(messages.contains("--> overlay.json:19:57"), "{messages}");
    assert!(
        messages.contains("(exit status: 1)") || cfg!(not(unix)),
        "{messages}"
    );
    assert!(!messages.contains("panicked"), "{messages}");
    assert_eq!(
        messages,
        package.failing_build(),
        "the error must persist until it is fixed"
    );

    package.edit("overlay.json", "\"integr\"", "\"integer\"");
    package.edit(
        "templates/routes.rs.tera",
        "op.http_method",
        "op.http_methd",
    );
    let messages = package.failing_build();
    let summary = "error: routes@0.0.0: templates/routes.rs.tera:11:";
    assert!(messages.contains(summary), "{messages}");

    package.edit(
        "templates/routes.rs.tera",
        "op.http_methd",
        "op.http_method",
    );
    assert!(
        package.run().0.starts_with("PUT "),
        "still broken after the fix"
    );
}
