//! Measures how the time of a generation grows with the specification. The throughput that
//! Criterion prints is constant if the time is linear.
#![allow(
    clippy::expect_used,
    missing_docs,
    reason = "a benchmark fails by panicking"
)]

use std::path::Path;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use qingstor_codegen::Generator;
use serde_json::{Map, Value, json};

/// Packs whose templates do the most lookups.
const PACKS: &[&str] = &["reference", "rust", "emulator"];

const SIZES: &[usize] = &[1_000, 2_000, 4_000, 8_000, 16_000, 30_000];

/// Creates part of a specification with the given number of elements.
type Growing = fn(usize) -> Value;

const GROWING: &[(&str, Growing)] = &[
    ("properties", properties),
    ("aliases", aliases),
    ("enums", enums),
    ("enum values", enum_values),
    ("operations", operations),
];

fn specification(paths: Value, definitions: Value) -> Value {
    json!({ "swagger": "2.0", "info": { "title": "T", "version": "1" }, "paths": paths, "definitions": definitions })
}

fn operation(id: &str, parameters: &[Value], response: &Value) -> Value {
    json!({ "get": { "operationId": id, "parameters": parameters,
        "responses": { "200": { "description": "d", "schema": response } } } })
}

fn one(parameters: &[Value], response: &Value) -> Value {
    json!({ "/a": operation("GetA", parameters, response) })
}

fn each(size: usize, member: impl Fn(usize) -> (String, Value)) -> Value {
    Value::Object((0..size).map(member).collect::<Map<_, _>>())
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/definitions/{name}") })
}

/// Creates properties of one type.
fn properties(size: usize) -> Value {
    let property = json!({ "type": "string", "description": "d" });
    let properties = each(size, |n| (format!("p{n}"), property.clone()));
    let object = json!({ "type": "object", "properties": properties });
    let response = json!({ "type": "object", "properties": { "x": reference("object") } });
    specification(one(&[], &response), json!({ "object": object }))
}

/// Creates a chain of definitions that are aliases of a list.
fn aliases(size: usize) -> Value {
    let mut chain = each(size, |n| {
        (format!("a{n}"), reference(&format!("a{}", n + 1)))
    });
    if let Value::Object(chain) = &mut chain {
        let end = json!({ "type": "array", "items": { "type": "string" } });
        chain.insert(format!("a{size}"), end);
    }
    let response = json!({ "type": "object", "properties": { "x": reference("a0") } });
    specification(one(&[], &response), chain)
}

/// Creates parameters of one operation, each with its own enum.
fn enums(size: usize) -> Value {
    let parameter =
        |n| json!({ "name": format!("p{n}"), "in": "query", "type": "string", "enum": ["a", "b"] });
    let parameters: Vec<Value> = (0..size).map(parameter).collect();
    specification(one(&parameters, &json!({ "type": "string" })), json!({}))
}

/// Creates values of one enum, and of a number.
fn enum_values(size: usize) -> Value {
    let names: Vec<String> = (0..size).map(|n| format!("v{n}")).collect();
    let numbers: Vec<usize> = (0..size).collect();
    let text =
        json!({ "name": "text", "in": "query", "type": "string", "required": true, "enum": names });
    let number = json!({ "name": "number", "in": "query", "type": "integer", "enum": numbers });
    specification(
        one(&[text, number], &json!({ "type": "string" })),
        json!({}),
    )
}

/// Creates operations, each with its own type.
fn operations(size: usize) -> Value {
    let paths = each(size, |n| {
        let response =
            json!({ "type": "object", "properties": { "x": reference(&format!("t{n}")) } });
        (
            format!("/a{n}"),
            operation(&format!("GetA{n}"), &[], &response),
        )
    });
    let object = json!({ "type": "object", "properties": { "p": { "type": "string", "description": "d" } } });
    specification(paths, each(size, |n| (format!("t{n}"), object.clone())))
}

fn benchmarks(criterion: &mut Criterion) {
    let templates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../templates");
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (growing, spec) in GROWING {
        let mut group = criterion.benchmark_group(*growing);
        group.sample_size(10);
        group.warm_up_time(Duration::from_millis(100));
        group.measurement_time(Duration::from_millis(500));
        // Each operation is rendered to at least one file.
        let sizes = SIZES
            .iter()
            .filter(|size| *growing != "operations" || **size <= 4_000);
        for size in sizes {
            let path = folder.path().join(format!("{size}.json"));
            std::fs::write(&path, spec(*size).to_string()).expect("a specification");
            group.throughput(Throughput::Elements(u64::try_from(*size).expect("a size")));
            for pack in PACKS {
                let generator = Generator::new().spec(&path).pack(templates.join(pack));
                group.bench_function(BenchmarkId::new(*pack, size), |bencher| {
                    bencher.iter(|| generator.render().expect("files"));
                });
            }
        }
        group.finish();
    }
}

criterion_group!(benches, benchmarks);
criterion_main!(benches);
