//! Generated code compiles and works. One project has four SDKs, each with the runtime of this
//! repository and another specification, and a program that calls them.
//!
//! - `changed-sdk`: this API with all changes of `edits` that are compatible with the program;
//! - `dialect-sdk`: `specs/dialect.json`, with every type, format and parameter location;
//! - `obstacles-sdk`: `codegen/tests/obstacles.json`, with names that need escaping;
//! - `notes-sdk`: a test API of the generator that is written in three dialects, here OpenAPI 3.1. A
//!   test shows that all three produce the same code.
//!
//! Each SDK is a copy of `sdk/` with another package name and another `src/generated`. The runtime only
//! uses what the pack generates for every API (`types`, `operations`, `ErrorCode`, the signed
//! parameters). The exception is `managed`, which only `changed-sdk` includes.
//!
//! The project is kept in Cargo's folder for test files, and only changed files are written, so a second
//! run compiles nothing.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use qingstor_codegen::Generator;
use qingstor_suite::project::{Runtime, cargo_build, copy, sdk, target, workspace, write};
use qingstor_suite::repository::root;
use qingstor_suite::{CannedResponse, RecordedRequest, Server};
use serde_json::json;

use crate::edits;
use crate::tree::Tree;

const CHANGED: &str = "changed-sdk";
const MEMBERS: [&str; 4] = [CHANGED, "dialect-sdk", "obstacles-sdk", "notes-sdk"];

/// Returns the path of the program. The first call builds it, and concurrent calls wait.
async fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    let program = || PROGRAM.get_or_init(build);
    tokio::task::spawn_blocking(program).await.unwrap()
}

/// Writes and builds the project. Returns the path of the program.
fn build() -> PathBuf {
    let project = Path::new(env!("CARGO_TARGET_TMPDIR")).join("changes");
    let inputs = tempfile::tempdir().unwrap();
    let tree = Tree::new(inputs.path());
    for change in [
        edits::add_query_parameter,
        edits::add_response_field,
        edits::add_enum_value,
        edits::add_operation,
        edits::rename_operation,
        edits::retype_field,
    ] {
        change(&tree);
    }
    let generators = [
        tree.generator(),
        without_overlay(root().join("tests/suite/specs/dialect.json")),
        without_overlay(root().join("codegen/tests/obstacles.json")),
        notes("openapi31.json", &inputs.path().join("notes")),
    ];
    for (member, generator) in MEMBERS.into_iter().zip(generators) {
        let runtime = match member {
            CHANGED => Runtime::Full,
            _ => Runtime::WithoutManaged,
        };
        sdk(&project.join(member), member, runtime, generator);
    }
    let members = MEMBERS.into_iter().chain(["caller"]);
    workspace(&project, &members.collect::<Vec<_>>());
    let caller = root().join("tests/suite/tests/changes/project");
    copy(&caller, &project.join("caller/src"), &[]);
    write(
        &project.join("caller/Cargo.toml"),
        caller_manifest().as_bytes(),
    );
    let output = cargo_build(&project)
        .args(["--package", "caller"])
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    let name = format!("debug/caller{}", std::env::consts::EXE_SUFFIX);
    target(&project).join(name)
}

fn without_overlay(spec: PathBuf) -> Generator {
    let pack = root().join("templates/rust");
    Generator::new().spec(spec).pack(pack)
}

/// Returns a generator for a copy of the notes API in one dialect. Renames the handle `Folder` to
/// `Bucket`, because the runtime supports only that handle.
fn notes(file: &str, folder: &Path) -> Generator {
    copy(&root().join("codegen/tests/openapi"), folder, &[]);
    let path = folder.join(file);
    let spec = std::fs::read_to_string(&path).unwrap();
    let handle = |name: &str| format!("\"name\": \"{name}\",\n      \"binds\"");
    let renamed = spec.replace(&handle("Folder"), &handle("Bucket"));
    assert_ne!(renamed, spec);
    write(&path, renamed.as_bytes());
    without_overlay(path)
}

fn caller_manifest() -> String {
    let sdks = MEMBERS
        .map(|name| format!("{name} = {{ path = \"../{name}\", default-features = false }}\n"));
    format!(
        "[package]\nname = \"caller\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dependencies]\n\
         {}tokio = {{ workspace = true, features = [\"rt\"] }}\n",
        sdks.concat()
    )
}

/// Runs one call of the program against a server. Returns the requests.
async fn call(name: &str, response: CannedResponse) -> Vec<RecordedRequest> {
    let program = program().await;
    let server = Server::start(response).await;
    let output = tokio::process::Command::new(program)
        .args([name, &server.endpoint()])
        .output()
        .await
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name}: {stderr}");
    server.recorded()
}

#[tokio::test]
async fn calls_added_parameters_fields_and_operations() {
    let response = json!({"keys": [{"key": "a", "size": "12 bytes"}]});
    let sent = call("changed list", CannedResponse::json(200, &response)).await;
    assert_eq!(sent[0].target, "/my-bucket?prefix=a&fetch_owner=true");

    let response = json!({"tiers": ["hot", "cold"], "status": "frozen-by-owner"});
    call("changed stats", CannedResponse::json(200, &response)).await;

    let response = CannedResponse::new(200).header("X-QS-Tag-Count", "2");
    let sent = call("changed tag", response).await;
    assert_eq!(
        (&*sent[0].method, &*sent[0].target),
        ("PUT", "/my-bucket/k?tagging")
    );
    assert_eq!(
        sent[0].text(),
        r#"{"tag_set":[{"name":"a","value":"b"},{"name":"c"}]}"#
    );

    let sent = call("changed erase", CannedResponse::new(204)).await;
    assert_eq!(sent[0].method, "DELETE");
    assert_eq!(sent[0].target, "/my-bucket/k?version_id=v");
}

#[tokio::test]
async fn sends_and_receives_every_type_and_format() {
    let date = "Sun, 16 Aug 2015 09:05:00 GMT";
    let response = json!({
        "tree": {"name": "root", "left": {"name": "left"}, "children": [{"name": "child"}]},
        "map": {"m": {"name": "in a map"}}, "lists": {"l": ["a"]},
        "table": [[{}, {"cell": {"value": 1.5}}]],
        "stamp": 1_439_715_900, "blob": "//4=", "day": "2015-08-16",
        "password": "hush", "anything": {"free": [1]},
    });
    let response = CannedResponse::json(200, &response).header("X-QS-When", date);
    let sent = call("dialect list", response.header("X-QS-List", "3, 4")).await;
    assert_eq!(
        sent[0].target,
        "/?since=1439715900&csv=a%2Cb%20c&ssv=1%20-2&tsv=true%09false&pipes=red%7Cblue\
         &multi=x&multi=y&until=2015-08-16T09%3A05%3A00Z\
         &mailed=Sun%2C%2016%20Aug%202015%2009%3A05%3A00%20GMT&day=2015-08-16&blob=%2F%2F4%3D\
         &ratio=0.5&precise=1.25&small=-7&flag=true"
    );
    for (name, value) in [
        ("x-qs-list", "1,2"),
        ("x-qs-when", date),
        ("x-qs-stamp", "1439715900"),
        ("x-qs-blob", "aA=="),
        ("x-qs-password", "hush"),
        ("x-qs-meta-k", "v"),
    ] {
        assert_eq!(sent[0].header(name), Some(value), "{name}");
    }

    let sent = call("dialect numbers", CannedResponse::json(200, &json!(-1))).await;
    assert_eq!(sent[0].text(), "[1,-2]");
    let labels = json!({"a": "b"});
    let sent = call("dialect labels", CannedResponse::json(200, &labels)).await;
    assert_eq!(sent[0].text(), labels.to_string());
    let sent = call("dialect name", CannedResponse::new(204)).await;
    assert_eq!(
        (&*sent[0].method, &*sent[0].text()),
        ("PATCH", r#""a \"name\"""#)
    );

    let sent = call("dialect tree", CannedResponse::new(201)).await;
    assert_eq!(sent[0].target, "/my-bucket?tree");
    let body: serde_json::Value = serde_json::from_slice(&sent[0].body).unwrap();
    assert_eq!(
        body,
        json!({
            "tree": {"name": "root", "left": {"name": "left"}}, "stamp": 1_439_715_900,
            "when": "2015-08-16T09:05:00Z", "blob": "/w==", "password": "hush",
            "labels": {"n": 1}, "color": "green",
        })
    );

    let sent = call("dialect form", CannedResponse::new(201)).await;
    let form = sent[0].text();
    for part in [
        "name=\"title\"\r\n\r\na title\r\n",
        "name=\"tags\"\r\n\r\nx\r\n",
        "name=\"tags\"\r\n\r\ny\r\n",
        "name=\"when\"\r\n\r\nSun, 16 Aug 2015 09:05:00 GMT\r\n",
        "\r\n\r\ncontent\r\n",
    ] {
        assert!(form.contains(part), "{part:?} in {form}");
    }

    let sent = call("dialect ports", CannedResponse::new(204)).await;
    let targets: Vec<_> = sent.iter().map(|request| &*request.target).collect();
    assert_eq!(targets, ["/com1/1%2C2", "/com1"]);

    let sent = call("dialect odd", CannedResponse::new(204)).await;
    assert_eq!(
        sent[0].target,
        "/odd/true0.5/%F0%9F%98%80?%C3%A9=1&e%CC%81=2&%2A%2F=3"
    );

    let part = CannedResponse::new(206).header("Content-Range", "bytes 0-3/9");
    let sent = call("dialect part", part.body("part")).await;
    assert_eq!(sent[0].target, "/my-bucket/7");
}

/// In every parameter location, a flag that defaults to `true` can be set to `false`, and an empty list
/// or object is sent.
#[tokio::test]
async fn explicitly_set_values_are_sent() {
    let response = json!({"switches": [
        {}, {"on": false, "off": true, "level": 0, "tags": "a", "labels": {}},
    ]});
    let sent = call("dialect switches", CannedResponse::json(200, &response)).await;
    let targets: Vec<_> = sent.iter().map(|request| &*request.target).collect();
    let path = "/my-bucket?switches";
    let expected = ["&all=false&kinds=", "&all=true&kinds=b%2Cc", ""];
    assert_eq!(targets, expected.map(|query| format!("{path}{query}")));
    assert_eq!(sent[0].header("x-qs-deep"), Some("false"));
    assert_eq!(sent[0].header("x-qs-levels"), Some(""));
    for request in &sent[1..] {
        assert_eq!(request.header("x-qs-deep"), None);
        assert_eq!(request.header("x-qs-levels"), None);
    }

    let sent = call("dialect switches put", CannedResponse::new(204)).await;
    let bodies: Vec<_> = sent.iter().map(RecordedRequest::text).collect();
    let first = r#"{"on":false,"alias":false,"switches":[],"main":{"on":false,"level":0,"tags":[],"labels":{},"inner":{}},"labels":{}}"#;
    assert_eq!(
        bodies,
        [first, r#"{"on":true,"off":true,"switches":[{}]}"#, ""]
    );

    let sent = call("dialect switches post", CannedResponse::new(201)).await;
    let field = |name: &str, value: &str| format!("name=\"{name}\"\r\n\r\n{value}\r\n");
    let (first, second) = (sent[0].text(), sent[1].text());
    for (form, expected) in [
        (&first, [field("on", "false"), field("names", "")]),
        (&second, [field("on", "true"), field("names", "d")]),
    ] {
        assert!(expected.iter().all(|part| form.contains(part)), "{form}");
    }
    assert!(!first.contains("name=\"off\""), "{first}");
    assert!(second.contains(&field("off", "true")), "{second}");

    let sent = call("dialect switches delete", CannedResponse::new(204)).await;
    assert_eq!((&*sent[0].text(), &*sent[1].text()), ("", "[]"));
}

/// Responses with status 204 or 205 have no body, even if the specification has a schema for it or the
/// server sends data.
#[tokio::test]
async fn a_status_without_a_body_has_an_empty_output() {
    call("dialect no content", CannedResponse::new(204)).await;
    call("dialect reset content", CannedResponse::new(205)).await;
    call(
        "dialect reset content",
        CannedResponse::new(205).body("[no JSON"),
    )
    .await;
}

#[tokio::test]
async fn http_dates_in_json_use_the_specified_format() {
    let response = json!({"mailed": "Sun, 16 Aug 2015 09:05:00 GMT"});
    call("dialect mailed", CannedResponse::json(200, &response)).await;
    let sent = call("dialect tree mailed", CannedResponse::new(200)).await;
    let body: serde_json::Value = serde_json::from_slice(&sent[0].body).unwrap();
    assert_eq!(body["mailed"], "Sun, 16 Aug 2015 09:05:00 GMT");
}

#[test]
fn three_dialects_generate_the_same_code() {
    let folder = tempfile::tempdir().unwrap();
    let rendered = |file: &str| {
        let files = notes(file, folder.path()).render().unwrap().files;
        let body = |text: &str| {
            let (header, body) = text.split_once('\n').unwrap();
            assert!(header.contains(file), "{header}");
            body.to_owned()
        };
        let files = files
            .iter()
            .map(|file| (file.path.clone(), body(&file.text)));
        files.collect::<Vec<_>>()
    };
    let compiled = rendered("openapi31.json");
    assert_eq!(rendered("openapi30.json"), compiled);
    assert_eq!(rendered("swagger2.json"), compiled);
}

/// Code generated from OpenAPI behaves like code generated from Swagger.
#[tokio::test]
async fn calls_an_openapi_sdk() {
    let folders = json!({"folders": [{"name": "a", "owner": {"id": "o"}}], "next": null});
    let response = CannedResponse::json(200, &folders).header("X-Note-Count", "1");
    let sent = call("notes list", response).await;
    assert_eq!(
        sent[0].target,
        "/v2/?limit=2&marker=m&state=open&piped=a%7Cb&comma=1%2C2&spaced=c%20d&many=e&many=f"
    );
    assert_eq!(sent[0].header("x-note-since"), Some("2015-08-16T09:05:00Z"));
    assert_eq!(sent[0].header("x-note-kinds"), Some("g,h"));

    let response = CannedResponse::json(201, &json!({"name": "b", "owner": {"id": "o"}}));
    let sent = call("notes put", response).await;
    assert_eq!(
        (&*sent[0].method, &*sent[0].target),
        ("PUT", "/v2/my-bucket")
    );
    assert_eq!(
        sent[0].text(),
        r#"{"name":"b","digest":"ZA==","owner":{"id":"o"},"reply":{"word":"yes"}}"#
    );

    let sent = call("notes fill", CannedResponse::new(200)).await;
    let form = sent[0].text();
    for part in ["name=\"title\"\r\n\r\na title\r\n", "\r\n\r\ncontent\r\n"] {
        assert!(form.contains(part), "{part:?} in {form}");
    }

    let response = CannedResponse::new(200)
        .header("ETag", "\"tag\"")
        .body("a note");
    let sent = call("notes get", response).await;
    assert_eq!(sent[0].target, "/v2/my-bucket/a%20note");

    let sent = call("notes keep", CannedResponse::new(201)).await;
    assert_eq!((&*sent[0].method, &*sent[0].text()), ("PUT", "kept"));
}

#[tokio::test]
async fn calls_operations_with_escaped_names() {
    let response =
        json!({"fn": {"len": 3}, "status": "s", "calls": [{"send": true}], "bucket": {}});
    let sent = call("obstacles everything", CannedResponse::json(200, &response)).await;
    assert_eq!(
        sent[0].target,
        "/?type=t&self=me&send=true&presign=1&build=b&timeout=2"
    );
    assert_eq!(sent[0].text(), r#"{"match":{"x":{}}}"#);
    let sent = call("obstacles rest", CannedResponse::new(200)).await;
    let targets: Vec<_> = sent.iter().map(|request| &*request.target).collect();
    assert_eq!(targets, ["/con", "/my-bucket", "/my-bucket?acl"]);
}
