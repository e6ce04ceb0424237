//! Links, special files, and files that change.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use qingstor_sdk::{FileNameProblem, FolderAction, SkipReason};

use crate::site::{Site, files, objects, plan, run, skipped, tree};

const MIB: usize = 1 << 20;

#[cfg(unix)]
#[tokio::test]
async fn dangling_links_are_reported_and_the_rest_goes_on() {
    use std::os::unix::fs::symlink;

    let site = Site::start().await;
    let local = site.write("local", [("a", "1"), ("target/b", "2")]);
    symlink("nowhere", local.join("dangling")).unwrap();
    symlink("self", local.join("self")).unwrap();
    symlink("a", local.join("link")).unwrap();
    symlink("target", local.join("folder")).unwrap();
    let (summary, results) = run(site.bucket.upload_dir(&local, "")).await;
    assert_eq!((summary.uploaded, summary.failed), (4, 2));
    let actions: Vec<_> = results.into_iter().map(|(action, _)| action).collect();
    let expected = ["dangling", "self"].map(|path| (path.to_owned(), SkipReason::DanglingLink));
    assert_eq!(skipped(&actions), expected);
    let all = [
        ("a", "1"),
        ("folder/b", "2"),
        ("link", "1"),
        ("target/b", "2"),
    ];
    assert_eq!(site.objects().await, tree(all));
    // Without links: no report, and the objects at their paths stay.
    let sync = site
        .bucket
        .sync_up(&local, "")
        .delete(true)
        .follow_symlinks(false);
    let (summary, results) = run(sync).await;
    assert_eq!(
        (summary.unchanged, summary.deleted, summary.failed),
        (2, 0, 0)
    );
    assert_eq!(results.len(), 2);
    assert_eq!(site.objects().await, tree(all));
}

#[cfg(unix)]
#[tokio::test]
async fn a_folder_is_entered_once_per_path() {
    use std::os::unix::fs::symlink;

    let site = Site::start().await;
    let local = site.write("local", [("a/b/file", "1")]);
    symlink("../..", local.join("a/b/up")).unwrap();
    symlink("..", local.join("a/parent")).unwrap();
    symlink("a/b", local.join("second")).unwrap();
    let (summary, results) = run(site.bucket.upload_dir(&local, "")).await;
    assert_eq!(summary.failed, 0);
    let actions: Vec<_> = results.into_iter().map(|(action, _)| action).collect();
    let loops = ["a/b/up/", "a/parent/", "second/up/"];
    let loops = loops.map(|path| (path.to_owned(), SkipReason::LinkLoop));
    assert_eq!(skipped(&actions), loops);
    let expected = [("a/b/file", "1"), ("second/file", "1")];
    assert_eq!(site.objects().await, tree(expected));
    // The source itself may be a link.
    symlink(&local, site.path("root")).unwrap();
    let summary = site
        .bucket
        .upload_dir(site.path("root"), "p")
        .await
        .unwrap();
    assert_eq!(summary.uploaded, 2);
}

#[cfg(unix)]
#[tokio::test]
async fn special_files_are_skipped() {
    let site = Site::start().await;
    let local = site.write("local", [("a", "1")]);
    let _socket = std::os::unix::net::UnixListener::bind(local.join("socket")).unwrap();
    let (summary, results) = run(site.bucket.upload_dir(&local, "")).await;
    assert_eq!(
        (summary.uploaded, summary.skipped, summary.failed),
        (1, 1, 0)
    );
    let actions: Vec<_> = results.into_iter().map(|(action, _)| action).collect();
    assert_eq!(
        skipped(&actions),
        [("socket".to_owned(), SkipReason::SpecialFile)]
    );
    // A download does not replace it.
    site.put([("socket", "2")]).await;
    let (summary, results) = run(site.bucket.download_dir("", &local)).await;
    assert_eq!((summary.downloaded, summary.failed), (1, 1));
    let actions: Vec<_> = results.into_iter().map(|(action, _)| action).collect();
    assert_eq!(skipped(&actions)[0].1, SkipReason::SpecialFileInTarget);
}

/// Their size is 0.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn uploads_files_whose_size_the_file_system_does_not_know() {
    let site = Site::start().await;
    let local = site.write("local", [("empty", "")]);
    std::os::unix::fs::symlink("/proc/version", local.join("version")).unwrap();
    let summary = site.bucket.upload_dir(&local, "").await.unwrap();
    assert_eq!((summary.uploaded, summary.failed), (2, 0), "{summary:?}");
    let content = std::fs::read_to_string("/proc/version").unwrap();
    assert_eq!(summary.bytes, content.len() as u64);
    let expected = tree([("empty", ""), ("version", &content)]);
    assert_eq!(objects(&site.bucket).await, expected);
}

#[tokio::test]
async fn a_file_that_vanishes_is_reported_and_the_rest_goes_on() {
    let site = Site::start().await;
    let big = "x".repeat(MIB);
    let local = site.write(
        "local",
        [("a", "1"), ("big", &big), ("small", "2"), ("z", "3")],
    );
    let root = local.clone();
    let upload = site.bucket.upload_dir(&local, "").on_start(move |action| {
        if let FolderAction::Upload { file, .. } = action
            && (file.ends_with("big") || file.ends_with("small"))
        {
            std::fs::remove_file(file).unwrap();
        }
    });
    let (summary, results) = run(upload).await;
    assert_eq!((summary.uploaded, summary.failed), (2, 2));
    for name in ["big", "small"] {
        let path = root.join(name).display().to_string();
        let mut errors = results.iter().filter_map(|(_, error)| error.as_ref());
        assert!(errors.any(|error| error.contains(&path)), "{name}");
    }
    assert_eq!(site.objects().await, tree([("a", "1"), ("z", "3")]));
}

#[tokio::test]
async fn a_file_that_changes_once_is_uploaded_again() {
    let site = Site::start().await;
    let old = "o".repeat(9 * MIB);
    let new = "n".repeat(9 * MIB);
    // With one request, and in parts.
    for threshold in [16 * MIB, MIB] {
        let local = site.write("local", [("big", &*old), ("a", "1")]);
        let file = local.join("big");
        let changes = Arc::new(AtomicU32::new(0));
        let (changed, content) = (Arc::clone(&changes), new.clone());
        let upload = site
            .bucket
            .upload_dir(&local, "")
            .multipart_threshold(threshold as u64);
        let upload = upload.on_progress(move |progress| {
            if progress.bytes > 0 && changed.fetch_add(1, Ordering::Relaxed) == 0 {
                std::fs::write(&file, &content).unwrap();
            }
        });
        let (summary, results) = run(upload).await;
        assert_eq!((summary.uploaded, summary.failed), (2, 0), "{results:?}");
        assert!(site.objects().await["big"] == new, "{threshold}");
    }
    assert!(
        site.bucket
            .list_multipart_uploads()
            .await
            .unwrap()
            .uploads
            .is_empty()
    );
}

#[tokio::test]
async fn a_file_that_keeps_changing_is_reported() {
    let site = Site::start().await;
    for (threshold, is_stored) in [(MIB, false), (16 * MIB, true)] {
        let local = site.write("local", [("big", &*"o".repeat(9 * MIB)), ("a", "1")]);
        let file = local.join("big");
        let count = AtomicU32::new(0);
        let upload = site
            .bucket
            .upload_dir(&local, "")
            .multipart_threshold(threshold as u64);
        let upload = upload.on_progress(move |progress| {
            if progress.bytes > 0 {
                // Each change has another size.
                let len = 9 * MIB + 1 + count.fetch_add(1, Ordering::Relaxed) as usize;
                std::fs::File::options()
                    .write(true)
                    .open(&file)
                    .unwrap()
                    .set_len(len as u64)
                    .unwrap();
            }
        });
        let (summary, results) = run(upload).await;
        assert_eq!((summary.uploaded, summary.failed), (1, 1));
        let error = results.into_iter().find_map(|(_, error)| error).unwrap();
        assert!(
            error.contains("folders/big") && error.contains("changed"),
            "{error}"
        );
        assert_eq!(
            site.objects().await.contains_key("big"),
            is_stored,
            "{error}"
        );
    }
    assert!(
        site.bucket
            .list_multipart_uploads()
            .await
            .unwrap()
            .uploads
            .is_empty()
    );
}

#[tokio::test]
async fn parts_of_failed_uploads_are_aborted() {
    let site = Site::start().await;
    let local = site.write("local", [("big", &*"o".repeat(9 * MIB)), ("a", "1")]);
    site.faults(&["operation=UploadMultipart,after=1,status=403,code=permission_denied"]);
    let upload = site
        .bucket
        .upload_dir(&local, "")
        .multipart_threshold(MIB as u64);
    let (summary, _) = run(upload).await;
    assert_eq!((summary.uploaded, summary.failed), (1, 1));
    site.faults(&[]);
    assert!(
        site.bucket
            .list_multipart_uploads()
            .await
            .unwrap()
            .uploads
            .is_empty()
    );
}

#[tokio::test]
async fn files_of_interrupted_downloads_are_neither_uploaded_nor_deleted() {
    let site = Site::start().await;
    let local = site.write(
        "local",
        [("a", "1"), (".a.qingstor-4.part", "half"), ("b.part", "2")],
    );
    site.bucket.upload_dir(&local, "").await.unwrap();
    assert_eq!(site.objects().await, tree([("a", "1"), ("b.part", "2")]));
    let down = site.bucket.sync_down("", &local).delete(true);
    down.await.unwrap();
    assert_eq!(files(&local).len(), 3);

    // An interrupted download of a large object.
    let big = "x".repeat(20 * MIB);
    site.put([("big", &*big)]).await;
    let sync_down = || {
        let down = site.bucket.sync_down("", &local).delete(true);
        down.resumable(true)
            .part_size(4 * MIB as u64)
            .concurrency(1)
    };
    site.faults(&["operation=GetObject,after=3,code=permission_denied"]);
    let (summary, _) = run(sync_down()).await;
    assert_eq!((summary.downloaded, summary.failed), (0, 1));
    site.faults(&[]);
    let [part, state] = ["", ".json"].map(|end| format!(".big.qingstor-resume.part{end}"));
    let interrupted = files(&local);
    assert!(interrupted.contains_key(&part) && interrupted.contains_key(&state));
    let up = site.bucket.sync_up(&local, "").delete(false);
    let (summary, _) = run(up).await;
    assert_eq!((summary.uploaded, summary.deleted), (0, 0));
    let summary = sync_down().await.unwrap();
    assert_eq!((summary.downloaded, summary.deleted), (1, 0));
    assert!(files(&local)["big"] == big);
    assert_eq!(files(&local).len(), 4);
}

/// Otherwise, the download of `big` could overwrite the other file, or the other way round.
#[tokio::test]
async fn an_object_with_the_name_of_a_temporary_file_is_reported() {
    let site = Site::start().await;
    let big = "x".repeat(9 * MIB);
    let names = [".big.qingstor-0.part", ".big.qingstor-resume.part"];
    site.put([(names[0], "1"), (names[1], &big), ("big", &big)])
        .await;
    let down = site.bucket.download_dir("", site.path("local"));
    let (summary, results) = run(down.resumable(true).part_size(4 * MIB as u64)).await;
    assert_eq!((summary.downloaded, summary.failed), (1, 2), "{results:?}");
    let errors: Vec<_> = results
        .iter()
        .filter_map(|(_, error)| error.as_deref())
        .collect();
    assert!(
        errors.iter().all(|error| error.contains("reserved")),
        "{errors:?}"
    );
    assert_eq!(files(&site.path("local")), tree([("big", &*big)]));
    let reason = SkipReason::InvalidFileName(FileNameProblem::Temporary);
    let expected = names.map(|name| (name.to_owned(), reason.clone()));
    let down = |folder| site.bucket.download_dir("", site.path(folder));
    assert_eq!(skipped(&plan(down("planned")).await), expected);
    let (summary, _) = run(down("encoded").rename_invalid(true)).await;
    assert_eq!((summary.downloaded, summary.failed), (3, 0));
    let encoded = [
        "%2Ebig.qingstor-0.part",
        "%2Ebig.qingstor-resume.part",
        "big",
    ];
    assert!(files(&site.path("encoded")).keys().eq(encoded));
}
