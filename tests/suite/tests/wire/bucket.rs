//! Bucket operations, except settings.

use qingstor_sdk::types::{BucketStatus, StorageClass};
use serde_json::json;

use crate::case::Case;

pub(crate) fn cases() -> Vec<Case> {
    vec![
        Case::new(
            "/",
            |to| to.bucket.put(),
            async |output| {
                assert_eq!(output.status(), 201);
            },
        ),
        Case::new(
            "/",
            |to| to.bucket.head(),
            async |output| {
                assert_eq!(output.status(), 200);
            },
        ),
        Case::new(
            "/",
            |to| to.bucket.delete(),
            async |output| {
                assert_eq!(output.status(), 204);
            },
        ),
        list_objects(),
        list_object_versions(),
        list_multipart_uploads(),
        statistics(),
        delete_multiple_objects(),
    ]
}

fn list_objects() -> Case {
    Case::new(
        "/?prefix=a%20b%2Bc%26d%2F&delimiter=%2F&marker=%E4%B8%AD%25&limit=4",
        |to| {
            let call = to.bucket.list_objects().prefix("a b+c&d/").delimiter("/");
            call.marker("中%").limit(4)
        },
        async |output| {
            assert_eq!((&*output.name, output.limit), ("mybucket", 4));
            assert_eq!(output.owner.name, "william");
            assert_eq!(output.next_marker.as_deref(), Some("bigtable.pdf"));
            assert!(output.has_more);
            assert_eq!(output.common_prefixes, ["QCI/", "图片/"]);
            let key = &output.keys[0];
            assert_eq!(
                (&*key.key, key.size, key.encrypted),
                ("api.txt", 38970, true)
            );
            assert_eq!(key.etag, "\"4f44b10f5cb83777fea4ef88a3f7b3c4\"");
            assert_eq!(key.storage_class, Some(StorageClass::Standard));
            // The same time in seconds and in milliseconds.
            assert_eq!(key.modified, key.created);
            assert_eq!(
                output.keys[1].storage_class,
                Some(StorageClass::Unknown("GLACIAL".into()))
            );
        },
    )
    .sample(json!({
        "name": "mybucket", "prefix": "a b+c&d/", "delimiter": "/", "limit": 4, "marker": "",
        "owner": {"id": "usr-DxWdNcCr", "name": "william"},
        "next_marker": "bigtable.pdf", "has_more": true, "common_prefixes": ["QCI/", "图片/"],
        "keys": [
            {"key": "api.txt", "size": 38970, "mime_type": "text/plain", "encrypted": true,
             "created": "2016-08-22T15:03:32.000Z", "modified": 1_471_878_212,
             "storage_class": "STANDARD", "etag": "\"4f44b10f5cb83777fea4ef88a3f7b3c4\""},
            {"key": "bigtable.pdf", "storage_class": "GLACIAL"},
        ],
    }))
}

fn list_object_versions() -> Case {
    Case::new(
        "/?versions&prefix=te&delimiter=%2F&key_marker=a&version_id_marker=Njk%3D&limit=2",
        |to| {
            let call = to.bucket.list_object_versions().prefix("te").delimiter("/");
            call.key_marker("a").version_id_marker("Njk=").limit(2)
        },
        async |output| {
            assert_eq!(
                output.next_version_id_marker.as_deref(),
                Some("NjkwOTgwOTE5")
            );
            let key = &output.keys[0];
            assert!(key.is_latest && key.delete_marker);
            // `modified` is a string here, but a number in listings of objects.
            assert_eq!(key.modified.unwrap().to_string(), "2022-04-07T02:20:25Z");
        },
    )
    .sample(json!({
        "name": "mybucket", "prefix": "te", "delimiter": "", "key_marker": "",
        "version_id_marker": "", "limit": 2, "owner": {"id": "usr-nz12MiKl", "name": ""},
        "has_more": true, "common_prefixes": [], "next_key_marker": "test.txt",
        "next_version_id_marker": "NjkwOTgwOTE5",
        "keys": [{"key": "test.txt", "is_latest": true, "delete_marker": true,
            "version_id": "NjkxMjM0MzM1", "size": 0, "etag": "", "mime_type": "",
            "encrypted": false, "storage_class": "STANDARD",
            "created": "2022-04-07T02:20:25.000Z", "modified": "2022-04-07T02:20:25.000Z"}],
    }))
}

fn list_multipart_uploads() -> Case {
    Case::new(
        "/?uploads&prefix=p&delimiter=%2F&key_marker=k&upload_id_marker=44e7&limit=0",
        |to| {
            let call = to
                .bucket
                .list_multipart_uploads()
                .prefix("p")
                .delimiter("/");
            call.key_marker("k").upload_id_marker("44e7").limit(0)
        },
        async |output| {
            assert_eq!(output.uploads[0].upload_id, "44e76b0f5eda308e");
            assert_eq!(output.next_key_marker.as_deref(), Some("test"));
            assert!(output.common_prefixes.is_empty());
        },
    )
    .sample(json!({
        "name": "mybucket", "prefix": "p", "delimiter": "/", "limit": 0, "has_more": false,
        "next_key_marker": "test", "next_upload_id_marker": "44e76b0f5eda308e",
        "uploads": [{"key": "test", "upload_id": "44e76b0f5eda308e",
                     "created": "2017-01-10T03:10:10.000Z"}],
        "common_prefixes": null,
    }))
}

fn statistics() -> Case {
    Case::new(
        "/?stats",
        |to| to.bucket.get_statistics(),
        async |output| {
            // The size does not fit into 32 bits.
            assert_eq!((output.count, output.size), (12, 6_000_000_000));
            assert_eq!(output.status, Some(BucketStatus::Active));
            assert_eq!(output.storage_classes["STANDARD"].billing_size, 65_536);
        },
    )
    .sample(json!({
        "count": 12, "size": 6_000_000_000_u64, "name": "mybucket", "location": "pek3a",
        "url": "mybucket.pek3a.qingstor.com", "status": "active",
        "created": "2015-07-11T04:45:57Z",
        "storage_classes": {"STANDARD": {"count": 12, "size": 1, "billing_size": 65_536}},
    }))
}

fn delete_multiple_objects() -> Case {
    Case::new(
        "/?delete",
        |to| {
            let keys = ["a", "中/\"b\"\n"];
            to.bucket.delete_multiple_objects(keys).quiet(true)
        },
        async |output| {
            assert_eq!(output.deleted[0].key, "a");
            assert_eq!(output.errors[0].code, "permission_denied");
        },
    )
    .json(r#"{"objects":[{"key":"a"},{"key":"中/\"b\"\n"}],"quiet":true}"#)
    // Base64 of the MD5 digest of the body, computed with another tool.
    .header("content-md5", "jH+VcO3zzANmCyQNfwSkmg==")
    .sample(json!({
        "deleted": [{"key": "a"}],
        "errors": [{"key": "中", "code": "permission_denied", "message": "no"}],
    }))
}
