//! Uploads, downloads and copies of any size.

use std::future::IntoFuture;
use std::time::Duration;

use bytes::Bytes;
use qingstor_sdk::{Bucket, DownloadTarget, UploadSource};

use crate::Outcome;
use crate::chance::Chance;
use crate::faults::Faults;
use crate::transfer::{MIB, PART, pieces};
use crate::world::{World, files};

const KEY: &str = "large";

/// Chooses a length: at most one part, near the end of a part, or `max`.
fn length(chance: &mut Chance, max: usize) -> usize {
    chance.one_of(&[0, 1, 70_000, PART - 1, PART, PART + 1, 2 * PART, max])
}

pub(crate) async fn upload(world: &World, faults: &Faults, chance: &mut Chance) -> Outcome {
    let sent = world.content.slice(..length(chance, world.content.len()));
    let path = world.folder.path().join("source");
    std::fs::write(&path, &sent).unwrap();
    let kind = chance.within(0..4);
    let source = || match kind {
        0 => UploadSource::from(sent.clone()),
        1 => UploadSource::path(&path),
        2 => UploadSource::stream(pieces(&sent, 100_000)),
        _ => UploadSource::sized_stream(pieces(&sent, MIB), sent.len() as u64),
    };
    let resumable = chance.percent(30);
    let older = chance.percent(30);
    if older {
        // An older object with the same content must not count as the uploaded one.
        let older = world.clean.upload(KEY, sent.clone());
        let older = older.part_size(PART as u64).multipart_threshold(0);
        older.await.unwrap();
    }
    let bucket = world.bucket_with(faults);
    let mut upload = bucket
        .upload(KEY, source())
        .part_size(PART as u64)
        .multipart_threshold(chance.one_of(&[0, PART as u64, 16 << 20]))
        .concurrency(usize::try_from(chance.within(1..5)).unwrap())
        .metadata([("run", "new")])
        .resumable(resumable);
    if chance.percent(20) {
        upload = upload.compute_content_md5();
    }
    if chance.percent(20) {
        upload = upload.verify(false);
    }
    let result = upload.await;
    world.recover();
    let token = result.as_ref().err().and_then(|error| error.resume_token());
    if let Some(token) = token {
        if resumable {
            let resumed = world.clean.resume_upload(token.clone(), source()).await;
            resumed.expect("the upload can be resumed without faults");
        } else {
            world.expect_leftover(&token.upload_id);
        }
    }
    let resumed = resumable && token.is_some();
    std::fs::remove_file(path).unwrap();
    let stored = world.stored(KEY).await;
    if result.is_ok() || resumed {
        assert!(
            stored.is_some_and(|stored| stored == sent),
            "{faults}: wrong bytes are stored"
        );
        let head = world.clean.head_object(KEY).await.unwrap();
        assert_eq!(
            head.metadata.get("run"),
            Some("new"),
            "{faults}: this is the older object"
        );
    } else {
        assert!(
            stored.is_none_or(|stored| stored == sent),
            "{faults}: wrong bytes are stored"
        );
    }
    world.clean.delete_object(KEY).await.unwrap();
    result.into()
}

pub(crate) async fn download(world: &World, faults: &Faults, chance: &mut Chance) -> Outcome {
    let old = world.content.slice(..length(chance, 2 * MIB));
    // Both have the same length, so that only the bytes differ.
    let new = world.other.slice(..old.len());
    match chance.percent(50) {
        true => drop(world.clean.put_object(KEY).body(old.clone()).await.unwrap()),
        // The ETag is not an MD5.
        false => {
            let upload = world.clean.upload(KEY, old.clone());
            let upload = upload.part_size(PART as u64).multipart_threshold(0);
            upload.await.unwrap();
        }
    }
    let to_file = chance.percent(60);
    let resumable = to_file && chance.percent(50);
    let path = world.folder.path().join("target");
    let mut memory = Vec::new();
    let bucket = world.bucket_with(faults);
    let settings = (
        chance.one_of(&[64 << 10, 256 << 10, 8 << 20]),
        chance.within(1..6),
    );
    let (part_size, concurrency) = (settings.0, usize::try_from(settings.1).unwrap());
    let target = match to_file {
        true => DownloadTarget::file(&path),
        false => DownloadTarget::writer(&mut memory),
    };
    let download = bucket.download(KEY, target);
    let download = download.part_size(part_size).concurrency(concurrency);
    let overwrite = overwrite(world, faults, new.clone(), chance.within(0..30));
    let (result, ()) = tokio::join!(download.resumable(resumable).into_future(), overwrite);
    world.recover();
    if !to_file {
        let is_one_object = [&old, &new].into_iter().any(|one| match &result {
            Ok(_) => memory == *one,
            Err(_) => one.starts_with(&memory),
        });
        assert!(is_one_object, "{faults}: wrong bytes were received");
    }
    if result.is_err() && resumable {
        let kept = files(world.folder.path());
        assert!(!kept.contains(&"target".to_owned()), "{kept:?}");
        let resumed = world
            .clean
            .download(KEY, &path)
            .part_size(part_size)
            .resumable(true);
        let resumed = match resumed.await {
            // Ranges that were received with a wrong ETag are detected and removed.
            Err(error) if faults.remaining().explain(&error) => {
                let second = world.clean.download(KEY, &path).resumable(true);
                second.await
            }
            other => other,
        };
        resumed.expect("the download can be resumed without faults");
        let current = if faults.overwritten { &new } else { &old };
        assert!(
            std::fs::read(&path).unwrap() == *current,
            "{faults}: wrong bytes were received"
        );
    } else if to_file && result.is_ok() {
        let received = std::fs::read(&path).unwrap();
        assert!(
            received == old || received == new,
            "{faults}: wrong bytes were received"
        );
    }
    let _ = std::fs::remove_file(path);
    world.clean.delete_object(KEY).await.unwrap();
    result.into()
}

/// Overwrites the object during the download, without the proxy. Repeats the request until it
/// succeeds.
async fn overwrite(world: &World, faults: &Faults, new: Bytes, millis: u64) {
    if !faults.overwritten {
        return;
    }
    tokio::time::sleep(Duration::from_millis(millis)).await;
    while put(&world.clean, &new).await.is_err() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn put(bucket: &Bucket, body: &Bytes) -> qingstor_sdk::Result<()> {
    bucket.put_object(KEY).body(body.clone()).await.map(drop)
}

pub(crate) async fn copy(world: &World, faults: &Faults, chance: &mut Chance) -> Outcome {
    let sent = world.content.slice(..length(chance, world.content.len()));
    let upload = world
        .clean
        .upload("source", sent.clone())
        .part_size(PART as u64);
    upload.multipart_threshold(PART as u64).await.unwrap();
    if chance.percent(30) {
        world
            .clean
            .copy_object(("fault-matrix", "source"), KEY)
            .await
            .unwrap();
    }
    let bucket = world.bucket_with(faults);
    let copy = bucket
        .copy_object(("fault-matrix", "source"), KEY)
        .part_size(PART as u64)
        .multipart_threshold(chance.one_of(&[0, 16 << 20]));
    let result = copy.await;
    world.recover();
    let stored = world.stored(KEY).await;
    match result.is_ok() {
        true => assert!(
            stored.is_some_and(|stored| stored == sent),
            "{faults}: wrong bytes are stored"
        ),
        false => assert!(
            stored.is_none_or(|stored| stored == sent),
            "{faults}: wrong bytes are stored"
        ),
    }
    for upload in world.clean.list_multipart_uploads().await.unwrap().uploads {
        // The request that aborts the upload may have failed, too.
        if result.is_err() {
            world.expect_leftover(&upload.upload_id);
        }
    }
    for key in [KEY, "source"] {
        world.clean.delete_object(key).await.unwrap();
    }
    result.into()
}
