//! Access control lists of buckets.

use serde::{Deserialize, Serialize};

use crate::base::api_error::ApiError;
use crate::generated::error_codes::ErrorCode;
use crate::settings::{check_count, json};

/// Group that contains all callers, including anonymous ones.
const ALL_USERS: &str = "QS_ALL_USERS";

/// An entry of an access control list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Grant {
    #[serde(deserialize_with = "json::object")]
    pub(crate) grantee: Grantee,
    pub(crate) permission: Permission,
}

impl Grant {
    /// Returns the grant with the name of its user, which clients expect.
    pub(crate) fn with_name(&self) -> Self {
        let mut grant = self.clone();
        if let Grantee::User { id, name } = &mut grant.grantee {
            // Accounts of the emulator do not have names.
            if name.as_ref().is_none_or(String::is_empty) {
                *name = Some(id.clone());
            }
        }
        grant
    }
}

/// Receiver of a permission.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(crate) enum Grantee {
    User {
        id: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
    Group {
        name: String,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Permission {
    Read,
    Write,
    FullControl,
}

impl Permission {
    fn includes(self, wanted: Self) -> bool {
        self == wanted || self == Self::FullControl
    }
}

/// Returns the list of a new bucket, which grants full control to the owner only.
pub(crate) fn owner_only(owner: &str) -> Vec<Grant> {
    vec![Grant {
        grantee: Grantee::User {
            id: owner.to_owned(),
            name: None,
        },
        permission: Permission::FullControl,
    }]
}

/// Returns whether `user` has the permission `wanted` on a bucket of `owner`. `None` is an
/// anonymous caller. The owner has all permissions.
pub(crate) fn allows(acl: &[Grant], owner: &str, user: Option<&str>, wanted: Permission) -> bool {
    user == Some(owner)
        || acl.iter().any(|grant| {
            let is_for_caller = match &grant.grantee {
                Grantee::User { id, .. } => user == Some(id.as_str()),
                Grantee::Group { name } => name == ALL_USERS,
            };
            is_for_caller && grant.permission.includes(wanted)
        })
}

/// Checks rules that the types do not express.
pub(crate) fn check(acl: &[Grant]) -> Result<(), ApiError> {
    check_count("grants", acl.len())?;
    let refuse = |message: String| Err(ApiError::new(ErrorCode::InvalidRequest, message));
    for grant in acl {
        match &grant.grantee {
            Grantee::User { id, .. } if id.is_empty() => {
                return refuse("a grantee of type user needs an id".to_owned());
            }
            Grantee::Group { name } if name != ALL_USERS => {
                return refuse(format!("unknown group {name:?}; expected {ALL_USERS}"));
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> Result<Vec<Grant>, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn grants_permissions_to_users_and_groups() {
        use Permission::{FullControl, Read, Write};
        let none = r#"[]"#;
        let everyone_reads =
            r#"[{"grantee":{"type":"group","name":"QS_ALL_USERS"},"permission":"READ"}]"#;
        let bob_writes = r#"[{"grantee":{"type":"user","id":"bob"},"permission":"WRITE"}]"#;
        let bob_all = r#"[{"grantee":{"type":"user","id":"bob"},"permission":"FULL_CONTROL"}]"#;
        for (acl, user, wanted, expected) in [
            (none, Some("owner"), FullControl, true),
            (none, Some("bob"), Read, false),
            (none, None, Read, false),
            (everyone_reads, None, Read, true),
            (everyone_reads, Some("bob"), Read, true),
            (everyone_reads, None, Write, false),
            (everyone_reads, None, FullControl, false),
            (bob_writes, Some("bob"), Write, true),
            (bob_writes, Some("bob"), Read, false),
            (bob_writes, Some("eve"), Write, false),
            (bob_writes, None, Write, false),
            (bob_all, Some("bob"), Read, true),
            (bob_all, Some("bob"), Write, true),
        ] {
            let decided = allows(&parse(acl).unwrap(), "owner", user, wanted);
            assert_eq!(decided, expected, "{user:?} wants {wanted:?} by {acl}");
        }
    }

    #[test]
    fn a_new_bucket_is_private() {
        let acl = owner_only("owner");
        assert!(!allows(&acl, "owner", Some("bob"), Permission::Read));
        assert_eq!(
            serde_json::to_string(&acl).unwrap(),
            r#"[{"grantee":{"type":"user","id":"owner"},"permission":"FULL_CONTROL"}]"#
        );
    }

    #[test]
    fn bad_grants_are_refused() {
        for bad in [
            r#"[{"grantee":{"type":"robot","id":"a"},"permission":"READ"}]"#,
            r#"[{"grantee":{"type":"user"},"permission":"READ"}]"#,
            r#"[{"grantee":{"type":"user","id":"a"},"permission":"read"}]"#,
            r#"[{"permission":"READ"}]"#,
            r#"[{"grantee":["user","a"],"permission":"READ"}]"#,
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        for bad in [
            r#"[{"grantee":{"type":"user","id":""},"permission":"READ"}]"#,
            r#"[{"grantee":{"type":"group","name":"staff"},"permission":"READ"}]"#,
        ] {
            assert!(check(&parse(bad).unwrap()).is_err(), "{bad}");
        }
        assert!(check(&[]).is_ok());
    }
}
