//! Modification times that are stored with objects and restored.

use std::time::{Duration, SystemTime};

use crate::transfer::{PART, Site, content};

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
