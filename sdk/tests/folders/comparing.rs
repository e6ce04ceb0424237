//! Comparison of files and objects.

use std::time::{Duration, SystemTime};

use qingstor_sdk::{
    Compare, FolderAction, FolderTransfer, MODIFIED_METADATA, PART_SIZE_METADATA, SkipReason,
    TransferReason, UnchangedReason,
};

use crate::site::{Site, files, past, plan, run, set_time, skipped, tree, write_file};

const MIB: usize = 1 << 20;

/// Returns the reason of the only action.
async fn reason(transfer: FolderTransfer) -> Result<TransferReason, SkipReason> {
    let mut actions = plan(transfer).await;
    assert_eq!(actions.len(), 1, "{actions:?}");
    match actions.remove(0) {
        FolderAction::Upload { reason, .. }
        | FolderAction::Download { reason, .. }
        | FolderAction::Copy { reason, .. } => Ok(reason),
        FolderAction::Skip { reason, .. } => Err(reason),
        action => panic!("{action}"),
    }
}

#[tokio::test]
async fn changes_that_keep_the_size_are_synchronized() {
    let site = Site::start().await;
    let local = site.write("local", [("a", "one")]);
    let file = local.join("a");
    let up = || site.bucket.sync_up(&local, "p");
    let down = || site.bucket.sync_down("p", &local);
    let unchanged = || Err(SkipReason::Unchanged(UnchangedReason::SizeAndTime));
    let same_content = || Err(SkipReason::Unchanged(UnchangedReason::Checksum));
    up().await.unwrap();
    assert_eq!(reason(up()).await, unchanged());
    assert_eq!(reason(down()).await, same_content());
    // Changed within the second of the upload.
    std::fs::write(&file, "two").unwrap();
    assert_eq!(reason(up()).await, Ok(TransferReason::Newer));
    up().await.unwrap();
    assert_eq!(reason(up()).await, unchanged());
    // Another process uploads a change, with an older file.
    site.bucket.put_object("p/a").body("six").await.unwrap();
    assert_eq!(reason(down()).await, Ok(TransferReason::TimeDiffers));
    set_time(&file, SystemTime::now() + Duration::from_secs(3600));
    assert_eq!(reason(down()).await, Ok(TransferReason::TimeDiffers));
    down().await.unwrap();
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "six");
    assert_eq!(reason(down()).await, same_content());
    assert_eq!(reason(up()).await, unchanged());
    // A change without a newer time: only the checksum shows it.
    write_file(&file, "ten");
    assert_eq!(reason(up()).await, unchanged());
    let checked = || up().compare(Compare::Checksum);
    assert_eq!(reason(checked()).await, Ok(TransferReason::ContentDiffers));
    std::fs::write(&file, "longer").unwrap();
    for compare in [Compare::SizeAndTime, Compare::SizeOnly, Compare::Checksum] {
        assert_eq!(
            reason(up().compare(compare)).await,
            Ok(TransferReason::SizeDiffers)
        );
        assert_eq!(
            reason(down().compare(compare)).await,
            Ok(TransferReason::SizeDiffers)
        );
    }
}

#[tokio::test]
async fn times_are_stored_and_restored() {
    let site = Site::start().await;
    let big = "x".repeat(200_000);
    let local = site.write("local", [("a", "one"), ("big", &big)]);
    let time = past() - Duration::from_nanos(123_456_789);
    set_time(&local.join("a"), time);
    set_time(&local.join("big"), time);
    site.bucket.upload_dir(&local, "p").await.unwrap();
    let head = site.bucket.head_object("p/a").await.unwrap();
    let seconds = time.duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let recorded = head.metadata.get(MODIFIED_METADATA).unwrap();
    assert!(
        recorded.starts_with(&format!("{}.", seconds.as_secs())),
        "{recorded}"
    );
    let copy = site.path("copy");
    site.bucket.download_dir("p", &copy).await.unwrap();
    for name in ["a", "big"] {
        let modified = std::fs::metadata(copy.join(name))
            .unwrap()
            .modified()
            .unwrap();
        assert_eq!(modified, time, "{name}");
    }
    let (summary, _) = run(site.bucket.sync_down("p", &copy)).await;
    assert_eq!((summary.unchanged, summary.downloaded), (2, 0));
    // A checkout gives all files a new time.
    for name in ["a", "big"] {
        set_time(&copy.join(name), SystemTime::now() + Duration::from_secs(9));
    }
    let up = || site.bucket.sync_up(&copy, "p");
    assert_eq!(run(up().compare(Compare::SizeOnly)).await.0.unchanged, 2);
    assert_eq!(run(up().compare(Compare::Checksum)).await.0.unchanged, 2);
    assert_eq!(run(up()).await.0.uploaded, 2);
    // The object's own time counts if it has no metadata.
    site.bucket.put_object("q/b").body("1").await.unwrap();
    site.bucket.download_dir("q", &copy).await.unwrap();
    let head = site.bucket.head_object("q/b").await.unwrap();
    let modified = std::fs::metadata(copy.join("b"))
        .unwrap()
        .modified()
        .unwrap();
    assert_eq!(modified, head.last_modified.unwrap().into());
}

#[tokio::test]
async fn entity_tags_of_parts_are_compared_with_the_part_size_of_the_object() {
    let site = Site::start().await;
    let content = "abcdefgh".repeat(13 * MIB / 8);
    let local = site.write("local", [("big", &content)]);
    let up = |part_size: usize| {
        let sync = site
            .bucket
            .sync_up(&local, "")
            .multipart_threshold(MIB as u64);
        sync.part_size(part_size as u64).compare(Compare::Checksum)
    };
    let same = || Err(SkipReason::Unchanged(UnchangedReason::Checksum));
    up(6 * MIB).await.unwrap();
    let head = site.bucket.head_object("big").await.unwrap();
    assert!(head.etag.ends_with("-3\""), "{}", head.etag);
    assert_eq!(head.metadata.get(PART_SIZE_METADATA), Some("6291456"));
    // Whatever the part size of the next upload would be.
    assert_eq!(reason(up(8 * MIB)).await, same());
    let down = || site.bucket.sync_down("", &local).compare(Compare::Checksum);
    assert_eq!(reason(down()).await, same());
    write_file(&local.join("big"), &content.replace("abcdefgh", "abcdefgx"));
    assert_eq!(
        reason(up(6 * MIB)).await,
        Ok(TransferReason::ContentDiffers)
    );
    // Uploaded by another tool, with usual parts and with unusual ones.
    for (part_size, expected) in [
        (5 * MIB, same()),
        (
            6 * MIB + 1,
            Err(SkipReason::Unchanged(UnchangedReason::SizeWithoutChecksum)),
        ),
    ] {
        let source = qingstor_sdk::UploadSource::from(content.clone().into_bytes());
        let upload = site.bucket.upload("big", source).multipart_threshold(1);
        upload.part_size(part_size as u64).await.unwrap();
        write_file(&local.join("big"), &content);
        assert_eq!(reason(up(8 * MIB)).await, expected, "{part_size}");
    }
}

#[tokio::test]
async fn small_files_that_are_uploaded_in_parts_have_their_part_size() {
    let site = Site::start().await;
    let local = site.write("local", [("empty", ""), ("one", "1"), ("small", "abcd")]);
    let up = || {
        let sync = site.bucket.sync_up(&local, "").multipart_threshold(1);
        sync.part_size(5 * MIB as u64).compare(Compare::Checksum)
    };
    assert_eq!(up().await.unwrap().uploaded, 3);
    for (key, in_parts) in [("empty", false), ("one", false), ("small", true)] {
        let head = site.bucket.head_object(key).await.unwrap();
        assert_eq!(
            head.etag.ends_with("-1\""),
            in_parts,
            "{key}: {}",
            head.etag
        );
        let part_size = head.metadata.get(PART_SIZE_METADATA);
        assert_eq!(part_size, in_parts.then_some("5242880"), "{key}");
    }
    write_file(&local.join("small"), "abcx");
    let filtered = up().exclude("empty").unwrap().exclude("one").unwrap();
    assert_eq!(reason(filtered).await, Ok(TransferReason::ContentDiffers));
}

#[tokio::test]
async fn without_a_comparison_everything_is_transferred() {
    let site = Site::start().await;
    let local = site.write("local", [("a", "1"), ("d/b", "2")]);
    for _ in 0..2 {
        let summary = site.bucket.upload_dir(&local, "p/").await.unwrap();
        assert_eq!((summary.uploaded, summary.bytes), (2, 2));
        let summary = site
            .bucket
            .download_dir("p", site.path("down"))
            .await
            .unwrap();
        assert_eq!((summary.downloaded, summary.bytes), (2, 2));
        let copy = site.bucket.sync_to("p", &site.other, "q").compare(None);
        let summary = copy.await.unwrap();
        assert_eq!((summary.copied, summary.bytes), (2, 2));
    }
    assert_eq!(site.objects().await, tree([("p/a", "1"), ("p/d/b", "2")]));
    // An upload needs no list of the target.
    let before = site.served("ListObjects");
    site.bucket.upload_dir(&local, "p/").await.unwrap();
    assert_eq!(site.served("ListObjects"), before);
}

#[tokio::test]
async fn existing_and_newer_targets_can_be_kept() {
    let site = Site::start().await;
    let local = site.write("local", [("a", "1"), ("b", "22")]);
    site.put([("a", "333")]).await;
    let (summary, actions) = run(site.bucket.upload_dir(&local, "").overwrite(false)).await;
    assert_eq!((summary.uploaded, summary.skipped), (1, 1));
    let actions: Vec<_> = actions.into_iter().map(|(action, _)| action).collect();
    assert_eq!(skipped(&actions), [("a".to_owned(), SkipReason::Exists)]);
    assert_eq!(site.objects().await, tree([("a", "333"), ("b", "22")]));
    // The object `a` is newer than the file.
    let update = || site.bucket.sync_up(&local, "").update(true);
    let newer = [("a".to_owned(), SkipReason::TargetNewer)];
    assert_eq!(skipped(&plan(update()).await)[..1], newer);
    set_time(
        &local.join("a"),
        SystemTime::now() + Duration::from_secs(99),
    );
    assert_eq!(run(update()).await.0.uploaded, 1);
    write_file(&local.join("a"), "4444");
    set_time(
        &local.join("a"),
        SystemTime::now() + Duration::from_secs(99),
    );
    let down = site.bucket.sync_down("", &local).update(true);
    assert_eq!(run(down).await.0.skipped, 1);
    let down = site.bucket.download_dir("", &local).overwrite(false);
    assert_eq!(run(down).await.0.skipped, 2);
    assert_eq!(files(&local), tree([("a", "4444"), ("b", "22")]));
}

#[tokio::test]
async fn copies_between_buckets_keep_content_and_metadata() {
    let site = Site::start().await;
    let local = site.write("local", [("a", "1"), ("d/b", "2")]);
    site.bucket.upload_dir(&local, "p").await.unwrap();
    let sync = || site.bucket.sync_to("p", &site.other, "q").delete(true);
    site.other.put_object("q/old").await.unwrap();
    let (summary, _) = run(sync()).await;
    assert_eq!((summary.copied, summary.deleted, summary.failed), (2, 1, 0));
    let (summary, _) = run(sync()).await;
    assert_eq!((summary.copied, summary.unchanged), (0, 2));
    let [source, copy] = [
        site.bucket.head_object("p/a").await.unwrap(),
        site.other.head_object("q/a").await.unwrap(),
    ];
    assert_eq!(copy.metadata, source.metadata);
    assert_eq!(copy.content_type, source.content_type);
    // Within a bucket, source and target must not overlap.
    for (source, target, delete) in [
        ("p", "p/x", false),
        ("p", "p", false),
        ("", "q", false),
        ("p/x", "p", true),
    ] {
        let sync = site
            .bucket
            .sync_to(source, &site.bucket, target)
            .delete(delete);
        sync.await.unwrap_err();
    }
    let within = site.bucket.sync_to("p", &site.bucket, "r");
    assert_eq!(within.await.unwrap().copied, 2);
    let excluded = site.bucket.sync_to("p", &site.bucket, "p/x");
    let excluded = excluded.exclude("/x/").unwrap();
    assert_eq!(excluded.await.unwrap().copied, 2);
}

/// Whichever side is the source, and whatever a synchronization would do.
#[tokio::test]
async fn any_difference_is_found_in_both_directions() {
    let site = Site::start().await;
    let big = "x".repeat(200_000);
    let local = site.write("local", [("a", "one"), ("big", &big)]);
    site.bucket.upload_dir(&local, "p").await.unwrap();
    let only = |transfer: FolderTransfer, name: &str| {
        let transfer = transfer.include(name).unwrap();
        transfer.compare(Compare::AnyDifference)
    };
    let both = async |name: &str| {
        let up = reason(only(site.bucket.sync_up(&local, "p"), name)).await;
        let down = reason(only(site.bucket.sync_down("p", &local), name)).await;
        assert_eq!(up, down, "{name}");
        up
    };
    let unchanged = |evidence| Err(SkipReason::Unchanged(evidence));
    let before = site.served("HeadObject");
    assert_eq!(both("a").await, unchanged(UnchangedReason::Checksum));
    // Older than the object, and with its content.
    set_time(&local.join("a"), past());
    assert_eq!(both("a").await, unchanged(UnchangedReason::Checksum));
    write_file(&local.join("a"), "two");
    set_time(&local.join("a"), past());
    assert_eq!(both("a").await, Ok(TransferReason::ContentDiffers));
    assert_eq!(site.served("HeadObject"), before);
    assert_eq!(both("big").await, unchanged(UnchangedReason::SizeAndTime));
    assert_eq!(site.served("HeadObject"), before + 2);
    set_time(&local.join("big"), past());
    assert_eq!(both("big").await, unchanged(UnchangedReason::Checksum));
    write_file(&local.join("big"), &"y".repeat(200_000));
    set_time(&local.join("big"), past());
    assert_eq!(both("big").await, Ok(TransferReason::ContentDiffers));
}

#[tokio::test]
async fn objects_of_the_same_second_with_other_content_are_copied() {
    let site = Site::start().await;
    let sync = || site.bucket.sync_to("", &site.other, "");
    loop {
        site.put([("a", "one")]).await;
        site.other.put_object("a").body("two").await.unwrap();
        let [source, target] = [
            site.bucket.head_object("a").await.unwrap(),
            site.other.head_object("a").await.unwrap(),
        ];
        if source.last_modified == target.last_modified {
            break;
        }
    }
    let any = || sync().compare(Compare::AnyDifference);
    let back = site.other.sync_to("", &site.bucket, "");
    let differs = Ok(TransferReason::ContentDiffers);
    assert_eq!(reason(sync()).await, differs);
    assert_eq!(reason(back).await, differs);
    assert_eq!(reason(any()).await, differs);
    sync().await.unwrap();
    let same = Err(SkipReason::Unchanged(UnchangedReason::Checksum));
    assert_eq!(reason(sync()).await, same);
    assert_eq!(reason(any()).await, same);
}

#[tokio::test]
async fn copies_with_other_parts_are_compared_by_the_times_of_their_files() {
    let site = Site::start().await;
    let local = site.write("local", [("big", &"abcdefgh".repeat(13 * MIB / 8))]);
    let up = |bucket: &qingstor_sdk::Bucket, part_size: usize| {
        let upload = bucket.upload_dir(&local, "").multipart_threshold(1);
        upload.part_size(part_size as u64)
    };
    up(&site.bucket, 6 * MIB).await.unwrap();
    up(&site.other, 5 * MIB).await.unwrap();
    let any = || {
        let sync = site.bucket.sync_to("", &site.other, "");
        sync.compare(Compare::AnyDifference)
    };
    let same = Err(SkipReason::Unchanged(UnchangedReason::SizeAndTime));
    assert_eq!(reason(any()).await, same);
    set_time(&local.join("big"), past() - Duration::from_secs(9));
    up(&site.other, 5 * MIB).await.unwrap();
    assert_eq!(reason(any()).await, Ok(TransferReason::TimeDiffers));
}
