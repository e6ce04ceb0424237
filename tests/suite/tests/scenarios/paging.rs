//! Paging: for every page size, each item is returned exactly once.

use std::collections::BTreeSet;
use std::time::Duration;

use qingstor_emulator::FaultRule;
use qingstor_sdk::generic::PagedOperation;
use qingstor_sdk::types::VersioningStatus;
use qingstor_sdk::{Call, Config, ErrorKind, Items, QingStor};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::store::Store;

async fn collect<I: PagedOperation>(mut items: Items<I>) -> Vec<I::Item> {
    let mut found = Vec::new();
    while let Some(item) = items.next().await {
        found.push(item.unwrap());
    }
    assert!(items.next_call().is_none() && items.remaining().is_empty());
    assert!(items.next().await.is_none());
    found
}

/// Asserts that the listing has `count` different items for every page size.
async fn assert_same_for_all_limits<I: PagedOperation, T: Ord + std::fmt::Debug>(
    count: usize,
    call: impl Fn(u32) -> Call<I>,
    name: impl Fn(I::Item) -> T,
) {
    for limit in 1..=u32::try_from(count).unwrap() + 1 {
        let names: Vec<T> = collect(call(limit).items())
            .await
            .into_iter()
            .map(&name)
            .collect();
        assert_eq!(names.len(), count, "limit {limit}: {names:?}");
        let different: BTreeSet<_> = names.into_iter().collect();
        assert_eq!(different.len(), count, "limit {limit}");
    }
}

#[tokio::test]
async fn keys_versions_and_prefixes_are_listed_once() {
    let store = Store::start().await;
    let bucket = &store.bucket;
    bucket
        .put_versioning(VersioningStatus::Enabled)
        .await
        .unwrap();
    for key in ["a/1", "a/2", "b", "c/d", "e", "中文"] {
        bucket.put_object(key).await.unwrap();
        bucket.put_object(key).await.unwrap();
    }
    bucket.delete_object("b").await.unwrap();
    let keys = |limit| bucket.list_objects().limit(limit);
    assert_same_for_all_limits(5, keys, |key| key.key).await;
    let versions = |limit| bucket.list_object_versions().limit(limit);
    assert_same_for_all_limits(13, versions, |one| (one.key, one.version_id)).await;

    // Common prefixes are only available in pages. A page can contain nothing else.
    let call = bucket.list_objects().delimiter("/").limit(1);
    let mut pages = call.clone().pages();
    let (mut folders, mut count) = (Vec::new(), 0);
    while let Some(page) = pages.next().await.transpose().unwrap() {
        folders.extend(page.common_prefixes);
        count += 1;
    }
    assert_eq!(
        (&*folders, count),
        (&["a/", "c/"].map(str::to_owned)[..], 4)
    );
    let keys = collect(call.items()).await.into_iter().map(|key| key.key);
    assert_eq!(keys.collect::<Vec<_>>(), ["e", "中文"]);
}

#[tokio::test]
async fn uploads_parts_and_buckets_are_listed_once() {
    let store = Store::start().await;
    let bucket = &store.bucket;
    let mut ids = Vec::new();
    for key in ["a", "a", "a", "b", "c/d"] {
        let upload = bucket.initiate_multipart_upload(key).await.unwrap();
        ids.push((key, upload.upload_id));
    }
    let uploads = |limit| bucket.list_multipart_uploads().limit(limit);
    assert_same_for_all_limits(5, uploads, |one| (one.key, one.upload_id)).await;

    let (key, id) = &ids[0];
    for number in [0, 1, 2, 7, 30] {
        let part = bucket.upload_multipart(*key, id, number);
        part.body("part").await.unwrap();
    }
    let parts = |limit| bucket.list_multipart(*key, id).limit(limit);
    assert_same_for_all_limits(5, parts, |part| part.part_number).await;

    for name in ["bucket-1", "bucket-2", "bucket-3"] {
        store
            .qingstor
            .bucket(name, "pek3a")
            .unwrap()
            .put()
            .await
            .unwrap();
    }
    let buckets = |limit| store.qingstor.list_buckets().limit(limit);
    assert_same_for_all_limits(4, buckets, |bucket| bucket.name).await;
}

#[tokio::test]
async fn an_empty_listing_has_one_page_and_no_items() {
    let store = Store::start().await;
    assert!(
        collect(store.bucket.list_objects().items())
            .await
            .is_empty()
    );
    let mut pages = store.bucket.list_objects().pages();
    assert!(pages.next().await.unwrap().unwrap().keys.is_empty());
    assert!(pages.next().await.is_none() && pages.next_call().is_none());
}

/// A failed page ends the stream, and `next_call` resumes at that page.
#[tokio::test]
async fn a_listing_can_resume_after_a_failure() {
    let store = Store::start().await;
    for number in 0..20 {
        store
            .bucket
            .put_object(format!("key-{number:02}"))
            .await
            .unwrap();
    }
    for failing in 0..7 {
        let rule = FaultRule::on("ListObjects")
            .status(403)
            .after(failing)
            .times(1);
        store.emulator.set_faults([rule]).unwrap();
        let mut items = store.bucket.list_objects().limit(3).items();
        let (mut found, mut failures) = (Vec::new(), 0);
        loop {
            match items.next().await {
                Some(Ok(key)) => found.push(key.key),
                Some(Err(error)) => {
                    assert_eq!(error.status().unwrap(), 403);
                    assert!(items.next().await.is_none() && items.remaining().is_empty());
                    failures += 1;
                    items = items.next_call().unwrap().items();
                }
                None => break,
            }
        }
        assert_eq!((found.len(), failures), (20, 1));
        assert!(found.is_sorted(), "{found:?}");
    }
}

/// A page is not requested before it is needed, and at most one page is requested ahead.
#[tokio::test]
async fn pages_are_fetched_when_they_are_needed() {
    let store = Store::start().await;
    for number in 0..30 {
        store
            .bucket
            .put_object(format!("key-{number:02}"))
            .await
            .unwrap();
    }
    let served = || {
        let served = store.emulator.operations_served();
        served.get("ListObjects").copied().unwrap_or(0)
    };
    let mut items = store.bucket.list_objects().limit(10).items();
    assert_eq!(served(), 0);
    for taken in 1..=25_u64 {
        items.next().await.unwrap().unwrap();
        // The first half of a page does not request the next one. There are three pages.
        let is_ahead = taken % 10 == 0 || taken % 10 >= 5;
        let expected = (taken.div_ceil(10) + u64::from(is_ahead)).min(3);
        let arrives = async {
            while served() < expected {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let in_time = tokio::time::timeout(Duration::from_secs(30), arrives).await;
        assert!(in_time.is_ok(), "{} after {taken}", served());
        if matches!(taken, 4 | 9 | 25) {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert_eq!(served(), expected, "after {taken}");
    }
    // The remaining items of the current page and the next call are the rest of the listing.
    let mut rest: Vec<_> = items
        .remaining()
        .iter()
        .map(|key| key.key.clone())
        .collect();
    if let Some(call) = items.next_call() {
        rest.extend(collect(call.items()).await.into_iter().map(|key| key.key));
    }
    assert_eq!(
        rest,
        (25..30).map(|n| format!("key-{n}")).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn dropping_the_next_future_loses_no_items() {
    let store = Store::start().await;
    for number in 0..9 {
        store
            .bucket
            .put_object(format!("key-{number}"))
            .await
            .unwrap();
    }
    let slow = FaultRule::on("ListObjects").latency(Duration::from_millis(40));
    store.emulator.set_faults([slow]).unwrap();
    let mut items = store.bucket.list_objects().limit(4).items();
    let (mut found, mut waits) = (Vec::new(), 0);
    loop {
        match tokio::time::timeout(Duration::from_millis(15), items.next()).await {
            Ok(Some(key)) => found.push(key.unwrap().key),
            Ok(None) => break,
            Err(_) => waits += 1,
        }
    }
    assert!(waits > 0);
    assert_eq!(
        found,
        (0..9).map(|n| format!("key-{n}")).collect::<Vec<_>>()
    );
    assert_eq!(store.emulator.operations_served()["ListObjects"], 3);
}

/// A marker that repeats or is empty is an error instead of an endless listing.
#[tokio::test]
async fn repeated_markers_are_an_error() {
    let cycle = ["a", "b", "c", "d", "e"];
    for (markers, most) in [
        (&cycle[..1], 1),
        (&cycle[..2], 4),
        (&cycle[..], 16),
        (&[""], 0),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let markers: Vec<_> = markers.iter().map(ToString::to_string).collect();
        let server = tokio::spawn(respond_with_markers(listener, markers.clone()));
        let config = Config::new("ID", "SECRET").endpoint(endpoint);
        let bucket = QingStor::new(config)
            .unwrap()
            .bucket("my-bucket", "pek3a")
            .unwrap();
        let mut pages = bucket.list_objects().pages();
        let mut page_count = 0;
        let error = loop {
            match pages.next().await.unwrap() {
                Ok(_) => page_count += 1,
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
        assert!(page_count <= most, "{page_count} pages of {markers:?}");
        assert!(pages.next().await.is_none() && pages.next_call().is_some());
        server.abort();
    }
}

/// Responds to each listing with the next marker, and repeats the markers forever.
async fn respond_with_markers(listener: TcpListener, markers: Vec<String>) {
    for marker in markers.iter().cycle() {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            request.push(stream.read_u8().await.unwrap());
        }
        let body = format!("{{\"has_more\":true,\"next_marker\":\"{marker}\"}}");
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\
             Content-Length: {}\r\n\r\n",
            body.len()
        );
        stream
            .write_all(format!("{head}{body}").as_bytes())
            .await
            .unwrap();
    }
}
