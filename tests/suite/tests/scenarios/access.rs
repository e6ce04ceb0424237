//! Access control, unknown error codes and batch deletion.

use qingstor_sdk::types::{AclGrant, Grantee, Permission};
use qingstor_sdk::{Config, ErrorCode, ErrorKind};

use crate::store::Store;

#[tokio::test]
async fn a_public_read_grant_allows_anonymous_reads_only() {
    let store = Store::start().await;
    let anonymous = store.bucket_with(Config::anonymous());
    store.bucket.put_object("k").body("x").await.unwrap();
    let error = anonymous.get_object("k").await.unwrap_err();
    assert!(error.is_permission_denied(), "{error}");
    assert_eq!(error.code(), Some(&ErrorCode::PermissionDenied));

    let read = AclGrant::new(Grantee::group("QS_ALL_USERS"), Permission::Read);
    store.bucket.put_acl([read]).await.unwrap();
    let get = anonymous.get_object("k").await.unwrap();
    assert_eq!(get.body.bytes().await.unwrap(), "x");
    let error = anonymous.put_object("k").body("y").await.unwrap_err();
    assert!(error.is_permission_denied(), "{error}");
}

#[tokio::test]
async fn wrong_secrets_and_unknown_keys_have_different_codes() {
    let store = Store::start().await;
    let id = store.emulator.access_key_id();
    for (config, code) in [
        (
            Config::new(id, "another secret"),
            ErrorCode::SignatureNotMatched,
        ),
        (
            Config::new("NOBODY", "secret"),
            ErrorCode::InvalidAccessKeyId,
        ),
    ] {
        let error = store.bucket_with(config).get_acl().await.unwrap_err();
        assert_eq!(error.code(), Some(&code));
        assert!(
            error.is_permission_denied() && !error.is_retryable(),
            "{error}"
        );
        assert!(error.request_id().is_some());
    }
}

#[tokio::test]
async fn unknown_error_codes_are_preserved() {
    let store = Store::start().await;
    let drawing = r#"<svg xmlns="http://www.w3.org/2000/svg"/>"#;
    store
        .bucket
        .put_object("a.svg")
        .body(drawing)
        .await
        .unwrap();
    let call = store.bucket.image_process("a.svg", "info");
    let error = call.await.unwrap_err();
    assert_eq!(error.status().unwrap(), 501);
    assert_eq!(
        error.code(),
        Some(&ErrorCode::Unknown("not_implemented".into()))
    );
    assert_eq!(error.kind(), ErrorKind::Service);
    assert_eq!(error.operation(), Some("ImageProcess"));
}

#[tokio::test]
async fn a_batch_deletion_deletes_several_objects() {
    let store = Store::start().await;
    for key in ["a", "b/c", "keep"] {
        store.bucket.put_object(key).await.unwrap();
    }
    let keys = ["a", "b/c", "missing"];
    let output = store.bucket.delete_multiple_objects(keys).await.unwrap();
    assert_eq!((output.deleted.len(), output.errors.len()), (3, 0));
    assert_eq!(store.keys().await, ["keep"]);
    let quiet = store.bucket.delete_multiple_objects(["keep"]).quiet(true);
    assert!(quiet.await.unwrap().deleted.is_empty());
    assert!(store.keys().await.is_empty());
}
