//! Keys that break careless code, through every call that takes one.

use qingstor_sdk::Config;
use qingstor_suite::keys::{DOT_SEGMENT_KEYS, HARD_KEYS, encode};
use qingstor_suite::{Answer, Server};

use crate::store::Store;

/// What the object of a key holds: no two are the same.
fn content(key: &str) -> String {
    format!("content of {key:?}")
}

#[tokio::test]
async fn hard_keys_keep_their_objects_apart() {
    let store = Store::start().await;
    let bucket = &store.bucket;
    for key in HARD_KEYS {
        let put = bucket.put_object(*key).body(content(key)).await;
        assert_eq!(put.unwrap().status(), 201, "{key:?}");
    }
    // Only now, so that one that overwrote another is found.
    for key in HARD_KEYS {
        let head = bucket.head_object(*key).await.unwrap();
        assert_eq!(
            head.content_length,
            Some(content(key).len() as u64),
            "{key:?}"
        );
        let get = bucket.get_object(*key).await.unwrap();
        assert_eq!(get.body.bytes().await.unwrap(), content(key), "{key:?}");
    }
    let mut expected: Vec<_> = HARD_KEYS.to_vec();
    expected.sort_unstable();
    let mut listed = store.keys().await;
    listed.sort_unstable();
    assert_eq!(listed, expected);
}

#[tokio::test]
async fn hard_keys_can_be_copied_moved_and_deleted() {
    let store = Store::start().await;
    let bucket = &store.bucket;
    for key in HARD_KEYS {
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
    // One by one, and many at once.
    let (few, many) = HARD_KEYS.split_at(5);
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

/// Byte for byte on the request line, and in the error's own words again.
#[tokio::test]
async fn hard_keys_are_encoded_once_and_named_as_they_are() {
    let server = Server::start(Answer::new(404)).await;
    let bucket = bucket_at(&server);
    for key in HARD_KEYS {
        let error = bucket.get_object(*key).await.unwrap_err();
        assert_eq!(error.key(), Some(*key));
        let sent = server.recorded().pop().unwrap();
        assert_eq!(sent.target, format!("/some-bucket/{}", encode(key)));
    }
}

/// Forms create such objects, and so do other clients.
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
