//! Access decisions by owner, policy and ACL.

use std::net::IpAddr;

use crate::auth::Caller;
use crate::base::api_error::ApiError;
use crate::generated::error_codes::ErrorCode;
use crate::generated::operations::Operation;
use crate::settings::acl::{self, Permission};
use crate::settings::policy::{Action, Effect, PolicyRequest};
use crate::store::BucketRecord;

/// Access that an operation requires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// A permission on the bucket. The ACL and the policy can grant it to anonymous callers.
    Permission(Permission),
    /// A permission on the bucket, and an account: the operation is never anonymous.
    SignedInPermission(Permission),
    /// Ownership of the bucket.
    Owner,
}

/// A caller, and the facts of its request that a policy can check.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Visitor<'a> {
    pub(crate) caller: &'a Caller,
    pub(crate) referer: &'a str,
    pub(crate) source_ip: IpAddr,
}

/// The action and the key that a policy decides on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'a> {
    pub(crate) action: Action,
    /// Key of an object, or prefix of a list.
    pub(crate) key: &'a str,
}

/// Checks whether `visitor` has `access` to `bucket`.
///
/// The policy of the bucket decides on `wanted`. If no statement matches, or if policies do not
/// know the operation, the ACL decides. A policy that denies an action denies it to the owner, too,
/// but no policy can deny the owner the bucket settings.
pub(crate) fn authorize(
    visitor: &Visitor<'_>,
    bucket: &BucketRecord,
    access: Access,
    wanted: Option<Wanted<'_>>,
) -> Result<(), ApiError> {
    let user = visitor.caller.account().map(|account| account.user_id());
    let is_allowed = match wanted.and_then(|wanted| ask_policy(visitor, bucket, wanted)) {
        Some(Effect::Allow) => user.is_some() || may_be_anonymous(access, wanted),
        Some(Effect::Deny) => false,
        None => match access {
            Access::Permission(permission) => {
                acl::allows(&bucket.acl, &bucket.owner, user, permission)
            }
            Access::SignedInPermission(permission) => {
                user.is_some() && acl::allows(&bucket.acl, &bucket.owner, user, permission)
            }
            Access::Owner => user == Some(bucket.owner.as_str()),
        },
    };
    if is_allowed {
        Ok(())
    } else {
        let on = match wanted {
            Some(Wanted { key, .. }) if !key.is_empty() => format!("{key:?} in "),
            _ => String::new(),
        };
        let verb = match access {
            Access::Owner => "administer",
            Access::Permission(Permission::Read) | Access::SignedInPermission(Permission::Read) => {
                "read"
            }
            Access::Permission(_) | Access::SignedInPermission(_) => "change",
        };
        let what = format!("{verb} {on}bucket {:?}", bucket.name);
        Err(denied(visitor.caller, &what))
    }
}

fn ask_policy(visitor: &Visitor<'_>, bucket: &BucketRecord, wanted: Wanted<'_>) -> Option<Effect> {
    bucket.settings.policy.as_ref()?.decide(&PolicyRequest {
        action: wanted.action,
        key: wanted.key,
        user: visitor.caller.account().map(|account| account.user_id()),
        referer: visitor.referer,
        source_ip: visitor.source_ip,
    })
}

/// Returns whether a policy can grant an action to anonymous callers that otherwise requires an
/// account. Only listing objects can be granted.
fn may_be_anonymous(access: Access, wanted: Option<Wanted<'_>>) -> bool {
    let is_list = wanted.is_some_and(|wanted| wanted.action == Action::ListObjects);
    matches!(access, Access::Permission(_)) || is_list
}

/// Returns the policy action of an operation, or `None` if only the owner may use the operation.
pub(crate) const fn action(operation: Operation) -> Option<Action> {
    Some(match operation {
        Operation::ListObjects
        | Operation::ListObjectVersions
        | Operation::ListMultipartUploads => Action::ListObjects,
        Operation::HeadBucket => Action::HeadBucket,
        Operation::GetBucketStatistics => Action::GetBucketStats,
        Operation::GetObject | Operation::ImageProcess => Action::GetObject,
        Operation::HeadObject => Action::HeadObject,
        Operation::PutObject | Operation::PostObject | Operation::AppendObject => {
            Action::CreateObject
        }
        Operation::DeleteObject | Operation::DeleteMultipleObjects => Action::DeleteObject,
        Operation::ListMultipart => Action::ListParts,
        Operation::UploadMultipart => Action::UploadPart,
        Operation::InitiateMultipartUpload => Action::InitiateUpload,
        Operation::CompleteMultipartUpload => Action::CompleteUpload,
        Operation::AbortMultipartUpload => Action::AbortUpload,
        Operation::ListBuckets
        | Operation::ListLocations
        | Operation::PutBucket
        | Operation::DeleteBucket
        | Operation::OptionsObject
        | Operation::PutBucketAcl
        | Operation::GetBucketAcl
        | Operation::PutBucketVersioning
        | Operation::GetBucketVersioning
        | Operation::PutBucketRetention
        | Operation::PutBucketCors
        | Operation::GetBucketCors
        | Operation::DeleteBucketCors
        | Operation::PutBucketPolicy
        | Operation::GetBucketPolicy
        | Operation::DeleteBucketPolicy
        | Operation::PutBucketExternalMirror
        | Operation::GetBucketExternalMirror
        | Operation::DeleteBucketExternalMirror
        | Operation::PutBucketLogging
        | Operation::GetBucketLogging
        | Operation::DeleteBucketLogging
        | Operation::PutBucketCname
        | Operation::GetBucketCname
        | Operation::DeleteBucketCname
        | Operation::PutBucketLifecycle
        | Operation::GetBucketLifecycle
        | Operation::DeleteBucketLifecycle
        | Operation::PutBucketNotification
        | Operation::GetBucketNotification
        | Operation::DeleteBucketNotification
        | Operation::PutBucketReplication
        | Operation::GetBucketReplication
        | Operation::DeleteBucketReplication => return None,
    })
}

/// Returns the error for a caller that may not do `what`.
pub(crate) fn denied(caller: &Caller, what: &str) -> ApiError {
    let who = match caller {
        Caller::Anonymous => "an anonymous caller",
        Caller::User(_) => "this access key",
    };
    ApiError::new(ErrorCode::PermissionDenied, format!("{who} may not {what}"))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::*;
    use crate::auth::account::Account;
    use crate::base::time::Timestamp;
    use crate::settings::Settings;

    /// A bucket of `OWNER` that everybody may read.
    fn bucket(statements: Value) -> BucketRecord {
        let settings = json!({"policy": {"statement": statements}});
        BucketRecord {
            name: "public".to_owned(),
            zone: "pek3a".to_owned(),
            owner: Account::new("OWNER", "S").user_id().to_owned(),
            created: Timestamp::from_unix_seconds(0),
            acl: serde_json::from_str(
                r#"[{"grantee":{"type":"group","name":"QS_ALL_USERS"},"permission":"READ"}]"#,
            )
            .unwrap(),
            settings: serde_json::from_value::<Settings>(settings).unwrap(),
        }
    }

    fn user(id: &str) -> Caller {
        Caller::User(Arc::new(Account::new(id, "S")))
    }

    fn may(caller: &Caller, bucket: &BucketRecord, access: Access, wanted: Option<Action>) -> bool {
        let visitor = Visitor {
            caller,
            referer: "",
            source_ip: [127, 0, 0, 1].into(),
        };
        let wanted = wanted.map(|action| Wanted { action, key: "a" });
        authorize(&visitor, bucket, access, wanted).is_ok()
    }

    #[test]
    fn some_operations_are_never_anonymous() {
        use Permission::{Read, Write};
        let public = bucket(json!([]));
        let (owner, other, anonymous) = (user("OWNER"), user("OTHER"), Caller::Anonymous);
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
            let decided = may(caller, &public, access, Some(Action::GetObject));
            assert_eq!(decided, expected, "{caller:?} {access:?}");
        }
    }

    #[test]
    fn a_policy_has_precedence_over_the_acl() {
        use Action::{
            CreateObject, DeleteObject, GetBucketStats, GetObject, HeadObject, ListObjects,
        };
        let owner_id = Account::new("OWNER", "S").user_id().to_owned();
        let statement = |user: &str, effect: &str, actions: &[&str], resource: &str| {
            json!({"id": "a", "user": user, "action": actions, "effect": effect,
                   "resource": ["public", resource]})
        };
        let bucket = bucket(json!([
            statement("*", "deny", &["get_object"], "public/*"),
            statement(&owner_id, "deny", &["delete_object"], "public/*"),
            statement(
                "*",
                "allow",
                &[
                    "create_object",
                    "delete_object",
                    "list_objects",
                    "get_bucket_stats"
                ],
                "public/*",
            ),
        ]));
        let read = Access::Permission(Permission::Read);
        let write = Access::Permission(Permission::Write);
        let signed_read = Access::SignedInPermission(Permission::Read);
        let signed_write = Access::SignedInPermission(Permission::Write);
        let (owner, other, anonymous) = (user("OWNER"), user("OTHER"), Caller::Anonymous);
        for (caller, access, wanted, expected) in [
            (&anonymous, read, Some(GetObject), false),
            (&anonymous, read, Some(HeadObject), true),
            (&anonymous, write, Some(CreateObject), true),
            (&anonymous, signed_write, Some(DeleteObject), false),
            (&anonymous, signed_read, Some(ListObjects), true),
            (&anonymous, Access::Owner, Some(GetBucketStats), false),
            (&anonymous, Access::Owner, None, false),
            (&other, read, Some(GetObject), false),
            (&other, signed_write, Some(DeleteObject), true),
            (&other, Access::Owner, Some(GetBucketStats), true),
            (&other, Access::Owner, None, false),
            (&owner, read, Some(GetObject), false),
            (&owner, signed_write, Some(DeleteObject), false),
            (&owner, write, Some(CreateObject), true),
            (&owner, Access::Owner, None, true),
        ] {
            let decided = may(caller, &bucket, access, wanted);
            assert_eq!(decided, expected, "{caller:?} {access:?} {wanted:?}");
        }
    }
}
