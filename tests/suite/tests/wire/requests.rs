//! What a caller may leave out of a request or add to it, and what belongs to every one.

use qingstor_sdk::operations::GetObjectInput;
use qingstor_sdk::types::Acl;
use qingstor_sdk::{Config, ErrorKind};
use qingstor_suite::{Answer, Server};

use crate::case::{ID, SECRET, Target};

#[tokio::test]
async fn an_empty_list_is_sent_where_it_means_something() {
    let server = Server::start(Answer::new(200)).await;
    let to = Target::at(&server.endpoint());
    // Nobody but the owner may do anything.
    to.bucket.put_acl(Vec::<Acl>::new()).await.unwrap();
    assert_eq!(server.only().text(), r#"{"acl":[]}"#);
}

#[tokio::test]
async fn what_is_not_set_is_not_sent() {
    let server = Server::start(Answer::new(200).body("{}")).await;
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
async fn an_input_can_be_made_and_kept_on_its_own() {
    let server = Server::start(Answer::new(200)).await;
    let to = Target::at(&server.endpoint());
    let mut input = GetObjectInput::new("k");
    input.range = Some("bytes=0-1".into());
    let call = to.bucket.call(input);
    // A clone is a call of its own, and a call can be spawned.
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
async fn every_request_says_who_sends_it() {
    let server = Server::start(Answer::new(200).body("{}")).await;
    let config = Config::new(ID, SECRET).endpoint(server.endpoint());
    let to = Target::new(config.additional_user_agent("my-service/1.0"));
    to.qingstor.list_buckets().await.unwrap();
    let sent = server.only();
    let agent = sent.header("user-agent").unwrap();
    assert!(agent.starts_with("qingstor-sdk-rust/"), "{agent}");
    assert!(agent.ends_with(" my-service/1.0"), "{agent}");
    let host = server.endpoint();
    assert_eq!(sent.header("host"), host.strip_prefix("http://"));
}

#[tokio::test]
async fn an_anonymous_request_is_not_signed() {
    let server = Server::start(Answer::new(200)).await;
    let to = Target::new(Config::anonymous().endpoint(server.endpoint()));
    to.bucket.get_object("k").await.unwrap();
    let sent = server.only();
    assert_eq!(sent.header("authorization"), None);
    assert_eq!(sent.target, "/my-bucket/k");
}

#[tokio::test]
async fn a_header_of_the_callers_is_signed_with_the_rest() {
    let server = Server::start(Answer::new(200)).await;
    let to = Target::at(&server.endpoint());
    let call = to
        .bucket
        .get_object("k")
        .header("X-QS-Date", "Fri, 01 Nov 2019 07:40:08 GMT");
    call.header("x-other", "é".escape_unicode().to_string())
        .await
        .unwrap();
    let sent = server.only();
    let request = qingstor_suite::signature::Request {
        method: "GET",
        bucket_in_host: None,
        target: &sent.target,
        headers: &sent.headers,
    };
    let text = request.string_to_sign(None);
    // With a date of its own among the headers, the date's line is empty.
    assert!(text.starts_with("GET\n\n\n\nx-qs-date:Fri"), "{text}");
    let expected = format!("QS {ID}:{}", qingstor_suite::signature::hmac(SECRET, &text));
    assert_eq!(sent.header("authorization"), Some(&*expected));
}

#[tokio::test]
async fn bucket_names_that_would_lead_elsewhere_are_refused() {
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
