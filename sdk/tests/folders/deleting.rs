//! Deletions.

use std::sync::{Arc, Mutex};

use qingstor_sdk::{ErrorKind, FolderAction, FolderProgress, SkipReason};

use crate::site::{Site, files, is_deletion, plan, run, skipped, tree, write_file};

#[tokio::test]
async fn a_missing_source_is_an_error_before_anything_is_sent() {
    let site = Site::start().await;
    site.put([("p/a", "1")]).await;
    let file = site.path("file");
    write_file(&file, "");
    let before = site.emulator.operations_served();
    for source in [site.path("missing"), file] {
        let sync = site
            .bucket
            .sync_up(&source, "p")
            .delete(true)
            .max_delete(99);
        let error = sync.await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io);
        assert!(
            error.to_string().contains(source.to_str().unwrap()),
            "{error}"
        );
    }
    assert_eq!(site.emulator.operations_served(), before);
    assert_eq!(site.objects().await, tree([("p/a", "1")]));
}

#[tokio::test]
async fn an_empty_source_deletes_nothing_unless_a_maximum_is_given() {
    let site = Site::start().await;
    let empty = site.write("empty", []);
    site.put([("p/a", "1"), ("p/b", "2"), ("q", "3")]).await;
    let sync = || site.bucket.sync_up(&empty, "p").delete(true);
    let (summary, _) = run(sync()).await;
    assert_eq!((summary.deleted, summary.failed), (0, 2));
    assert!(
        summary.failures[0]
            .to_string()
            .contains("the source is empty")
    );
    // It shows what would be deleted.
    let reasons = skipped(&plan(sync()).await);
    let expected = ["a", "b"].map(|path| (path.to_owned(), SkipReason::EmptySource));
    assert_eq!(reasons, expected);
    assert_eq!(site.objects().await.len(), 3);
    let (summary, _) = run(sync().max_delete(1)).await;
    assert_eq!((summary.deleted, summary.failed), (0, 2));
    let (summary, _) = run(sync().max_delete(2)).await;
    assert_eq!((summary.deleted, summary.failed), (2, 0));
    assert_eq!(site.objects().await, tree([("q", "3")]));

    let local = site.write("local", [("a", "1")]);
    let (summary, _) = run(site.bucket.sync_down("none", &local).delete(true)).await;
    assert_eq!((summary.deleted, summary.failed), (0, 1));
    assert!(local.join("a").exists());
}

#[tokio::test]
async fn nothing_is_deleted_if_a_list_fails_in_the_middle() {
    // Two pages.
    const COUNT: usize = 1050;
    let site = Site::start().await;
    let local = site.write("local", [("only-here", "1")]);
    let puts = (0..COUNT).map(|n| site.bucket.put_object(format!("p/{n}")).send());
    futures_util::future::try_join_all(puts).await.unwrap();
    for fault in [
        "status=403,code=permission_denied",
        "status=500",
        "reset=mid",
    ] {
        site.faults(&[&format!("operation=ListObjects,after=1,{fault}")]);
        for sync in [
            site.bucket.sync_up(&local, "p"),
            site.bucket.sync_down("p", &local),
            site.bucket.sync_to("p", &site.other, ""),
            site.bucket.sync_to("empty", &site.bucket, "p"),
        ] {
            let sync = sync.delete(true).max_delete(9999);
            // The second page.
            sync.await.unwrap_err();
        }
    }
    site.faults(&[]);
    assert_eq!(site.objects().await.len(), COUNT);
    assert_eq!(files(&local), tree([("only-here", "1")]));
}

#[cfg(unix)]
#[tokio::test]
async fn nothing_is_deleted_if_a_folder_or_link_cannot_be_read() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let site = Site::start().await;
    let local = site.write("local", [("keep", "1"), ("secret/a", "2")]);
    // A dangling link may lead to a folder that is not mounted.
    symlink(site.path("not-mounted"), local.join("mount")).unwrap();
    site.put([
        ("keep", "1"),
        ("mount/x/y", "2"),
        ("mount2", "3"),
        ("secret/a", "4"),
    ])
    .await;
    let secret = local.join("secret");
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o000)).unwrap();
    let is_readable = std::fs::read_dir(&secret).is_ok();
    let sync = || site.bucket.sync_up(&local, "").delete(true);
    let (summary, _) = run(sync()).await;
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o700)).unwrap();
    // The content of `mount2` may have moved to what cannot be read.
    assert_eq!(summary.deleted, 0);
    // The administrator can read every folder. `mount2` is the last failure.
    assert_eq!(summary.failed, if is_readable { 2 } else { 3 });
    assert_eq!(site.objects().await.len(), 4);
    // Without the link.
    let (summary, _) = run(sync().exclude("/mount").unwrap()).await;
    assert_eq!((summary.deleted, summary.failed), (1, 0));
    let keys: Vec<String> = site.objects().await.into_keys().collect();
    assert_eq!(keys, ["keep", "mount/x/y", "secret/a"]);
}

/// A file or object was renamed to a name that the target cannot store.
#[tokio::test]
async fn nothing_is_deleted_if_a_name_cannot_be_stored() {
    let site = Site::start().await;
    let local = site.write("local", [("keep", "1"), ("old", "2")]);
    let refused = SkipReason::TransferFailed;
    let is_refused = |actions: &[FolderAction]| {
        let mut skipped = skipped(actions).into_iter();
        let refused = skipped.any(|(path, reason)| path == "old" && reason == refused);
        refused && !actions.iter().any(is_deletion)
    };
    for key in ["keep/renamed", "a//renamed"] {
        site.put([("keep", "1")]).await;
        site.bucket.put_object(key).body("2").await.unwrap();
        let sync = || site.bucket.sync_down("", &local).delete(true);
        assert!(is_refused(&plan(sync()).await), "{key}");
        let (summary, _) = run(sync()).await;
        assert_eq!((summary.deleted, summary.failed), (0, 2), "{key}");
        assert_eq!(files(&local), tree([("keep", "1"), ("old", "2")]));
        site.bucket.delete_object(key).await.unwrap();
    }

    site.put([("old", "2")]).await;
    std::fs::remove_file(local.join("old")).unwrap();
    let long = ["n".repeat(200), "m".repeat(200)].join("/");
    let prefix = "p".repeat(700);
    site.put([(&*format!("{prefix}/old"), "2")]).await;
    write_file(&local.join(&long), "2");
    let sync = || site.bucket.sync_up(&local, &prefix).delete(true);
    assert!(is_refused(&plan(sync()).await));
    let (summary, _) = run(sync()).await;
    assert_eq!((summary.deleted, summary.failed), (0, 2));
    std::fs::remove_file(local.join(&long)).unwrap();
    assert_eq!(run(sync()).await.0.deleted, 1);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn nothing_is_deleted_if_a_name_is_not_utf8() {
    use std::os::unix::ffi::OsStrExt;

    let site = Site::start().await;
    let local = site.write("local", [("keep", "1"), ("one.txt", "2")]);
    let sync = || site.bucket.sync_up(&local, "s").delete(true);
    run(sync()).await;
    let renamed = std::ffi::OsStr::from_bytes(b"one\xff.txt");
    std::fs::rename(local.join("one.txt"), local.join(renamed)).unwrap();
    let (summary, _) = run(sync()).await;
    assert_eq!((summary.deleted, summary.failed), (0, 2));
    let expected = tree([("s/keep", "1"), ("s/one.txt", "2")]);
    assert_eq!(site.objects().await, expected);
    // In the target, such a name prevents no deletion.
    std::fs::write(local.join("old"), "3").unwrap();
    let down = site.bucket.sync_down("s", &local).delete(true);
    assert_eq!(run(down).await.0.deleted, 1);
}

#[tokio::test]
async fn and_10_deletions_of_any_number_are_reported_and_counted_one_by_one() {
    const COUNT: usize = 2345;
    let site = Site::start().await;
    let local = site.write("local", [("keep", "1")]);
    let puts = (0..COUNT).map(|n| site.bucket.put_object(format!("p/{n}")).send());
    futures_util::future::try_join_all(puts).await.unwrap();
    let sync = || site.bucket.sync_up(&local, "p").delete(true);
    let planned = plan(sync()).await;
    assert_eq!(
        planned.iter().filter(|action| is_deletion(action)).count(),
        COUNT
    );
    let before = site.served("DeleteMultipleObjects");
    let (summary, results) = run(sync()).await;
    assert_eq!(summary.deleted, COUNT as u64);
    assert_eq!((summary.uploaded, summary.failed), (1, 0));
    assert_eq!(results.len(), COUNT + 1);
    assert_eq!(site.served("DeleteMultipleObjects") - before, 3);
    assert_eq!(site.objects().await, tree([("p/keep", "1")]));
}

/// A folder was renamed, and its files cannot be transferred under their new names.
#[tokio::test]
async fn nothing_is_deleted_after_a_failed_transfer() {
    let site = Site::start().await;
    let local = site.write("local", [("new/1", "1"), ("new/2", "2")]);
    site.put([("old/1", "1"), ("old/2", "2")]).await;
    let before = (site.objects().await, files(&local));
    let transfers = [
        ("PutObject", site.bucket.sync_up(&local, "")),
        ("GetObject", site.bucket.sync_down("", &local)),
    ];
    for (operation, sync) in transfers {
        let fault = format!("operation={operation},times=1,status=403,code=permission_denied");
        site.faults(&[&fault]);
        let progress = Arc::new(Mutex::new(FolderProgress::default()));
        let last = Arc::clone(&progress);
        let sync = sync.on_progress(move |event| *last.lock().unwrap() = event);
        let (summary, results) = run(sync.delete(true)).await;
        let transferred = summary.uploaded + summary.downloaded;
        assert_eq!((transferred, summary.deleted), (1, 0), "{operation}");
        let refused = |(action, _): &(FolderAction, _)| {
            let FolderAction::Skip { reason, .. } = action else {
                return false;
            };
            *reason == SkipReason::TransferFailed
        };
        assert!(results.iter().any(refused), "{results:?}");
        assert!(summary.failures[1..].iter().all(|failure| {
            failure
                .to_string()
                .ends_with("not deleted, because a transfer failed")
        }));
        let progress = *progress.lock().unwrap();
        assert_eq!(progress.files, progress.planned_files);
    }
    site.faults(&[]);
    let (objects, local_files) = (site.objects().await, files(&local));
    assert!(before.0.keys().all(|key| objects.contains_key(key)));
    assert!(before.1.keys().all(|path| local_files.contains_key(path)));

    site.other.put_object("renamed").await.unwrap();
    let sync = || site.bucket.sync_to("", &site.other, "").delete(true);
    site.faults(&["operation=PutObject,times=1,status=403"]);
    let (summary, _) = run(sync()).await;
    assert_eq!((summary.deleted, summary.failed), (0, 2));
    site.faults(&[]);
    let (summary, _) = run(sync()).await;
    assert_eq!((summary.deleted, summary.failed), (1, 0));
}

/// Such a download needs the deletions.
#[tokio::test]
async fn a_download_with_a_file_in_its_place_does_not_prevent_deletions() {
    let site = Site::start().await;
    site.put([("folder/a", "1"), ("other", "2")]).await;
    let sync = || site.bucket.sync_down("", site.path("local")).delete(true);
    site.write("local", [("folder", "3"), ("old", "4")]);
    site.faults(&["operation=GetObject,key=other,times=1,status=403"]);
    let (summary, _) = run(sync()).await;
    // The refused deletions, `other`, and `folder/a`.
    assert_eq!((summary.deleted, summary.failed), (0, 4));
    let local = files(&site.path("local"));
    assert_eq!(local, tree([("folder", "3"), ("old", "4")]));
    let (summary, _) = run(sync()).await;
    assert_eq!((summary.deleted, summary.failed), (2, 0));
    let expected = [("folder/", ""), ("folder/a", "1"), ("other", "2")];
    assert_eq!(files(&site.path("local")), tree(expected));
}

#[tokio::test]
async fn an_object_that_cannot_be_deleted_is_reported() {
    let site = Site::start().await;
    let local = site.write("local", [("keep", "1")]);
    site.put([("a", "1"), ("b", "2")]).await;
    site.faults(&["operation=DeleteMultipleObjects,status=403,code=permission_denied"]);
    let (summary, results) = run(site.bucket.sync_up(&local, "").delete(true)).await;
    assert_eq!(
        (summary.deleted, summary.failed, summary.uploaded),
        (0, 2, 1)
    );
    let errors: Vec<_> = results.into_iter().filter_map(|(_, error)| error).collect();
    assert!(
        errors
            .iter()
            .all(|error| error.contains("permission_denied")),
        "{errors:?}"
    );
}

#[tokio::test]
async fn a_prefix_means_the_folder() {
    let site = Site::start().await;
    site.put([
        ("foo/a", "1"),
        ("foo2/a", "2"),
        ("foo_thumbnails/a", "3"),
        ("foo", "4"),
    ])
    .await;
    let down = site.path("down");
    for prefix in ["foo", "foo/"] {
        site.bucket.download_dir(prefix, &down).await.unwrap();
        assert_eq!(files(&down), tree([("a", "1")]));
    }
    let local = site.write("local", [("b", "5")]);
    site.bucket
        .sync_up(&local, "foo")
        .delete(true)
        .await
        .unwrap();
    let expected = [
        ("foo", "4"),
        ("foo/b", "5"),
        ("foo2/a", "2"),
        ("foo_thumbnails/a", "3"),
    ];
    assert_eq!(site.objects().await, tree(expected));
}

#[tokio::test]
async fn excluded_paths_are_neither_transferred_nor_deleted() {
    let site = Site::start().await;
    let local = site.write("local", [("a", "1"), ("new.log", "2"), ("cache/x", "3")]);
    site.put([("p/old.log", "4"), ("p/gone", "5"), ("p/cache/y", "6")])
        .await;
    let sync = site.bucket.sync_up(&local, "p").delete(true);
    let sync = sync.exclude("*.log").unwrap().exclude("cache/").unwrap();
    sync.await.unwrap();
    let expected = tree([("p/a", "1"), ("p/cache/y", "6"), ("p/old.log", "4")]);
    assert_eq!(site.objects().await, expected);

    let sync = site.bucket.sync_down("p", &local).delete(true);
    let sync = sync.filter(|path| !path.ends_with(".log") && !path.starts_with("cache/"));
    sync.await.unwrap();
    let expected = [
        ("a", "1"),
        ("cache/", ""),
        ("cache/x", "3"),
        ("new.log", "2"),
    ];
    assert_eq!(files(&local), tree(expected));
}

#[tokio::test]
async fn markers_are_deleted_only_with_their_folder() {
    let site = Site::start().await;
    let local = site.write("local", [("full/a", "1"), ("x", "2")]);
    std::fs::create_dir(local.join("empty")).unwrap();
    site.put([
        ("full/", ""),
        ("empty/", ""),
        ("gone/", ""),
        ("gone/b", "3"),
        ("x", "2"),
    ])
    .await;
    site.bucket.sync_up(&local, "").delete(true).await.unwrap();
    let expected = tree([("empty/", ""), ("full/", ""), ("full/a", "1"), ("x", "2")]);
    assert_eq!(site.objects().await, expected);
    // Between buckets, a folder exists if it has objects.
    site.other.put_object("full/").await.unwrap();
    site.other.put_object("gone/").await.unwrap();
    site.bucket
        .sync_to("", &site.other, "")
        .delete(true)
        .await
        .unwrap();
    assert_eq!(crate::site::objects(&site.other).await, expected);
    site.bucket.delete_object("full/").await.unwrap();
    site.bucket
        .sync_to("", &site.other, "")
        .delete(true)
        .await
        .unwrap();
    assert_eq!(crate::site::objects(&site.other).await, expected);
}

#[tokio::test]
async fn folders_that_are_in_the_bucket_are_not_deleted() {
    let site = Site::start().await;
    site.put([("p/d/e/f", "1"), ("p/marker/", "")]).await;
    let local = site.write(
        "local",
        [
            ("d/e/f", "1"),
            ("d/old", "2"),
            ("gone/a/b", "3"),
            ("gone/c", "4"),
            ("marker/x", "5"),
        ],
    );
    std::fs::create_dir(local.join("was-empty")).unwrap();
    let sync = site
        .bucket
        .sync_down("p", &local)
        .delete(true)
        .max_delete(99);
    let (summary, results) = run(sync).await;
    let expected = [("d/", ""), ("d/e/", ""), ("d/e/f", "1"), ("marker/", "")];
    assert_eq!(files(&local), tree(expected));
    // 4 files and the folders `gone/a`, `gone` and `was-empty`.
    assert_eq!((summary.deleted, summary.failed), (7, 0));
    let last = results
        .iter()
        .position(|(action, _)| is_deletion(action))
        .unwrap();
    let rest = &results[last..];
    assert!(
        rest.iter().all(|(action, _)| is_deletion(action)),
        "deletions are last"
    );
}

#[tokio::test]
async fn too_many_deletions_delete_nothing() {
    let site = Site::start().await;
    let local = site.write("local", [("new", "1")]);
    site.put([("a", "1"), ("b", "2"), ("c", "3")]).await;
    let sync = || site.bucket.sync_up(&local, "").delete(true).max_delete(2);
    let reasons = skipped(&plan(sync()).await);
    assert_eq!(reasons.len(), 3);
    assert!(
        reasons
            .iter()
            .all(|(_, reason)| *reason == SkipReason::TooManyDeletions)
    );
    let (summary, results) = run(sync()).await;
    assert_eq!(
        (summary.uploaded, summary.deleted, summary.failed),
        (1, 0, 3)
    );
    assert!(matches!(
        results[0].0,
        FolderAction::Skip { .. } | FolderAction::Upload { .. }
    ));
    assert_eq!(site.objects().await.len(), 4);
}

/// A download replaces a file by a folder, and a folder by a file, after the deletions.
#[tokio::test]
async fn files_and_folders_replace_each_other() {
    let site = Site::start().await;
    site.put([("was-file/a", "1"), ("was-folder", "2")]).await;
    let local = site.write("local", [("was-file", "3"), ("was-folder/b", "4")]);
    let sync = || site.bucket.sync_down("", &local);
    let (summary, _) = run(sync()).await;
    assert_eq!((summary.downloaded, summary.failed), (0, 2));
    let (summary, _) = run(sync().delete(true)).await;
    assert_eq!(
        (summary.downloaded, summary.deleted, summary.failed),
        (2, 3, 0)
    );
    let expected = tree([("was-file/", ""), ("was-file/a", "1"), ("was-folder", "2")]);
    assert_eq!(files(&local), expected);
}
