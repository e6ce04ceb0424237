//! Unusual object keys in every operation that has a key.

use qingstor_sdk::Config;
use qingstor_suite::keys::{DOT_SEGMENT_KEYS, UNUSUAL_KEYS, encode};
use qingstor_suite::{CannedResponse, Server};

use crate::store::Store;

/// Returns content that is different for each key.
fn content(key: &str) -> String {
    format!("content of {key:?}")
}

#[tokio::test]
async fn each_unusual_key_addresses_a_different_object() {
    let store = Store::start().await;
    let bucket = &store.bucket;
    for key in UNUSUAL_KEYS {
        let put = bucket.put_object(*key).body(content(key)).await;
        assert_eq!(put.unwrap().status(), 201, "{key:?}");
    }
    // Read after all writes, to detect keys that overwrite each other.
    for key in UNUSUAL_KEYS {
        let head = bucket.head_object(*key).await.unwrap();
        assert_eq!(
            head.content_length,
            Some(content(key).len() as u64),
            "{key:?}"
        );
        let get = bucket.get_object(*key).await.unwrap();
        assert_eq!(get.body.bytes().await.unwrap(), content(key), "{key:?}");
    }
    let mut expected: Vec<_> = UNUSUAL_KEYS.to_vec();
    expected.sort_unstable();
    let mut listed = store.keys().await;
    listed.sort_unstable();
    assert_eq!(listed, expected);
}

#[tokio::test]
async fn unusual_keys_can_be_copied_moved_and_deleted() {
    let store = Store::start().await;
    let bucket = &store.bucket;
    for key in UNUSUAL_KEYS {
        bucket.put_object(*key).body(content(key)).await.unwrap();
        let source = (bucket.name(), *key);
        bucket.put_object("copy").copy_source(source).await.unwrap();
        let copy = bucket.get_object("copy").await.unwrap();
        assert_eq!(copy.body.bytes().await.unwrap(), content(key), "{key:?}");

        bucket
            .put_object("moved")
            .move_source(source)
            .await
            .unwrap();
        assert!(
            bucket.head_object(*key).await.unwrap_err().is_not_found(),
            "{key:?}"
        );
        let back = (bucket.name(), "moved");
        bucket.put_object(*key).move_source(back).await.unwrap();
        let get = bucket.get_object(*key).await.unwrap();
        assert_eq!(get.body.bytes().await.unwrap(), content(key), "{key:?}");
    }
    // Single deletions, then a batch deletion.
    let (few, many) = UNUSUAL_KEYS.split_at(5);
    for key in few {
        bucket.delete_object(*key).await.unwrap();
    }
    let deleted = bucket
        .delete_multiple_objects(many.iter().copied())
        .await
        .unwrap();
    assert_eq!(
        (deleted.deleted.len(), deleted.errors.len()),
        (many.len(), 0)
    );
    assert_eq!(store.keys().await, ["copy"]);
}

/// The request line contains the encoded key, and the error contains the original key.
#[tokio::test]
async fn unusual_keys_are_encoded_once_and_reported_unchanged() {
    let server = Server::start(CannedResponse::new(404)).await;
    let bucket = bucket_at(&server);
    for key in UNUSUAL_KEYS {
        let error = bucket.get_object(*key).await.unwrap_err();
        assert_eq!(error.key(), Some(*key));
        let sent = server.recorded().pop().unwrap();
        assert_eq!(sent.target, format!("/some-bucket/{}", encode(key)));
    }
}

/// Forms and other clients can create such objects.
#[tokio::test]
async fn an_object_with_dot_segments_can_be_copied_moved_and_deleted() {
    let store = Store::start().await;
    let bucket = &store.bucket;
    for key in DOT_SEGMENT_KEYS {
        bucket.post_object(*key, content(key)).await.unwrap();
    }
    let mut expected = DOT_SEGMENT_KEYS.to_vec();
    expected.sort_unstable();
    assert_eq!(store.keys().await, expected);

    for key in DOT_SEGMENT_KEYS {
        let source = (bucket.name(), *key);
        bucket.put_object("copy").copy_source(source).await.unwrap();
        let copy = bucket.get_object("copy").await.unwrap();
        assert_eq!(copy.body.bytes().await.unwrap(), content(key), "{key:?}");
    }
    let (moved, kept) = DOT_SEGMENT_KEYS.split_at(3);
    for key in moved {
        let source = (bucket.name(), *key);
        bucket
            .put_object("moved")
            .move_source(source)
            .await
            .unwrap();
        let moved = bucket.get_object("moved").await.unwrap();
        assert_eq!(moved.body.bytes().await.unwrap(), content(key), "{key:?}");
    }
    let outcome = bucket.delete_objects(kept.to_vec()).await;
    assert!(outcome.is_complete(), "{:?}", outcome.errors);
    assert_eq!(store.keys().await, ["copy", "moved"]);
}

fn bucket_at(server: &Server) -> qingstor_sdk::Bucket {
    let config = Config::new("ID", "SECRET").endpoint(server.endpoint());
    let qingstor = qingstor_sdk::QingStor::new(config).unwrap();
    qingstor.bucket("some-bucket", "pek3a").unwrap()
}
