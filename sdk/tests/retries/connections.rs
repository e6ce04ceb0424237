//! Connections that are refused, and that break.

use std::net::SocketAddr;
use std::time::Duration;

use qingstor_emulator::{DEFAULT_ACCESS_KEY_ID, DEFAULT_SECRET_ACCESS_KEY, FaultRule, Reset};
use qingstor_sdk::{Config, ErrorKind};
use tokio::net::{TcpListener, TcpStream};

use crate::{bucket_of, config, fail, hits, quick, start};

/// Listens at `from` and forwards all connections.
pub(crate) async fn forward(from: SocketAddr, to: SocketAddr) {
    let listener = TcpListener::bind(from).await.unwrap();
    loop {
        let (mut near, _) = listener.accept().await.unwrap();
        tokio::spawn(async move {
            let mut far = TcpStream::connect(to).await.unwrap();
            // The connection breaks when the test ends.
            let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
        });
    }
}

#[tokio::test]
async fn a_refused_connection_is_retried() {
    let (emulator, _) = start().await;
    let reserved = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = reserved.local_addr().unwrap();
    drop(reserved);
    let config = config(&emulator).endpoint(format!("http://{addr}"));
    let error = bucket_of(config.clone())
        .append_object("log", 0)
        .body("line");
    let error = error.await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Connect, 4));

    // The service cannot have executed any request, so even an append is retried.
    let bucket = bucket_of(config.retry(quick().max_attempts(1000)));
    let append = tokio::spawn(bucket.append_object("log", 0).body("line").send());
    tokio::time::sleep(Duration::from_millis(30)).await;
    let forwarding = tokio::spawn(forward(addr, emulator.addr()));
    assert!(append.await.unwrap().unwrap().attempts() > 1);
    forwarding.abort();
}

#[tokio::test]
async fn a_broken_connection_is_retried_if_the_request_is_idempotent() {
    let (emulator, bucket) = start().await;
    fail(
        &emulator,
        [FaultRule::on_any().reset(Reset::Before).times(3)],
    );
    assert_eq!(bucket.get_object("k").await.unwrap().attempts(), 4);
    fail(&emulator, [FaultRule::on_any().reset(Reset::Before)]);
    let error = bucket.get_object("k").await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Connect, 4));
    assert_eq!(hits(&emulator), [4]);
}

#[tokio::test]
async fn a_connection_that_is_closed_at_once_is_retried() {
    let (emulator, _) = start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        for _ in 0..2 {
            drop(listener.accept().await.unwrap());
        }
        drop(listener);
        forward(addr, emulator.addr()).await;
    });
    let config = Config::new(DEFAULT_ACCESS_KEY_ID, DEFAULT_SECRET_ACCESS_KEY);
    let config = config.endpoint(format!("http://{addr}"));
    let bucket = bucket_of(config.retry(quick().max_attempts(50)));
    let output = bucket.get_object("k").await.unwrap();
    assert!(output.attempts() >= 3, "{}", output.attempts());
    server.abort();
}
