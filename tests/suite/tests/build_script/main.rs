//! A package whose `build.rs` renders from a specification that it changes by an overlay of its own.
//!
//! The package stays in Cargo's folder for tests: a second run compiles the generator no more.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use qingstor_suite::project::{copy, write};
use qingstor_suite::repository::{read, root};

struct Package {
    folder: PathBuf,
}

impl Package {
    /// The package as it lies beside this file, with the specification of this repository.
    fn new() -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("build_script");
        let own = root().join("tests/suite/tests/build_script/project");
        for part in ["src", "templates"] {
            copy(&own.join(part), &folder.join(part), &[]);
        }
        copy(&root().join("specs"), &folder.join("specs"), &[]);
        let package = Self { folder };
        for file in ["build.rs", "overlay.json"] {
            package.write(file, &std::fs::read_to_string(own.join(file)).unwrap());
        }
        // The versions of this repository, and so no network; Cargo drops what is not needed.
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

    /// Replaces a part of a file that must be there.
    fn edit(&self, file: &str, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.folder.join(file)).unwrap();
        assert!(text.contains(from), "{file} does not hold {from}");
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

    /// What the program prints, and whether Cargo compiled anything for it.
    fn run(&self) -> (String, bool) {
        let output = self.cargo("run");
        let says = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{says}");
        let prints = String::from_utf8(output.stdout).unwrap();
        (prints, says.contains("Compiling routes"))
    }

    /// What Cargo says when the build fails.
    fn fail(&self) -> String {
        let output = self.cargo("build");
        assert!(!output.status.success(), "the build should fail");
        String::from_utf8(output.stderr).unwrap()
    }
}

/// One test, for its steps follow each other.
#[test]
fn a_build_script_renders_what_changed_and_shows_what_is_wrong() {
    let package = Package::new();
    let (prints, _) = package.run();
    let (request, count) = prints.split_once('\n').unwrap();
    assert_eq!(request, "PUT /my-bucket/my-key?tagging");
    let sdk = qingstor_emulator::OPERATIONS.len();
    assert_eq!(count.trim_end(), format!("one of {}", sdk + 1));
    assert_eq!(package.run(), (prints.clone(), false), "nothing changed");

    for (file, from, to) in [
        ("overlay.json", "?tagging", "?labels"),
        (
            "templates/routes.rs.tera",
            "Where requests",
            "Where all requests",
        ),
        ("specs/qingstor/2016-01-06/object.json", "{", "{ "),
    ] {
        package.edit(file, from, to);
        let (prints, compiled) = package.run();
        assert!(compiled, "{file} changed");
        assert!(
            prints.starts_with("PUT /my-bucket/my-key?labels\n"),
            "{prints}"
        );
    }
    // A part that no template uses yet, and a file beside the specification.
    package.write("templates/added.tera", "{#- Holds nothing. -#}\n");
    assert!(package.run().1, "a template was added");
    package.write("specs/NOTES.md", "Not a specification.\n");
    assert!(!package.run().1, "what was added is not an input");

    package.edit("overlay.json", "\"integer\"", "\"integr\"");
    let says = package.fail();
    let summary = "error: routes@0.0.0: overlay.json:19:57: unknown type `integr`";
    assert!(says.contains(summary), "{says}");
    assert!(says.contains("--> overlay.json:19:57"), "{says}");
    assert!(
        says.contains("(exit status: 1)") || cfg!(not(unix)),
        "{says}"
    );
    assert!(!says.contains("panicked"), "{says}");
    assert_eq!(says, package.fail(), "the failure stays until it is mended");

    package.edit("overlay.json", "\"integr\"", "\"integer\"");
    package.edit(
        "templates/routes.rs.tera",
        "op.http_method",
        "op.http_methd",
    );
    let says = package.fail();
    let summary = "error: routes@0.0.0: templates/routes.rs.tera:11:";
    assert!(says.contains(summary), "{says}");

    package.edit(
        "templates/routes.rs.tera",
        "op.http_methd",
        "op.http_method",
    );
    assert!(package.run().0.starts_with("PUT "), "mended");
}
