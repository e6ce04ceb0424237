//! Blocking calls against an emulator in another thread.

use std::io::Read;

use qingstor_emulator::Emulator;
use qingstor_sdk::blocking::{self, Wait};
use qingstor_sdk::types::{AclGrant, Grantee, Permission};
use qingstor_sdk::{
    Bucket, Call, Config, DownloadTarget, ErrorKind, Operation, QingStor, Result, UploadSource,
};

/// Starts an emulator with its own runtime, and returns a bucket.
fn start() -> (Emulator, tokio::runtime::Runtime, Bucket) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let emulator = runtime
        .block_on(Emulator::builder().in_memory().start())
        .unwrap();
    let config = Config::new(emulator.access_key_id(), emulator.secret_access_key());
    let qingstor = QingStor::new(config.endpoint(emulator.endpoint())).unwrap();
    let bucket = qingstor.bucket("my-bucket", "pek3a").unwrap();
    bucket.put().wait().unwrap();
    (emulator, runtime, bucket)
}

#[test]
fn a_script_needs_no_runtime() {
    let (_emulator, _runtime, bucket) = start();
    for number in 0..25 {
        let key = format!("{number:02}");
        let put = bucket.put_object(key).body("x".repeat(number)).wait();
        assert_eq!(put.unwrap().status(), 201);
    }
    let items = blocking::iterate(bucket.list_objects().limit(10).items());
    let keys: Vec<String> = items.map(|key| key.unwrap().key).collect();
    assert_eq!(keys.len(), 25);
    let pages = blocking::iterate(bucket.list_objects().limit(10).pages());
    assert_eq!(
        pages.map(|page| page.unwrap().keys.len()).sum::<usize>(),
        25
    );

    let body = bucket.get_object("24").wait().unwrap().body;
    let mut text = String::new();
    blocking::reader(body).read_to_string(&mut text).unwrap();
    assert_eq!(text, "x".repeat(24));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("copy");
    bucket.download("24", &path).wait().unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);

    let outcome = blocking::wait(bucket.delete_objects(keys)).unwrap();
    assert_eq!((outcome.deleted.len(), outcome.errors.len()), (25, 0));
    let missing = bucket.head_object("24").wait().unwrap_err();
    assert!(missing.is_not_found(), "{missing}");
}

#[test]
fn many_threads_can_wait_concurrently() {
    let (_emulator, _runtime, bucket) = start();
    let threads = (0..8).map(|number| {
        let bucket = bucket.clone();
        std::thread::spawn(move || {
            for round in 0..10 {
                let key = format!("{number}/{round}");
                bucket.put_object(&*key).body(key.clone()).wait().unwrap();
                let body = bucket.get_object(&*key).wait().unwrap().body;
                assert_eq!(body.bytes().wait().unwrap(), key);
            }
        })
    });
    for thread in threads.collect::<Vec<_>>() {
        thread.join().unwrap();
    }
}

/// Compiles only if every operation of any specification can be waited for.
fn wait_for<I: Operation>(call: Call<I>) -> Result<I::Output> {
    call.wait()
}

#[test]
fn everything_that_can_be_awaited_can_be_waited_for() {
    let (_emulator, _runtime, bucket) = start();
    wait_for(bucket.put_object("a").body("content")).unwrap();
    wait_for(bucket.put_acl([AclGrant::new(
        Grantee::group("QS_ALL_USERS"),
        Permission::Read,
    )]))
    .unwrap();
    let upload = bucket
        .upload("b", UploadSource::reader(&b"more"[..]))
        .wait()
        .unwrap();
    assert_eq!(upload.bytes, 4);
    let copied = bucket.copy_object(("my-bucket", "b"), "c").wait().unwrap();
    assert_eq!(copied.bytes, 4);
    let mut content = Vec::new();
    bucket
        .download("c", DownloadTarget::writer(&mut content))
        .wait()
        .unwrap();
    assert_eq!(content, b"more");
    let keys = blocking::iterate(bucket.list_objects().items());
    assert_eq!(keys.map(|key| key.unwrap().key).collect::<String>(), "abc");
    let body = wait_for(bucket.get_object("a")).unwrap().body;
    assert_eq!(body.bytes().wait().unwrap(), "content");
}

#[test]
fn waiting_inside_a_runtime_is_an_error() {
    let (_emulator, runtime, bucket) = start();
    runtime.block_on(async {
        let error = bucket.head().wait().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        let mut items = blocking::iterate(bucket.list_objects().items());
        assert_eq!(items.next().unwrap().unwrap_err().kind(), ErrorKind::Config);
        assert!(items.next().is_none());
        // The error names the alternative for a thread that may block.
        let blocking = tokio::task::spawn_blocking(move || {
            let error = bucket.head().wait().unwrap_err();
            assert!(error.message().contains("block_on"), "{error}");
            tokio::runtime::Handle::current().block_on(bucket.head().send())
        });
        blocking.await.unwrap().unwrap();
    });
}
