//! Properties of copies.

use qingstor_sdk::operations::HeadObjectOutput;
use qingstor_sdk::types::StorageClass;
use qingstor_sdk::{Bucket, Config, CopyObject, Metadata, QingStor};

use crate::transfer::{PART, Site, content};

/// Returns a new bucket in another zone. The emulator does not need the zone in the host name.
async fn far_bucket(site: &Site) -> Bucket {
    let emulator = &site.emulator;
    let config = Config::new(emulator.access_key_id(), emulator.secret_access_key())
        .endpoint(emulator.endpoint());
    let service = QingStor::new(config).unwrap();
    let bucket = service.bucket("far-bucket", "sh1a").unwrap();
    bucket.put().await.unwrap();
    bucket
}

/// Copies an object with many properties with one request, in parts, and between zones. Returns the
/// properties of the copies.
async fn copies(change: impl Fn(CopyObject) -> CopyObject) -> Vec<HeadObjectOutput> {
    let site = Site::start().await;
    let far = far_bucket(&site).await;
    let put = site.bucket.put_object("source").body(content(PART + 1));
    let put = put.content_type("text/x-a").cache_control("no-store");
    let put = put.content_disposition("inline").content_encoding("x");
    let put = put.expires("Thu, 01 Jan 2026 00:00:00 GMT");
    let put = put.storage_class(StorageClass::StandardIa);
    let metadata = [
        ("color", "blue"),
        ("mtime", "1577836800"),
        ("part-size", "8"),
    ];
    put.metadata(metadata).await.unwrap();
    let mut heads = Vec::new();
    let whole = CopyObject::DEFAULT_MULTIPART_THRESHOLD;
    for (bucket, threshold) in [(&site.bucket, whole), (&site.bucket, 0), (&far, 0)] {
        let copy = bucket.copy_object(("ignored", "source"), "copy");
        let copy = copy.source_bucket(&site.bucket).part_size(PART as u64);
        let copy = copy.multipart_threshold(threshold);
        let copied = change(copy).await.unwrap();
        assert_eq!(copied.bytes, PART as u64 + 1);
        let head = bucket.head_object("copy").await.unwrap();
        assert_eq!(head.cache_control.as_deref(), Some("no-store"));
        assert_eq!(head.content_disposition.as_deref(), Some("inline"));
        assert_eq!(head.content_encoding.as_deref(), Some("x"));
        assert!(head.expires.is_some());
        heads.push(head);
    }
    heads
}

/// Returns the metadata without the part size, which depends on the copy.
fn metadata(head: &HeadObjectOutput) -> Metadata {
    let mut metadata = head.metadata.clone();
    assert!(metadata.remove("part-size").is_some());
    metadata
}

#[tokio::test]
async fn a_copy_has_the_properties_of_its_source() {
    for head in copies(|copy| copy).await {
        assert_eq!(head.content_type.as_deref(), Some("text/x-a"));
        assert_eq!(head.storage_class, Some(StorageClass::StandardIa));
        let expected = Metadata::from_iter([("color", "blue"), ("mtime", "1577836800")]);
        assert_eq!(metadata(&head), expected);
    }
}

#[tokio::test]
async fn a_copy_may_have_other_properties() {
    let change = |copy: CopyObject| {
        let copy = copy.content_type("text/x-b").metadata([("team", "z")]);
        copy.storage_class(StorageClass::Standard)
    };
    for head in copies(change).await {
        assert_eq!(head.content_type.as_deref(), Some("text/x-b"));
        assert_eq!(head.storage_class, Some(StorageClass::Standard));
        let expected = Metadata::from_iter([("team", "z"), ("mtime", "1577836800")]);
        assert_eq!(metadata(&head), expected);
    }
    for head in copies(|copy| copy.content_type("text/x-b")).await {
        assert_eq!(head.content_type.as_deref(), Some("text/x-b"));
        assert_eq!(head.metadata.get("color"), Some("blue"));
        assert_eq!(head.storage_class, Some(StorageClass::StandardIa));
    }
    for head in copies(|copy| copy.metadata([("mtime", "1")])).await {
        assert_eq!(head.content_type.as_deref(), Some("text/x-a"));
        assert_eq!(metadata(&head), Metadata::from_iter([("mtime", "1")]));
    }
}

#[tokio::test]
async fn the_error_of_a_part_has_its_number() {
    let site = Site::start().await;
    let put = site.bucket.put_object("source").body(content(PART + 1));
    put.await.unwrap();
    site.faults(&["operation=UploadMultipart,status=403"]);
    let copy = site.bucket.copy_object(("transfers", "source"), "copy");
    let copy = copy.part_size(PART as u64).multipart_threshold(0);
    let error = copy.concurrency(1).await.unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with("UploadMultipart transfers/copy, part 1: "),
        "{text}"
    );
    assert_eq!(site.unfinished().await, 0);
}
