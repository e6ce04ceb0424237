//! Presigned URLs: format, signature, and use by another client.

use std::time::Duration;

use http::{HeaderMap, Method};
use qingstor_emulator::Emulator;
use qingstor_sdk::types::{AclGrant, Grantee, ObjectPart, Permission};
use qingstor_sdk::{Config, ErrorKind, Presigned, QingStor};
use qingstor_suite::client::{RawResponse, fetch};
use qingstor_suite::keys::{UNUSUAL_KEYS, encode};
use qingstor_suite::signature::{Request, decode, hmac};

use crate::store::{BUCKET, Store};

const HOUR: Duration = Duration::from_secs(3600);

/// Computes the signature independently and compares the URL byte for byte.
fn assert_url(presigned: &Presigned, origin: &str, target: &str, emulator: &Emulator) {
    let headers: Vec<_> = presigned
        .headers()
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    let expires = presigned.expires().unwrap().as_unix_seconds();
    let request = Request {
        method: presigned.method().as_str(),
        bucket_in_host: None,
        target,
        headers: &headers,
    };
    let text = request.string_to_sign(Some(&expires.to_string()));
    let signature = hmac(emulator.secret_access_key(), &text).replace('+', "%2B");
    let separator = if target.contains('?') { '&' } else { '?' };
    let id = emulator.access_key_id();
    assert_eq!(
        presigned.to_string(),
        format!(
            "{origin}{target}{separator}access_key_id={id}&expires={expires}&signature={signature}"
        ),
        "{text}"
    );
}

/// Sends a presigned request without the SDK.
async fn call(presigned: &Presigned, body: &str) -> RawResponse {
    let method = presigned.method().as_str();
    fetch(method, &presigned.to_string(), presigned.headers(), body).await
}

async fn get(url: &str) -> RawResponse {
    fetch("GET", url, &HeaderMap::new(), "").await
}

#[tokio::test]
async fn another_client_can_use_a_presigned_url() {
    let store = Store::start().await;
    let (emulator, origin) = (&store.emulator, store.emulator.endpoint());
    for key in UNUSUAL_KEYS {
        let target = format!("/{BUCKET}/{}", encode(key));
        let check = |presigned: &Presigned, method: Method, target: &str| {
            assert_eq!(presigned.method(), method);
            assert!(presigned.headers().is_empty(), "{presigned:?}");
            assert_url(presigned, &origin, target, emulator);
        };
        let put = store.bucket.put_object(*key).presign(HOUR).unwrap();
        check(&put, Method::PUT, &target);
        assert_eq!(call(&put, "content").await.status, 201, "{key:?}");

        let head = store.bucket.head_object(*key).presign(HOUR).unwrap();
        check(&head, Method::HEAD, &target);
        assert_eq!(
            call(&head, "").await.headers["content-length"],
            "7",
            "{key:?}"
        );

        let disposition = format!("attachment; filename=\"{}\"", encode(key).replace('/', "_"));
        let get = store
            .bucket
            .get_object(*key)
            .response_content_type("text/x; a=b+c");
        let presigned = get
            .response_content_disposition(&*disposition)
            .presign(HOUR)
            .unwrap();
        let overrides = format!(
            "?response-content-type=text%2Fx%3B%20a%3Db%2Bc&response-content-disposition={}",
            encode(&disposition).replace('/', "%2F")
        );
        check(&presigned, Method::GET, &format!("{target}{overrides}"));
        let response = call(&presigned, "").await;
        assert_eq!(response.status, 200, "{key:?}");
        assert_eq!(response.headers["content-type"], "text/x; a=b+c");
        assert_eq!(response.headers["content-disposition"], &*disposition);
        assert_eq!(response.body, "content");

        let delete = store.bucket.delete_object(*key).presign(HOUR).unwrap();
        check(&delete, Method::DELETE, &target);
        assert_eq!(call(&delete, "").await.status, 204, "{key:?}");
    }
    assert!(store.keys().await.is_empty());
}

/// A header that the call sets is signed. The presigned request lists it, and fails without it.
#[tokio::test]
async fn signed_headers_are_listed_and_must_be_sent() {
    let store = Store::start().await;
    let put = store.bucket.put_object("k").content_type("text/plain");
    let presigned = put.metadata([("author", "lin")]).presign(HOUR).unwrap();
    let mut names: Vec<_> = presigned
        .headers()
        .keys()
        .map(|name| name.as_str())
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["content-type", "x-qs-meta-author"]);
    let target = format!("/{BUCKET}/k");
    assert_url(
        &presigned,
        &store.emulator.endpoint(),
        &target,
        &store.emulator,
    );

    let rejected = fetch("PUT", &presigned.to_string(), &HeaderMap::new(), "x").await;
    assert_eq!(rejected.status, 401);
    assert!(
        rejected.body.contains("signature_not_matched"),
        "{rejected:?}"
    );
    assert!(store.keys().await.is_empty());

    assert_eq!(call(&presigned, "x").await.status, 201);
    let head = store.bucket.head_object("k").await.unwrap();
    assert_eq!(head.metadata.get("author"), Some("lin"));
}

/// A multipart upload, listings, requests with a JSON body, and a batch deletion.
#[tokio::test]
async fn every_kind_of_request_can_be_presigned() {
    let store = Store::start().await;
    let bucket = &store.bucket;
    let send = async |presigned: qingstor_sdk::Result<Presigned>, body: &str, status: u16| {
        let presigned = presigned.unwrap();
        // A JSON body is part of the presigned request. The content of an object is not.
        let document = String::from_utf8(presigned.body().to_vec()).unwrap();
        let body = if document.is_empty() { body } else { &document };
        let response = call(&presigned, body).await;
        assert_eq!(response.status, status, "{presigned:?} {response:?}");
        response.body
    };
    let initiate = bucket.initiate_multipart_upload("a b").presign(HOUR);
    let initiated = send(initiate, "", 200).await;
    let initiated: serde_json::Value = serde_json::from_str(&initiated).unwrap();
    let id = initiated["upload_id"].as_str().unwrap();
    let part = bucket.upload_multipart("a b", id, 0).presign(HOUR);
    send(part, "content", 201).await;
    let parts = bucket.list_multipart("a b", id).limit(10).presign(HOUR);
    assert!(send(parts, "", 200).await.contains("\"part_number\":0"));
    let complete = bucket.complete_multipart_upload("a b", id, [ObjectPart::new(0)]);
    send(complete.presign(HOUR), "", 201).await;

    let list = bucket.list_objects().prefix("a ").limit(10).presign(HOUR);
    assert!(send(list, "", 200).await.contains("\"a b\""));
    let buckets = store.qingstor.list_buckets().presign(HOUR);
    assert!(send(buckets, "", 200).await.contains(BUCKET));
    let everyone = AclGrant::new(Grantee::group("QS_ALL_USERS"), Permission::Read);
    send(bucket.put_acl([everyone]).presign(HOUR), "", 200).await;
    let read = get(&format!("{}/{BUCKET}/a%20b", store.emulator.endpoint())).await;
    assert_eq!(read.body, "content");
    let delete = bucket.delete_multiple_objects(["a b"]).presign(HOUR);
    send(delete, "", 200).await;
    assert!(store.keys().await.is_empty());
}

#[tokio::test]
async fn a_changed_or_expired_url_is_rejected() {
    let store = Store::start().await;
    store.bucket.put_object("k").body("x").await.unwrap();
    store.bucket.put_object("other").body("y").await.unwrap();
    let url = store
        .bucket
        .get_object("k")
        .presign(HOUR)
        .unwrap()
        .to_string();
    let (target, _) = url.split_once("access_key_id").unwrap();
    let (_, target) = target.split_at(store.emulator.endpoint().len());
    // A URL with a valid signature that has expired.
    let past = 1_500_000_000.to_string();
    let request = Request {
        method: "GET",
        bucket_in_host: None,
        target,
        headers: &[],
    };
    let signature = hmac(
        store.emulator.secret_access_key(),
        &request.string_to_sign(Some(&past)),
    );
    let (id, origin) = (store.emulator.access_key_id(), store.emulator.endpoint());
    let expired = format!(
        "{origin}{target}access_key_id={id}&expires={past}&signature={}",
        encode(&signature)
    );
    for (wrong, status) in [
        (url.replace("/k?", "/other?"), 401),
        (url.replace("expires=", "expires=9"), 401),
        (expired, 403),
    ] {
        assert_eq!(get(&wrong).await.status, status, "{wrong}");
    }
    assert_eq!(get(&url).await.body, "x");
}

#[tokio::test]
async fn presigning_fails_for_unsupported_requests_and_lifetimes() {
    let bucket = |config: Config| {
        QingStor::new(config)
            .unwrap()
            .bucket(BUCKET, "pek3a")
            .unwrap()
    };
    let signing = bucket(Config::new("ID", "SECRET"));
    let anonymous = bucket(Config::anonymous());
    let kind = |result: qingstor_sdk::Result<Presigned>| result.unwrap_err().kind();
    assert_eq!(
        kind(anonymous.get_object("k").presign(HOUR)),
        ErrorKind::Credentials
    );
    assert_eq!(
        kind(signing.post_object("k", "x").presign(HOUR)),
        ErrorKind::InvalidInput
    );
    let none = Duration::from_millis(999);
    assert_eq!(
        kind(signing.get_object("k").presign(none)),
        ErrorKind::InvalidInput
    );
    assert_eq!(
        kind(signing.get_object("k").presign(Duration::MAX)),
        ErrorKind::InvalidInput
    );
}

/// In virtual-host style, the signature covers the bucket, although it is not in the path.
#[tokio::test]
async fn virtual_host_style_urls_can_be_presigned() {
    let config = Config::new("ID", "SECRET").virtual_host_style(true);
    let bucket = QingStor::new(config)
        .unwrap()
        .bucket(BUCKET, "pek3a")
        .unwrap();
    let presigned = bucket.get_object("a b").presign(HOUR).unwrap();
    let expires = presigned.expires().unwrap().as_unix_seconds().to_string();
    let request = Request {
        method: "GET",
        bucket_in_host: Some(BUCKET),
        target: "/a%20b",
        headers: &[],
    };
    let signature = hmac("SECRET", &request.string_to_sign(Some(&expires)));
    let url = presigned.to_string();
    let (front, sent) = url.split_once("&signature=").unwrap();
    assert_eq!(
        front,
        format!("https://{BUCKET}.pek3a.qingstor.com/a%20b?access_key_id=ID&expires={expires}")
    );
    assert_eq!(decode(sent), signature);
}
