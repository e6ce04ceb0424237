//! The object keys that each operation accepts: the rules are the same for all operations.

use std::collections::BTreeSet;
use std::time::Duration;

use qingstor_codegen::model::{Model, Operation, Property, Shape};
use qingstor_sdk::{Bucket, Call, Config, Error, ErrorKind, FormPolicy, ObjectPath};
use qingstor_suite::keys::{KEY_OF_1023_BYTES, UNUSUAL_KEYS};
use qingstor_suite::repository::generator;
use qingstor_suite::{CannedResponse, Server};
use serde_json::json;

use crate::case::{ID, SECRET, Target};

/// Location of the key in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum KeyLocation {
    /// In the path, which HTTP libraries normalize.
    Path,
    /// In a form field.
    Form,
    /// In a header or a JSON body. The key of an object that may exist.
    Existing,
}

/// One way to pass a key to the SDK.
struct Entry {
    /// Id of the operation in the specification.
    operation: &'static str,
    location: KeyLocation,
    /// Builds the request, and presigns it if the operation allows that.
    build: fn(&Bucket, &str) -> Result<(), Error>,
}

fn both<I>(call: Call<I>) -> Result<(), Error>
where
    I: qingstor_sdk::Operation + Clone,
{
    let presigned = call.clone().presign(Duration::from_secs(60));
    let built = call.build();
    assert_eq!(built.is_ok(), presigned.is_ok());
    presigned?;
    built.map(drop)
}

const fn entry(
    operation: &'static str,
    location: KeyLocation,
    build: fn(&Bucket, &str) -> Result<(), Error>,
) -> Entry {
    Entry {
        operation,
        location,
        build,
    }
}

const ENTRIES: &[Entry] = &[
    entry("PutObject", KeyLocation::Path, |bucket, key| {
        let call = || bucket.put_object(key).body("x");
        call().presign(Duration::from_secs(60))?;
        call().build().map(drop)
    }),
    entry("PutObject", KeyLocation::Existing, |bucket, key| {
        let copy = || bucket.put_object("k").copy_source(("some-bucket", key));
        copy().presign(Duration::from_secs(60))?;
        copy().build().map(drop)
    }),
    entry("PutObject", KeyLocation::Existing, |bucket, key| {
        let version = ObjectPath::new("some-bucket", key).version_id("v");
        bucket
            .put_object("k")
            .copy_source(version)
            .build()
            .map(drop)
    }),
    entry("PutObject", KeyLocation::Existing, |bucket, key| {
        let moved = bucket.put_object("k").move_source(("some-bucket", key));
        moved.build().map(drop)
    }),
    entry("GetObject", KeyLocation::Path, |bucket, key| {
        both(bucket.get_object(key))
    }),
    entry("HeadObject", KeyLocation::Path, |bucket, key| {
        both(bucket.head_object(key))
    }),
    entry("DeleteObject", KeyLocation::Path, |bucket, key| {
        both(bucket.delete_object(key))
    }),
    entry("OptionsObject", KeyLocation::Path, |bucket, key| {
        both(bucket.options_object(key, "http://example.com", "GET"))
    }),
    entry("AppendObject", KeyLocation::Path, |bucket, key| {
        bucket.append_object(key, 0).body("x").build().map(drop)
    }),
    entry("ImageProcess", KeyLocation::Path, |bucket, key| {
        both(bucket.image_process(key, "info"))
    }),
    entry(
        "InitiateMultipartUpload",
        KeyLocation::Path,
        |bucket, key| both(bucket.initiate_multipart_upload(key)),
    ),
    entry("UploadMultipart", KeyLocation::Path, |bucket, key| {
        let part = bucket.upload_multipart(key, "id", 0).body("x");
        part.build().map(drop)
    }),
    entry("UploadMultipart", KeyLocation::Existing, |bucket, key| {
        let part = bucket.upload_multipart("k", "id", 0);
        part.copy_source(("some-bucket", key)).build().map(drop)
    }),
    entry("ListMultipart", KeyLocation::Path, |bucket, key| {
        both(bucket.list_multipart(key, "id"))
    }),
    entry("AbortMultipartUpload", KeyLocation::Path, |bucket, key| {
        both(bucket.abort_multipart_upload(key, "id"))
    }),
    entry(
        "CompleteMultipartUpload",
        KeyLocation::Path,
        |bucket, key| both(bucket.complete_multipart_upload(key, "id", [])),
    ),
    entry("PostObject", KeyLocation::Form, |bucket, key| {
        bucket.post_object(key, "x").build().map(drop)
    }),
    entry("PostObject", KeyLocation::Form, |bucket, key| {
        FormPolicy::new(bucket, key).sign().map(drop)
    }),
    entry(
        "DeleteMultipleObjects",
        KeyLocation::Existing,
        |bucket, key| both(bucket.delete_multiple_objects([key, "k"])),
    ),
];

/// Returns keys, and whether each is valid in a path, in a form, and for an existing object.
fn keys() -> Vec<(String, [bool; 3])> {
    let mut keys = vec![
        (String::new(), [false, false, false]),
        ("k".repeat(1024), [false, false, true]),
        ("键".repeat(342), [false, false, true]),
    ];
    for key in ["/", "/a", "//a"] {
        keys.push((key.to_owned(), [false, false, true]));
    }
    for key in [
        ".", "..", "./a", "../a", "a/.", "a/..", "a/./b", "a/../b", "a//../b",
    ] {
        keys.push((key.to_owned(), [false, true, true]));
    }
    for key in [
        KEY_OF_1023_BYTES,
        "a//b",
        "a/",
        "a/...",
        "a/%2e%2e/b",
        "\0\r\n\t\u{7f}",
    ] {
        keys.push((key.to_owned(), [true, true, true]));
    }
    for key in UNUSUAL_KEYS {
        keys.push(((*key).to_owned(), [true, true, true]));
    }
    keys
}

#[test]
fn every_operation_accepts_and_rejects_the_same_keys() {
    let bucket = Target::new(Config::new(ID, SECRET)).bucket;
    for (key, [path, form, existing]) in keys() {
        for entry in ENTRIES {
            let expected = match entry.location {
                KeyLocation::Path => path,
                KeyLocation::Form => form,
                KeyLocation::Existing => existing,
            };
            let result = (entry.build)(&bucket, &key);
            let case = format!("{} {:?} {key:.40?}", entry.operation, entry.location);
            assert_eq!(result.is_ok(), expected, "{case}: {result:?}");
            if let Err(error) = result {
                assert_eq!(error.kind(), ErrorKind::InvalidInput, "{case}");
                assert!(error.to_string().contains("key"), "{case}: {error}");
            }
        }
    }
}

fn is_key(property: &Property) -> bool {
    let marked = property.ext.contains_key("x-object-key");
    let source = matches!(&property.shape, Shape::Format { format } if format == "object-path");
    marked || source
}

/// Returns whether the request of an operation has an object key, directly or in a list of objects.
fn has_key(model: &Model, operation: &Operation) -> bool {
    let mut properties: Vec<&Property> = operation.request.properties.iter().collect();
    for property in &operation.request.properties {
        if let Shape::List { item } = &property.shape
            && let Shape::Named { name, .. } = &**item
        {
            let types = model.types.iter().filter(|one| one.name == *name);
            properties.extend(types.flat_map(|one| &one.properties));
        }
    }
    properties.into_iter().any(is_key)
}

/// A new operation with a key fails here until it has an entry.
#[test]
fn every_operation_with_a_key_has_an_entry() {
    let model = generator().model().unwrap();
    let operations = model.resources.iter().flat_map(|one| &one.operations);
    let with_key: BTreeSet<_> = operations
        .filter(|operation| has_key(&model, operation))
        .map(|operation| &*operation.id)
        .collect();
    let tested: BTreeSet<_> = ENTRIES.iter().map(|entry| entry.operation).collect();
    assert_eq!(with_key, tested);
}

/// Every path parameter that is an object key has `x-object-key`.
#[test]
fn every_key_in_a_path_is_marked() {
    let model = generator().model().unwrap();
    for operation in model.resources.iter().flat_map(|one| &one.operations) {
        for property in &operation.request.properties {
            if property.name == "objectKey" || property.ident == "key" {
                assert!(is_key(property), "{} {}", operation.id, property.name);
            }
        }
    }
}

#[tokio::test]
async fn managed_transfers_reject_invalid_keys_before_sending() {
    let server = Server::start(CannedResponse::new(200)).await;
    let bucket = Target::at(&server.endpoint()).bucket;
    let folder = tempfile::tempdir().unwrap();
    for (key, [path, ..]) in keys() {
        if path {
            continue;
        }
        let target = folder.path().join("file");
        let errors = [
            bucket.upload(&*key, b"x").await.unwrap_err(),
            bucket.download(&*key, &target).await.unwrap_err(),
            bucket
                .copy_object(("some-bucket", "k"), &*key)
                .await
                .unwrap_err(),
            bucket
                .copy_object(("some-bucket", &*key), "k")
                .await
                .unwrap_err(),
        ];
        for error in errors {
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{key:.40?}: {error}");
        }
        assert!(!target.exists(), "{key:.40?}");
    }
    assert!(server.recorded().is_empty(), "{:?}", server.recorded());
}

#[tokio::test]
async fn a_batch_deletion_rejects_only_the_empty_key() {
    let keys: Vec<_> = keys().into_iter().map(|(key, _)| key).collect();
    let deleted: Vec<_> = keys.iter().filter(|key| !key.is_empty()).collect();
    let objects: Vec<_> = deleted.iter().map(|key| json!({"key": key})).collect();
    let response = json!({"deleted": objects, "errors": []});
    let server = Server::start(CannedResponse::json(200, &response)).await;
    let bucket = Target::at(&server.endpoint()).bucket;
    let outcome = bucket.delete_objects(keys.clone()).await;
    assert_eq!(outcome.deleted.len(), deleted.len());
    let [error] = &*outcome.errors else {
        panic!("{:?}", outcome.errors)
    };
    assert_eq!(error.key, "");
    let cause = error.cause.as_ref().unwrap();
    assert_eq!(cause.kind(), ErrorKind::InvalidInput);
    let sent: serde_json::Value = serde_json::from_slice(&server.only_request().body).unwrap();
    assert_eq!(sent, json!({"objects": objects}));
}
