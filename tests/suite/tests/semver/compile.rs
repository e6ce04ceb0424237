//! Two surfaces around one runtime, and programs compiled against them.
//!
//! Cargo checks the two SDKs, which compiles the dependencies once and for all; each program is
//! then one run of the compiler, which reads metadata and writes nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use qingstor_suite::project::{Runtime, cargo_build, sdk, workspace, write};
use serde_json::Value;

use crate::kit::Spec;

const MEMBERS: [&str; 2] = ["old-sdk", "new-sdk"];

/// The SDKs, checked.
pub(crate) struct Surfaces {
    project: PathBuf,
    /// The metadata of the old and of the new one.
    metadata: [PathBuf; 2],
}

/// What the compiler says of a program; nothing if it compiles.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) old: Option<String>,
    pub(crate) new: Option<String>,
}

impl Surfaces {
    pub(crate) fn make(old: &Spec, new: &Spec) -> Self {
        let project = Path::new(env!("CARGO_TARGET_TMPDIR")).join("semver");
        for (member, spec) in MEMBERS.into_iter().zip([old, new]) {
            let path = project.join(format!("{member}.json"));
            write(&path, spec.text().as_bytes());
            let generator = crate::generator(&path);
            sdk(
                &project.join(member),
                member,
                Runtime::WithoutManaged,
                generator,
            );
        }
        workspace(&project, &MEMBERS);
        let metadata = build(&project);
        Self { project, metadata }
    }

    /// Compiles each program against both surfaces, as many at once as there are processors.
    pub(crate) fn compile<'p>(&self, programs: &[(&'p str, String)]) -> BTreeMap<&'p str, Answer> {
        let next = AtomicUsize::new(0);
        let work = || {
            let mut answers = Vec::new();
            while let Some(program) = programs.get(next.fetch_add(1, Ordering::Relaxed)) {
                answers.push((program.0, self.answer(program)));
            }
            answers
        };
        let threads = std::thread::available_parallelism().map_or(2, usize::from);
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            let done = threads
                .into_iter()
                .flat_map(|thread| thread.join().unwrap());
            done.collect()
        })
    }

    fn answer(&self, (name, text): &(&str, String)) -> Answer {
        let program = self.project.join("programs").join(format!("{name}.rs"));
        write(&program, text.as_bytes());
        let [old, new] = &self.metadata;
        Answer {
            old: self.refused(&program, old),
            new: self.refused(&program, new),
        }
    }

    /// What the compiler has against a program.
    fn refused(&self, program: &Path, sdk: &Path) -> Option<String> {
        // The toolchain that compiled this test.
        let cargo = Path::new(env!("CARGO"));
        let rustc = cargo.with_file_name(format!("rustc{}", std::env::consts::EXE_SUFFIX));
        let out = tempfile::tempdir().unwrap();
        let output = Command::new(rustc)
            .args([
                "--edition",
                "2024",
                "--crate-type",
                "lib",
                "--emit",
                "metadata",
            ])
            .arg("--out-dir")
            .arg(out.path())
            .arg("--extern")
            .arg(format!("sdk={}", sdk.display()))
            .arg("-L")
            .arg(format!("dependency={}", sdk.parent().unwrap().display()))
            .arg(program)
            .output()
            .unwrap();
        let says = || String::from_utf8_lossy(&output.stderr).into_owned();
        (!output.status.success()).then(says)
    }
}

/// Builds both SDKs, and gives where their metadata is.
fn build(project: &Path) -> [PathBuf; 2] {
    let output = cargo_build(project)
        .arg("--no-default-features")
        .args(["--message-format", "json-render-diagnostics"])
        .args(MEMBERS.map(|name| ["--package", name]).concat())
        .output()
        .unwrap();
    let says = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{says}");
    let lines = String::from_utf8(output.stdout).unwrap();
    let messages: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    MEMBERS.map(|name| {
        let crate_name = name.replace('-', "_");
        let mut artifacts = messages
            .iter()
            .filter(|one| one["reason"] == "compiler-artifact");
        let artifact = artifacts
            .find(|one| one["target"]["name"] == *crate_name)
            .unwrap();
        let mut files = artifact["filenames"].as_array().unwrap().iter();
        let metadata = files.find_map(|file| file.as_str().filter(|file| file.ends_with(".rmeta")));
        PathBuf::from(metadata.unwrap())
    })
}
