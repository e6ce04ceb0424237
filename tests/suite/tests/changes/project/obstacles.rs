//! Calls operations whose names need escaping.

use std::collections::BTreeMap;

use obstacles_sdk::types::{Error, Odd};
use obstacles_sdk::{Bucket, QingStor, Result};

pub(crate) async fn everything(qingstor: &QingStor) -> Result<()> {
    let errors = BTreeMap::from([("x".to_owned(), Error::default())]);
    let call = qingstor
        .everything("me", errors)
        .type_("t")
        .send_param(true);
    call.presign_param(1)
        .build_param("b")
        .timeout_param(2)
        .await?;
    assert_eq!(Odd::from("").as_str(), "");
    assert_eq!(Odd::from("-1").as_str(), "-1");
    Ok(())
}

pub(crate) async fn rest(qingstor: &QingStor, bucket: &Bucket) -> Result<()> {
    qingstor.match_().await?;
    bucket.list_objects().await?;
    bucket.put_acl().await?;
    Ok(())
}
