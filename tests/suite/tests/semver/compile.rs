//! Compiles programs against an old and a new SDK.
//!
//! Cargo builds both SDKs, which compiles the dependencies once. Each program is then one run of the
//! compiler that only reads metadata.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use qingstor_suite::project::{Runtime, cargo_build, sdk, workspace, write};
use qingstor_suite::public_api;
use qingstor_suite::repository::host;
use serde_json::Value;

use crate::kit::Spec;

const MEMBERS: [&str; 2] = ["old-sdk", "new-sdk"];

/// The old and the new SDK, built.
pub(crate) struct Surfaces {
    project: PathBuf,
    /// Metadata files of the old and the new SDK.
    metadata: [PathBuf; 2],
    /// Arguments of rustdoc for the dependencies of both SDKs.
    externs: Vec<String>,
}

/// Errors of the compiler for a program. `None` if it compiles.
#[derive(Debug, Default)]
pub(crate) struct CompileErrors {
    pub(crate) old: Option<String>,
    pub(crate) new: Option<String>,
}

impl Surfaces {
    pub(crate) fn build(old: &Spec, new: &Spec) -> Self {
        let project = Path::new(env!("CARGO_TARGET_TMPDIR")).join("semver");
        // `make test` runs both tests of this folder at the same time, in two processes.
        let lock = std::fs::File::create(project.with_extension("lock")).unwrap();
        lock.lock().unwrap();
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
        let (metadata, externs) = build_sdks(&project);
        Self {
            project,
            metadata,
            externs,
        }
    }

    /// Returns the public APIs of the old and the new SDK, or `None` if the compiler is not the one that
    /// the listing needs.
    pub(crate) fn public_apis(&self) -> Option<[Vec<String>; 2]> {
        let [old, new] = MEMBERS.map(|member| {
            let out = tempfile::tempdir().unwrap();
            let output = public_api::rustdoc()
                .args(["--edition", "2024", "--crate-name", "sdk", "--out-dir"])
                .arg(out.path())
                .args(&self.externs)
                .arg("-L")
                .arg(dependencies(&self.metadata))
                .arg(self.project.join(member).join("src/lib.rs"))
                .env("CARGO_PKG_VERSION", env!("CARGO_PKG_VERSION"))
                .output()
                .unwrap();
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{stderr}");
            public_api::read(&out.path().join("sdk.json")).map(|api| api.lines)
        });
        Some([old?, new?])
    }

    /// Compiles each program against both SDKs, with one thread per processor.
    pub(crate) fn compile<'p>(
        &self,
        programs: &[(&'p str, String)],
    ) -> BTreeMap<&'p str, CompileErrors> {
        let next = AtomicUsize::new(0);
        let work = || {
            let mut results = Vec::new();
            while let Some(program) = programs.get(next.fetch_add(1, Ordering::Relaxed)) {
                results.push((program.0, self.compile_program(program)));
            }
            results
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

    fn compile_program(&self, (name, text): &(&str, String)) -> CompileErrors {
        let program = self.project.join("programs").join(format!("{name}.rs"));
        write(&program, text.as_bytes());
        let [old, new] = &self.metadata;
        CompileErrors {
            old: self.errors(&program, old),
            new: self.errors(&program, new),
        }
    }

    /// Returns the errors of the compiler, or `None` if the program compiles.
    fn errors(&self, program: &Path, sdk: &Path) -> Option<String> {
        // Use the toolchain that compiled this test.
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
        let stderr = || String::from_utf8_lossy(&output.stderr).into_owned();
        (!output.status.success()).then(stderr)
    }
}

/// Returns the `-L` argument of the compiler for the dependencies of both SDKs.
fn dependencies(metadata: &[PathBuf; 2]) -> String {
    format!("dependency={}", metadata[0].parent().unwrap().display())
}

/// Builds both SDKs. Returns the paths of their metadata files, and arguments for their dependencies.
fn build_sdks(project: &Path) -> ([PathBuf; 2], Vec<String>) {
    let output = cargo_build(project)
        .arg("--no-default-features")
        .args(["--message-format", "json-render-diagnostics"])
        .args(MEMBERS.map(|name| ["--package", name]).concat())
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    let lines = String::from_utf8(output.stdout).unwrap();
    let messages: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let file = |artifact: &Value, endings: &[&str]| -> Option<String> {
        let mut files = artifact["filenames"].as_array()?.iter();
        let file = files.find_map(|file| {
            let file = file.as_str()?;
            endings
                .iter()
                .any(|end| file.ends_with(end))
                .then_some(file)
        });
        file.map(str::to_owned)
    };
    let artifacts = || {
        messages
            .iter()
            .filter(|one| one["reason"] == "compiler-artifact")
    };
    let metadata = MEMBERS.map(|name| {
        let crate_name = name.replace('-', "_");
        let mut artifacts = artifacts();
        let artifact = artifacts.find(|one| one["target"]["name"] == *crate_name);
        PathBuf::from(file(artifact.unwrap(), &[".rmeta"]).unwrap())
    });
    let externs = direct_dependencies(project)
        .into_iter()
        .filter_map(|(name, id)| {
            // A package can also have the artifact of a build script.
            let mut of_package = artifacts().filter(|one| one["package_id"] == *id);
            let endings = [".rmeta", std::env::consts::DLL_SUFFIX];
            let path = of_package.find_map(|one| file(one, &endings))?;
            Some(format!("--extern={name}={path}"))
        })
        .collect();
    (metadata, externs)
}

/// Returns the names and package identifiers of the dependencies of the SDKs.
fn direct_dependencies(project: &Path) -> Vec<(String, String)> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--offline", "--format-version", "1"])
        // Without it, Cargo also needs the crates of other platforms, which it has not downloaded.
        .args(["--filter-platform", &host()])
        .current_dir(project)
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut nodes = metadata["resolve"]["nodes"].as_array().unwrap().iter();
    let member = |node: &&Value| node["id"].as_str().unwrap().contains(MEMBERS[0]);
    let node = nodes.find(member).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let dependencies = node["deps"].as_array().unwrap().iter();
    dependencies
        .map(|one| (text(&one["name"]), text(&one["pkg"])))
        .collect()
}
