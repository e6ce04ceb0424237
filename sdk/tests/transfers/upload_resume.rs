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
    assert_eq!((output.parts, output.resumed), (5, 2 * PART as u64));
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
        assert_eq!((output.parts, output.resumed), (3, 2 * PART as u64));
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
        let resumed = if parts == 0 { output.bytes } else { 0 };
        assert_eq!(output.resumed, resumed, "{kind}");
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
