//! Large bodies from streams and files.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream;
use qingstor_sdk::{Body, ErrorKind};
use sha2::{Digest, Sha256};

use crate::store::Store;

const CHUNK: usize = 64 * 1024;
const CHUNKS: usize = 1024;

/// Returns deterministic bytes that are different for each chunk.
fn chunk(index: usize) -> Bytes {
    let seed = index.to_le_bytes();
    (0..CHUNK).map(|at| seed[at % 2] ^ (at / 7) as u8).collect()
}

#[tokio::test]
async fn a_stream_of_64_mib_is_stored_unchanged() {
    let store = Store::start().await;
    let sent = Arc::new(Mutex::new(Sha256::new()));
    let hasher = Arc::clone(&sent);
    let content = stream::iter(0..CHUNKS).map(move |index| {
        let chunk = chunk(index);
        hasher.lock().unwrap().update(&chunk);
        Ok::<_, std::io::Error>(chunk)
    });
    let size = (CHUNK * CHUNKS) as u64;
    let body = Body::from_stream(content, size);
    assert!(!body.is_replayable());
    store.bucket.put_object("big").body(body).await.unwrap();

    let output = store.bucket.get_object("big").await.unwrap();
    assert_eq!(output.content_length, Some(size));
    let (mut body, mut received, mut hash) = (output.body, 0, Sha256::new());
    while let Some(piece) = body.next().await {
        let piece = piece.unwrap();
        received += piece.len() as u64;
        hash.update(&piece);
    }
    assert_eq!(received, size);
    let sent = sent.lock().unwrap().clone();
    assert_eq!(hash.finalize(), sent.finalize());
}

#[tokio::test]
async fn a_file_can_be_uploaded_and_downloaded() {
    let store = Store::start().await;
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("from.bin"), folder.path().join("to.bin"));
    // The length needs several reads and is not a multiple of a buffer size.
    let content: Vec<u8> = (0..9).flat_map(chunk).chain([1, 2, 3]).collect();
    std::fs::write(&from, &content).unwrap();
    let body = Body::from_path(&from).await.unwrap();
    assert_eq!(body.len(), content.len() as u64);
    store.bucket.put_object("file").body(body).await.unwrap();
    std::fs::write(&to, "an older file").unwrap();
    let output = store.bucket.get_object("file").await.unwrap();
    let written = output.body.write_to(&to).await.unwrap();
    assert_eq!(written, content.len() as u64);
    assert_eq!(std::fs::read(&to).unwrap(), content);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[tokio::test]
async fn a_body_with_a_wrong_length_is_not_stored() {
    let store = Store::start().await;
    let pieces = || stream::iter([Ok::<_, std::io::Error>(chunk(0)), Ok(chunk(1))]);
    let length = 2 * CHUNK as u64;
    for declared in [length - 1, length + 1] {
        let body = Body::from_stream(pieces(), declared);
        let error = store.bucket.put_object("k").body(body).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io, "{declared}: {error}");
        assert!(store.keys().await.is_empty(), "{declared}");
    }
    let exact = Body::from_stream(pieces(), length);
    store.bucket.put_object("k").body(exact).await.unwrap();
}

/// An empty body does not need to be read, but ignoring its data would lose data silently.
#[tokio::test]
async fn a_stream_with_data_and_a_declared_length_of_zero_fails() {
    let store = Store::start().await;
    let body = Body::from_stream(stream::iter([Ok::<_, std::io::Error>(chunk(0))]), 0);
    let error = store.bucket.put_object("k").body(body).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io, "{error}");
    assert!(store.keys().await.is_empty());
}

#[tokio::test]
async fn the_error_of_a_stream_is_reported() {
    let store = Store::start().await;
    let failure = std::io::Error::other("the disk is gone");
    let content = stream::iter([Ok(chunk(0)), Err(failure)]);
    let body = Body::from_stream(content, 2 * CHUNK as u64);
    let error = store.bucket.put_object("k").body(body).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(
        format!("{error} {error:?}").contains("the disk is gone"),
        "{error:?}"
    );
    assert!(store.keys().await.is_empty());
}
