//! Memory use with many large bodies.

use std::io::ErrorKind;
use std::process::Stdio;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::client::{Client, read_reply, request};
use crate::program::{Program, SECRET, client_of, command};

const MIB: usize = 1 << 20;
const AT_ONCE: usize = 16;
const SIZE: usize = 8 * MIB;
/// Memory limit in bytes: much less than all bodies together, but enough for the program.
const BOUND: usize = 80 * MIB;

fn start(data: &std::path::Path) -> (Program, Client) {
    let mut program = command()
        .args(["--listen", "127.0.0.1:0", "--access-key-id", "ALICE"])
        .args(["--secret-access-key", SECRET, "--log", "off", "--data-dir"])
        .arg(data)
        .stdout(Stdio::piped())
        .spawn()
        .map(Program)
        .unwrap();
    let client = client_of(&mut program);
    (program, client)
}

/// Returns the peak memory of the program, in bytes.
fn peak(program: &Program) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", program.0.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kib = line.unwrap().split_whitespace().nth(1).unwrap();
    kib.parse::<usize>().unwrap() << 10
}

/// Sends a request whose body consists of `first`, zeros and `last`.
async fn upload(client: Client, head: Vec<u8>, first: Vec<u8>, last: Vec<u8>) {
    let mut stream = client.open(&head).await;
    stream.write_all(&first).await.unwrap();
    let piece = vec![0; MIB];
    for _ in 0..SIZE / MIB {
        stream.write_all(&piece).await.unwrap();
    }
    stream.write_all(&last).await.unwrap();
    assert_eq!(read_reply(&mut stream).await.status, 201);
}

async fn put(client: Client, key: usize) {
    let head = request("PUT", format!("/photos/{key}"))
        .header("Content-Length", SIZE.to_string())
        .signed(&client)
        .to_bytes();
    upload(client, head, Vec::new(), Vec::new()).await;
}

async fn post_form(client: Client) {
    let first = b"--b\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\nform\r\n--b\r\n\
        Content-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\n";
    let last = b"\r\n--b--\r\n";
    let length = first.len() + SIZE + last.len();
    let head = request("POST", "/photos")
        .header("Content-Type", "multipart/form-data; boundary=b")
        .header("Content-Length", length.to_string())
        .signed(&client)
        .to_bytes();
    upload(client, head, first.to_vec(), last.to_vec()).await;
}

/// Requests an object, and reads it after all other objects were requested.
async fn get(client: Client, key: usize, barrier: &tokio::sync::Barrier) {
    let get = request("GET", format!("/photos/{key}")).signed(&client);
    let mut stream = client.open(&get.to_bytes()).await;
    stream.read_u8().await.unwrap();
    barrier.wait().await;
    let mut buffer = vec![0; MIB];
    let mut received = 1;
    loop {
        match stream.read(&mut buffer).await {
            Ok(0) => break,
            Ok(read) => received += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => panic!("{error}"),
        }
    }
    assert!(received > SIZE, "{received}");
}

#[tokio::test]
async fn large_bodies_need_bounded_memory() {
    let directory = tempfile::tempdir().unwrap();
    let (program, client) = start(directory.path());
    client.bucket("photos").await;
    let idle = peak(&program);
    let uploads = (0..AT_ONCE).map(|key| put(client.clone(), key));
    futures_util::future::join_all(uploads).await;
    let uploaded = peak(&program);
    post_form(client.clone()).await;
    let posted = peak(&program);
    let barrier = tokio::sync::Barrier::new(AT_ONCE);
    let downloads = (0..AT_ONCE).map(|key| get(client.clone(), key, &barrier));
    futures_util::future::join_all(downloads).await;
    let downloaded = peak(&program);
    let peaks = [idle, uploaded, posted, downloaded].map(|bytes| bytes / MIB);
    println!("MiB when idle, and after uploads, a form and downloads: {peaks:?}");
    assert!(downloaded < BOUND, "{peaks:?} MiB");
}
