//! Many connections, idle ones, and clients that don't read.

use std::time::{Duration, Instant};

use qingstor_emulator::Emulator;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

use crate::client::{Client, read_reply, request, start};

#[tokio::test]
async fn a_thousand_connections_at_once() {
    const CONNECTIONS: usize = 1000;
    let started = Instant::now();
    let emulator = start().await;
    let client = Client::new(&emulator);
    client.bucket("photos").await;
    client.put("/photos/a", "content").await;
    let get = request("GET", "/photos/a").signed(&client).to_bytes();
    // All are open before the first one says anything.
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
async fn who_does_not_read_is_cut_off() {
    let emulator = Emulator::builder()
        .client_timeout(Duration::from_millis(200))
        .grace(Duration::from_secs(60))
        .start()
        .await
        .unwrap();
    let client = Client::new(&emulator);
    client.bucket("photos").await;
    // More than the system takes on its own for either side.
    client.put("/photos/a", vec![0; 16 << 20]).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut stream = socket.connect(client.addr).await.unwrap();
    let get = request("GET", "/photos/a").signed(&client).to_bytes();
    stream.write_all(&get).await.unwrap();
    // The answer has begun, so the request is in flight.
    stream.readable().await.unwrap();
    let started = Instant::now();
    emulator.shutdown().await;
    assert!(started.elapsed() < Duration::from_secs(20));
    let mut rest = Vec::new();
    let end = stream.read_to_end(&mut rest).await;
    assert!(end.is_err(), "{} bytes and a good end", rest.len());
}

#[tokio::test]
async fn who_says_nothing_does_not_delay_the_end() {
    let emulator = Emulator::builder()
        .grace(Duration::from_secs(60))
        .start()
        .await
        .unwrap();
    let client = Client::new(&emulator);
    let mut silent = TcpStream::connect(client.addr).await.unwrap();
    // Another one is kept alive after a request.
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
async fn the_grace_period_ends() {
    let emulator = Emulator::builder()
        .grace(Duration::from_millis(50))
        .start()
        .await
        .unwrap();
    let client = Client::new(&emulator);
    client.bucket("photos").await;
    let put = request("PUT", "/photos/a")
        .header("Content-Length", "10")
        .signed(&client)
        .to_bytes();
    let mut stream = TcpStream::connect(client.addr).await.unwrap();
    stream.write_all(&put).await.unwrap();
    // A whole round trip later the other one has begun as well.
    client.head("/photos").await;
    emulator.shutdown().await;
    let mut rest = Vec::new();
    // Closed or reset, but without an answer.
    let _ = stream.read_to_end(&mut rest).await;
    assert!(rest.is_empty());
}

#[tokio::test]
async fn ipv6_is_an_address_like_any_other() {
    // Not every machine has it.
    if std::net::TcpListener::bind("[::1]:0").is_err() {
        return;
    }
    let emulator = Emulator::builder().listen("[::1]:0").start().await.unwrap();
    assert!(emulator.endpoint().starts_with("http://[::1]:"));
    let client = Client::new(&emulator);
    client.bucket("photos").await;
    assert_eq!(client.head("/photos").await.status, 200);
}
