//! Futures that are dropped in the middle.

use std::future::{Future, IntoFuture};
use std::time::Duration;

use qingstor_sdk::DownloadTarget;

use crate::Ended;
use crate::chance::Chance;
use crate::faults::Faults;
use crate::transfer::PART;
use crate::world::World;

pub(crate) async fn run(world: &World, faults: &Faults, chance: &mut Chance) -> Ended {
    const KEY: &str = "dropped";
    let limit = Duration::from_millis(chance.of_any_size(300));
    world
        .clean
        .put_object("whole")
        .body(world.content.clone())
        .await
        .unwrap();
    let bucket = world.suffer(faults);
    let path = world.folder.path().join("target");
    match chance.within(0..3) {
        0 => {
            let upload = bucket
                .upload(KEY, world.content.clone())
                .part_size(PART as u64);
            cut(upload.multipart_threshold(0).into_future(), limit).await;
        }
        1 => {
            let copy = bucket.copy_object(("fault-matrix", "whole"), KEY);
            let copy = copy.part_size(PART as u64).multipart_threshold(0);
            cut(copy.into_future(), limit).await;
        }
        _ => {
            let download = bucket.download("whole", DownloadTarget::file(&path));
            cut(download.part_size(1 << 20).into_future(), limit).await;
        }
    }
    // Only now: what is given up in the background must not need the luck of repeats.
    world.recover();
    if path.exists() {
        assert!(
            std::fs::read(&path).unwrap() == world.content,
            "{faults}: other bytes came"
        );
        std::fs::remove_file(path).unwrap();
    }
    // What was being written is let go of at once, but not by this task.
    for _ in 0..200 {
        if crate::world::files(world.folder.path()).is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let stored = world.stored(KEY).await;
    assert!(
        stored.is_none_or(|stored| stored == world.content),
        "{faults}: other bytes"
    );
    world.clean.delete_object(KEY).await.unwrap();
    Ended::Well
}

/// Lets the future go after this time. What it gave by then was looked at by others.
async fn cut<T>(future: impl Future<Output = T>, limit: Duration) {
    let _ = tokio::time::timeout(limit, future).await;
}
