//! Copies between zones pass through the client, and keep what the source has.

use qingstor_sdk::types::VersioningStatus;
use qingstor_sdk::{Bucket, Config, ErrorKind, PART_SIZE_METADATA, QingStor, SseKey};

use crate::site::{Site, objects, tree};

/// Returns a new bucket in another zone. The emulator does not need the zone in the host name.
pub(crate) async fn far_bucket(site: &Site) -> Bucket {
    let emulator = &site.emulator;
    let config = Config::new(emulator.access_key_id(), emulator.secret_access_key())
        .endpoint(emulator.endpoint());
    let service = QingStor::new(config).unwrap();
    let bucket = service.bucket("far-bucket", "sh1a").unwrap();
    bucket.put().await.unwrap();
    bucket
}

#[tokio::test]
async fn a_copy_has_the_content_and_the_properties_of_the_source() {
    let site = Site::start().await;
    let far = far_bucket(&site).await;
    let status = VersioningStatus::Enabled;
    far.put_versioning(status).await.unwrap();
    let source = site.bucket.put_object("a").body("content");
    let source = source.content_type("text/x-a").cache_control("no-store");
    source.metadata([("color", "blue")]).await.unwrap();
    let copy = far
        .copy_object(("ignored", "a"), "b")
        .source_bucket(&site.bucket);
    let copied = copy.await.unwrap();
    assert_eq!((copied.bytes, copied.parts), (7, 1));
    assert_eq!(objects(&far).await, tree([("b", "content")]));
    let head = far.head_object("b").await.unwrap();
    assert_eq!(head.content_type.as_deref(), Some("text/x-a"));
    assert_eq!(head.cache_control.as_deref(), Some("no-store"));
    assert_eq!(head.metadata.get("color"), Some("blue"));
    assert_eq!(head.etag, copied.source_etag);
    assert_eq!(head.etag, copied.etag);
    assert!(copied.version_id.is_some());
    assert_eq!(head.version_id, copied.version_id);
    assert!(copied.request_id.is_some());
    let missing = far
        .copy_object(("ignored", "x"), "y")
        .source_bucket(&site.bucket);
    assert!(missing.await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn a_copy_in_parts_has_the_entity_tag_of_the_source() {
    let site = Site::start().await;
    let far = far_bucket(&site).await;
    let local = site.write("local", [("small", "1")]);
    let content: Vec<u8> = (0..20_u32 << 20).map(|n| (n % 251) as u8).collect();
    std::fs::write(local.join("large"), &content).unwrap();
    let upload = site.bucket.upload_dir(&local, "").part_size(6 << 20);
    upload.await.unwrap();
    let sync = || site.bucket.sync_to("", &far, "copy/");
    assert_eq!(sync().await.unwrap().copied, 2);
    let source = site.bucket.head_object("large").await.unwrap();
    let copy = far.head_object("copy/large").await.unwrap();
    assert_eq!(copy.etag, source.etag);
    assert_eq!(copy.metadata.get(PART_SIZE_METADATA), Some("6291456"));
    assert_eq!(copy.metadata, source.metadata);
    assert_eq!(sync().await.unwrap().unchanged, 2);
    let body = far.get_object("copy/large").await.unwrap().body;
    assert!(body.bytes().await.unwrap() == content);
}

/// The ETag of encrypted content need not be its MD5.
#[tokio::test]
async fn copies_encrypted_objects() {
    let site = Site::start().await;
    let far = far_bucket(&site).await;
    let key = SseKey::new([7; 32]);
    let put = site.bucket.put_object("a").body("content");
    put.sse_key(&key).await.unwrap();
    site.faults(&["operation=GetObject,etag=wrong"]);
    let copy = far
        .copy_object(("ignored", "a"), "b")
        .source_bucket(&site.bucket);
    copy.copy_source_sse_key(&key).await.unwrap();
    site.faults(&[]);
    assert_eq!(objects(&far).await, tree([("b", "content")]));
}

#[tokio::test]
async fn damaged_content_is_not_stored() {
    let site = Site::start().await;
    let far = far_bucket(&site).await;
    let content = "x".repeat(17 << 20);
    site.bucket.put_object("a").body(content).await.unwrap();
    site.faults(&["operation=GetObject,etag=wrong"]);
    let copy = far
        .copy_object(("ignored", "a"), "b")
        .source_bucket(&site.bucket);
    let error = copy.await.unwrap_err();
    let causes = std::iter::successors(Some(&error as &dyn std::error::Error), |e| e.source());
    let texts: Vec<_> = causes.map(ToString::to_string).collect();
    assert!(texts.iter().any(|text| text.contains("MD5")), "{texts:?}");
    site.faults(&[]);
    assert!(objects(&far).await.is_empty());
    let uploads = far.list_multipart_uploads().await.unwrap();
    assert!(uploads.uploads.is_empty(), "aborted");
}

/// Another service can have the same zones and buckets, for example a private one.
#[tokio::test]
async fn copies_from_another_service_pass_through_the_client() {
    let (site, other) = (Site::start().await, Site::start().await);
    site.put([("a", "of this service")]).await;
    other.put([("a", "of another service"), ("b", "2")]).await;
    let path = ("ignored", "a");
    let copy = site.bucket.copy_object(path, "copy");
    let copied = copy.source_bucket(&other.bucket).await.unwrap();
    assert_eq!(copied.bytes, 18);
    let expected = tree([("a", "of this service"), ("copy", "of another service")]);
    assert_eq!(objects(&site.bucket).await, expected);

    let sync = other.bucket.sync_to("", &site.bucket, "").delete(true);
    let summary = sync.await.unwrap();
    assert_eq!((summary.copied, summary.deleted), (2, 1));
    assert_eq!(summary.bytes, 19);
    let expected = tree([("a", "of another service"), ("b", "2")]);
    assert_eq!(objects(&site.bucket).await, expected);
    assert_eq!(objects(&other.bucket).await, expected);
}

/// Another client of the same service may have other credentials.
#[tokio::test]
async fn another_client_of_the_service_does_not_change_copies() {
    let site = Site::start().await;
    site.put([("a", "1")]).await;
    let emulator = &site.emulator;
    let config = Config::new(emulator.access_key_id(), emulator.secret_access_key());
    let service = QingStor::new(config.endpoint(emulator.endpoint())).unwrap();
    let same = service.bucket("folders", "pek3a").unwrap();
    let copy = site.bucket.copy_object(("ignored", "a"), "b");
    copy.source_bucket(&same).await.unwrap();
    assert_eq!(site.served("GetObject"), 0);
    for zone in ["pek3a", "sh1a"] {
        let same = service.bucket("folders", zone).unwrap();
        let sync = same.sync_to("", &site.bucket, "").delete(true);
        let error = sync.await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    }
}
