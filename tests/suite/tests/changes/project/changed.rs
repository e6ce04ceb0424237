//! Calls the additions of the changed specification.

use changed_sdk::types::{BucketStatus, Tag};
use changed_sdk::{Bucket, Result};

pub(crate) async fn list(bucket: &Bucket) -> Result<()> {
    let output = bucket.list_objects().prefix("a").fetch_owner(true).await?;
    assert_eq!(output.keys[0].size, "12 bytes");
    Ok(())
}

pub(crate) async fn stats(bucket: &Bucket) -> Result<()> {
    let output = bucket.get_statistics().await?;
    assert_eq!(output.tiers, ["hot", "cold"]);
    assert_eq!(output.status, Some(BucketStatus::FrozenByOwner));
    Ok(())
}

pub(crate) async fn tag(bucket: &Bucket) -> Result<()> {
    let tags = [Tag::new("a").value("b"), Tag::new("c")];
    let output = bucket.put_object_tagging("k", tags).await?;
    assert_eq!(output.tag_count, Some(2));
    Ok(())
}

pub(crate) async fn erase(bucket: &Bucket) -> Result<()> {
    bucket.erase_object("k").version_id("v").await?;
    Ok(())
}
