use std::error::Error as StdError;

use super::*;
use crate::{
    Bucket, ByteStream, Config, Credentials, Presigned, QingStor, Secret, Timestamp, operations,
};

fn bucket() -> Bucket {
    let config = Config::new("ID", "SECRET").endpoint("http://127.0.0.1:9000");
    let qingstor = QingStor::new(config).unwrap();
    qingstor.bucket("my-bucket", "pek3a").unwrap()
}

fn send<T: Send>(_: &T) {}
fn shared<T: Send + Sync + 'static>() {}
fn error<T: StdError + Send + Sync + 'static>() {}

/// Compiles only if calls can be spawned and handles shared between threads.
#[test]
fn public_types_can_be_sent_to_another_thread() {
    shared::<QingStor>();
    shared::<Bucket>();
    shared::<Config>();
    shared::<Credentials>();
    shared::<Secret>();
    shared::<Timestamp>();
    shared::<Presigned>();
    shared::<Body>();
    shared::<ByteStream>();
    shared::<operations::GetObjectOutput>();
    shared::<Call<operations::PutObjectInput>>();
    error::<Error>();
    let bucket = bucket();
    send(&bucket.put_object("k").send());
    send(&bucket.get_object("k").into_future());
    send(&bucket.post_object("k", "x").send());
    send(&bucket.put_acl([]).send());
}

#[test]
fn a_call_outside_of_a_runtime_is_an_error() {
    let mut call = std::pin::pin!(bucket().head().send());
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(Err(error)) = call.as_mut().poll(&mut context) else {
        panic!("the call is pending");
    };
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("Tokio runtime"), "{error}");
}

#[test]
fn the_error_of_an_invalid_header_contains_the_key() {
    let call = bucket().put_object("x").header("bad header", "v");
    assert_eq!(call.build().unwrap_err().key(), Some("x"));
}

#[test]
fn an_empty_signed_parameter_is_refused() {
    let bucket = bucket();
    let refused = |error: Error, name: &str| {
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains(name), "{error}");
    };
    let abort = bucket.abort_multipart_upload("k", "").build();
    refused(abort.unwrap_err(), "upload_id");
    let delete = bucket.delete_object("k").version_id("").build();
    refused(delete.unwrap_err(), "version_id");
    assert!(bucket.list_objects().prefix("").build().is_ok());
    assert!(bucket.append_object("k", 0).build().is_ok());
}

#[test]
fn debug_redacts_keys_in_custom_headers() {
    let call = bucket().get_object("k");
    let call = call.header("X-QS-Encryption-Customer-Key", "hush-hush");
    let presigned = call.clone().presign(Duration::from_secs(9)).unwrap();
    let shown = format!("{:?} {presigned:?} {call:?}", call.clone().build().unwrap());
    assert!(!shown.contains("hush"), "{shown}");
}

#[test]
fn hostile_arguments_are_refused_or_encoded() {
    let bucket = bucket();
    let huge = "k".repeat(1 << 17);
    assert!(bucket.get_object(&*huge).build().is_err());
    for key in ["", ".", "a/../b", "./a", "/a"] {
        assert!(bucket.get_object(key).build().is_err(), "{key:?}");
    }
    for (key, path) in [
        ("a//b", "/my-bucket/a//b"),
        ("%2e%2e/x", "/my-bucket/%252e%252e/x"),
        ("a?b#c\r\nd", "/my-bucket/a%3Fb%23c%0D%0Ad"),
    ] {
        let request = bucket.get_object(key).build().unwrap();
        assert_eq!(request.uri().path(), path, "{key:?}");
    }
    for (name, value) in [
        ("x-a", "b\r\nc: d"),
        ("x-a", "\u{e9}"),
        ("", "v"),
        ("a b", "v"),
        ("host", "v"),
    ] {
        assert!(bucket.head().header(name, value).build().is_err(), "{name}");
    }
    assert!(bucket.get_object("k").range("a\r\nb").build().is_err());
    let far = Duration::from_secs(1 << 60);
    let presigned = bucket.get_object("k").presign(far).unwrap();
    assert!(presigned.expires().is_err());
}

#[test]
fn a_built_request_has_the_length_of_its_body() {
    fn length<I: Operation>(call: Call<I>) -> Option<String> {
        let request = call.build().unwrap();
        let values = request.headers().get_all("content-length").iter();
        let values: Vec<_> = values.map(|value| value.to_str().unwrap()).collect();
        let body = request.body().len();
        match values.as_slice() {
            [] => {
                assert_eq!(body, 0);
                None
            }
            [one] => {
                assert_eq!(one.parse(), Ok(body));
                Some((*one).to_owned())
            }
            _ => panic!("several lengths: {values:?}"),
        }
    }
    let bucket = bucket();
    let known = |text: &str| Some(text.to_owned());
    assert_eq!(length(bucket.put_object("k").body("content")), known("7"));
    let chunks = futures_util::stream::iter([Ok::<_, std::io::Error>(bytes::Bytes::from("abc"))]);
    let body = Body::from_stream(chunks, 3);
    assert_eq!(length(bucket.put_object("k").body(body)), known("3"));
    assert_eq!(length(bucket.put_object("k")), known("0"));
    assert_eq!(length(bucket.initiate_multipart_upload("k")), known("0"));
    let deletion = bucket.delete_multiple_objects(["a"]);
    assert_eq!(length(deletion), known("25"));
    assert!(length(bucket.post_object("k", "x")).is_some());
    let cname = bucket.delete_cname("example.com");
    assert!(length(cname).is_some());
    assert_eq!(length(bucket.get_object("k")), None);
    assert_eq!(length(bucket.head_object("k")), None);
    assert_eq!(length(bucket.delete_object("k")), None);
    let presigned = bucket.put_object("k").body("content");
    let presigned = presigned.presign(Duration::from_secs(9)).unwrap();
    assert!(presigned.headers().is_empty());
}

#[test]
fn a_presigned_value_cannot_be_split_into_parameters() {
    let second = Duration::from_secs(1);
    let hostile = "attachment; filename=\"a&response-content-type=text/html\"";
    let bucket = bucket();
    let calls = |value: &str| {
        let get = || bucket.get_object("k");
        [
            get().response_content_disposition(value),
            get().response_content_type(value),
            get().response_content_language(value),
            get().response_content_encoding(value),
            get().response_cache_control(value),
            get().response_expires(value),
            get().version_id(value),
        ]
    };
    for value in [hostile, "&", "&acl", "a&b"] {
        for call in calls(value) {
            // The value is not ambiguous if the client sends the request itself.
            call.clone().build().unwrap();
            let error = call.presign(second).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            assert!(error.to_string().contains("`&`"), "{error}");
        }
    }
    for value in [
        "a%26b",
        "a#b=c+d;e f",
        "attachment; filename*=utf-8''a%26b.txt",
    ] {
        for call in calls(value) {
            call.presign(second).unwrap();
        }
    }
    // The signature does not cover `prefix`, so it need not be refused.
    bucket.list_objects().prefix("a&b").presign(second).unwrap();
}

#[test]
fn a_presigned_call_contains_its_json_body() {
    let presigned = bucket()
        .delete_multiple_objects(["a"])
        .presign(Duration::from_secs(9))
        .unwrap();
    assert_eq!(presigned.body(), r#"{"objects":[{"key":"a"}]}"#);
    assert!(presigned.headers().contains_key("content-md5"));
    let upload = bucket().put_object("k").body("x");
    assert_eq!(upload.presign(Duration::from_secs(9)).unwrap().body(), "");
}
