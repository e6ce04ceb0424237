//! Object operations, except multipart uploads and forms.

use qingstor_sdk::Timestamp;
use qingstor_sdk::types::{MetadataDirective, StorageClass};

use crate::case::Case;

/// The Base64 of 32 bytes `x`, and of their MD5 digest. The example of the official scenarios.
pub(crate) const SSE_KEY: &str = "eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg=";
pub(crate) const SSE_KEY_MD5: &str = "3I/h1kl+vSP1l12NKhxegQ==";

const KEY: &str = "照片/a b+c%2F?.jpg";
/// `KEY`, encoded for a path.
macro_rules! path {
    ($($rest:literal)?) => {
        concat!("/%E7%85%A7%E7%89%87/a%20b%2Bc%252F%3F.jpg", $($rest)?)
    };
}

pub(crate) const DATE: &str = "Sun, 16 Aug 2015 09:05:00 GMT";

pub(crate) fn time() -> Timestamp {
    DATE_ISO.parse().unwrap()
}
const DATE_ISO: &str = "2015-08-16T09:05:00.999Z";

pub(crate) fn cases() -> Vec<Case> {
    vec![
        put_object(),
        copy_object(),
        move_object(),
        fetch_object(),
        get_object(),
        head_object(),
        options_object(),
        delete_object(),
        append_object(),
        image_process(),
    ]
}

fn put_object() -> Case {
    Case::new(
        path!(),
        |to| {
            let call = to
                .bucket
                .put_object(KEY)
                .body("hello\r\n\0")
                .content_type("text/plain; a=\"b\"");
            let call = call.cache_control("no-cache").content_encoding("gzip");
            let call = call
                .content_disposition("attachment; filename=\"a.jpg\"")
                .expires(DATE);
            let call = call.content_md5("AAAAAAAAAAAAAAAAAAAAAA==");
            let call = call.storage_class(StorageClass::StandardIa);
            let call = call.encryption_customer_algorithm("AES256");
            let call = call
                .encryption_customer_key(SSE_KEY)
                .encryption_customer_key_md5(SSE_KEY_MD5);
            // The signature has `a` before `a-b`, although `-` is less than `:`.
            call.metadata([("A-B", "inner  spaces"), ("a", "~!@#$%^&*()")])
        },
        async |output| {
            assert_eq!(
                (output.status().as_u16(), &*output.etag),
                (201, "\"5d41402abc\"")
            );
            assert_eq!(output.version_id.as_deref(), Some("Njk="));
            assert_eq!(
                output.encryption_customer_key_md5.as_deref(),
                Some(SSE_KEY_MD5)
            );
        },
    )
    .key(KEY)
    .body("hello\r\n\0")
    .header("content-type", "text/plain; a=\"b\"")
    .header("cache-control", "no-cache")
    .header("content-encoding", "gzip")
    .header("content-disposition", "attachment; filename=\"a.jpg\"")
    .header("expires", DATE)
    .header("content-md5", "AAAAAAAAAAAAAAAAAAAAAA==")
    .header("x-qs-storage-class", "STANDARD_IA")
    .header("x-qs-encryption-customer-algorithm", "AES256")
    .header("x-qs-encryption-customer-key", SSE_KEY)
    .header("x-qs-encryption-customer-key-md5", SSE_KEY_MD5)
    .header("x-qs-meta-a", "~!@#$%^&*()")
    .header("x-qs-meta-a-b", "inner  spaces")
    .response_header("ETag", "\"5d41402abc\"")
    .response_header("x-qs-version-id", "Njk=")
    .response_header("x-qs-encryption-customer-key-md5", SSE_KEY_MD5)
}

fn copy_object() -> Case {
    Case::new(
        "/copy",
        |to| {
            let call = to.bucket.put_object("copy").copy_source(("my-source", KEY));
            let call = call.metadata_directive(MetadataDirective::Replace);
            let call = call.copy_source_if_modified_since(time());
            let call = call.copy_source_if_unmodified_since(time());
            let call = call
                .copy_source_if_match("\"a\"")
                .copy_source_if_none_match("\"b\"");
            let call = call.copy_source_encryption_customer_algorithm("AES256");
            let call = call.copy_source_encryption_customer_key(SSE_KEY);
            call.copy_source_encryption_customer_key_md5(SSE_KEY_MD5)
        },
        async |output| assert_eq!(output.etag, ""),
    )
    .key("copy")
    .header(
        "x-qs-copy-source",
        "/my-source/%E7%85%A7%E7%89%87/a%20b%2Bc%252F%3F.jpg",
    )
    .header("x-qs-metadata-directive", "REPLACE")
    .header("x-qs-copy-source-if-modified-since", DATE)
    .header("x-qs-copy-source-if-unmodified-since", DATE)
    .header("x-qs-copy-source-if-match", "\"a\"")
    .header("x-qs-copy-source-if-none-match", "\"b\"")
    .header("x-qs-copy-source-encryption-customer-algorithm", "AES256")
    .header("x-qs-copy-source-encryption-customer-key", SSE_KEY)
    .header("x-qs-copy-source-encryption-customer-key-md5", SSE_KEY_MD5)
}

fn move_object() -> Case {
    Case::new(
        "/moved",
        |to| {
            let call = to
                .bucket
                .put_object("moved")
                .move_source(("my-source", "a/b"));
            let call = call.move_source_if_modified_since(time());
            let call = call.move_source_if_unmodified_since(time());
            call.move_source_if_match("\"a\"")
                .move_source_if_none_match("\"b\"")
        },
        async |_| {},
    )
    .key("moved")
    .header("x-qs-move-source", "/my-source/a/b")
    .header("x-qs-move-source-if-modified-since", DATE)
    .header("x-qs-move-source-if-unmodified-since", DATE)
    .header("x-qs-move-source-if-match", "\"a\"")
    .header("x-qs-move-source-if-none-match", "\"b\"")
}

fn fetch_object() -> Case {
    Case::new(
        "/fetched",
        |to| {
            // Characters that are valid in a URL are not encoded again.
            let url = "https://example.com/a%20b/中?q=1&r=%2F";
            let call = to.bucket.put_object("fetched").fetch_source(url);
            call.fetch_if_unmodified_since(time())
        },
        async |_| {},
    )
    .key("fetched")
    .header(
        "x-qs-fetch-source",
        "https://example.com/a%20b/%E4%B8%AD?q=1&r=%2F",
    )
    .header("x-qs-fetch-if-unmodified-since", DATE)
}

fn get_object() -> Case {
    Case::new(
        path!(
            "?version_id=Njk%3D&response-expires=Sun%2C%2016%20Aug%202015%2009%3A05%3A00%20GMT\
             &response-cache-control=no-cache&response-content-type=video%2Fmp4%3B%20charset%3Dutf8\
             &response-content-language=zh&response-content-encoding=gzip\
             &response-content-disposition=attachment%3B%20filename%3D%22%25E4%25B8%25AD%2B%22"
        ),
        |to| {
            let call = to
                .bucket
                .get_object(KEY)
                .version_id("Njk=")
                .response_expires(DATE);
            let call = call.response_cache_control("no-cache");
            let call = call.response_content_type("video/mp4; charset=utf8");
            let call = call
                .response_content_language("zh")
                .response_content_encoding("gzip");
            let call = call.response_content_disposition("attachment; filename=\"%E4%B8%AD+\"");
            let call = call
                .range("bytes=0-4")
                .if_match("\"a\"")
                .if_none_match("\"b\"");
            let call = call.if_modified_since(time()).if_unmodified_since(time());
            let call = call.encryption_customer_algorithm("AES256");
            call.encryption_customer_key(SSE_KEY)
                .encryption_customer_key_md5(SSE_KEY_MD5)
        },
        async |output| {
            assert_eq!(output.etag, "\"a\"");
            assert_eq!(output.content_length, Some(5));
            assert_eq!(output.content_range.as_deref(), Some("bytes 0-4/10"));
            assert_eq!(
                output.last_modified.unwrap().to_string(),
                "2015-08-16T09:05:00Z"
            );
            assert_eq!(output.storage_class, Some(StorageClass::Standard));
            assert_eq!(output.metadata.get("author"), Some("Lin"));
            assert_eq!(output.metadata.len(), 1);
            assert!(output.delete_marker);
            assert_eq!(output.content_type.as_deref(), Some("video/mp4"));
            assert_eq!(output.body.len(), Some(5));
            assert_eq!(output.body.bytes().await.unwrap(), "hello");
        },
    )
    .key(KEY)
    .header("range", "bytes=0-4")
    .header("if-match", "\"a\"")
    .header("if-none-match", "\"b\"")
    .header("if-modified-since", DATE)
    .header("if-unmodified-since", DATE)
    .header("x-qs-encryption-customer-algorithm", "AES256")
    .header("x-qs-encryption-customer-key", SSE_KEY)
    .header("x-qs-encryption-customer-key-md5", SSE_KEY_MD5)
    .response_header("ETag", "\"a\"")
    .response_header("Content-Range", "bytes 0-4/10")
    .response_header("Content-Type", "video/mp4")
    .response_header("Last-Modified", DATE)
    .response_header("x-qs-storage-class", "STANDARD")
    .response_header("X-QS-Meta-Author", "Lin")
    .response_header("x-qs-delete-marker", "true")
    .response_body("hello")
}

fn head_object() -> Case {
    Case::new(
        path!("?version_id=Njk%3D"),
        |to| {
            let call = to.bucket.head_object(KEY).version_id("Njk=");
            let call = call.if_match("\"a\"").if_none_match("\"b\"");
            let call = call.if_modified_since(time()).if_unmodified_since(time());
            let call = call.encryption_customer_algorithm("AES256");
            call.encryption_customer_key(SSE_KEY)
                .encryption_customer_key_md5(SSE_KEY_MD5)
        },
        async |output| {
            // The length of the object, although a HEAD response has no body.
            assert_eq!(output.content_length, Some(5_000_000_000));
            assert_eq!(output.object_type.as_deref(), Some("appendable"));
            assert_eq!(output.next_append_position, Some(0));
            assert!(!output.delete_marker);
        },
    )
    .key(KEY)
    .header("if-match", "\"a\"")
    .header("if-none-match", "\"b\"")
    .header("if-modified-since", DATE)
    .header("if-unmodified-since", DATE)
    .header("x-qs-encryption-customer-algorithm", "AES256")
    .header("x-qs-encryption-customer-key", SSE_KEY)
    .header("x-qs-encryption-customer-key-md5", SSE_KEY_MD5)
    .response_header("Content-Length", "5000000000")
    .response_header("x-qs-object-type", "appendable")
    .response_header("x-qs-next-append-position", "0")
}

fn options_object() -> Case {
    Case::new(
        "/a",
        |to| {
            let call = to
                .bucket
                .options_object("a", "https://www.example.com", "PUT");
            call.access_control_request_headers("x-qs-date, content-type")
        },
        async |output| {
            assert_eq!(output.access_control_allow_origin.as_deref(), Some("*"));
            assert_eq!(output.access_control_allow_methods, None);
        },
    )
    .key("a")
    .header("origin", "https://www.example.com")
    .header("access-control-request-method", "PUT")
    .header("access-control-request-headers", "x-qs-date, content-type")
    .response_header("Access-Control-Allow-Origin", "*")
}

fn delete_object() -> Case {
    Case::new(
        path!("?version_id=a%26b"),
        |to| to.bucket.delete_object(KEY).version_id("a&b"),
        async |output| {
            assert!(output.delete_marker);
            assert_eq!(output.version_id.as_deref(), Some("a&b"));
        },
    )
    .key(KEY)
    .response_header("x-qs-delete-marker", "True")
    .response_header("x-qs-version-id", "a&b")
}

fn append_object() -> Case {
    Case::new(
        // The position 0 must be sent.
        "/log?append&position=0",
        |to| {
            let call = to.bucket.append_object("log", 0).body(vec![0, 255, 10]);
            let call = call
                .content_type("text/plain")
                .storage_class(StorageClass::Standard);
            call.content_md5("AAAAAAAAAAAAAAAAAAAAAA==")
        },
        async |output| assert_eq!(output.next_append_position, 5_000_000_000),
    )
    .key("log")
    .bytes(vec![0, 255, 10])
    .header("content-type", "text/plain")
    .header("content-md5", "AAAAAAAAAAAAAAAAAAAAAA==")
    .header("x-qs-storage-class", "STANDARD")
    .response_header("x-qs-next-append-position", "5000000000")
}

fn image_process() -> Case {
    Case::new(
        "/cat.png?image&action=crop%3Aw_300%7Cformat%3At_webp&response-content-type=image%2Fwebp",
        |to| {
            let call = to
                .bucket
                .image_process("cat.png", "crop:w_300|format:t_webp");
            call.response_content_type("image/webp")
                .if_modified_since(time())
        },
        async |output| {
            assert_eq!(output.content_length, Some(4));
            assert_eq!(output.body.bytes().await.unwrap(), "RIFF");
        },
    )
    .key("cat.png")
    .header("if-modified-since", DATE)
    .response_body("RIFF")
}
