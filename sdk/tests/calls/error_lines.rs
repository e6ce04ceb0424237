//! The `Display` line of errors, with raw servers.

use std::future::IntoFuture;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};

use qingstor_sdk::{Bucket, Config, Error, ErrorKind, QingStor, RetryPolicy};

/// Starts a server that responds to every connection with these bytes.
fn server(response: impl Into<Vec<u8>>) -> SocketAddr {
    let (listener, response) = (TcpListener::bind("127.0.0.1:0").unwrap(), response.into());
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request);
            let _ = stream.write_all(&response);
        }
    });
    address
}

fn response(status: &str, headers: &str, body: &str) -> String {
    let len = body.len();
    format!(
        "HTTP/1.1 {status}\r\n{headers}content-length: {len}\r\nconnection: close\r\n\r\n{body}"
    )
}

fn bucket(endpoint: impl Into<String>) -> Bucket {
    let config = Config::new("ID", "SECRET")
        .endpoint(endpoint)
        .retry(RetryPolicy::never());
    QingStor::new(config)
        .unwrap()
        .bucket("photos", "pek3a")
        .unwrap()
}

async fn get(response: impl Into<Vec<u8>>) -> Error {
    let bucket = bucket(format!("http://{}", server(response)));
    bucket.get_object("cat.jpg").await.unwrap_err()
}

/// Returns the line without the elapsed time.
fn line(error: &Error) -> String {
    let line = error.to_string();
    let (line, _) = line.rsplit_once(", ").unwrap();
    line.to_owned()
}

#[tokio::test]
async fn the_first_words_of_a_page_are_in_the_line() {
    let start = "GetObject photos/cat.jpg: ";
    for (status, headers, body, says) in [
        (
            "502 Bad Gateway",
            "content-type: text/html\r\n",
            "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1><hr>nginx</body></html>",
            "502 Bad Gateway: the response says `nginx`",
        ),
        (
            "503 Service Unavailable",
            "content-type: text/html; charset=utf-8\r\n",
            "<!DOCTYPE html>\n<title>Scheduled   maintenance\n until 9:00</title><script>x()</script>",
            "503 Service Unavailable: the response says `Scheduled maintenance until 9:00`",
        ),
        (
            "407 Proxy Authentication Required",
            "",
            "no such\r\nuser",
            "407 Proxy Authentication Required: the response says `no such user`",
        ),
        (
            "500 Oh No",
            "content-type: application/json\r\n",
            "{\"error\": \"quota\"}",
            "500 Internal Server Error: the response says `{\"error\": \"quota\"}`",
        ),
        (
            "500 Oh No",
            "content-type: application/json\r\n",
            "[1]",
            "500 Internal Server Error: the response says `[1]`",
        ),
        (
            "400 Bad Request",
            "content-type: application/json\r\n",
            "{\"message\": \"no route\"}",
            "400 Bad Request: no route",
        ),
        (
            "404 Not Found",
            "content-type: application/json\r\n",
            "{\"code\": \"object_not_exists\"}",
            "object_not_exists (404): not found",
        ),
        ("599 Odd", "", "text", "599: the response says `text`"),
        ("403 Forbidden", "", "", "403 Forbidden"),
        ("403 Forbidden", "", "\0\u{1}\u{2}", "403 Forbidden"),
        ("404 Not Found", "", "Not Found\n", "404 Not Found"),
    ] {
        let error = get(response(status, headers, body)).await;
        assert_eq!(line(&error), format!("{start}{says}; 1 attempt"));
        assert_eq!(error.kind(), ErrorKind::Service);
        assert_eq!(error.kind().to_string(), "service error");
    }
}

#[tokio::test]
async fn a_long_or_incomplete_page_is_shown() {
    let page = "<html><title>No backend</title>";
    let long = format!("{page}{}", "x".repeat(10 << 20));
    let chunked = "HTTP/1.1 502 Bad Gateway\r\ntransfer-encoding: chunked\r\n\r\n";
    for response in [
        response("502 Bad Gateway", "", &long),
        format!("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 1000\r\n\r\n{page}"),
        format!("{chunked}{:x}\r\n{page}\r\nffff\r\n", page.len()),
        format!("{chunked}{:x}\r\n{page}\r\nno length\r\n", page.len()),
        format!("HTTP/1.1 502 Bad Gateway\r\n\r\n{page}"),
    ] {
        let error = get(response).await;
        assert_eq!(
            line(&error),
            "GetObject photos/cat.jpg: 502 Bad Gateway: the response says `No backend`; 1 attempt"
        );
        assert!(error.body().starts_with(page.as_bytes()));
        assert!(error.body().len() <= 4096);
    }
}

#[tokio::test]
async fn the_status_of_a_head_is_shown_once() {
    for (status, says) in [
        ("404 Not Found", "404 Not Found"),
        ("412 Precondition Failed", "412 Precondition Failed"),
        ("304 Not Modified", "304 Not Modified"),
        ("403 Forbidden", "403 Forbidden"),
        ("599 Odd", "599"),
    ] {
        let bucket = bucket(format!("http://{}", server(response(status, "", ""))));
        let error = bucket.head_object("k").await.unwrap_err();
        assert_eq!(
            line(&error),
            format!("HeadObject photos/k: {says}; 1 attempt")
        );
    }
}

/// The origin of a mirrored object may be a presigned URL.
#[tokio::test]
async fn the_secrets_of_a_redirect_are_only_in_its_location() {
    let target = "https://me:hush@origin.example.com/o?signature=hush";
    let page = format!("<p>The document is <a href=\"{target}\">here</a>.</p>");
    let redirect = response("302 Found", &format!("location: {target}\r\n"), &page);
    let bucket = bucket(format!("http://{}", server(redirect)));
    let error = bucket.get_object("k").await.unwrap_err();
    assert_eq!(
        line(&error),
        "GetObject photos/k: 302 Found: redirect to https://..@origin.example.com/o?..; 1 attempt"
    );
    assert!(!format!("{error:?} {error:#?}").contains("hush"));
    assert!(error.body().is_empty());
    assert_eq!(error.location(), Some(target));
}

#[tokio::test]
async fn no_text_reorders_or_breaks_the_line() {
    let body = "{\"code\": \"a\u{202e}b\", \"message\": \"c\u{2067}d\\ne\"}";
    let headers = "content-type: application/json\r\nx-qs-request-id: f\u{202e}g\r\n";
    let json = response("400 Bad Request", headers, body);
    let html = response("400 Bad Request", "", "<p>a&#8238;b&#10;&#x1b;c</p>");
    let redirect = response("302 Found", "location: /\u{202e}x\r\n", "");
    for response in [json, html, redirect] {
        let bucket = bucket(format!("http://{}", server(response)));
        let error = bucket.get_object("k\u{202e}\u{85}y").await.unwrap_err();
        let shown = error.to_string();
        assert!(shown.contains("k\\u{202e}\\u{85}y"), "{shown}");
        for text in [
            shown,
            format!("{error:?}"),
            format!("{error:#?}").replace('\n', ""),
        ] {
            let odd = |c: char| c.is_control() || ('\u{2028}'..='\u{2069}').contains(&c);
            assert!(!text.contains(odd), "{text:?}");
        }
    }
    let source = qingstor_sdk::UploadSource::path("a\u{202e}b\n");
    let target = qingstor_sdk::DownloadTarget::file("a\u{202e}b\n");
    assert_eq!(format!("{source:?}"), "UploadSource::Path(a\\u{202e}b\\n)");
    assert_eq!(
        format!("{target:?}"),
        "DownloadTarget::File(a\\u{202e}b\\n)"
    );
}

#[tokio::test]
async fn a_failed_connection_names_the_endpoint() {
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    for endpoint in [format!("http://{free}"), format!("https://{free}")] {
        let error = bucket(&endpoint).get_object("k").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Connect);
        let says = format!("GetObject photos/k: cannot connect to {endpoint}: ");
        assert!(error.to_string().starts_with(&says), "{error}");
        assert!(error.to_string().contains("refused"), "{error}");
    }
    let address = server("");
    let error = bucket(format!("http://{address}"))
        .get_object("k")
        .await
        .unwrap_err();
    let says = format!("the connection to http://{address} broke before the response arrived: ");
    assert!(error.to_string().contains(&says), "{error}");
    // The server does not support TLS.
    let address = server(response("200 OK", "", ""));
    let error = bucket(format!("https://{address}"))
        .get_object("k")
        .await
        .unwrap_err();
    let says = format!("cannot connect to https://{address}: ");
    assert!(error.to_string().contains(&says), "{error}");
}

#[tokio::test]
async fn a_failed_connection_names_the_proxy_without_its_password() {
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    for endpoint in ["http://store.invalid", "https://store.invalid"] {
        let config = Config::new("ID", "SECRET")
            .endpoint(endpoint)
            .proxy(format!("http://me:hush@{free}"))
            .retry(RetryPolicy::never());
        let bucket = QingStor::new(config).unwrap();
        let bucket = bucket.bucket("photos", "pek3a").unwrap();
        let error = bucket.get_object("k").await.unwrap_err();
        let says = format!("cannot connect to {endpoint} through the proxy http://{free}: ");
        assert!(error.to_string().contains(&says), "{error}");
        assert!(!format!("{error:?}").contains("hush"), "{error:?}");
    }
}

#[tokio::test]
async fn errors_use_the_argument_names_of_the_methods() {
    let bucket = bucket("http://127.0.0.1:1");
    let put = bucket.put_object("").await.unwrap_err();
    let get = bucket.get_object("").await.unwrap_err();
    for error in [put, get] {
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.message().starts_with("key"), "{error}");
    }
}

/// Sends a request on a connection of another runtime, which then ends.
#[test]
fn a_client_of_another_runtime_gets_a_hint() {
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(1).enable_all().build().unwrap()
    };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let bucket = bucket(format!("http://{}", listener.local_addr().unwrap()));
    let (second_came, second_request) = std::sync::mpsc::channel();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 4096];
        assert!(stream.read(&mut request).unwrap() > 0);
        let first = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
        stream.write_all(first.as_bytes()).unwrap();
        assert!(stream.read(&mut request).unwrap() > 0);
        second_came.send(()).unwrap();
        // The server closes the connection without a response.
        let _ = stream.read(&mut request);
    });
    let first = runtime();
    first
        .block_on(bucket.head_object("k").into_future())
        .unwrap();
    let waiting = std::thread::spawn(move || {
        let call = bucket.get_object("k").into_future();
        runtime().block_on(call).unwrap_err()
    });
    second_request.recv().unwrap();
    drop(first);
    let error = waiting.join().unwrap();
    assert_eq!(error.kind(), ErrorKind::Connect);
    let says = "a client belongs to the Tokio runtime that it is first used in";
    assert!(error.to_string().contains(says), "{error}");
    server.join().unwrap();
}
