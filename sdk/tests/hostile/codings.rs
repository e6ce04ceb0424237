//! Responses whose bodies are encoded although the request does not permit it.

use qingstor_sdk::ErrorKind;

use crate::server::{RequestBody, Server, response};

/// First bytes of a body in gzip.
const GZIP: [u8; 4] = [0x1f, 0x8b, 8, 0];
const TEXT: &str = "the response body is encoded with `gzip`, which the client does not decode";

async fn server(status: &'static str, content_type: &'static str, body: &'static [u8]) -> Server {
    Server::start(RequestBody::Read, move |_, head| {
        assert!(head.contains("\r\naccept-encoding: identity\r\n"), "{head}");
        let headers = [("Content-Encoding", "gzip"), ("Content-Type", content_type)];
        response(status, &headers, body)
    })
    .await
}

#[tokio::test]
async fn an_encoded_list_is_named_as_such() {
    for body in [&GZIP[..], b"{encoded}"] {
        let server = server("200 OK", "application/json", body).await;
        let error = server.bucket().list_objects().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
        assert_eq!(error.message(), TEXT);
    }
}

#[tokio::test]
async fn an_encoded_error_is_named_as_such() {
    for content_type in ["application/json", "text/html"] {
        let server = server("403 Forbidden", content_type, &GZIP).await;
        let error = server.bucket().get_object("k").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Service, "{error}");
        assert_eq!(error.status().unwrap(), 403);
        assert_eq!(error.message(), TEXT);
        // There is nothing to decode.
        let error = server.bucket().head_object("k").await.unwrap_err();
        assert_eq!(error.message(), "forbidden");
    }
}

/// Some proxies decode a body and keep the header.
#[tokio::test]
async fn a_body_that_is_not_encoded_is_decoded() {
    let json = "application/json";
    let list = server("200 OK", json, br#"{"name":"some-bucket"}"#).await;
    let page = list.bucket().list_objects().await.unwrap();
    assert_eq!(page.name, "some-bucket");
    let body = br#"{"code":"permission_denied","message":"no"}"#;
    let error = server("403 Forbidden", json, body).await;
    let error = error.bucket().get_object("k").await.unwrap_err();
    assert_eq!(error.message(), "no");
}

/// The coding of a stored object belongs to the object.
#[tokio::test]
async fn an_encoded_object_is_returned_as_it_is_stored() {
    let server = server("200 OK", "text/plain", &GZIP).await;
    let output = server.bucket().get_object("k").await.unwrap();
    assert_eq!(output.content_encoding.as_deref(), Some("gzip"));
    assert_eq!(output.body.bytes().await.unwrap(), GZIP[..]);
}
