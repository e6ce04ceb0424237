//! Settings of connections, and an in-process handler.

#![cfg(feature = "rustls")]
#![cfg(test)]

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt;
use http::Response;
use qingstor_sdk::{
    Body, Bucket, Config, ErrorKind, Observer, QingStor, RequestEvent, ResponseEvent, RetryPolicy,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

fn bucket(config: Config) -> Bucket {
    let qingstor = QingStor::new(config).unwrap();
    qingstor.bucket("some-bucket", "pek3a").unwrap()
}

#[tokio::test]
async fn an_invalid_setting_is_reported_at_once() {
    for config in [
        Config::anonymous().proxy("socks5://proxy.example.com"),
        Config::anonymous().ca_certificate_pem("nonsense"),
    ] {
        let error = QingStor::new(config).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    }
}

/// Responds to every request with an empty body, and counts the connections.
async fn counting() -> (std::net::SocketAddr, Arc<AtomicU32>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let made = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&made);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(async move {
                let mut head = vec![0; 4096];
                while stream.read(&mut head).await.is_ok_and(|len| len > 0) {
                    let response = b"HTTP/1.1 204 No Content\r\n\r\n";
                    stream.write_all(response).await.unwrap();
                }
            });
        }
    });
    (addr, made)
}

/// Returns the head of the only request that `call` sends, in lower case.
async fn head_sent_by(config: Config, call: impl AsyncFnOnce(Bucket)) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let respond = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let response = b"HTTP/1.1 204 No Content\r\n\r\n";
        stream.write_all(response).await.unwrap();
        String::from_utf8(head).unwrap().to_lowercase()
    };
    let call = call(bucket(config.endpoint(endpoint)));
    tokio::join!(respond, call).0
}

/// Returns a builder without a proxy that trusts no certificate.
#[cfg(feature = "reqwest-client")]
fn custom_client() -> reqwest::ClientBuilder {
    use tokio_rustls::rustls::crypto::ring::default_provider;
    use tokio_rustls::rustls::{ClientConfig, RootCertStore};

    let tls = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    let builder = reqwest::Client::builder().tls_backend_preconfigured(tls);
    builder.no_proxy()
}

/// Returns a configuration for each HTTP library.
fn configs() -> Vec<Config> {
    let config = || Config::new("ID", "SECRET").retry(RetryPolicy::never());
    vec![
        config(),
        #[cfg(feature = "reqwest-client")]
        config().reqwest_client(custom_client()),
    ]
}

/// Otherwise, a proxy may encode the body of the response.
#[tokio::test]
async fn each_http_library_sends_the_headers_of_every_request() {
    for config in configs() {
        let config = config.additional_user_agent("my-service/1.0");
        let head = head_sent_by(config, async |bucket| {
            bucket.delete_object("k").await.unwrap();
        });
        let head = head.await;
        assert!(head.contains("\r\naccept-encoding: identity\r\n"), "{head}");
        assert!(
            head.contains("\r\nuser-agent: qingstor-sdk-rust/"),
            "{head}"
        );
        assert!(head.contains(" my-service/1.0\r\n"), "{head}");
    }
}

#[tokio::test]
async fn a_caller_can_replace_the_headers_of_every_request() {
    for config in configs() {
        let head = head_sent_by(config, async |bucket| {
            let call = bucket.delete_object("k").header("accept-encoding", "gzip");
            call.header("user-agent", "other/2").await.unwrap();
        });
        let head = head.await;
        assert!(head.contains("\r\naccept-encoding: gzip\r\n"), "{head}");
        assert!(head.contains("\r\nuser-agent: other/2\r\n"), "{head}");
        assert_eq!(head.matches("accept-encoding").count(), 1, "{head}");
    }
}

#[tokio::test]
async fn the_pool_settings_limit_unused_connections() {
    let config = || Config::new("ID", "SECRET");
    for (config, expected) in [
        (config(), 1),
        (config().pool_max_idle_per_host(0), 3),
        (config().pool_idle_timeout(Duration::from_millis(1)), 3),
    ] {
        let (addr, made) = counting().await;
        let bucket = bucket(config.endpoint(format!("http://{addr}")));
        for _ in 0..3 {
            bucket.delete_object("k").await.unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(made.load(Ordering::Relaxed), expected);
    }
}

/// The connect timeout includes TLS: a server that accepts the connection and sends nothing is
/// given up.
#[tokio::test]
async fn the_connect_timeout_includes_tls() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let config = Config::new("ID", "SECRET")
        .endpoint(format!("https://{}", listener.local_addr().unwrap()))
        .connect_timeout(Duration::from_millis(200))
        .retry(RetryPolicy::never());
    let call = bucket(config).get_object("k").send();
    let response = tokio::time::timeout(Duration::from_secs(20), call).await;
    let error = response.expect("it ends by itself").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert!(error.is_retryable());
}

/// The timeouts of a custom client are timeouts, and not broken connections.
#[cfg(feature = "reqwest-client")]
#[tokio::test]
async fn the_timeouts_of_a_custom_client_are_recognized() {
    const LIMIT: Duration = Duration::from_millis(100);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    // Reads everything, and sends the head of a response for the key `body`.
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut head = vec![0; 4096];
                while let Ok(len @ 1..) = stream.read(&mut head).await {
                    if head[..len].starts_with(b"GET /some-bucket/body ") {
                        let response = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx";
                        stream.write_all(response).await.unwrap();
                    }
                }
            });
        }
    });
    for (builder, scheme, key, is_connecting) in [
        (custom_client().timeout(LIMIT), "http", "head", false),
        (custom_client().timeout(LIMIT), "http", "body", false),
        (custom_client().read_timeout(LIMIT), "http", "head", false),
        (custom_client().read_timeout(LIMIT), "http", "body", false),
        (
            custom_client().connect_timeout(LIMIT),
            "https",
            "head",
            true,
        ),
    ] {
        let config = Config::new("ID", "SECRET")
            .endpoint(format!("{scheme}://{address}"))
            .reqwest_client(builder)
            .retry(RetryPolicy::never());
        let result = match bucket(config).get_object(key).await {
            Ok(output) => output.body.bytes().await,
            Err(error) => Err(error),
        };
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout, "{key}: {error}");
        assert!(error.is_retryable(), "{error}");
        let text = error.to_string();
        assert_eq!(text.contains("cannot connect to"), is_connecting, "{text}");
        assert!(!text.contains(" broke before "), "{text}");
    }
}

/// Otherwise, the progress of an upload would run several MiB ahead of what the service receives.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_system_takes_few_bytes_that_the_service_does_not_read() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let config = Config::new("ID", "SECRET")
        .endpoint(endpoint)
        .idle_timeout(Duration::from_millis(300))
        .retry(RetryPolicy::never());
    let call = bucket(config).put_object("k").body(vec![7; 16 << 20]);
    let text = call.await.unwrap_err().to_string();
    let sent = text
        .split_once("(after ")
        .and_then(|(_, rest)| rest.split_once(' '));
    let sent: usize = sent.unwrap().0.parse().unwrap();
    assert!((1..1 << 20).contains(&sent), "{text}");
}

/// Fails twice, then returns the request body.
#[tokio::test]
async fn a_handler_can_fail_and_return_the_body() {
    let asked = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&asked);
    let config = Config::new("ID", "SECRET").in_process(move |request| {
        let count = count.fetch_add(1, Ordering::Relaxed);
        async move {
            assert!(request.headers().contains_key("authorization"));
            if count < 2 {
                return Response::builder().status(503).body(Vec::new()).unwrap();
            }
            let (head, body) = request.into_parts();
            assert_eq!(head.uri.query(), None);
            let pieces: Vec<_> = body.into_stream().unwrap().collect().await;
            let pieces: Vec<_> = pieces.into_iter().map(Result::unwrap).collect();
            Response::builder()
                .header("ETag", format!("\"{}\"", pieces.concat().len()))
                .status(201)
                .body(Vec::new())
                .unwrap()
        }
    });
    let policy = RetryPolicy::default().initial_backoff(Duration::from_millis(1));
    let bucket = bucket(config.retry(policy));
    let stream = futures_util::stream::iter([Ok::<_, std::io::Error>("abc"), Ok("de")]);
    let output = bucket.put_object("k").body(Body::from_stream(stream, 5));
    let output = output.await.unwrap();
    assert_eq!(output.attempts(), 3);
    assert_eq!(output.etag, "\"5\"");
}

#[tokio::test]
async fn a_hanging_handler_is_given_up() {
    let config = Config::anonymous()
        .in_process(|_| std::future::pending::<Response<Vec<u8>>>())
        .idle_timeout(Duration::from_millis(20))
        .retry(RetryPolicy::never());
    let error = bucket(config).get_object("k").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
}

#[tokio::test]
async fn an_incomplete_response_of_a_handler_is_an_error() {
    let config = Config::anonymous().in_process(|_| async {
        let response = Response::builder().header("Content-Length", "9");
        response.body("hello").unwrap()
    });
    let output = bucket(config).get_object("k").await.unwrap();
    let error = output.body.bytes().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Interrupted);
}

/// Servers differ in how they represent missing values.
#[tokio::test]
async fn a_null_field_of_any_type_counts_as_absent() {
    let bucket_with_response = |json: &'static str| {
        bucket(Config::anonymous().in_process(move |_| async move { Response::new(json) }))
    };
    let nulls = r#"{"name":null,"keys":[{"key":"k","size":null,"etag":null}],"has_more":null}"#;
    let page = bucket_with_response(nulls).list_objects().await.unwrap();
    assert_eq!((page.name.as_str(), page.has_more), ("", false));
    assert_eq!((page.keys[0].key.as_str(), page.keys[0].size), ("k", 0));
    let wrong = r#"{"name":null,"keys":[{"key":"k","size":"many"}]}"#;
    let error = bucket_with_response(wrong)
        .list_objects()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(error.to_string().contains("keys[0].size"), "{error}");
    // A duplicate field is an error, even if one of the values is `null`.
    for twice in [r#"{"name":"a","name":null}"#, r#"{"name":null,"name":"a"}"#] {
        let error = bucket_with_response(twice)
            .list_objects()
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert!(error.to_string().contains("`name`"), "{error}");
    }
}

/// An error has the same information about the response as an output.
#[tokio::test]
async fn an_error_has_the_headers_of_its_response() {
    let bucket_with_response = |status: u16, json: &'static str| {
        bucket(Config::anonymous().in_process(move |_| async move {
            let response = Response::builder().status(status);
            let response = response.header("x-qs-request-id", "rid");
            let response = response.header("set-cookie", "hush-hush");
            response.header("x-served-by", "node-7").body(json).unwrap()
        }))
    };
    let refused = bucket_with_response(403, "")
        .list_objects()
        .await
        .unwrap_err();
    let undecodable = bucket_with_response(200, "[]")
        .list_objects()
        .await
        .unwrap_err();
    assert_eq!(undecodable.kind(), ErrorKind::Decode);
    for error in [refused, undecodable] {
        assert_eq!(error.headers().unwrap()["x-served-by"], "node-7");
        assert_eq!(error.headers().unwrap()["set-cookie"], "hush-hush");
        assert!(!format!("{error:?} {error}").contains("hush"), "{error:?}");
        assert_eq!(error.request_id(), Some("rid"));
    }
    let output = bucket_with_response(200, "{}")
        .list_objects()
        .await
        .unwrap();
    assert_eq!(output.headers()["x-served-by"], "node-7");
    assert_eq!(output.request_id(), Some("rid"));
    // No request was sent, so there is no response.
    let error = bucket_with_response(200, "")
        .get_object("../k")
        .await
        .unwrap_err();
    assert!(error.headers().is_none());
}

/// Records the events.
#[derive(Default)]
struct Notes(Mutex<Vec<String>>);

impl Observer for Notes {
    fn request(&self, event: &RequestEvent<'_>) {
        self.0.lock().unwrap().push(format!("{event:?}"));
    }

    fn response(&self, event: &ResponseEvent<'_>) {
        self.0.lock().unwrap().push(format!("{event:?}"));
    }
}

#[tokio::test]
async fn an_observer_sees_each_attempt_but_no_secret() {
    let notes = Arc::new(Notes::default());
    let asked = AtomicU32::new(0);
    let config = Config::new("ID", "SECRET")
        .in_process(move |_| {
            let status = [503, 201][asked.fetch_add(1, Ordering::Relaxed) as usize];
            async move {
                let response = Response::builder()
                    .status(status)
                    .header("x-qs-request-id", "rid");
                response.body("").unwrap()
            }
        })
        .retry(RetryPolicy::default().initial_backoff(Duration::from_millis(1)))
        .observer(Arc::clone(&notes));
    let call = bucket(config).put_object("k").body("12345");
    let call = call.encryption_customer_key("hush-hush");
    call.content_type("text/plain").await.unwrap();
    let notes = notes.0.lock().unwrap();
    assert_eq!(notes.len(), 4, "{notes:#?}");
    for (note, expected) in notes.iter().zip([
        &[
            "RequestEvent",
            "PutObject",
            "attempt: 1",
            "text/plain",
            "body_len: 5",
        ][..],
        &["ResponseEvent", "attempt: 1", "503", "Some(\"rid\")"],
        &["RequestEvent", "some-bucket", "attempt: 2", "PUT"],
        &["ResponseEvent", "attempt: 2", "201", "error: None"],
    ]) {
        for text in expected {
            assert!(note.contains(text), "{text}: {note}");
        }
        let hidden = ["hush", "QS ID", "authorization"];
        assert!(hidden.iter().all(|text| !note.contains(text)), "{note}");
    }
}
