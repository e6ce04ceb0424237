//! Calls an SDK that is generated from OpenAPI 3.1.

use notes_sdk::types::{Answer, ListFoldersStatus, Owner, Word};
use notes_sdk::{Body, Bucket, QingStor, Result};

pub(crate) async fn list(qingstor: &QingStor) -> Result<()> {
    let output = qingstor
        .list_folders()
        .limit(2)
        .marker("m")
        .status(ListFoldersStatus::Open)
        .piped(["a", "b"])
        .comma([1, 2])
        .spaced(["c", "d"])
        .many(["e", "f"])
        .since("2015-08-16T09:05:00Z".parse().unwrap())
        .kinds(["g", "h"])
        .await?;
    assert_eq!(output.count, Some(1));
    let folder = &output.folders[0];
    assert_eq!(folder.name, "a");
    assert_eq!(folder.owner.as_ref().unwrap().id.as_deref(), Some("o"));
    assert_eq!(output.next, None);
    Ok(())
}

#[expect(deprecated, reason = "the operation is deprecated in the specification")]
pub(crate) async fn put(bucket: &Bucket) -> Result<()> {
    let reply = Answer::default().word(Word::Yes);
    let call = bucket.put_folder("b").owner(Owner::default().id("o"));
    let output = call.digest(&b"d"[..]).reply(reply).await?;
    assert_eq!(output.status(), 201);
    assert_eq!(output.name, "b");
    Ok(())
}

pub(crate) async fn fill(bucket: &Bucket) -> Result<()> {
    let call = bucket.fill_folder("a title");
    call.file(Body::from("content")).await?;
    Ok(())
}

pub(crate) async fn get(bucket: &Bucket) -> Result<()> {
    let output = bucket.get_note("a note").await?;
    assert_eq!(output.etag.as_deref(), Some("\"tag\""));
    assert_eq!(output.body.bytes().await?, "a note");
    Ok(())
}

pub(crate) async fn keep(bucket: &Bucket) -> Result<()> {
    bucket.put_note("a note", Body::from("kept")).await?;
    Ok(())
}
