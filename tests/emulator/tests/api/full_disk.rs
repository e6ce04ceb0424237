//! A disk that is full, and later has space again.
//!
//! The tests simulate a full disk with the limit of the file size, which needs no privileges.

use std::process::{Command, Stdio};

use crate::client::{Client, request};
use crate::program::{Program, SECRET, client_of};

/// Starts the program with a limit of its file size, in bytes.
fn start_with_limit(directory: &std::path::Path, limit: u64) -> (Program, Client) {
    let script = format!(
        "ulimit -S -f {} && exec \"$0\" --listen 127.0.0.1:0 --access-key-id ALICE \
         --secret-access-key {SECRET} --data-dir \"$1\"",
        limit / 512
    );
    let mut program = Command::new("sh")
        .args(["-c", &script, env!("CARGO_BIN_EXE_qingstor-emulator")])
        .arg(directory)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map(Program)
        .unwrap();
    let client = client_of(&mut program);
    (program, client)
}

/// Changes the soft limit of the program's file size, in bytes.
fn set_limit(program: &Program, limit: &str) {
    let pid = program.0.id().to_string();
    let changed = Command::new("prlimit")
        .args(["--pid", &pid, &format!("--fsize={limit}:")])
        .status()
        .unwrap();
    assert!(changed.success());
}

async fn health(client: &Client) -> (u16, String) {
    let reply = client.send_as_is(&request("GET", "/_health")).await;
    (
        reply.status,
        reply.json()["status"].as_str().unwrap().to_owned(),
    )
}

#[tokio::test]
async fn a_content_too_large_for_the_disk_leaves_no_file() {
    let directory = tempfile::tempdir().unwrap();
    let (mut program, client) = start_with_limit(directory.path(), 8 << 20);
    client.bucket("photos").await;
    let reply = client.put("/photos/a", vec![0; 9 << 20]).await;
    assert_eq!(reply.error(), (500, "internal_error".to_owned()));
    assert_eq!(client.put("/photos/b", "small").await.status, 201);
    assert_eq!(client.keys("photos").await, ["b"]);
    let blobs = std::fs::read_dir(directory.path().join("content")).unwrap();
    assert_eq!(blobs.count(), 1);
    program.end("-TERM");
}

#[tokio::test]
async fn health_reports_a_full_disk_before_a_write_fails() {
    let directory = tempfile::tempdir().unwrap();
    let (mut program, client) = start_with_limit(directory.path(), 8 << 20);
    client.bucket("photos").await;
    assert_eq!(health(&client).await, (200, "ok".to_owned()));
    set_limit(&program, "0");
    assert_eq!(health(&client).await, (503, "failed".to_owned()));
    set_limit(&program, "unlimited");
    assert_eq!(health(&client).await, (200, "ok".to_owned()));
    // The blobs of the health checks are removed.
    let blobs = std::fs::read_dir(directory.path().join("content")).unwrap();
    assert_eq!(blobs.count(), 0);
    program.end("-TERM");
}

#[tokio::test]
async fn writes_work_again_when_there_is_space() {
    let directory = tempfile::tempdir().unwrap();
    // Enough for the initial database, and a little more.
    let (mut program, client) = start_with_limit(directory.path(), 3 << 19);
    client.bucket("photos").await;
    assert_eq!(health(&client).await, (200, "ok".to_owned()));
    let note = "n".repeat(2000);
    let put = |n: usize| request("PUT", format!("/photos/{n:05}")).header("x-qs-meta-note", &note);
    let mut stored = Vec::new();
    let refused = loop {
        let reply = client.send(put(stored.len()).body("content")).await;
        match reply.status {
            201 => stored.push(format!("{:05}", stored.len())),
            _ => break reply,
        }
        assert!(stored.len() < 5000, "the disk does not become full");
    };
    assert_eq!(refused.error(), (500, "internal_error".to_owned()));
    // Stored objects can be read, and the health check reports the failure.
    for _ in 0..3 {
        assert_eq!(health(&client).await, (503, "failed".to_owned()));
        assert_eq!(client.get("/photos/00000").await.text(), "content");
        assert_eq!(client.send(put(99_999)).await.status, 500);
    }
    set_limit(&program, "unlimited");
    assert_eq!(health(&client).await, (200, "ok".to_owned()));
    for _ in 0..100 {
        let key = format!("{:05}", stored.len());
        let reply = client.send(put(stored.len()).body("content")).await;
        assert_eq!(reply.status, 201);
        stored.push(key);
    }
    assert_eq!(all_keys(&client).await, stored);
    let blobs = std::fs::read_dir(directory.path().join("content")).unwrap();
    assert_eq!(blobs.count(), stored.len());
    program.end("-TERM");
    let (mut program, client) = start_with_limit(directory.path(), 1 << 30);
    assert_eq!(all_keys(&client).await, stored);
    program.end("-TERM");
}

async fn all_keys(client: &Client) -> Vec<String> {
    let (mut keys, mut marker) = (Vec::new(), String::new());
    loop {
        let page = client
            .get(format!("/photos?limit=1000&marker={marker}"))
            .await;
        let page = page.json();
        let found = page["keys"].as_array().unwrap().iter();
        keys.extend(found.map(|key| key["key"].as_str().unwrap().to_owned()));
        marker = page["next_marker"].as_str().unwrap().to_owned();
        if marker.is_empty() {
            return keys;
        }
    }
}
