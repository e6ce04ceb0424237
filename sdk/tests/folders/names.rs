//! Names of files and keys.

use qingstor_sdk::{FileNameProblem, FolderAction, SkipReason};

use crate::list_server::ListServer;
use crate::site::{Site, files, plan, run, skipped, tree, without_folders, write_file};

#[tokio::test]
async fn keys_that_leave_the_folder_are_refused_and_others_go_on() {
    let keys = vec!["data/../../home/x", "../x", "/etc/x", "//x", "a/./b", "ok"];
    let server = ListServer::start(keys, 3);
    let root = tempfile::tempdir().unwrap();
    let local = root.path().join("target");
    let actions = plan(server.bucket().download_dir("", &local)).await;
    let expected = [
        ("../x", FileNameProblem::DotSegment),
        ("//x", FileNameProblem::Absolute),
        ("/etc/x", FileNameProblem::Absolute),
        ("a/./b", FileNameProblem::DotSegment),
        ("data/../../home/x", FileNameProblem::DotSegment),
    ];
    let expected = expected.map(|(path, why)| (path.to_owned(), SkipReason::InvalidFileName(why)));
    assert_eq!(skipped(&actions), expected);
    assert!(
        skipped(&actions)
            .iter()
            .all(|(_, reason)| reason.is_failure())
    );
    assert!(matches!(&actions[5], FolderAction::Download { key, .. } if key == "ok"));
    let (summary, _) = run(server.bucket().download_dir("", &local)).await;
    // The server has no objects, so the last one fails, too.
    assert_eq!((summary.failed, summary.downloaded), (6, 0));
    assert_eq!(without_folders(files(root.path())), tree([]));
}

#[cfg(unix)]
#[tokio::test]
async fn links_that_lead_out_of_the_target_are_not_followed() {
    use std::os::unix::fs::symlink;

    let site = Site::start().await;
    let outside = site.write("outside", [("old", "outside")]);
    let local = site.write("local", [("in/x", "1")]);
    symlink(&outside, local.join("out")).unwrap();
    symlink(outside.join("old"), local.join("link")).unwrap();
    site.put([
        ("in/x", "new"),
        ("link", "new"),
        ("out/new", "new"),
        ("out/old", "new"),
        ("z", "new"),
    ])
    .await;
    for sync in [
        site.bucket.download_dir("", &local),
        site.bucket.sync_down("", &local).delete(true),
    ] {
        let (summary, results) = run(sync).await;
        assert_eq!(summary.failed, 2);
        let actions: Vec<_> = results.into_iter().map(|(action, _)| action).collect();
        let mut refused = skipped(&actions);
        refused.retain(|(_, reason)| *reason == SkipReason::LinkInTarget);
        assert_eq!(refused.len(), 2);
    }
    // A link to a file is replaced itself.
    assert!(!local.join("link").is_symlink());
    assert_eq!(files(&outside), tree([("old", "outside")]));
    assert!(local.join("out").is_symlink());
    // Deleting removes links, not what they lead to.
    let keys = ["link", "in/x", "out/new", "out/old"];
    site.bucket.delete_objects(keys).await;
    std::fs::remove_file(local.join("link")).unwrap();
    symlink(outside.join("old"), local.join("link")).unwrap();
    site.bucket
        .sync_down("", &local)
        .delete(true)
        .await
        .unwrap();
    assert!(!local.join("link").is_symlink());
    assert_eq!(files(&outside), tree([("old", "outside")]));
}

#[tokio::test]
async fn a_key_wins_over_keys_below_it() {
    let site = Site::start().await;
    site.put([
        ("a", "file"),
        ("a/b", "below"),
        ("a/c/d", "below"),
        ("a-b", "other"),
    ])
    .await;
    let local = site.path("local");
    let down = || site.bucket.download_dir("", &local);
    for _ in 0..3 {
        let (summary, results) = run(down()).await;
        assert_eq!((summary.downloaded, summary.failed), (2, 2));
        assert_eq!(files(&local), tree([("a", "file"), ("a-b", "other")]));
        let actions: Vec<_> = results.into_iter().map(|(action, _)| action).collect();
        let with = "a".to_owned();
        let conflict = SkipReason::Conflict { with };
        let expected = ["a/b", "a/c/d"].map(|path| (path.to_owned(), conflict.clone()));
        assert_eq!(skipped(&actions), expected);
    }
    let text = plan(down()).await[2].to_string();
    assert!(text.contains("a/b") && text.contains("\"a\""), "{text}");
}

#[tokio::test]
async fn a_marker_is_a_folder() {
    let site = Site::start().await;
    site.put([
        ("dir/", ""),
        ("dir/file", "1"),
        ("empty/", ""),
        ("strange/", "content"),
    ])
    .await;
    let local = site.path("local");
    let (summary, results) = run(site.bucket.download_dir("", &local)).await;
    assert_eq!(
        files(&local),
        tree([("dir/", ""), ("dir/file", "1"), ("empty/", "")])
    );
    assert_eq!((summary.downloaded, summary.failed), (3, 1));
    let actions: Vec<_> = results.into_iter().map(|(action, _)| action).collect();
    let expected = ("strange/".to_owned(), SkipReason::MarkerWithContent);
    assert_eq!(skipped(&actions), [expected]);
}

#[tokio::test]
async fn empty_folders_are_uploaded_on_request() {
    let site = Site::start().await;
    let local = site.write("local", [("full/a", "1")]);
    std::fs::create_dir_all(local.join("empty/inner")).unwrap();
    site.bucket.upload_dir(&local, "p").await.unwrap();
    assert_eq!(site.objects().await, tree([("p/full/a", "1")]));
    let sync = || site.bucket.sync_up(&local, "p").folder_markers(true);
    assert_eq!(run(sync()).await.0.uploaded, 1);
    assert_eq!(run(sync()).await.0.uploaded, 0);
    let expected = tree([("p/empty/inner/", ""), ("p/full/a", "1")]);
    assert_eq!(site.objects().await, expected);
    let copy = site.path("copy");
    site.bucket.download_dir("p", &copy).await.unwrap();
    assert_eq!(files(&copy), files(&local));
}

#[tokio::test]
async fn two_keys_are_never_written_to_one_file() {
    let site = Site::start().await;
    site.put([("models/a", "1"), ("models//a", "2")]).await;
    let local = site.path("local");
    let (summary, results) = run(site.bucket.download_dir("", &local)).await;
    assert_eq!((summary.downloaded, summary.failed), (1, 1));
    assert_eq!(files(&local), tree([("models/", ""), ("models/a", "1")]));
    let (action, error) = results
        .into_iter()
        .find(|(_, error)| error.is_some())
        .unwrap();
    assert!(
        action.to_string().contains("models//a"),
        "{action} {error:?}"
    );
    // With encoded names, both are stored, and can be uploaded again.
    let encoded = site.path("encoded");
    site.bucket
        .download_dir("", &encoded)
        .rename_invalid(true)
        .await
        .unwrap();
    let expected = [("models/%/a", "2"), ("models/a", "1")];
    assert_eq!(without_folders(files(&encoded)), tree(expected));
    let up = site.bucket.sync_up(&encoded, "").rename_invalid(true);
    assert_eq!(run(up.delete(true)).await.0.unchanged, 2);
    let down = site.bucket.sync_down("", &encoded).rename_invalid(true);
    assert_eq!(run(down.delete(true)).await.0.unchanged, 2);
    site.bucket.delete_object("models//a").await.unwrap();
    let down = site.bucket.sync_down("", &encoded).rename_invalid(true);
    assert_eq!(run(down.delete(true)).await.0.deleted, 2);
    assert_eq!(without_folders(files(&encoded)), tree([("models/a", "1")]));
}

#[tokio::test]
async fn and_17_keys_with_the_characters_of_globs_are_plain_keys() {
    let site = Site::start().await;
    let local = site.write(
        "local",
        [("a*", "1"), ("a?b", "2"), ("[c]", "3"), ("d/{e}", "4")],
    );
    site.bucket.upload_dir(&local, "x*").await.unwrap();
    let expected = [
        ("x*/[c]", "3"),
        ("x*/a*", "1"),
        ("x*/a?b", "2"),
        ("x*/d/{e}", "4"),
    ];
    assert_eq!(site.objects().await, tree(expected));
    site.bucket
        .download_dir("x*", site.path("copy"))
        .await
        .unwrap();
    assert_eq!(files(&site.path("copy")), files(&local));
    // The files in the folder itself.
    let only = site
        .bucket
        .download_dir("x*", site.path("top"))
        .exclude("*/")
        .unwrap();
    assert_eq!(only.await.unwrap().downloaded, 3);
}

#[tokio::test]
async fn globs_match_the_path_relative_to_the_source() {
    let site = Site::start().await;
    let local = site.write("local", [("logs/a", "1"), ("x/logs/a", "2"), ("b", "3")]);
    let up = site
        .bucket
        .upload_dir(&local, "logs")
        .exclude("logs/*")
        .unwrap();
    up.await.unwrap();
    let expected = [("logs/b", "3"), ("logs/x/logs/a", "2")];
    assert_eq!(site.objects().await, tree(expected));
    let down = site.bucket.download_dir("logs", site.path("down"));
    down.exclude("x/**").unwrap().await.unwrap();
    assert_eq!(files(&site.path("down")), tree([("b", "3")]));
    // A glob without `/` matches names at any depth.
    let down = site.bucket.download_dir("logs", site.path("names"));
    down.exclude("logs").unwrap().await.unwrap();
    assert_eq!(files(&site.path("names")), tree([("b", "3")]));
    site.bucket.upload_dir(&local, "").include("[").unwrap_err();
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn names_that_are_not_utf8_are_reported() {
    use std::os::unix::ffi::OsStrExt;

    let site = Site::start().await;
    let local = site.write("local", [("a", "1")]);
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9");
    std::fs::write(local.join(name), "2").unwrap();
    let (summary, results) = run(site.bucket.upload_dir(&local, "")).await;
    assert_eq!((summary.uploaded, summary.failed), (1, 1));
    let actions: Vec<_> = results.into_iter().map(|(action, _)| action).collect();
    assert_eq!(
        skipped(&actions),
        [("caf\u{fffd}".to_owned(), SkipReason::NotUtf8)]
    );
    // In a target, such a file is not touched.
    let down = site.bucket.sync_down("", &local).delete(true);
    assert_eq!(run(down).await.0.deleted, 0);
    assert!(local.join(name).exists());
}

#[tokio::test]
async fn names_that_cannot_be_keys_are_reported() {
    let site = Site::start().await;
    let local = site.write("local", [("a", "1")]);
    let long = ["n".repeat(200), "m".repeat(200)].join("/");
    write_file(&local.join(&long), "2");
    let prefix = "p".repeat(700);
    let (summary, results) = run(site.bucket.upload_dir(&local, &prefix)).await;
    assert_eq!((summary.uploaded, summary.failed), (1, 1));
    let error = results.into_iter().find_map(|(_, error)| error).unwrap();
    assert!(error.contains("1023 bytes"), "{error}");
    for prefix in ["/abs", "a/../b", "./a"] {
        let upload = site.bucket.upload_dir(&local, prefix);
        upload.await.unwrap_err();
    }
}
