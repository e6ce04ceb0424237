//! The steps of the example `walkthrough`.

use qingstor_sdk::ErrorCode;
use qingstor_sdk::types::{AclGrant, Grantee, Permission};

use crate::store::{BUCKET, Store};

#[tokio::test]
async fn walks_through_the_api() {
    let store = Store::start().await;
    let buckets = store.qingstor.list_buckets().await.unwrap();
    assert_eq!((buckets.status().as_u16(), buckets.count), (200, 1));
    assert_eq!(
        (&*buckets.buckets[0].name, &*buckets.buckets[0].location),
        (BUCKET, "pek3a")
    );

    let bucket = &store.bucket;
    assert_eq!(bucket.head().await.unwrap().status(), 200);
    let exists = bucket.put().await.unwrap_err();
    assert_eq!(exists.code(), Some(&ErrorCode::BucketAlreadyExists));
    assert!(bucket.list_objects().await.unwrap().keys.is_empty());

    let call = bucket
        .put_object("example_key")
        .content_type("text/plain")
        .body("content");
    let put = call.await.unwrap();
    assert_eq!(put.status(), 201);
    let get = bucket.get_object("example_key").await.unwrap();
    assert_eq!((get.status().as_u16(), &get.etag), (200, &put.etag));
    assert_eq!(get.content_type.as_deref(), Some("text/plain"));
    assert_eq!(get.body.bytes().await.unwrap(), "content");
    let not_empty = bucket.delete().await.unwrap_err();
    assert_eq!(not_empty.code(), Some(&ErrorCode::BucketNotEmpty));

    assert_eq!(
        bucket.delete_object("example_key").await.unwrap().status(),
        204
    );
    let missing = bucket.get_object("example_key").await.unwrap_err();
    assert!(missing.is_not_found(), "{missing}");
    assert_eq!(missing.code(), Some(&ErrorCode::ObjectNotExists));
    assert_eq!(missing.key(), Some("example_key"));

    let everyone = AclGrant::new(Grantee::group("QS_ALL_USERS"), Permission::Read);
    bucket.put_acl([everyone.clone()]).await.unwrap();
    assert_eq!(bucket.get_acl().await.unwrap().acl, [everyone]);
    assert_eq!(bucket.delete().await.unwrap().status(), 204);
    assert!(bucket.head().await.unwrap_err().is_not_found());
    store.emulator.shutdown().await;
}
