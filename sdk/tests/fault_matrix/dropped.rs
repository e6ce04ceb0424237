//! Futures that are dropped while they run.

use std::future::{Future, IntoFuture};
use std::time::Duration;

use qingstor_sdk::DownloadTarget;

use crate::Outcome;
use crate::chance::Chance;
use crate::faults::Faults;
use crate::transfer::PART;
use crate::world::World;

pub(crate) async fn run(world: &World, faults: &Faults, chance: &mut Chance) -> Outcome {
    const KEY: &str = "dropped";
    let limit = Duration::from_millis(chance.of_any_size(300));
    world
        .clean
        .put_object("whole")
        .body(world.content.clone())
        .await
        .unwrap();
    let bucket = world.bucket_with(faults);
    let path = world.folder.path().join("target");
    match chance.within(0..3) {
        0 => {
            let upload = bucket
                .upload(KEY, world.content.clone())
                .part_size(PART as u64);
            run_for(upload.multipart_threshold(0).into_future(), limit).await;
        }
        1 => {
            let copy = bucket.copy_object(("fault-matrix", "whole"), KEY);
            let copy = copy.part_size(PART as u64).multipart_threshold(0);
            run_for(copy.into_future(), limit).await;
        }
        _ => {
            let download = bucket.download("whole", DownloadTarget::file(&path));
            run_for(download.part_size(1 << 20).into_future(), limit).await;
        }
    }
    // Uploads are aborted in the background, which must not fail because of faults.
    world.recover();
    if path.exists() {
        assert!(
            std::fs::read(&path).unwrap() == world.content,
            "{faults}: wrong bytes were received"
        );
        std::fs::remove_file(path).unwrap();
    }
    // Tasks that write to the file are canceled, but may run for a moment.
    for _ in 0..200 {
        if crate::world::files(world.folder.path()).is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let stored = world.stored(KEY).await;
    assert!(
        stored.is_none_or(|stored| stored == world.content),
        "{faults}: wrong bytes are stored"
    );
    world.clean.delete_object(KEY).await.unwrap();
    Outcome::Success
}

/// Drops the future after this time. Its output is checked by other tasks.
async fn run_for<T>(future: impl Future<Output = T>, limit: Duration) {
    let _ = tokio::time::timeout(limit, future).await;
}
