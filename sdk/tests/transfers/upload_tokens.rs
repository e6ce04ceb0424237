//! Where uploads store their resume tokens, and how long.

use std::future::IntoFuture;
use std::time::Duration;

use qingstor_sdk::{ErrorKind, ResumeToken};

use crate::transfer::{PART, Site, content};

#[tokio::test]
async fn a_token_file_exists_until_the_upload_is_complete() {
    let site = Site::start().await;
    let folder = tempfile::tempdir().unwrap();
    let [path, token, missing_folder] =
        ["file", "token", "no/token"].map(|name| folder.path().join(name));
    let sent = content(4 * PART + 3);
    std::fs::write(&path, &sent).unwrap();
    let upload = |key: &str, token: &std::path::Path| {
        let upload = site.bucket.upload(key, path.as_path());
        let upload = upload.part_size(PART as u64).multipart_threshold(0);
        upload.concurrency(1).token_file(token)
    };
    let fault = ["operation=UploadMultipart,after=2,code=permission_denied"];
    site.faults(&fault);
    let error = upload("k", &token).await.unwrap_err();
    assert!(error.is_permission_denied(), "{error}");
    let stored: ResumeToken = std::fs::read_to_string(&token).unwrap().parse().unwrap();
    assert_eq!(Some(&stored), error.resume_token());

    site.emulator.clear_faults();
    let error = upload("another", &token).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("belongs to `k`"), "{error}");
    let before = site.served("UploadMultipart");
    assert_eq!(upload("k", &token).await.unwrap().parts, 5);
    assert_eq!(
        site.served("UploadMultipart") - before,
        3,
        "two parts were stored already"
    );
    assert_eq!(site.content("k").await, sent);
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");

    // Another program aborts the upload.
    site.faults(&fault);
    let error = upload("k", &token).await.unwrap_err();
    let id = &error.resume_token().unwrap().upload_id;
    site.emulator.clear_faults();
    site.bucket.abort_multipart_upload("k", id).await.unwrap();
    let error = upload("k", &token).await.unwrap_err();
    assert!(error.is_not_found(), "{error}");

    // No upload starts if the token file is invalid or cannot be created.
    std::fs::write(&token, "something else").unwrap();
    let error = upload("k", &token).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let error = upload("k", &missing_folder).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(error.to_string().contains("no/token"), "{error}");
    assert_eq!(error.resume_token(), None);
    assert_eq!(site.unfinished().await, 0);
}

/// Writing the whole token after each part would write gigabytes for 10,000 parts.
#[tokio::test]
async fn a_token_file_gets_a_line_for_each_part() {
    let site = Site::start().await;
    let folder = tempfile::tempdir().unwrap();
    let [path, token] = ["file", "token"].map(|name| folder.path().join(name));
    let sent = content(5 * PART + 3);
    std::fs::write(&path, &sent).unwrap();
    let upload = || {
        let upload = site.bucket.upload("k", path.as_path());
        let upload = upload.part_size(PART as u64).multipart_threshold(0);
        upload.concurrency(1).token_file(&token)
    };
    site.faults(&["operation=UploadMultipart,after=4,code=permission_denied"]);
    let error = upload().await.unwrap_err();
    let text = std::fs::read_to_string(&token).unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 1 + 4, "{text}");
    let first: ResumeToken = lines[0].parse().unwrap();
    assert_eq!(first.parts_done(), 0, "the first line does not change");
    assert!(lines[1..].iter().all(|line| line.len() == 34), "{text}");

    // If the last line is incomplete after a kill, its part is found, and no part is sent twice.
    std::fs::write(&token, &text[..text.len() - 9]).unwrap();
    let before = site.served("UploadMultipart");
    site.faults(&["operation=CompleteMultipartUpload,code=permission_denied"]);
    assert!(upload().await.is_err());
    assert_eq!(
        site.served("UploadMultipart") - before,
        2,
        "four parts were stored already"
    );
    let whole = std::fs::read_to_string(&token).unwrap();
    assert!(whole.starts_with(&text[..text.len() - 9]), "{whole}");
    assert_eq!(whole.lines().count(), 1 + 4 + 3, "{whole}");
    let read: ResumeToken = whole.parse().unwrap();
    assert_eq!(read.parts_done(), 6);
    assert_eq!(read.upload_id, error.resume_token().unwrap().upload_id);

    site.emulator.clear_faults();
    let before = site.served("UploadMultipart");
    assert_eq!(upload().await.unwrap().parts, 6);
    assert_eq!(site.served("UploadMultipart"), before);
    assert_eq!(site.content("k").await, sent);
    assert!(!token.exists());
}

#[tokio::test]
async fn a_passed_token_replaces_no_other_content_of_the_token_file() {
    let site = Site::start().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    let sent = content(4 * PART);
    let upload = || {
        let upload = site.bucket.upload("k", sent.clone()).concurrency(1);
        upload.part_size(PART as u64).multipart_threshold(0)
    };
    let resume = |token: &ResumeToken| {
        let upload = site.bucket.resume_upload(token.clone(), sent.clone());
        upload.concurrency(1).token_file(&file)
    };
    site.faults(&["operation=UploadMultipart,after=1,code=permission_denied"]);
    let error = upload().resumable(true).await.unwrap_err();
    let token = error.resume_token().unwrap().clone();
    upload().token_file(&file).await.unwrap_err();
    site.emulator.clear_faults();

    let other = std::fs::read_to_string(&file).unwrap();
    for content in [other.as_str(), "the only copy of a text"] {
        std::fs::write(&file, content).unwrap();
        let error = resume(&token).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), content);
    }
    assert_eq!(site.unfinished().await, 2);

    // The file gets the parts of the passed token, and adds its own to an older one.
    std::fs::remove_file(&file).unwrap();
    site.faults(&["operation=UploadMultipart,after=1,code=permission_denied"]);
    let error = resume(&token).await.unwrap_err();
    let stored: ResumeToken = std::fs::read_to_string(&file).unwrap().parse().unwrap();
    assert_eq!(stored.parts_done(), 2);
    assert_eq!(error.resume_token(), Some(&stored));
    site.faults(&["operation=ListMultipart,code=permission_denied"]);
    let error = resume(&token).await.unwrap_err();
    assert_eq!(error.resume_token(), Some(&stored));
    site.emulator.clear_faults();
    let before = site.served("UploadMultipart");
    resume(&token).await.unwrap();
    assert_eq!(site.served("UploadMultipart") - before, 2);
    assert_eq!(site.content("k").await, sent);
    assert!(!file.exists());
}

#[tokio::test]
async fn a_token_file_is_locked_by_its_upload() {
    let site = Site::start().await;
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    let upload = |key: &str, len| site.bucket.upload(key, content(len)).token_file(&token);
    site.faults(&["operation=UploadMultipart,latency=500ms"]);
    let first = upload("k", 5 * PART).into_future();
    let second = async {
        tokio::time::sleep(Duration::from_millis(30)).await;
        upload("other", 5).await
    };
    let (first, second) = tokio::join!(first, second);
    first.unwrap();
    let error = second.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(error.to_string().contains("another upload"), "{error}");
    assert!(!token.exists());

    // An upload with one request removes the file, even if it fails.
    upload("small", 5).await.unwrap();
    assert!(!token.exists());
    site.faults(&["operation=PutObject,code=permission_denied"]);
    assert!(upload("small", 5).await.is_err());
    assert!(!token.exists());
}

#[tokio::test]
async fn uploads_share_a_folder_for_their_tokens() {
    let site = Site::start().await;
    let folder = tempfile::tempdir().unwrap();
    let [path, tokens] = ["file", "new/tokens"].map(|name| folder.path().join(name));
    let sent = content(3 * PART);
    std::fs::write(&path, &sent).unwrap();
    let upload = |key: &str| {
        let upload = site.bucket.upload(key, path.as_path()).concurrency(1);
        let upload = upload.part_size(PART as u64).multipart_threshold(0);
        upload.token_folder(&tokens)
    };
    let count = || tokens.read_dir().unwrap().count();
    site.faults(&["operation=UploadMultipart,after=1,code=permission_denied"]);
    for key in ["a", "b"] {
        upload(key).await.unwrap_err();
    }
    assert_eq!(count(), 2);
    site.emulator.clear_faults();
    let before = site.served("UploadMultipart");
    upload("a").await.unwrap();
    assert_eq!(site.served("UploadMultipart") - before, 2);
    // The upload of the other token is aborted by another program.
    for left in site.bucket.list_multipart_uploads().await.unwrap().uploads {
        let abort = site.bucket.abort_multipart_upload(left.key, left.upload_id);
        abort.await.unwrap();
    }
    assert_eq!(upload("b").await.unwrap().parts, 3);
    // A power failure damages a token.
    let (token, zeros, long) = (b"qsu1.eyJi".to_vec(), vec![0; 300], vec![b'x'; 17 << 20]);
    for damaged in [token, zeros, long] {
        site.faults(&["operation=UploadMultipart,after=1,code=permission_denied"]);
        upload("b").await.unwrap_err();
        site.emulator.clear_faults();
        let stored = tokens.read_dir().unwrap().next().unwrap().unwrap().path();
        std::fs::write(stored, damaged).unwrap();
        assert_eq!(upload("b").await.unwrap().parts, 3);
        assert_eq!(count(), 0);
    }
    assert_eq!(site.content("b").await, sent);
    assert_eq!(count(), 0);
    let bytes = site.bucket.upload("c", sent).token_folder(&tokens);
    assert_eq!(bytes.await.unwrap_err().kind(), ErrorKind::InvalidInput);
}

#[tokio::test]
async fn the_last_setter_decides_where_the_token_is_stored() {
    let site = Site::start().await;
    let folder = tempfile::tempdir().unwrap();
    let [path, tokens, token] = ["file", "tokens", "token"].map(|name| folder.path().join(name));
    std::fs::write(&path, content(2 * PART)).unwrap();
    site.faults(&["operation=UploadMultipart,code=permission_denied"]);
    let upload = || {
        site.bucket
            .upload("k", path.as_path())
            .multipart_threshold(0)
    };
    let not_resumable = upload().token_folder(&tokens).resumable(false);
    not_resumable.await.unwrap_err();
    assert!(!tokens.exists());
    let to_file = upload().token_folder(&tokens).token_file(&token);
    to_file.await.unwrap_err();
    assert!(token.exists() && !tokens.exists());
    std::fs::remove_file(&token).unwrap();
    let to_folder = upload().token_file(&token).token_folder(&tokens);
    to_folder.await.unwrap_err();
    assert!(!token.exists());
    assert_eq!(tokens.read_dir().unwrap().count(), 1);
}

#[tokio::test]
async fn services_with_buckets_of_the_same_name_do_not_share_tokens() {
    let sites = [Site::start().await, Site::start().await];
    let folder = tempfile::tempdir().unwrap();
    let [path, tokens] = ["file", "tokens"].map(|name| folder.path().join(name));
    std::fs::write(&path, content(2 * PART)).unwrap();
    let upload = |site: &Site| {
        let upload = site.bucket.upload("k", path.as_path()).concurrency(1);
        let upload = upload.part_size(PART as u64).multipart_threshold(0);
        upload.token_folder(&tokens)
    };
    for site in &sites {
        site.faults(&["operation=UploadMultipart,after=1,code=permission_denied"]);
        upload(site).await.unwrap_err();
        site.emulator.clear_faults();
    }
    for site in &sites {
        let before = site.served("UploadMultipart");
        upload(site).await.unwrap();
        assert_eq!(site.served("UploadMultipart") - before, 1);
        assert_eq!(site.unfinished().await, 0);
    }
}

/// For example, because the request reached another zone, or the page of a proxy.
#[tokio::test]
async fn another_404_keeps_the_token_and_the_parts() {
    let site = Site::start().await;
    let folder = tempfile::tempdir().unwrap();
    let [path, tokens, token] = ["file", "tokens", "token"].map(|name| folder.path().join(name));
    let sent = content(3 * PART);
    std::fs::write(&path, &sent).unwrap();
    let upload = |key: &str| {
        let upload = site.bucket.upload(key, path.as_path()).concurrency(1);
        upload.part_size(PART as u64).multipart_threshold(0)
    };
    site.faults(&["operation=UploadMultipart,after=1,code=permission_denied"]);
    upload("a").token_folder(&tokens).await.unwrap_err();
    let mut stored = tokens.read_dir().unwrap();
    let stored = stored.next().unwrap().unwrap().path();
    let text = std::fs::read_to_string(&stored).unwrap();
    for fault in ["code=bucket_not_exists", "status=404"] {
        site.faults(&[fault]);
        let error = upload("a").token_folder(&tokens).await.unwrap_err();
        assert!(error.is_not_found(), "{error}");
        assert_eq!(std::fs::read_to_string(&stored).unwrap(), text);
    }
    site.emulator.clear_faults();
    let before = site.served("UploadMultipart");
    upload("a").token_folder(&tokens).await.unwrap();
    assert_eq!(site.served("UploadMultipart") - before, 2);

    // The upload of a source that has changed is only forgotten after it was aborted.
    site.faults(&["operation=UploadMultipart,after=1,code=permission_denied"]);
    upload("b").token_file(&token).await.unwrap_err();
    let text = std::fs::read_to_string(&token).unwrap();
    std::fs::write(&path, &sent[..2 * PART]).unwrap();
    site.faults(&["operation=AbortMultipartUpload,code=bucket_not_exists"]);
    let error = upload("b").token_file(&token).await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
    assert_eq!(std::fs::read_to_string(&token).unwrap(), text);
    site.emulator.clear_faults();
    upload("b").token_file(&token).await.unwrap();
    assert_eq!(site.unfinished().await, 0);
}
