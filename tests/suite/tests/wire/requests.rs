//! Optional and custom parts of requests, and the headers of every request.

use qingstor_sdk::operations::GetObjectInput;
use qingstor_sdk::types::AclGrant;
use qingstor_sdk::{Config, ErrorKind};
use qingstor_suite::{CannedResponse, Server};

use crate::case::{ID, SECRET, Target};

#[tokio::test]
async fn an_empty_required_list_is_sent() {
    let server = Server::start(CannedResponse::new(200)).await;
    let to = Target::at(&server.endpoint());
    // An empty ACL removes all grants.
    to.bucket.put_acl(Vec::<AclGrant>::new()).await.unwrap();
    assert_eq!(server.only_request().text(), r#"{"acl":[]}"#);
}

#[tokio::test]
async fn unset_options_are_not_sent() {
    let server = Server::start(CannedResponse::new(200).body("{}")).await;
    let to = Target::at(&server.endpoint());
    to.bucket.put_retention().await.unwrap();
    to.bucket
        .delete_multiple_objects(["a"])
        .quiet(false)
        .await
        .unwrap();
    to.bucket.list_objects().await.unwrap();
    let sent = server.recorded();
    assert_eq!(sent[0].text(), "");
    assert_eq!(sent[0].header("content-type"), None);
    assert_eq!(sent[1].text(), r#"{"objects":[{"key":"a"}]}"#);
    assert_eq!(sent[2].target, "/my-bucket");
}

#[tokio::test]
async fn a_call_can_be_created_from_an_input() {
    let server = Server::start(CannedResponse::new(200)).await;
    let to = Target::at(&server.endpoint());
    let mut input = GetObjectInput::new("k");
    input.range = Some("bytes=0-1".into());
    let call = to.bucket.call(input);
    // Calls can be cloned and spawned.
    let spawned = tokio::spawn(call.clone().send());
    call.await.unwrap();
    spawned.await.unwrap().unwrap();
    let sent = server.recorded();
    assert_eq!(sent.len(), 2);
    for request in sent {
        assert_eq!(request.header("range"), Some("bytes=0-1"));
    }
}

#[tokio::test]
async fn every_request_has_a_user_agent_and_a_host() {
    let server = Server::start(CannedResponse::new(200).body("{}")).await;
    let config = Config::new(ID, SECRET).endpoint(server.endpoint());
    let to = Target::new(config.additional_user_agent("my-service/1.0"));
    to.qingstor.list_buckets().await.unwrap();
    let sent = server.only_request();
    let agent = sent.header("user-agent").unwrap();
    assert!(agent.starts_with("qingstor-sdk-rust/"), "{agent}");
    assert!(agent.ends_with(" my-service/1.0"), "{agent}");
    let host = server.endpoint();
    assert_eq!(sent.header("host"), host.strip_prefix("http://"));
}

#[tokio::test]
async fn an_anonymous_request_is_not_signed() {
    let server = Server::start(CannedResponse::new(200)).await;
    let to = Target::new(Config::anonymous().endpoint(server.endpoint()));
    to.bucket.get_object("k").await.unwrap();
    let sent = server.only_request();
    assert_eq!(sent.header("authorization"), None);
    assert_eq!(sent.target, "/my-bucket/k");
}

#[tokio::test]
async fn custom_headers_are_signed() {
    let server = Server::start(CannedResponse::new(200)).await;
    let to = Target::at(&server.endpoint());
    let call = to
        .bucket
        .get_object("k")
        .header("X-QS-Date", "Fri, 01 Nov 2019 07:40:08 GMT");
    call.header("x-other", "é".escape_unicode().to_string())
        .await
        .unwrap();
    let sent = server.only_request();
    let request = qingstor_suite::signature::Request {
        method: "GET",
        bucket_in_host: None,
        target: &sent.target,
        headers: &sent.headers,
    };
    let text = request.string_to_sign(None);
    // With the header `x-qs-date`, the date line is empty.
    assert!(text.starts_with("GET\n\n\n\nx-qs-date:Fri"), "{text}");
    let expected = format!("QS {ID}:{}", qingstor_suite::signature::hmac(SECRET, &text));
    assert_eq!(sent.header("authorization"), Some(&*expected));
}

#[tokio::test]
async fn invalid_bucket_names_are_rejected() {
    let to = Target::new(Config::new(ID, SECRET));
    for name in [
        "",
        "short",
        "Upper-Case",
        "a/../b-c",
        "bucket.evil.example",
        "under_score",
    ] {
        let error = to.qingstor.bucket(name, "pek3a").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{name:?}");
    }
}
