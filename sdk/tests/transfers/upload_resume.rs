//! Interrupted uploads that are resumed with a token.

use std::future::IntoFuture;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use qingstor_sdk::{DownloadTarget, ErrorKind, ResumeToken, SseKey, UploadSource};

use crate::transfer::{MIB, PART, Site, content, pieces};

#[tokio::test]
async fn a_failed_upload_is_aborted_unless_it_is_resumable() {
    let site = Site::start().await;
    let sent = content(4 * PART + 3);
    let upload = || {
        let upload = site.bucket.upload("k", sent.clone()).part_size(PART as u64);
        upload.multipart_threshold(0).concurrency(1)
    };
    site.faults(&["operation=UploadMultipart,after=2,code=permission_denied"]);
    let error = upload().await.unwrap_err();
    assert!(error.is_permission_denied(), "{error}");
    assert_eq!(error.resume_token(), None);
    assert_eq!(site.unfinished().await, 0);

    site.faults(&["operation=UploadMultipart,after=2,code=permission_denied"]);
    let error = upload().resumable(true).await.unwrap_err();
    assert!(error.is_permission_denied(), "{error}");
    let token = error.resume_token().unwrap();
    assert_eq!(
        (token.parts_done(), token.length),
        (2, Some(sent.len() as u64))
    );
    assert_eq!(site.unfinished().await, 1);

    // Another process has only the text of the token.
    let token: ResumeToken = token.to_string().parse().unwrap();
    site.emulator.clear_faults();
    let before = site.served("UploadMultipart");
    let other_source = site
        .bucket
        .resume_upload(token.clone(), content(4 * PART))
        .await;
    assert_eq!(other_source.unwrap_err().kind(), ErrorKind::InvalidInput);
    let output = site
        .bucket
        .resume_upload(token.clone(), sent.clone())
        .await
        .unwrap();
    assert_eq!(output.parts, 5);
    assert_eq!(
        site.served("UploadMultipart") - before,
        3,
        "two parts were stored already"
    );
    assert_eq!(site.content("k").await, sent);

    // The upload is complete and does not exist any more.
    let error = site
        .bucket
        .resume_upload(token, sent.clone())
        .await
        .unwrap_err();
    assert!(error.is_not_found(), "{error}");
}

#[tokio::test]
async fn stored_parts_with_other_content_are_replaced() {
    let site = Site::start().await;
    let sent = content(3 * PART);
    for source in 0..3 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, &sent).unwrap();
        let open = || match source {
            0 => UploadSource::from(sent.clone()),
            1 => UploadSource::from(path.as_path()),
            _ => UploadSource::stream(pieces(&sent, MIB)),
        };
        site.faults(&["operation=CompleteMultipartUpload,code=permission_denied"]);
        let upload = site.bucket.upload("k", open()).part_size(PART as u64);
        let error = upload
            .multipart_threshold(0)
            .resumable(true)
            .await
            .unwrap_err();
        let token = error.resume_token().unwrap().clone();
        assert_eq!(token.parts_done(), 3);
        site.emulator.clear_faults();
        // Another program replaces one part.
        site.bucket
            .upload_multipart("k", &token.upload_id, 1)
            .body(vec![0; PART])
            .await
            .unwrap();
        let before = site.served("UploadMultipart");
        let output = site.bucket.resume_upload(token, open()).await.unwrap();
        assert_eq!(output.parts, 3);
        assert_eq!(site.served("UploadMultipart") - before, 1);
        assert_eq!(site.content("k").await, sent);
    }
}

#[tokio::test]
async fn rejects_a_changed_file_and_a_token_of_another_bucket() {
    let site = Site::start().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    std::fs::write(&path, content(2 * PART)).unwrap();
    site.faults(&["operation=CompleteMultipartUpload,code=permission_denied"]);
    let upload = site
        .bucket
        .upload("k", path.as_path())
        .part_size(PART as u64);
    let error = upload
        .multipart_threshold(0)
        .resumable(true)
        .await
        .unwrap_err();
    let token = error.resume_token().unwrap().clone();
    std::fs::write(&path, content(2 * PART)).unwrap();
    let later = std::time::SystemTime::now() + Duration::from_secs(5);
    std::fs::File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_modified(later)
        .unwrap();
    let error = site
        .bucket
        .resume_upload(token.clone(), path.as_path())
        .await
        .unwrap_err();
    assert!(error.to_string().contains("has changed"), "{error}");
    let mut other_bucket = token;
    other_bucket.bucket = "another".into();
    let error = site
        .bucket
        .resume_upload(other_bucket, path.as_path())
        .await
        .unwrap_err();
    assert!(error.to_string().contains("another"), "{error}");
}

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

/// Writes a file with a modification time that does not depend on its content.
fn write_with_fixed_time(path: &Path, content: &[u8]) {
    std::fs::write(path, content).unwrap();
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let file = std::fs::File::options().write(true).open(path).unwrap();
    file.set_modified(time).unwrap();
}

/// Equal sizes and modification times are normal, for example in reproducible builds.
#[tokio::test]
async fn a_replaced_file_is_never_mixed_with_its_predecessor() {
    let site = Site::start().await;
    let folder = tempfile::tempdir().unwrap();
    let [path, token] = ["file", "token"].map(|name| folder.path().join(name));
    let old = content(PART + 9);
    let new: Bytes = old.iter().map(|byte| !byte).collect::<Vec<_>>().into();
    let key = SseKey::new([7; 32]);
    for (verify, is_encrypted) in [(true, false), (false, false), (true, true)] {
        let upload = || {
            let upload = site.bucket.upload("k", path.as_path()).concurrency(1);
            let upload = upload.part_size(PART as u64).multipart_threshold(0);
            let upload = upload.verify(verify).token_file(&token);
            match is_encrypted {
                true => upload.sse_key(&key),
                false => upload,
            }
        };
        for (resumed, parts) in [(&old, 1), (&new, 2)] {
            write_with_fixed_time(&path, &old);
            site.faults(&["operation=UploadMultipart,after=1,code=permission_denied"]);
            assert!(upload().await.is_err());
            site.emulator.clear_faults();
            write_with_fixed_time(&path, resumed);
            let before = site.served("UploadMultipart");
            upload().await.unwrap();
            let sent = site.served("UploadMultipart") - before;
            assert_eq!(sent, parts, "verify {verify}, key {is_encrypted}");
            let mut stored = Vec::new();
            let target = DownloadTarget::writer(&mut stored);
            let download = site.bucket.download("k", target);
            let download = match is_encrypted {
                true => download.sse_key(&key),
                false => download,
            };
            download.await.unwrap();
            assert!(stored == *resumed, "verify {verify}, key {is_encrypted}");
        }
    }
}

/// The parts of the old version would use storage, and nothing would name them.
#[tokio::test]
async fn a_changed_file_replaces_the_upload_of_its_token_file() {
    let site = Site::start().await;
    let folder = tempfile::tempdir().unwrap();
    let [path, token] = ["file", "token"].map(|name| folder.path().join(name));
    let upload = || {
        let upload = site.bucket.upload("k", path.as_path()).concurrency(1);
        let upload = upload.part_size(PART as u64);
        upload.multipart_threshold(PART as u64).token_file(&token)
    };
    let old = content(3 * PART);
    for (new, time_passes) in [
        (content(3 * PART + 9), false),
        (content(2 * PART), false),
        (content(5), false),
        (old.clone(), true),
    ] {
        write_with_fixed_time(&path, &old);
        site.faults(&["operation=UploadMultipart,after=1,code=permission_denied"]);
        let error = upload().await.unwrap_err();
        let id = error.resume_token().unwrap().upload_id.clone();
        site.emulator.clear_faults();
        write_with_fixed_time(&path, &new);
        if time_passes {
            let file = std::fs::File::options().write(true).open(&path).unwrap();
            file.set_modified(SystemTime::now()).unwrap();
        }
        // While the old upload cannot be aborted, it is not forgotten.
        site.faults(&["operation=AbortMultipartUpload,times=1,code=permission_denied"]);
        let error = upload().await.unwrap_err();
        assert!(error.is_permission_denied(), "{error}");
        let kept: ResumeToken = std::fs::read_to_string(&token).unwrap().parse().unwrap();
        assert_eq!(kept.upload_id, id);
        // The abort is not repeated in the background.
        site.qingstor
            .wait_for_aborts(Duration::from_secs(10))
            .await
            .unwrap();
        assert_eq!(site.unfinished().await, 1);
        let before = site.served("UploadMultipart");
        let output = upload().await.unwrap();
        assert_ne!(output.upload_id, Some(id));
        let sent = site.served("UploadMultipart") - before;
        assert_eq!(
            sent,
            if new.len() > PART {
                output.parts.into()
            } else {
                0
            }
        );
        assert_eq!(site.content("k").await, new);
        assert!(!token.exists());
        assert_eq!(site.unfinished().await, 0);
    }
}

/// A process may be killed after the completion, but before it removes the token file.
#[tokio::test]
async fn a_token_of_a_completed_upload_is_not_a_copy_of_another_source() {
    let site = Site::start().await;
    let folder = tempfile::tempdir().unwrap();
    let [path, token] = ["file", "token"].map(|name| folder.path().join(name));
    let old = content(3 * PART + 5);
    let new: Bytes = old.iter().map(|byte| !byte).collect::<Vec<_>>().into();
    let upload = |source| {
        let upload = site.bucket.upload("k", source).part_size(PART as u64);
        upload.multipart_threshold(0).token_file(&token)
    };
    let stored = Arc::new(Mutex::new(String::new()));
    let keep = Arc::clone(&stored);
    write_with_fixed_time(&path, &old);
    let first = upload(UploadSource::path(&path));
    let first = first.on_token(move |token| *keep.lock().unwrap() = token.to_string());
    let first = first.await.unwrap();
    let stored = stored.lock().unwrap().clone();
    for (kind, source, parts) in [
        ("the same file", &old, 0),
        ("another file", &new, 4),
        ("the same bytes", &old, 0),
        ("other bytes", &new, 4),
        ("the same stream", &old, 4),
        ("another stream", &new, 4),
    ] {
        site.bucket
            .upload("k", old.clone())
            .part_size(PART as u64)
            .multipart_threshold(0)
            .await
            .unwrap();
        write_with_fixed_time(&path, source);
        std::fs::write(&token, &stored).unwrap();
        let before = site.served("UploadMultipart");
        let resumed = upload(match kind {
            kind if kind.ends_with("file") => UploadSource::path(&path),
            kind if kind.ends_with("bytes") => UploadSource::from(source.clone()),
            _ => UploadSource::stream(pieces(source, MIB)),
        });
        let output = resumed.await.unwrap();
        assert_eq!(
            (output.parts, output.bytes),
            (4, source.len() as u64),
            "{kind}"
        );
        assert_eq!(output.etag == first.etag, source == &old, "{kind}");
        assert_eq!(site.served("UploadMultipart") - before, parts, "{kind}");
        assert!(site.content("k").await == *source, "{kind}");
        assert!(!token.exists(), "{kind}");
    }
    // A short stream is sent with one request.
    site.bucket
        .upload("k", old.clone())
        .part_size(PART as u64)
        .multipart_threshold(0)
        .await
        .unwrap();
    std::fs::write(&token, &stored).unwrap();
    let short = content(5);
    upload(UploadSource::stream(pieces(&short, 1)))
        .await
        .unwrap();
    assert_eq!(site.content("k").await, short);
    assert!(!token.exists());
    assert_eq!(site.unfinished().await, 0);
}

/// Aborts the task at various times, as if the process was killed: only the stored tokens remain.
#[tokio::test]
async fn an_upload_is_resumed_from_a_stored_token() {
    let site = Site::start().await;
    let sent = content(5 * PART + 1);
    for kill_after in 0..=5 {
        let stored = Arc::new(Mutex::new(None::<String>));
        let keep = Arc::clone(&stored);
        let upload = site
            .bucket
            .upload("k", UploadSource::stream(pieces(&sent, MIB)));
        let upload = upload
            .part_size(PART as u64)
            .concurrency(2)
            .on_token(move |token| {
                let mut stored = keep.lock().unwrap();
                if token.parts_done() <= kill_after {
                    *stored = Some(token.to_string());
                }
            });
        let task = tokio::spawn(upload.into_future());
        while stored.lock().unwrap().is_none() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        tokio::time::sleep(Duration::from_millis(20 * kill_after as u64)).await;
        task.abort();
        let _ = task.await;
        let token: ResumeToken = stored.lock().unwrap().as_ref().unwrap().parse().unwrap();
        assert_eq!(token.length, None);
        match site
            .bucket
            .resume_upload(token, UploadSource::stream(pieces(&sent, MIB)))
            .await
        {
            Ok(output) => assert_eq!(output.bytes, sent.len() as u64),
            // The upload was completed before the task was aborted.
            Err(error) => assert!(error.is_not_found(), "{error}"),
        }
        assert_eq!(site.content("k").await, sent);
        assert_eq!(site.unfinished().await, 0);
        site.bucket.delete_object("k").await.unwrap();
    }
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

#[tokio::test]
async fn objects_keep_the_metadata_of_files_on_request() {
    let site = Site::start().await;
    let folder = tempfile::tempdir().unwrap();
    let [path, copy] = ["file", "copy"].map(|name| folder.path().join(name));
    std::fs::write(&path, content(2 * PART)).unwrap();
    let before_1970 = SystemTime::UNIX_EPOCH - Duration::from_millis(1500);
    let file = std::fs::File::options().write(true).open(&path).unwrap();
    file.set_modified(before_1970).unwrap();
    let upload = || site.bucket.upload("k", path.as_path());
    let metadata = async || site.bucket.head_object("k").await.unwrap().metadata;
    upload().await.unwrap();
    assert!(metadata().await.is_empty());
    upload().file_metadata(true).await.unwrap();
    assert_eq!(metadata().await, [("mtime", "-1.5")].into_iter().collect());
    let in_parts = upload().multipart_threshold(0).part_size(PART as u64);
    let in_parts = in_parts.metadata([("mtime", "5.25"), ("a", "b")]);
    in_parts.file_metadata(true).await.unwrap();
    let part_size = PART.to_string();
    let expected = [("a", "b"), ("mtime", "5.25"), ("part-size", &part_size)];
    assert_eq!(metadata().await, expected.into_iter().collect());

    let time_of_copy = || copy.metadata().unwrap().modified().unwrap();
    let download = || site.bucket.download("k", &copy);
    let started = SystemTime::now() - Duration::from_secs(60);
    download().await.unwrap();
    assert!(time_of_copy() > started);
    for resumable in [false, true] {
        let download = download().resumable(resumable).file_metadata(true);
        download.await.unwrap();
        let expected = SystemTime::UNIX_EPOCH + Duration::from_millis(5250);
        assert_eq!(time_of_copy(), expected);
    }
    // Without a recorded time, that of the object.
    upload().await.unwrap();
    let output = download().file_metadata(true).await.unwrap();
    assert_eq!(time_of_copy(), output.last_modified.unwrap().into());
}
