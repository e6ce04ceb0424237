//! `mb` and `rb`: creates and deletes buckets.

use anyhow::{Context as _, Result};
use futures_util::TryStreamExt as _;
use qingstor_sdk::ErrorCode;
use qingstor_sdk::types::VersioningStatus;

use super::{rm, uploads};
use crate::action::{Action, Operands, Verb};
use crate::arguments::{MbArguments, RbArguments};
use crate::exit::UsageError;
use crate::listing::{PAGE_SIZE, Selection};
use crate::location::{Remote, parse_each};
use crate::messages;
use crate::output::Output;
use crate::session::{Session, confirm};

/// Creates buckets. Continues with the next one after an error.
pub(super) async fn make(session: &Session, output: &Output, arguments: MbArguments) -> Result<()> {
    let names = parse_each(Verb::CreateBucket, &arguments.buckets, Remote::parse_bucket)?;
    for name in names {
        let address = Remote::new(&name, "").to_string();
        let bucket = session.new_bucket(&name);
        let bucket = bucket.with_context(|| Operands::new(Verb::CreateBucket, &address))?;
        let action = Action::new(Verb::CreateBucket, &address);
        match bucket.put().await {
            Ok(_) => output.action(&action),
            Err(error) => output.failed(&action, &error.into()),
        }
    }
    Ok(())
}

/// Deletes buckets. Continues with the next one after an error.
pub(super) async fn remove(
    session: &Session,
    output: &Output,
    arguments: RbArguments,
) -> Result<()> {
    let names = parse_each(Verb::RemoveBucket, &arguments.buckets, Remote::parse_bucket)?;
    if arguments.force {
        for name in &names {
            let confirmed = confirm(&messages::delete_bucket(name), arguments.yes).await;
            confirmed.with_context(|| Operands::new(Verb::RemoveBucket, Remote::new(name, "")))?;
        }
    }
    for name in names {
        let address = Remote::new(&name, "").to_string();
        let action = Action::new(Verb::RemoveBucket, &address);
        match remove_one(session, output, &name, arguments.force).await {
            Ok(()) => output.action(&action),
            Err(error) if error.is::<UsageError>() => {
                return Err(error.context(Operands::new(Verb::RemoveBucket, &address)));
            }
            Err(error) => output.failed(&action, &error),
        }
    }
    Ok(())
}

async fn remove_one(session: &Session, output: &Output, name: &str, force: bool) -> Result<()> {
    let bucket = session.bucket(name).await?;
    if force {
        let all = Remote::new(name, "");
        // Without versioning, there are only objects.
        if bucket.get_versioning().await?.status != VersioningStatus::Disabled {
            let versions = rm::versions(&bucket, &all, &Selection::Folder);
            rm::delete_versions(output, &bucket, versions, false).await?;
        }
        let objects = bucket.list_objects().limit(PAGE_SIZE).items();
        let objects = objects.map_ok(|object| object.key);
        rm::delete_keys(output, &bucket, objects, false).await?;
        uploads::abort_all(output, &bucket).await?;
    }
    match bucket.delete().await {
        Err(error) if error.code() == Some(&ErrorCode::BucketNotEmpty) && !force => {
            Err(anyhow::Error::new(error).context(messages::bucket_not_empty()))
        }
        deleted => Ok(deleted.map(drop)?),
    }
}
