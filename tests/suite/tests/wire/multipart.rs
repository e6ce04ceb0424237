//! Multipart uploads.

use qingstor_sdk::types::{ObjectPart, StorageClass};
use serde_json::json;

use crate::case::Case;
use crate::object::{DATE, SSE_KEY, SSE_KEY_MD5, time};

const UPLOAD: &str = "4d26b37a469230619604ecdc0e314782";

pub(crate) fn cases() -> Vec<Case> {
    vec![
        initiate(),
        upload_part(),
        copy_part(),
        list_parts(),
        complete(),
        abort(),
    ]
}

fn initiate() -> Case {
    Case::new(
        "/big%2B?uploads",
        |to| {
            let call = to
                .bucket
                .initiate_multipart_upload("big+")
                .content_type("video/mp4");
            let call = call
                .storage_class(StorageClass::Standard)
                .cache_control("no-cache");
            let call = call
                .content_encoding("gzip")
                .content_disposition("inline")
                .expires(DATE);
            let call = call.encryption_customer_algorithm("AES256");
            let call = call
                .encryption_customer_key(SSE_KEY)
                .encryption_customer_key_md5(SSE_KEY_MD5);
            call.metadata([("k1", "v1")])
        },
        async |output| {
            assert_eq!(
                (&*output.upload_id, &*output.key, &*output.bucket),
                (UPLOAD, "big+", "b")
            );
            assert_eq!(
                output.encryption_customer_algorithm.as_deref(),
                Some("AES256")
            );
        },
    )
    .key("big+")
    .header("content-type", "video/mp4")
    .header("x-qs-storage-class", "STANDARD")
    .header("cache-control", "no-cache")
    .header("content-encoding", "gzip")
    .header("content-disposition", "inline")
    .header("expires", DATE)
    .header("x-qs-encryption-customer-algorithm", "AES256")
    .header("x-qs-encryption-customer-key", SSE_KEY)
    .header("x-qs-encryption-customer-key-md5", SSE_KEY_MD5)
    .header("x-qs-meta-k1", "v1")
    .response_header("x-qs-encryption-customer-algorithm", "AES256")
    .sample(json!({"upload_id": UPLOAD, "bucket": "b", "key": "big+"}))
}

fn upload_part() -> Case {
    Case::new(
        "/big?upload_id=4d26b37a469230619604ecdc0e314782&part_number=0",
        |to| {
            let call = to.bucket.upload_multipart("big", UPLOAD, 0).body("part");
            let call = call.content_md5("AAAAAAAAAAAAAAAAAAAAAA==");
            let call = call.encryption_customer_algorithm("AES256");
            call.encryption_customer_key(SSE_KEY)
                .encryption_customer_key_md5(SSE_KEY_MD5)
        },
        async |output| assert_eq!(output.etag, "\"p\""),
    )
    .key("big")
    .body("part")
    .header("content-md5", "AAAAAAAAAAAAAAAAAAAAAA==")
    .header("x-qs-encryption-customer-algorithm", "AES256")
    .header("x-qs-encryption-customer-key", SSE_KEY)
    .header("x-qs-encryption-customer-key-md5", SSE_KEY_MD5)
    .response_header("ETag", "\"p\"")
}

fn copy_part() -> Case {
    Case::new(
        "/big?upload_id=4d26b37a469230619604ecdc0e314782&part_number=10000",
        |to| {
            let call = to.bucket.upload_multipart("big", UPLOAD, 10_000);
            let call = call
                .copy_source(("my-source", "中+"))
                .copy_range("bytes=0-9");
            let call = call.copy_source_if_modified_since(time());
            let call = call.copy_source_if_unmodified_since(time());
            let call = call
                .copy_source_if_match("\"a\"")
                .copy_source_if_none_match("\"b\"");
            let call = call.copy_source_encryption_customer_algorithm("AES256");
            let call = call.copy_source_encryption_customer_key(SSE_KEY);
            call.copy_source_encryption_customer_key_md5(SSE_KEY_MD5)
        },
        async |output| assert_eq!(output.content_copy_range.as_deref(), Some("bytes 0-9/10")),
    )
    .key("big")
    .header("x-qs-copy-source", "/my-source/%E4%B8%AD%2B")
    .header("x-qs-copy-range", "bytes=0-9")
    .header("x-qs-copy-source-if-modified-since", DATE)
    .header("x-qs-copy-source-if-unmodified-since", DATE)
    .header("x-qs-copy-source-if-match", "\"a\"")
    .header("x-qs-copy-source-if-none-match", "\"b\"")
    .header("x-qs-copy-source-encryption-customer-algorithm", "AES256")
    .header("x-qs-copy-source-encryption-customer-key", SSE_KEY)
    .header("x-qs-copy-source-encryption-customer-key-md5", SSE_KEY_MD5)
    .response_header("x-qs-content-copy-range", "bytes 0-9/10")
}

fn list_parts() -> Case {
    Case::new(
        "/big?upload_id=4d26b37a469230619604ecdc0e314782&part_number_marker=0&limit=1000",
        |to| {
            to.bucket
                .list_multipart("big", UPLOAD)
                .part_number_marker(0)
                .limit(1000)
        },
        async |output| {
            assert_eq!(output.count, 1);
            let part = &output.object_parts[0];
            assert_eq!((part.part_number, part.size), (3, Some(10_485_760)));
            assert_eq!(part.created.unwrap().to_string(), "2015-08-16T14:52:12Z");
        },
    )
    .key("big")
    .sample(
        json!({"count": 1, "object_parts": [{"part_number": 3, "size": 10_485_760,
        "created": "2015-08-16T14:52:12.000Z", "etag": "64ec234786ffc5c20306ec441b65a521"}]}),
    )
}

fn complete() -> Case {
    Case::new(
        "/big?upload_id=4d26b37a469230619604ecdc0e314782",
        |to| {
            let parts = [
                ObjectPart::new(0).etag("\"c837\""),
                ObjectPart::new(2).etag(""),
            ];
            let call = to
                .bucket
                .complete_multipart_upload("big", UPLOAD, parts)
                .etag("\"e\"");
            let call = call.encryption_customer_algorithm("AES256");
            call.encryption_customer_key(SSE_KEY)
                .encryption_customer_key_md5(SSE_KEY_MD5)
        },
        async |output| assert_eq!(output.status(), 201),
    )
    .key("big")
    .header("etag", "\"e\"")
    .header("x-qs-encryption-customer-algorithm", "AES256")
    .header("x-qs-encryption-customer-key", SSE_KEY)
    .header("x-qs-encryption-customer-key-md5", SSE_KEY_MD5)
    .json(r#"{"object_parts":[{"part_number":0,"etag":"c837"},{"part_number":2}]}"#)
}

fn abort() -> Case {
    Case::new(
        "/big?upload_id=4d26b37a469230619604ecdc0e314782",
        |to| to.bucket.abort_multipart_upload("big", UPLOAD),
        async |output| assert_eq!(output.status(), 204),
    )
    .key("big")
}
