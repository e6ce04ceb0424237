//! Restarts of the emulator with a data directory.

use qingstor_emulator::{Emulator, Error};
use serde_json::json;

use crate::client::{Client, request};

async fn start(directory: &std::path::Path) -> Emulator {
    Emulator::builder()
        .data_dir(directory)
        .start()
        .await
        .unwrap()
}

#[tokio::test]
async fn a_restart_keeps_everything() {
    let directory = tempfile::tempdir().unwrap();
    let emulator = start(directory.path()).await;
    let client = Client::new(&emulator);
    for name in ["photos", "albums", "trash-1"] {
        client.bucket(name).await;
    }
    let acl = json!({"acl": [
        {"grantee": {"type": "group", "name": "QS_ALL_USERS"}, "permission": "READ"}
    ]});
    client.send(request("PUT", "/photos?acl").json(&acl)).await;
    let put = request("PUT", "/photos/..%2F%E4%B8%AD")
        .header("x-qs-meta-color", "red")
        .header("x-qs-storage-class", "STANDARD_IA")
        .body("content");
    client.send(put).await;
    client.put("/photos/overwritten", "old").await;
    client.put("/photos/overwritten", "new").await;
    client.put("/photos/deleted", "x").await;
    client.delete("/photos/deleted").await;
    client.put("/photos/moving", "moved").await;
    let moving = request("PUT", "/albums/moved").header("x-qs-move-source", "/photos/moving");
    client.send(moving).await;
    client.delete("/trash-1").await;
    let before = client.get("/photos").await.json();
    emulator.shutdown().await;

    let emulator = start(directory.path()).await;
    let client = Client::new(&emulator);
    assert_eq!(client.get("/").await.json()["count"], 2);
    assert_eq!(client.get("/photos").await.json(), before);
    assert_eq!(client.get("/photos?acl").await.json()["acl"], acl["acl"]);
    let got = client.get("/photos/..%2F%E4%B8%AD").await;
    assert_eq!(got.text(), "content");
    assert_eq!(got.header("x-qs-meta-color"), "red");
    assert_eq!(got.header("x-qs-storage-class"), "STANDARD_IA");
    assert_eq!(client.get("/photos/overwritten").await.text(), "new");
    assert_eq!(client.keys("albums").await, ["moved"]);
    assert_eq!(client.get("/albums/moved").await.text(), "moved");
}

#[tokio::test]
async fn removes_only_leftovers_of_a_killed_emulator() {
    let directory = tempfile::tempdir().unwrap();
    let emulator = start(directory.path()).await;
    let client = Client::new(&emulator);
    client.bucket("photos").await;
    client.put("/photos/a", "content").await;
    emulator.shutdown().await;
    let content = directory.path().join("content");
    let orphan = content.join("0123456789abcdef0123456789abcdef");
    std::fs::write(&orphan, "x").unwrap();
    std::fs::write(content.join("strange"), "x").unwrap();
    std::fs::create_dir(content.join("lost+found")).unwrap();
    let emulator = start(directory.path()).await;
    assert_eq!(
        Client::new(&emulator).get("/photos/a").await.text(),
        "content"
    );
    assert!(!orphan.exists());
    assert!(content.join("strange").exists() && content.join("lost+found").exists());
}

#[tokio::test]
async fn replaces_an_unfinished_database() {
    let directory = tempfile::tempdir().unwrap();
    start(directory.path()).await.shutdown().await;
    std::fs::remove_file(directory.path().join("records.redb")).unwrap();
    let unfinished = directory.path().join("records.unfinished");
    std::fs::write(&unfinished, [0; 73728]).unwrap();
    start(directory.path()).await.shutdown().await;
    assert!(!unfinished.exists());
}

#[tokio::test]
async fn a_directory_has_one_emulator_at_a_time() {
    let directory = tempfile::tempdir().unwrap();
    let emulator = start(directory.path()).await;
    let second = Emulator::builder().data_dir(directory.path()).start().await;
    assert!(matches!(second, Err(Error::DataDirInUse { .. })));
    emulator.shutdown().await;
    start(directory.path()).await;
}

#[tokio::test]
async fn dropping_an_emulator_stops_it() {
    let emulator = Emulator::builder().start().await.unwrap();
    let addr = emulator.addr();
    drop(emulator);
    for _ in 0..200 {
        if tokio::net::TcpStream::connect(addr).await.is_err() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the emulator still listens");
}
