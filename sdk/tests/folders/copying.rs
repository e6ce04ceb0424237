//! Properties of the copies of folders.

use qingstor_sdk::Metadata;
use qingstor_sdk::types::StorageClass;

use crate::between_zones::far_bucket;
use crate::site::Site;

async fn start() -> Site {
    let site = Site::start().await;
    let put = site.bucket.put_object("p/a").body("content");
    let put = put.content_type("text/x-a").cache_control("no-store");
    let put = put.storage_class(StorageClass::StandardIa);
    let put = put.metadata([("color", "blue"), ("mtime", "1577836800")]);
    put.await.unwrap();
    let marker = site.bucket.put_object("p/empty/");
    let marker = marker.content_type("application/x-directory");
    marker.await.unwrap();
    site
}

#[tokio::test]
async fn copies_have_the_properties_of_their_sources() {
    let site = start().await;
    let far = far_bucket(&site).await;
    for target in [&site.other, &far] {
        let copied = site.bucket.sync_to("p", target, "q").await.unwrap();
        assert_eq!(copied.copied, 2, "{:?}", copied.failures);
        let head = target.head_object("q/a").await.unwrap();
        assert_eq!(head.content_type.as_deref(), Some("text/x-a"));
        assert_eq!(head.cache_control.as_deref(), Some("no-store"));
        assert_eq!(head.storage_class, Some(StorageClass::StandardIa));
        assert_eq!(head.metadata.get("color"), Some("blue"));
    }
    // The list contains all that the copy of `a` needs.
    assert_eq!(site.served("HeadObject"), 3);
}

#[tokio::test]
async fn copies_may_have_other_properties() {
    let site = start().await;
    let far = far_bucket(&site).await;
    for target in [&site.other, &far] {
        let sync = site.bucket.sync_to("p", target, "q");
        let sync = sync.content_type("text/x-b").metadata([("team", "z")]);
        let copied = sync.storage_class(StorageClass::Standard).await.unwrap();
        assert_eq!(copied.copied, 2, "{:?}", copied.failures);
        let head = target.head_object("q/a").await.unwrap();
        assert_eq!(head.content_type.as_deref(), Some("text/x-b"));
        assert_eq!(head.cache_control.as_deref(), Some("no-store"));
        assert_eq!(head.storage_class, Some(StorageClass::Standard));
        let expected = Metadata::from_iter([("team", "z"), ("mtime", "1577836800")]);
        assert_eq!(head.metadata, expected);
        let marker = target.head_object("q/empty/").await.unwrap();
        let content_type = marker.content_type.as_deref();
        assert_eq!(content_type, Some("application/x-directory"));
        assert!(marker.metadata.is_empty());
    }
}

#[tokio::test]
async fn markers_have_the_storage_class_of_the_transfer() {
    let site = Site::start().await;
    std::fs::create_dir(site.path("empty")).unwrap();
    let upload = site.bucket.upload_dir(site.path(""), "up");
    let upload = upload
        .folder_markers(true)
        .storage_class(StorageClass::StandardIa);
    upload.await.unwrap();
    let copy = site.bucket.sync_to("up", &site.other, "copy");
    let copy = copy.storage_class(StorageClass::StandardIa);
    copy.await.unwrap();
    let markers = [(&site.bucket, "up/empty/"), (&site.other, "copy/empty/")];
    for (bucket, key) in markers {
        let head = bucket.head_object(key).await.unwrap();
        assert_eq!(head.storage_class, Some(StorageClass::StandardIa), "{key}");
    }
}

#[tokio::test]
async fn large_objects_are_copied_in_parts_of_the_chosen_size() {
    let site = Site::start().await;
    let content = vec![7; 9 << 20];
    let put = site.bucket.put_object("p/large").body(content.clone());
    put.storage_class(StorageClass::StandardIa).await.unwrap();
    let sync = site.bucket.sync_to("p", &site.other, "q");
    let sync = sync.part_size(4 << 20).multipart_threshold(8 << 20);
    let copied = sync.metadata([("team", "z")]).await.unwrap();
    assert_eq!(copied.copied, 1, "{:?}", copied.failures);
    assert_eq!(site.served("UploadMultipart"), 3);
    let output = site.other.get_object("q/large").await.unwrap();
    assert_eq!(output.storage_class, Some(StorageClass::StandardIa));
    assert_eq!(output.metadata.get("team"), Some("z"));
    assert!(output.body.bytes().await.unwrap() == content);
}
