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
pub(crate) enum RequiredAccess {
    /// A permission on the bucket. The ACL and the policy can grant it to anonymous callers.
    Permission(Permission),
    /// A permission on the bucket, and an account: the operation is never anonymous.
    SignedInPermission(Permission),
    /// Ownership of the bucket.
    Owner,
}

/// A caller, and the facts of its request that a policy can check.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Requester<'a> {
    pub(crate) caller: &'a Caller,
    pub(crate) referer: &'a str,
    pub(crate) source_ip: IpAddr,
}

/// The action and the key that a policy decides on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestedAction<'a> {
    pub(crate) action: Action,
    /// Key of an object, or prefix of a list.
    pub(crate) key: &'a str,
}

/// Checks whether `requester` has `access` to `bucket`.
///
/// The policy of the bucket decides on `requested`. If no statement matches, or if policies do not
/// know the operation, the ACL decides. A policy that denies an action denies it to the owner, too,
/// but no policy can deny the owner the bucket settings.
pub(crate) fn authorize(
    requester: &Requester<'_>,
    bucket: &BucketRecord,
    access: RequiredAccess,
    requested: Option<RequestedAction<'_>>,
) -> Result<(), ApiError> {
    let user = requester.caller.account().map(|account| account.user_id());
    let is_allowed = match requested.and_then(|requested| ask_policy(requester, bucket, requested))
    {
        Some(Effect::Allow) => user.is_some() || may_be_anonymous(access, requested),
        Some(Effect::Deny) => false,
        None => match access {
            RequiredAccess::Permission(permission) => {
                acl::allows(&bucket.acl, &bucket.owner, user, permission)
            }
            RequiredAccess::SignedInPermission(permission) => {
                user.is_some() && acl::allows(&bucket.acl, &bucket.owner, user, permission)
            }
            RequiredAccess::Owner => user == Some(bucket.owner.as_str()),
        },
    };
    if is_allowed {
        Ok(())
    } else {
        let on = match requested {
            Some(RequestedAction { key, .. }) if !key.is_empty() => format!("{key:?} in "),
            _ => String::new(),
        };
        let verb = match access {
            RequiredAccess::Owner => "administer",
            RequiredAccess::Permission(Permission::Read)
            | RequiredAccess::SignedInPermission(Permission::Read) => "read",
            RequiredAccess::Permission(_) | RequiredAccess::SignedInPermission(_) => "change",
        };
        let what = format!("{verb} {on}bucket {:?}", bucket.name);
        Err(denied(requester.caller, &what))
    }
}

fn ask_policy(
    requester: &Requester<'_>,
    bucket: &BucketRecord,
    requested: RequestedAction<'_>,
) -> Option<Effect> {
    bucket.settings.policy.as_ref()?.decide(&PolicyRequest {
        action: requested.action,
        key: requested.key,
        user: requester.caller.account().map(|account| account.user_id()),
        referer: requester.referer,
        source_ip: requester.source_ip,
    })
}

/// Returns whether a policy can grant an action to anonymous callers that otherwise requires an
/// account. Only listing objects can be granted.
fn may_be_anonymous(access: RequiredAccess, requested: Option<RequestedAction<'_>>) -> bool {
    let is_list = requested.is_some_and(|requested| requested.action == Action::ListObjects);
    matches!(access, RequiredAccess::Permission(_)) || is_list
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

    fn may(
        caller: &Caller,
        bucket: &BucketRecord,
        access: RequiredAccess,
        requested: Option<Action>,
    ) -> bool {
        let requester = Requester {
            caller,
            referer: "",
            source_ip: [127, 0, 0, 1].into(),
        };
        let requested = requested.map(|action| RequestedAction { action, key: "a" });
        authorize(&requester, bucket, access, requested).is_ok()
    }

    #[test]
    fn some_operations_are_never_anonymous() {
        use Permission::{Read, Write};
        let public = bucket(json!([]));
        let (owner, other, anonymous) = (user("OWNER"), user("OTHER"), Caller::Anonymous);
        for (caller, access, expected) in [
            (&anonymous, RequiredAccess::Permission(Read), true),
            (&anonymous, RequiredAccess::Permission(Write), false),
            (&anonymous, RequiredAccess::SignedInPermission(Read), false),
            (&anonymous, RequiredAccess::Owner, false),
            (&other, RequiredAccess::SignedInPermission(Read), true),
            (&other, RequiredAccess::SignedInPermission(Write), false),
            (&other, RequiredAccess::Owner, false),
            (&owner, RequiredAccess::SignedInPermission(Write), true),
            (&owner, RequiredAccess::Owner, true),
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
        let read = RequiredAccess::Permission(Permission::Read);
        let write = RequiredAccess::Permission(Permission::Write);
        let signed_read = RequiredAccess::SignedInPermission(Permission::Read);
        let signed_write = RequiredAccess::SignedInPermission(Permission::Write);
        let (owner, other, anonymous) = (user("OWNER"), user("OTHER"), Caller::Anonymous);
        for (caller, access, requested, expected) in [
            (&anonymous, read, Some(GetObject), false),
            (&anonymous, read, Some(HeadObject), true),
            (&anonymous, write, Some(CreateObject), true),
            (&anonymous, signed_write, Some(DeleteObject), false),
            (&anonymous, signed_read, Some(ListObjects), true),
            (
                &anonymous,
                RequiredAccess::Owner,
                Some(GetBucketStats),
                false,
            ),
            (&anonymous, RequiredAccess::Owner, None, false),
            (&other, read, Some(GetObject), false),
            (&other, signed_write, Some(DeleteObject), true),
            (&other, RequiredAccess::Owner, Some(GetBucketStats), true),
            (&other, RequiredAccess::Owner, None, false),
            (&owner, read, Some(GetObject), false),
            (&owner, signed_write, Some(DeleteObject), false),
            (&owner, write, Some(CreateObject), true),
            (&owner, RequiredAccess::Owner, None, true),
        ] {
            let decided = may(caller, &bucket, access, requested);
            assert_eq!(decided, expected, "{caller:?} {access:?} {requested:?}");
        }
    }
}
