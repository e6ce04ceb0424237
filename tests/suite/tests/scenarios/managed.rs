//! Managed operations: batch deletion, large copies, locating buckets, forms, and encryption keys.

use http::HeaderMap;
use qingstor_emulator::FaultRule;
use qingstor_sdk::types::VersioningStatus;
use qingstor_sdk::{Config, Error, ErrorCode, ErrorKind, FormPolicy, FormUpload, QingStor, SseKey};
use qingstor_suite::client::fetch;
use qingstor_suite::{CannedResponse, Server};

use crate::store::Store;

#[tokio::test]
async fn deletes_more_keys_than_one_request_allows() {
    let store = Store::start().await;
    for number in 0..30 {
        store
            .bucket
            .put_object(format!("key-{number}"))
            .await
            .unwrap();
    }
    let keys: Vec<_> = (0..2345).map(|number| format!("key-{number}")).collect();
    let outcome = store.bucket.delete_objects(keys).await;
    assert!(outcome.is_complete(), "{:?}", outcome.errors);
    assert_eq!(outcome.deleted.len(), 2345);
    assert_eq!(
        store.emulator.operations_served()["DeleteMultipleObjects"],
        3
    );
    assert!(store.keys().await.is_empty());
    let none: [&str; 0] = [];
    assert!(store.bucket.delete_objects(none).await.deleted.is_empty());
}

#[tokio::test]
async fn reports_every_key_that_was_not_deleted() {
    let store = Store::start().await;
    for number in 0..20 {
        store
            .bucket
            .put_object(format!("key-{number}"))
            .await
            .unwrap();
    }
    let rule = FaultRule::on("DeleteMultipleObjects")
        .code("permission_denied")
        .times(1);
    store.emulator.set_faults([rule]).unwrap();
    let keys = (0..1500).map(|number| format!("key-{number}"));
    let outcome = store.bucket.delete_objects(keys).concurrency(1).await;
    assert_eq!((outcome.deleted.len(), outcome.errors.len()), (500, 1000));
    for error in &outcome.errors {
        assert_eq!(error.code, Some(ErrorCode::PermissionDenied));
        assert!(error.cause.is_some() && error.to_string().contains(&error.key));
    }

    // A stream of keys that ends with an error.
    let keys = store.keys().await;
    assert_eq!(keys.len(), 20);
    let error: Error = store.bucket.head_object("absent").await.unwrap_err();
    let mut items: Vec<_> = keys.into_iter().map(Ok).collect();
    items.push(Err(error));
    let stream = futures_util::stream::iter(items);
    let outcome = store.bucket.delete_objects_from_stream(stream).await;
    assert_eq!((outcome.deleted.len(), outcome.is_complete()), (20, false));
    assert!(outcome.interrupted.unwrap().is_not_found());
    assert!(store.keys().await.is_empty());
}

const MIB: usize = 1024 * 1024;

#[tokio::test]
async fn a_multipart_copy_has_the_same_content_and_metadata() {
    let store = Store::start().await;
    let bucket = &store.bucket;
    let content: Vec<u8> = (0..9 * MIB + 77)
        .map(|at| (at / 1000 % 251) as u8)
        .collect();
    let put = bucket
        .put_object("source")
        .content_type("text/x")
        .cache_control("max-age=7");
    put.metadata([("author", "lin")])
        .body(content.clone())
        .await
        .unwrap();
    for (threshold, parts) in [(5 << 30, 1), (4, 3)] {
        let copy = bucket.copy_object((bucket.name(), "source"), "target");
        let copy = copy.multipart_threshold(threshold).part_size(4 << 20);
        let copied = copy.await.unwrap();
        assert_eq!((copied.parts, copied.bytes), (parts, content.len() as u64));
        let target = bucket.get_object("target").await.unwrap();
        assert_eq!(target.content_type.as_deref(), Some("text/x"));
        assert_eq!(target.cache_control.as_deref(), Some("max-age=7"));
        assert_eq!(target.metadata.get("author"), Some("lin"));
        assert!(target.body.bytes().await.unwrap() == content);
    }
}

#[tokio::test]
async fn a_copy_returns_the_version_that_it_created() {
    let store = Store::start().await;
    let bucket = &store.bucket;
    let status = VersioningStatus::Enabled;
    bucket.put_versioning(status).await.unwrap();
    let put = bucket.put_object("source").body(vec![1; 9 * MIB]);
    let source = put.await.unwrap();
    let mut versions = std::collections::BTreeSet::new();
    for (threshold, parts) in [(5 << 30, 1), (4, 3)] {
        let copy = bucket.copy_object((bucket.name(), "source"), "target");
        let copy = copy.multipart_threshold(threshold).part_size(4 << 20);
        let copied = copy.await.unwrap();
        assert_eq!(copied.parts, parts);
        let target = bucket.head_object("target").await.unwrap();
        assert_eq!(copied.version_id, target.version_id, "{parts}");
        assert_eq!(copied.etag, target.etag, "{parts}");
        assert_eq!(copied.source_etag, source.etag, "{parts}");
        assert!(copied.request_id.is_some(), "{parts}");
        versions.insert(copied.version_id.unwrap());
    }
    assert_eq!(versions.len(), 2);
}

#[tokio::test]
async fn a_copy_with_an_invalid_option_sends_nothing() {
    let store = Store::start().await;
    let copy = || store.bucket.copy_object((store.bucket.name(), "a"), "b");
    for (option, copy) in [
        ("concurrency", copy().concurrency(0)),
        ("part_size", copy().part_size((4 << 20) - 1)),
        ("part_size", copy().part_size((5 << 30) + 1)),
        (
            "multipart_threshold",
            copy().multipart_threshold((5 << 30) + 1),
        ),
    ] {
        let error = copy.await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{option}: {error}");
        assert!(error.to_string().contains(option), "{option}: {error}");
    }
}

#[tokio::test]
async fn a_failed_or_dropped_copy_aborts_its_upload() {
    let store = Store::start().await;
    let bucket = &store.bucket;
    bucket
        .put_object("source")
        .body(vec![1; 9 * MIB])
        .await
        .unwrap();
    let copy = bucket.copy_object((bucket.name(), "source"), "target");
    let copy = copy.multipart_threshold(0);
    let copy = copy.part_size(4 << 20).concurrency(2);
    let rule = FaultRule::on("UploadMultipart")
        .status(403)
        .after(1)
        .times(1);
    store.emulator.set_faults([rule]).unwrap();
    assert_eq!(copy.clone().await.unwrap_err().status().unwrap(), 403);
    assert!(
        bucket
            .list_multipart_uploads()
            .await
            .unwrap()
            .uploads
            .is_empty()
    );
    assert!(
        bucket
            .head_object("target")
            .await
            .unwrap_err()
            .is_not_found()
    );

    // Drop the copy while parts are being copied.
    let slow = FaultRule::on("UploadMultipart").latency(std::time::Duration::from_secs(30));
    store.emulator.set_faults([slow]).unwrap();
    let copies_parts = async {
        while store.emulator.faults()[0].hits == 0 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        copied = copy.into_future() => panic!("{copied:?}"),
        () = copies_parts => {}
    }
    store.emulator.clear_faults();
    for _ in 0..100 {
        if bucket
            .list_multipart_uploads()
            .await
            .unwrap()
            .uploads
            .is_empty()
        {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the upload was not aborted");
}

#[tokio::test]
async fn an_sse_key_applies_to_every_request() {
    let store = Store::start().await;
    let bucket = &store.bucket;
    let (key, other) = (SseKey::generate().unwrap(), SseKey::generate().unwrap());
    bucket
        .put_object("a")
        .sse_key(&key)
        .body(vec![7; 5 * MIB])
        .await
        .unwrap();
    assert!(bucket.get_object("a").await.is_err());
    assert!(bucket.get_object("a").sse_key(&other).await.is_err());
    bucket.head_object("a").sse_key(&key).await.unwrap();
    for threshold in [5 << 30, 0] {
        let copy = bucket.copy_object((bucket.name(), "a"), "b");
        let copy = copy.copy_source_sse_key(&key).sse_key(&other);
        copy.multipart_threshold(threshold)
            .part_size(4 << 20)
            .await
            .unwrap();
        let copied = bucket.get_object("b").sse_key(&other).await.unwrap();
        assert!(copied.body.bytes().await.unwrap() == vec![7; 5 * MIB]);
    }
    let shown = format!("{:?}", bucket.get_object("a").sse_key(&key));
    assert!(!shown.contains(key.to_base64().expose()), "{shown}");
}

#[tokio::test]
async fn finds_the_zone_of_a_bucket() {
    let store = Store::start().await;
    // An endpoint with an IP address has no global host, so the zone comes from the list of buckets.
    let zone = store
        .qingstor
        .locate_bucket(store.bucket.name())
        .await
        .unwrap();
    assert_eq!(zone, "pek3a");
    let bucket = store
        .qingstor
        .bucket_in_its_zone(store.bucket.name())
        .await
        .unwrap();
    assert_eq!(bucket.zone(), "pek3a");
    let error = store
        .qingstor
        .locate_bucket("absent-bucket")
        .await
        .unwrap_err();
    assert!(
        error.is_not_found() || error.is_permission_denied(),
        "{error}"
    );
}

#[tokio::test]
async fn finds_the_zone_from_the_redirect_of_an_unsigned_request() {
    let location = "https://sh1a.qingstor.com/my-bucket";
    let server = Server::start(CannedResponse::new(301).header("Location", location)).await;
    let config = Config::new("ID", "SECRET").endpoint(server.endpoint());
    let qingstor = QingStor::new(config).unwrap();
    assert_eq!(qingstor.locate_bucket("my-bucket").await.unwrap(), "sh1a");
    let request = server.only_request();
    assert_eq!((&*request.method, &*request.target), ("HEAD", "/my-bucket"));
    assert!(request.header("authorization").is_none());
}

/// Posts a form like a browser, optionally with one changed field. Returns the status.
async fn post(form: &FormUpload, change: Option<&str>) -> u16 {
    let mut body = String::new();
    for (name, value) in form.fields() {
        let changed = if change == Some(name) {
            "changed"
        } else {
            value
        };
        body += &format!(
            "--edge\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{changed}\r\n"
        );
    }
    body += "--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"cat.txt\"\r\n\
             Content-Type: text/plain\r\n\r\nmeow\r\n--edge--\r\n";
    let mut headers = HeaderMap::new();
    let kind = "multipart/form-data; boundary=edge";
    headers.insert("content-type", kind.parse().unwrap());
    fetch("POST", form.action(), &headers, &body).await.status
}

#[tokio::test]
async fn a_signed_form_is_accepted_only_unchanged() {
    let store = Store::start().await;
    let form = FormPolicy::new(&store.bucket, "pets/${filename}")
        .content_type("text/plain")
        .cache_control("no-cache")
        .content_encoding("identity")
        .expires("Wed, 21 Oct 2099 07:28:00 GMT")
        .metadata([("author", "lin")]);
    let signed = form.clone().sign().unwrap();
    assert_eq!(post(&signed, None).await, 201);
    let stored = store.bucket.get_object("pets/cat.txt").await.unwrap();
    assert_eq!(stored.metadata.get("author"), Some("lin"));
    assert_eq!(stored.cache_control.as_deref(), Some("no-cache"));
    assert_eq!(stored.content_encoding.as_deref(), Some("identity"));
    assert_eq!(
        stored.expires.as_deref(),
        Some("Wed, 21 Oct 2099 07:28:00 GMT")
    );
    assert_eq!(stored.body.bytes().await.unwrap(), "meow");
    for (name, _) in signed.fields() {
        let status = post(&signed, Some(name)).await;
        assert!((400..500).contains(&status), "{name}: {status}");
    }
    assert_eq!(store.keys().await, ["pets/cat.txt"]);
    let redirected = form.redirect("https://example.com/thanks").sign().unwrap();
    assert_eq!(post(&redirected, None).await, 302);
}
