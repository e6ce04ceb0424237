//! Data directories that are damaged, mixed up or contain links.

use std::fs;
use std::path::{Path, PathBuf};

use qingstor_emulator::{Emulator, Error};
use serde_json::json;

use crate::client::{Client, request};

async fn start(directory: &Path) -> Emulator {
    let builder = Emulator::builder().data_dir(directory);
    builder.start().await.unwrap()
}

/// Creates a directory with objects of these keys.
async fn directory_with(keys: &[&str]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let emulator = start(directory.path()).await;
    let client = Client::new(&emulator);
    client.bucket("photos").await;
    for key in keys {
        let content = format!("content of {key}");
        client.put(format!("/photos/{key}"), content).await;
    }
    emulator.shutdown().await;
    directory
}

fn blobs(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory.join("content")).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

async fn open_damaged(directory: &std::path::Path) -> String {
    let error = Emulator::builder().data_dir(directory).start().await;
    let error = error.unwrap_err();
    assert!(matches!(&error, Error::Damaged { .. }), "{error}");
    error.to_string()
}

async fn reads_all(directory: &Path, keys: &[&str]) {
    let emulator = start(directory).await;
    let client = Client::new(&emulator);
    for key in keys {
        let got = client.get(format!("/photos/{key}")).await;
        assert_eq!(got.text(), format!("content of {key}"));
    }
    emulator.shutdown().await;
}

#[tokio::test]
async fn blobs_without_a_database_are_not_removed() {
    let directory = tempfile::tempdir().unwrap();
    let content = directory.path().join("content/0123456789abcdef");
    start(directory.path()).await.shutdown().await;
    std::fs::write(&content, "content").unwrap();
    std::fs::remove_file(directory.path().join("records.redb")).unwrap();
    let error = open_damaged(directory.path()).await;
    assert!(
        error.contains("records.redb: the file is missing"),
        "{error}"
    );
    assert!(content.exists());
}

/// Swaps the databases of two directories, and swaps them back after `look`.
async fn with_records_of(one: &Path, other: &Path, look: impl AsyncFnOnce()) {
    let (own, foreign) = (one.join("records.redb"), other.join("records.redb"));
    let kept = one.join("../kept.redb");
    fs::rename(&own, &kept).unwrap();
    fs::copy(&foreign, &own).unwrap();
    look().await;
    fs::rename(&kept, &own).unwrap();
}

#[tokio::test]
async fn a_refused_start_removes_nothing() {
    let keys = ["a", "b", "c"];
    let directory = directory_with(&keys).await;
    let root = directory.path();
    for others in [&["d"][..], &[]] {
        let other = directory_with(others).await;
        with_records_of(root, other.path(), async || {
            let error = open_damaged(root).await;
            assert!(error.contains(root.to_str().unwrap()), "{error}");
            assert!(error.contains("content"), "{error}");
        })
        .await;
        assert_eq!(blobs(root).len(), keys.len());
        reads_all(root, &keys).await;
    }
    // This database is from an earlier run.
    let records = root.join("records.redb");
    let older = fs::read(&records).unwrap();
    let emulator = start(root).await;
    let client = Client::new(&emulator);
    client.put("/photos/later", "content of later").await;
    emulator.shutdown().await;
    let newer = fs::read(&records).unwrap();
    fs::write(&records, older).unwrap();
    let error = open_damaged(root).await;
    assert!(error.contains("belongs to another database"), "{error}");
    assert_eq!(blobs(root).len(), keys.len() + 1);
    fs::write(&records, newer).unwrap();
    reads_all(root, &["a", "b", "c", "later"]).await;
    // One blob is missing, and one is a leftover.
    let lost = blobs(root).remove(0);
    let leftover = root.join("content/0123456789abcdef0123456789abcdef");
    fs::rename(&lost, &leftover).unwrap();
    let error = open_damaged(root).await;
    assert!(error.contains("is missing"), "{error}");
    fs::rename(&leftover, &lost).unwrap();
    reads_all(root, &keys).await;
}

#[cfg(unix)]
#[tokio::test]
async fn does_not_follow_links() {
    let keys = ["a", "b"];
    let directory = directory_with(&keys).await;
    let elsewhere = tempfile::tempdir().unwrap();
    for name in ["content", "records.redb", "qingstor-emulator.json"] {
        let (path, target) = (directory.path().join(name), elsewhere.path().join(name));
        fs::rename(&path, &target).unwrap();
        std::os::unix::fs::symlink(&target, &path).unwrap();
        let started = Emulator::builder().data_dir(directory.path()).start().await;
        let error = started.unwrap_err();
        assert!(matches!(error, Error::DataDir { .. }), "{error}");
        let message = error.to_string();
        assert!(message.contains(path.to_str().unwrap()), "{message}");
        fs::remove_file(&path).unwrap();
        fs::rename(&target, &path).unwrap();
    }
    assert_eq!(blobs(directory.path()).len(), 2);
    // The data directory itself can be a link.
    let link = elsewhere.path().join("data");
    std::os::unix::fs::symlink(directory.path(), &link).unwrap();
    reads_all(&link, &keys).await;
}

#[tokio::test]
async fn reports_a_damaged_database_with_its_directory() {
    let directory = directory_with(&["a", "b"]).await;
    let records = directory.path().join("records.redb");
    let whole = fs::read(&records).unwrap();
    let mut damaged = vec![b"{".to_vec(), Vec::new(), whole[..whole.len() / 2].to_vec()];
    // Damages one page after the other.
    for page in 0..whole.len() / 4096 {
        let mut bytes = whole.clone();
        bytes[page * 4096..(page + 1) * 4096].fill(0xa5);
        damaged.push(bytes);
    }
    let mut refused = 0;
    for bytes in damaged {
        fs::write(&records, bytes).unwrap();
        match Emulator::builder().data_dir(directory.path()).start().await {
            // The page was unused, or was repaired.
            Ok(emulator) => {
                let client = Client::new(&emulator);
                let status = client.get("/photos/a").await.status;
                assert_eq!(status, 200);
                emulator.shutdown().await;
            }
            Err(error) => {
                assert!(matches!(error, Error::Damaged { .. }), "{error}");
                let message = error.to_string();
                let path = directory.path().to_str().unwrap();
                assert!(message.contains(path), "{message}");
                assert_eq!(blobs(directory.path()).len(), 2, "{message}");
                refused += 1;
            }
        }
    }
    assert!(refused >= 5, "{refused} were refused");
    fs::write(&records, whole).unwrap();
    reads_all(directory.path(), &["a", "b"]).await;
}

#[tokio::test]
async fn a_lost_or_truncated_content_is_an_error_before_the_head() {
    let directory = tempfile::tempdir().unwrap();
    let emulator = start(directory.path()).await;
    let client = Client::new(&emulator);
    client.bucket("photos").await;
    let large = vec![b'x'; 3 << 20];
    client.put("/photos/a", large.clone()).await;
    let file = blobs(directory.path()).remove(0);
    let whole = fs::read(&file).unwrap();
    for damage in ["cut", "longer", "lost", "folder"] {
        match damage {
            "cut" => fs::write(&file, &whole[..whole.len() - 1]).unwrap(),
            "longer" => fs::write(&file, [&whole[..], b"x"].concat()).unwrap(),
            "lost" => fs::remove_file(&file).unwrap(),
            _ => fs::create_dir(&file).unwrap(),
        }
        for get in [
            request("GET", "/photos/a"),
            request("GET", "/photos/a").header("Range", "bytes=0-9"),
            request("GET", "/photos/a?image&action=info"),
        ] {
            let reply = client.send(get).await;
            assert_eq!(
                reply.error(),
                (500, "internal_error".to_owned()),
                "{damage}"
            );
            assert!(!reply.text().contains("content/"), "{}", reply.text());
        }
    }
    fs::remove_dir(&file).unwrap();
    fs::write(&file, &whole).unwrap();
    assert!(client.get("/photos/a").await.body == large);
    let list = client.get("/photos").await.json();
    assert_eq!(list["keys"].as_array().unwrap().len(), 1, "{}", json!(list));
}
