//! Who may do what.

use crate::acl::{self, Permission};
use crate::api_error::ApiError;
use crate::auth::Caller;
use crate::generated::error_codes::ErrorCode;
use crate::store::BucketRecord;

/// What an operation asks of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// A permission on the bucket, which the ACL may give to anonymous callers, too.
    Permission(Permission),
    /// A permission on the bucket and an account: some operations are never anonymous.
    SignedInPermission(Permission),
    /// To own the bucket.
    Owner,
}

/// Decides whether `caller` may do to `bucket` what needs `access`.
pub(crate) fn authorize(
    caller: &Caller,
    bucket: &BucketRecord,
    access: Access,
) -> Result<(), ApiError> {
    let user = caller.account().map(|account| account.user_id());
    let is_allowed = match access {
        Access::Permission(wanted) => acl::allows(&bucket.acl, &bucket.owner, user, wanted),
        Access::SignedInPermission(wanted) => {
            user.is_some() && acl::allows(&bucket.acl, &bucket.owner, user, wanted)
        }
        Access::Owner => user == Some(bucket.owner.as_str()),
    };
    if is_allowed {
        Ok(())
    } else {
        Err(denied(caller))
    }
}

/// The refusal of a caller who may not do this.
pub(crate) fn denied(caller: &Caller) -> ApiError {
    let message = match caller {
        Caller::Anonymous => "an anonymous caller may not do this",
        Caller::User(_) => "this access key may not do this",
    };
    ApiError::new(ErrorCode::PermissionDenied, message)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::account::Account;
    use crate::settings::Settings;
    use crate::time::Timestamp;

    #[test]
    fn some_operations_are_never_anonymous() {
        use Permission::{Read, Write};
        let owner = Account::new("OWNER", "S");
        let public = BucketRecord {
            name: "public".to_owned(),
            zone: "pek3a".to_owned(),
            owner: owner.user_id().to_owned(),
            created: Timestamp::from_unix_seconds(0),
            acl: serde_json::from_str(
                r#"[{"grantee":{"type":"group","name":"QS_ALL_USERS"},"permission":"READ"}]"#,
            )
            .unwrap(),
            settings: Settings::default(),
        };
        let owner = Caller::User(Arc::new(owner));
        let other = Caller::User(Arc::new(Account::new("OTHER", "S")));
        let anonymous = Caller::Anonymous;
        for (caller, access, expected) in [
            (&anonymous, Access::Permission(Read), true),
            (&anonymous, Access::Permission(Write), false),
            (&anonymous, Access::SignedInPermission(Read), false),
            (&anonymous, Access::Owner, false),
            (&other, Access::SignedInPermission(Read), true),
            (&other, Access::SignedInPermission(Write), false),
            (&other, Access::Owner, false),
            (&owner, Access::SignedInPermission(Write), true),
            (&owner, Access::Owner, true),
        ] {
            let decided = authorize(caller, &public, access).is_ok();
            assert_eq!(decided, expected, "{caller:?} {access:?}");
        }
    }
}
