//! Measures a whole generation, the part without the formatter, and both for a specification with
//! 100 times as many operations.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a benchmark fails by panicking"
)]

use std::path::{Path, PathBuf};
use std::time::Duration;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use qingstor_codegen::Generator;
use serde_json::{Map, Value};
use tempfile::TempDir;

fn generator(spec: &Path) -> Generator {
    let root = repository();
    Generator::new()
        .spec(spec)
        .overlay(root.join("specs/qingstor/overlay.json"))
        .pack(root.join("templates/rust"))
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn spec() -> PathBuf {
    repository().join("specs/qingstor/2016-01-06/api_v2.0.json")
}

/// Writes the specification with `times` copies of each path and operation under other names.
///
/// The copies are in the root document, so that the benchmark does not measure opening 100 times as
/// many files.
fn multiplied(times: usize) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let source = spec();
    let parts = source.parent().expect("the specification's folder");
    for entry in std::fs::read_dir(parts).expect("the parts") {
        let path = entry.expect("a part").path();
        let name = path.file_name().expect("a name");
        std::fs::copy(&path, folder.path().join(name)).expect("a copy");
    }
    let mut root: Value = read(&source);
    let paths = root["paths"].as_object().expect("paths").clone();
    let mut all = paths.clone();
    for copy in 1..times {
        for (key, item) in &paths {
            let (path, query) = key.split_once('?').unwrap_or((key, ""));
            let reference = item["$ref"].as_str().expect("a part file");
            let mut part = resolved(parts, reference);
            rename(&mut part, copy);
            let key = match query {
                "" if path.contains('{') => format!("{path}?c{copy}"),
                "" => format!("{}/c{copy}", path.trim_end_matches('/')),
                query => format!("{path}?{query}_c{copy}"),
            };
            all.insert(key, part);
        }
    }
    root["paths"] = Value::Object(all);
    let text = serde_json::to_string_pretty(&root).expect("JSON");
    std::fs::write(folder.path().join("api_v2.0.json"), text).expect("the root");
    folder
}

fn read(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).expect("a specification");
    serde_json::from_str(&text).expect("JSON")
}

fn resolved(folder: &Path, reference: &str) -> Value {
    let (file, pointer) = reference.split_once('#').unwrap_or((reference, ""));
    let part = read(&folder.join(file));
    part.pointer(pointer).expect("a path item").clone()
}

fn rename(part: &mut Value, copy: usize) {
    let operations: &mut Map<String, Value> = part.as_object_mut().expect("a path item");
    for operation in operations.values_mut() {
        if let Some(Value::String(id)) = operation.get_mut("operationId") {
            id.push_str(&format!("C{copy}"));
        }
    }
}

fn benchmarks(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("generate");
    group.measurement_time(Duration::from_secs(10));
    group.bench_function("everything, into an empty folder", |bencher| {
        bencher.iter_batched(
            || tempfile::tempdir().expect("a temporary folder"),
            |folder| {
                let out = folder.path().join("out");
                generator(&spec()).out_dir(out).run().expect("files");
                folder
            },
            BatchSize::PerIteration,
        );
    });
    group.bench_function("everything, nothing changed", |bencher| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let generator = generator(&spec()).out_dir(folder.path().join("out"));
        generator.run().expect("files");
        bencher.iter(|| generator.run().expect("files"));
    });
    group.bench_function("in memory", |bencher| {
        let generator = generator(&spec());
        bencher.iter(|| generator.render().expect("files"));
    });
    group.sample_size(10);
    group.bench_function("in memory, 100 times the operations", |bencher| {
        let folder = multiplied(100);
        let generator = generator(&folder.path().join("api_v2.0.json"));
        bencher.iter(|| generator.render().expect("files"));
    });
    group.bench_function("everything, 100 times the operations", |bencher| {
        let folder = multiplied(100);
        let generator = generator(&folder.path().join("api_v2.0.json"));
        bencher.iter_batched(
            || tempfile::tempdir().expect("a temporary folder"),
            |folder| {
                let out = folder.path().join("out");
                generator.clone().out_dir(out).run().expect("files");
                folder
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

criterion_group!(benches, benchmarks);
criterion_main!(benches);
