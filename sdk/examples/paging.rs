//! Lists objects item by item and page by page, and continues a list later.
//!
//! Runs against a local emulator.

use anyhow::{Context, Result};
use qingstor_emulator::Emulator;
use qingstor_sdk::{Config, QingStor};

#[tokio::main]
async fn main() -> Result<()> {
    let emulator = Emulator::builder().start().await?;
    let config = Config::new(emulator.access_key_id(), emulator.secret_access_key());
    let qingstor = QingStor::new(config.endpoint(emulator.endpoint()))?;
    let bucket = qingstor.bucket("paging-example", "pek3a")?;
    bucket.put().await?;
    for day in 1..=30 {
        let key = format!("logs/2026-11-{day:02}.txt");
        bucket.put_object(key).body("all was well").await?;
    }

    // Item by item: pages are requested when they are needed.
    let mut keys = bucket.list_objects().prefix("logs/").limit(7).items();
    let mut count = 0;
    while let Some(key) = keys.next().await.transpose()? {
        assert_eq!(key.size, 12);
        count += 1;
    }
    println!("{count} keys, 7 per page");
    assert_eq!(count, 30);

    // Page by page, with common prefixes.
    let mut pages = bucket.list_objects().delimiter("/").pages();
    while let Some(page) = pages.next().await.transpose()? {
        let (folders, keys) = (&page.common_prefixes, page.keys.len());
        println!("folders {folders:?}, and {keys} other keys");
        assert_eq!(page.common_prefixes, ["logs/"]);
    }

    // Later, possibly in another process: the list continues after the stored marker.
    let mut pages = bucket.list_objects().limit(20).pages();
    let first = pages.next().await.transpose()?;
    assert_eq!(first.map(|page| page.keys.len()), Some(20));
    let marker = pages
        .next_call()
        .and_then(|call| call.input().marker.clone())
        .context("there are more than 20 keys")?;
    println!("the next page starts after {marker}");

    let rest = bucket.list_objects().marker(marker);
    let mut rest = rest.items();
    let mut left = Vec::new();
    while let Some(key) = rest.next().await.transpose()? {
        left.push(key.key);
    }
    assert_eq!(left.len(), 10);

    // Deletes all objects, 1,000 per request.
    let deleted = bucket.delete_objects(left).await;
    assert!(deleted.is_complete());
    println!("{} keys deleted", deleted.deleted.len());
    Ok(())
}
