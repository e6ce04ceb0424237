//! Proxies: configured ones, and those of the environment.

#![cfg(feature = "rustls")]
#![cfg(test)]

use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use qingstor_sdk::{Bucket, Config, Error, ErrorKind, QingStor, RetryPolicy};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// `user:pass` in Base64.
const PASSWORD: &str = "dXNlcjpwYXNz";

/// The object at the end of each proxy.
const CONTENT: &str = "hello";

fn bucket(config: Config) -> Bucket {
    let qingstor = QingStor::new(config.retry(RetryPolicy::never())).unwrap();
    qingstor.bucket("some-bucket", "pek3a").unwrap()
}

fn config(endpoint: &str) -> Config {
    Config::new("ID", "SECRET").endpoint(endpoint)
}

/// Starts a server that reads one request and sends `response`. Returns the head of the request.
async fn server(response: &'static str) -> (SocketAddr, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let head = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        stream.write_all(response.as_bytes()).await.unwrap();
        String::from_utf8(head).unwrap()
    });
    (addr, head)
}

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

async fn refused(config: Config) -> Error {
    bucket(config).get_object("k").await.unwrap_err()
}

#[tokio::test]
async fn an_http_proxy_gets_the_complete_url_and_the_password() {
    let (addr, head) = server(OK).await;
    let config = config("http://storage.invalid").proxy(format!("http://user:pass@{addr}"));
    assert!(!format!("{config:?}").contains("pass@"));
    let output = bucket(config).get_object("k").await.unwrap();
    assert_eq!(output.body.bytes().await.unwrap(), CONTENT);
    let head = head.await.unwrap();
    let line = "GET http://storage.invalid/some-bucket/k HTTP/1.1\r\n";
    assert!(head.starts_with(line), "{head}");
    let password = format!("proxy-authorization: Basic {PASSWORD}\r\n");
    assert!(head.contains(&password), "{head}");
}

#[tokio::test]
async fn a_tunnel_gets_the_password_and_only_the_target() {
    let (addr, head) = server("HTTP/1.1 502 Bad Gateway\r\n\r\n").await;
    let config = config("https://storage.invalid").proxy(format!("http://user:pass@{addr}"));
    let error = refused(config).await;
    assert_eq!(error.kind(), ErrorKind::Connect);
    let proxy =
        format!("cannot connect to https://storage.invalid through the proxy http://{addr}");
    assert!(error.to_string().contains(&proxy), "{error}");
    let head = head.await.unwrap();
    assert!(
        head.starts_with("CONNECT storage.invalid:443 HTTP/1.1\r\n"),
        "{head}"
    );
    assert!(
        head.contains(&format!("Proxy-Authorization: Basic {PASSWORD}\r\n")),
        "{head}"
    );
    assert!(!head.contains("some-bucket"), "{head}");
}

/// Whether the request passes a tunnel, or the proxy reads it.
#[tokio::test]
async fn a_proxy_that_demands_a_password_is_named() {
    let demands = "the proxy requires a user name and a password (status 407)";
    let refuses = "the proxy refused its user name or password (status 407)";
    for scheme in ["http", "https"] {
        for (user, reason) in [("", demands), ("user:pass@", refuses)] {
            let response =
                "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n";
            let (addr, _) = server(response).await;
            let config = config(&format!("{scheme}://storage.invalid"));
            let error = refused(config.proxy(format!("http://{user}{addr}"))).await;
            let expected = format!(
                "cannot connect to {scheme}://storage.invalid through the proxy http://{addr}: {reason}"
            );
            assert_eq!(error.message(), expected);
            assert_eq!(error.kind(), ErrorKind::Connect);
            assert!(!error.is_retryable(), "{error}");
        }
    }
}

/// The connection could send the rest of the body after the call has failed.
#[tokio::test]
async fn a_proxy_that_demands_a_password_does_not_get_the_body() {
    const LEN: usize = 32 << 20;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let received = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let response = "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n";
        stream.write_all(response.as_bytes()).await.unwrap();
        let (mut received, mut buffer) = (0, vec![0; 64 << 10]);
        while let Ok(len @ 1..) = stream.read(&mut buffer).await {
            received += len;
            if received >= LEN {
                break;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        received
    });
    let bucket = bucket(config("http://storage.invalid").proxy(format!("http://{addr}")));
    let put = bucket.put_object("k").body(vec![7; LEN]);
    let error = put.await.unwrap_err();
    assert!(error.message().contains("(status 407)"), "{error}");
    let received = received.await.unwrap();
    assert!(received < LEN, "{received}");
}

#[tokio::test]
async fn the_reason_of_a_refused_tunnel_is_named() {
    let huge = format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(1 << 20));
    for (response, reason, is_retryable) in [
        (
            "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
            "the proxy refused its user name or password (status 407)",
            false,
        ),
        (
            "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 2\r\n\r\nno",
            "the proxy responded with the status 502 Bad Gateway",
            true,
        ),
        (
            "HTTP/1.0 403 \x1b[31mNo\r\n\r\n",
            "the proxy responded with the status 403 Forbidden",
            false,
        ),
        (
            "SSH-2.0-OpenSSH\r\n",
            "the response of the proxy is not HTTP: \"S\"",
            false,
        ),
        (
            "HTTP/1.1 OK\r\n\r\n",
            "the response of the proxy is not HTTP: \"HTTP/1.1 OK\"",
            false,
        ),
        (
            "HTTP/1.1 200 OK\r\n",
            "the proxy closed the connection before its response was complete",
            true,
        ),
        (
            "",
            "the proxy closed the connection before its response was complete",
            true,
        ),
        (
            &*huge.leak(),
            "the head of the response of the proxy exceeds 65536 bytes",
            true,
        ),
        // The tunnel is open, but its end sends no TLS.
        (
            "HTTP/1.1 200 OK\r\n\r\nplain text",
            "the server does not use TLS",
            false,
        ),
        (
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\n\r\nplain text",
            "the server does not use TLS",
            false,
        ),
    ] {
        let (addr, _head) = server(response).await;
        let config = config("https://storage.invalid").proxy(format!("http://user:hush@{addr}"));
        let error = refused(config).await;
        let shown = format!("{error}{error:?}");
        assert_eq!(error.kind(), ErrorKind::Connect, "{error}");
        assert!(error.to_string().contains(reason), "{error}");
        assert_eq!(error.is_retryable(), is_retryable, "{error}");
        assert!(shown.contains(&format!("proxy http://{addr}: ")), "{shown}");
        assert!(!shown.contains("hush"), "{shown}");
    }
}

/// The variable that turns a test into the program that another test runs.
const CHILD: &str = "QINGSTOR_TEST_ENDPOINT";

/// The variable with which that program calls `Config::no_proxy`.
const NO_PROXY: &str = "QINGSTOR_TEST_NO_PROXY";

/// Run by the test below with proxies in its environment: prints the object or the error.
#[tokio::test]
async fn child_reads_an_object() {
    let Ok(endpoint) = std::env::var(CHILD) else {
        return;
    };
    let config = match std::env::var_os(NO_PROXY) {
        Some(_) => config(&endpoint).no_proxy(),
        None => config(&endpoint),
    };
    if let Err(error) = QingStor::new(config.clone()) {
        println!("invalid: {error}");
        return;
    }
    match bucket(config).get_object("k").await {
        Ok(output) => println!("content: {:?}", output.body.bytes().await.unwrap()),
        Err(error) => println!("error: {error}"),
    }
}

/// Reads an object in a process with these environment variables. Returns its output.
async fn read_with(endpoint: &str, variables: &[(&str, &str)]) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "child_reads_an_object", "--nocapture"])
        .env(CHILD, endpoint);
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"] {
        command.env_remove(name).env_remove(name.to_lowercase());
    }
    command.envs(variables.iter().copied());
    let output = tokio::task::spawn_blocking(move || command.output());
    String::from_utf8(output.await.unwrap().unwrap().stdout).unwrap()
}

#[tokio::test]
async fn variables_name_the_proxy() {
    for variable in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        let (addr, head) = server(OK).await;
        let proxy = format!("http://user:pass@{addr}");
        let shown = read_with("http://storage.invalid", &[(variable, &proxy)]).await;
        assert!(shown.contains("content: b\"hello\""), "{variable}: {shown}");
        assert!(head.await.unwrap().contains(PASSWORD), "{variable}");
    }
    for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"] {
        let (addr, head) = server("HTTP/1.1 502 Bad Gateway\r\n\r\n").await;
        // Without a scheme, it is `http`.
        let proxy = format!("user:pass@{addr}");
        let shown = read_with("https://storage.invalid", &[(variable, &proxy)]).await;
        let expected = format!("through the proxy http://{addr}: ");
        assert!(shown.contains(&expected), "{variable}: {shown}");
        assert!(!shown.contains(":pass"), "{variable}: {shown}");
        assert!(head.await.unwrap().starts_with("CONNECT "), "{variable}");
    }
}

#[tokio::test]
async fn hosts_in_no_proxy_are_connected_directly() {
    let (addr, head) = server(OK).await;
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = format!("http://{}", nobody.local_addr().unwrap());
    drop(nobody);
    let variables = [
        ("ALL_PROXY", &*proxy),
        ("NO_PROXY", "example.com, 127.0.0.0/8"),
    ];
    let shown = read_with(&format!("http://{addr}"), &variables).await;
    assert!(shown.contains("content: b\"hello\""), "{shown}");
    assert!(
        head.await
            .unwrap()
            .starts_with("GET /some-bucket/k HTTP/1.1\r\n")
    );
}

#[tokio::test]
async fn a_program_can_ignore_the_variables() {
    for proxy in ["http://127.0.0.1:1", "ftp://a b"] {
        let (addr, _head) = server(OK).await;
        let variables = [("HTTP_PROXY", proxy), ("ALL_PROXY", proxy), (NO_PROXY, "1")];
        let shown = read_with(&format!("http://{addr}"), &variables).await;
        assert!(shown.contains("content: b\"hello\""), "{proxy}: {shown}");
    }
}

#[tokio::test]
async fn a_socks_proxy_is_refused_instead_of_bypassed() {
    let (addr, _) = server(OK).await;
    let endpoint = format!("http://{addr}");
    for variable in ["ALL_PROXY", "HTTP_PROXY"] {
        let shown = read_with(&endpoint, &[(variable, "socks5h://me:hush@127.0.0.1:1")]).await;
        let expected = format!(
            "{variable}: SOCKS proxies are not supported; set HTTP_PROXY to the URL of an HTTP proxy, or \
             NO_PROXY=127.0.0.1 for no proxy"
        );
        assert!(shown.contains(&expected), "{shown}");
        assert!(!shown.contains("hush"), "{shown}");
    }
}

/// A proxy that is not a URL must not be bypassed, and a part of its password must not be taken for
/// a host.
#[tokio::test]
async fn an_invalid_variable_is_refused_instead_of_bypassed() {
    let (addr, _head) = server(OK).await;
    let endpoint = format!("http://{addr}");
    for proxy in [
        "http://me:hush/sh@127.0.0.1:1",
        "http://me:hu@hush@127.0.0.1:1",
        "me:hush#sh@127.0.0.1:1",
        "http://me:hush@127.0.0.1:65536",
        "ftp://me:hush@127.0.0.1:1",
        "http://me:hush@",
    ] {
        for variable in ["HTTP_PROXY", "all_proxy"] {
            let shown = read_with(&endpoint, &[(variable, proxy)]).await;
            let expected = format!("invalid: {}: it must be a URL", variable.to_uppercase());
            assert!(shown.contains(&expected), "{proxy}: {shown}");
            assert!(!shown.contains("hush"), "{shown}");
        }
    }
}

/// A variable that does not apply to the service need not be valid.
#[tokio::test]
async fn a_variable_that_does_not_apply_is_ignored() {
    for variables in [
        &[("HTTPS_PROXY", "ftp://a b")][..],
        &[("HTTP_PROXY", "ftp://a b"), ("NO_PROXY", "*")],
        &[("ALL_PROXY", "ftp://a b"), ("no_proxy", "a.com 127.0.0.1")],
        &[("HTTP_PROXY", "  "), ("ALL_PROXY", "")],
        &[
            ("HTTP_PROXY", "http://127.0.0.1:1"),
            ("REQUEST_METHOD", "GET"),
        ],
    ] {
        let (addr, _head) = server(OK).await;
        let shown = read_with(&format!("http://{addr}"), variables).await;
        assert!(
            shown.contains("content: b\"hello\""),
            "{variables:?}: {shown}"
        );
    }
}

#[tokio::test]
async fn a_variable_may_have_spaces_and_an_empty_one_in_capitals() {
    let (addr, _head) = server(OK).await;
    let proxy = format!(" http://{addr}\n");
    let variables = [("HTTP_PROXY", ""), ("http_proxy", &*proxy)];
    let shown = read_with("http://storage.invalid", &variables).await;
    assert!(shown.contains("content: b\"hello\""), "{shown}");
}
