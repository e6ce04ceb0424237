//! Listings with delimiters and markers.

use crate::store::Store;

#[tokio::test]
async fn a_delimiter_groups_keys_and_a_marker_continues_the_listing() {
    let store = Store::start().await;
    let keys = ["a/1", "a/2", "b", "c/d/1", "c/e", "z", "中/文"];
    for key in keys {
        store.bucket.put_object(key).await.unwrap();
    }
    let (mut found, mut folders, mut pages, mut marker) =
        (Vec::new(), Vec::new(), 0, String::new());
    loop {
        let call = store.bucket.list_objects().delimiter("/").limit(2);
        let page = call.marker(marker).await.unwrap();
        assert_eq!(page.limit, 2);
        assert!(page.keys.len() + page.common_prefixes.len() <= 2);
        found.extend(page.keys.into_iter().map(|key| key.key));
        folders.extend(page.common_prefixes);
        pages += 1;
        if !page.has_more {
            break;
        }
        marker = page.next_marker.unwrap();
    }
    assert_eq!((&*found, pages), (&["b".to_owned(), "z".to_owned()][..], 3));
    assert_eq!(folders, ["a/", "c/", "中/"]);

    let inside = store
        .bucket
        .list_objects()
        .prefix("c/")
        .delimiter("/")
        .await
        .unwrap();
    assert_eq!(inside.common_prefixes, ["c/d/"]);
    assert_eq!(inside.keys[0].key, "c/e");
    assert_eq!(store.keys().await, keys);
}
