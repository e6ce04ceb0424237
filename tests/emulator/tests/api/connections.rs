//! Many connections, idle connections, and clients that do not read.

use std::time::{Duration, Instant};

use qingstor_emulator::Emulator;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

use crate::client::{Client, read_reply, request, start_with_bucket};

#[tokio::test]
async fn serves_a_thousand_connections() {
    const CONNECTIONS: usize = 1000;
    let started = Instant::now();
    let (emulator, client) = start_with_bucket().await;
    client.put("/photos/a", "content").await;
    let get = request("GET", "/photos/a").signed(&client).to_bytes();
    // All connections are open before the first request is sent.
    let mut opening = JoinSet::new();
    for _ in 0..CONNECTIONS {
        opening.spawn(TcpStream::connect(client.addr));
    }
    let streams = opening.join_all().await;
    let mut asking = JoinSet::new();
    for stream in streams {
        let mut stream = stream.unwrap();
        let get = get.clone();
        asking.spawn(async move {
            stream.write_all(&get).await.unwrap();
            read_reply(&mut stream).await
        });
    }
    for reply in asking.join_all().await {
        assert_eq!((reply.status, reply.text()), (200, "content".to_owned()));
    }
    assert_eq!(emulator.operations_served()["GetObject"], 1000);
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn closes_connections_whose_client_does_not_read() {
    let emulator = Emulator::builder()
        .client_timeout(Duration::from_millis(200))
        .grace(Duration::from_secs(60))
        .start()
        .await
        .unwrap();
    let client = Client::new(&emulator);
    client.bucket("photos").await;
    // Larger than the socket buffers of both sides.
    client.put("/photos/a", vec![0; 16 << 20]).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut stream = socket.connect(client.addr).await.unwrap();
    let get = request("GET", "/photos/a").signed(&client).to_bytes();
    stream.write_all(&get).await.unwrap();
    // The response has started, so the request is in flight.
    stream.readable().await.unwrap();
    assert_eq!(client.head("/photos").await.status, 200);
    let started = Instant::now();
    emulator.shutdown().await;
    assert!(started.elapsed() < Duration::from_secs(20));
    let mut rest = Vec::new();
    let end = stream.read_to_end(&mut rest).await;
    assert!(end.is_err(), "{} bytes and a regular end", rest.len());
}

#[tokio::test]
async fn idle_connections_do_not_delay_the_shutdown() {
    let emulator = Emulator::builder()
        .grace(Duration::from_secs(60))
        .start()
        .await
        .unwrap();
    let client = Client::new(&emulator);
    let mut silent = TcpStream::connect(client.addr).await.unwrap();
    // The second connection is idle after a request.
    let mut idle = TcpStream::connect(client.addr).await.unwrap();
    idle.write_all(b"GET /_health HTTP/1.1\r\nHost: h\r\n\r\n")
        .await
        .unwrap();
    idle.readable().await.unwrap();
    let started = Instant::now();
    emulator.shutdown().await;
    assert!(started.elapsed() < Duration::from_secs(20));
    let mut rest = Vec::new();
    silent.read_to_end(&mut rest).await.unwrap();
    assert!(rest.is_empty());
    idle.read_to_end(&mut rest).await.unwrap();
    assert!(rest.starts_with(b"HTTP/1.1 200 OK\r\n"));
}

#[tokio::test]
async fn the_grace_period_limits_the_shutdown() {
    let emulator = Emulator::builder()
        .grace(Duration::from_millis(50))
        .start()
        .await
        .unwrap();
    let client = Client::new(&emulator);
    client.bucket("photos").await;
    let mut stream = client.begin_put("/photos/a", 10).await;
    // After a complete round trip, the other request has started too.
    client.head("/photos").await;
    emulator.shutdown().await;
    let mut rest = Vec::new();
    // The connection is closed or reset without a response.
    let _ = stream.read_to_end(&mut rest).await;
    assert!(rest.is_empty());
}

#[tokio::test]
async fn listens_on_ipv6() {
    if let Err(error) = std::net::TcpListener::bind("[::1]:0") {
        eprintln!("skipped: this machine does not support IPv6: {error}");
        return;
    }
    let emulator = Emulator::builder().listen("[::1]:0").start().await.unwrap();
    assert!(emulator.endpoint().starts_with("http://[::1]:"));
    let client = Client::new(&emulator);
    client.bucket("photos").await;
    assert_eq!(client.head("/photos").await.status, 200);
}
