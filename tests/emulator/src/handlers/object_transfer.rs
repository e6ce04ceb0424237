//! Copying and moving objects.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue};

use super::Call;
use super::object_put::created;
use crate::access::Access;
use crate::acl::Permission;
use crate::answer::Answer;
use crate::api_error::ApiError;
use crate::conditions;
use crate::generated::error_codes::ErrorCode;
use crate::names;
use crate::settings::policy::Action;
use crate::store::{Attributes, ObjectAddress, ObjectRecord, SourceFate, blocking};
use crate::target::{Plus, decode};

/// Where the target gets its metadata from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Directive {
    Copy,
    Replace,
}

/// What kind of transfer a request asks for, and of what.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Transfer {
    source: ObjectAddress,
    fate: SourceFate,
    directive: Directive,
}

impl Transfer {
    /// `None` for a request that brings its content along.
    pub(super) fn from_headers(headers: &HeaderMap) -> Result<Option<Self>, ApiError> {
        let (source, fate) = match (
            headers.get("x-qs-copy-source"),
            headers.get("x-qs-move-source"),
        ) {
            (None, None) => return Ok(None),
            (Some(source), None) => (source, SourceFate::Keep),
            (None, Some(source)) => (source, SourceFate::Remove),
            (Some(_), Some(_)) => {
                return Err(invalid("an object is copied or moved, not both"));
            }
        };
        Ok(Some(Self {
            source: parse_source(source)?,
            fate,
            directive: match fate {
                SourceFate::Keep => directive(headers)?,
                // A moved object stays the same object.
                SourceFate::Remove => Directive::Copy,
            },
        }))
    }

    /// What the headers with the conditions begin with.
    fn condition_prefix(&self) -> &'static str {
        match self.fate {
            SourceFate::Keep => "x-qs-copy-source-",
            SourceFate::Remove => "x-qs-move-source-",
        }
    }

    fn target_attributes(&self, source: &ObjectRecord, requested: Attributes) -> Attributes {
        match (self.fate, self.directive) {
            (SourceFate::Remove, _) => Attributes {
                storage_class: source.storage_class,
                metadata: source.metadata.clone(),
            },
            (SourceFate::Keep, Directive::Copy) => Attributes {
                storage_class: requested.storage_class,
                metadata: source.metadata.clone(),
            },
            (SourceFate::Keep, Directive::Replace) => requested,
        }
    }
}

/// Copies or moves; the caller's access to the target has been checked.
pub(super) async fn transfer(
    call: &mut Call<'_>,
    transfer: Transfer,
    target: ObjectAddress,
    requested: Attributes,
) -> Result<Answer, ApiError> {
    call.body.expect_empty().await?;
    let source_bucket = call.store.bucket(&transfer.source.bucket)?;
    let key = &transfer.source.key;
    let read = Access::Permission(Permission::Read);
    call.authorize_on(&source_bucket, read, Action::GetObject, key)?;
    // The newest page asks for read only; but a move deletes, and that needs more.
    if transfer.fate == SourceFate::Remove {
        let write = Access::SignedInPermission(Permission::Write);
        call.authorize_on(&source_bucket, write, Action::DeleteObject, key)?;
    }
    if source_bucket.zone != call.store.bucket(&target.bucket)?.zone {
        return Err(invalid("source and target are in different zones"));
    }
    let store = Arc::clone(call.store);
    let headers = call.head.headers.clone();
    let object = blocking(move || {
        store.transfer(&transfer.source, target, transfer.fate, |source| {
            conditions::check_source(&headers, transfer.condition_prefix(), source)?;
            Ok::<_, ApiError>(transfer.target_attributes(source, requested))
        })
    })
    .await?;
    created(call, &object)
}

/// Reads `/bucket/key`, percent-encoded.
fn parse_source(value: &HeaderValue) -> Result<ObjectAddress, ApiError> {
    let malformed = || invalid("a source is /bucket/key, percent-encoded");
    let text = std::str::from_utf8(value.as_bytes()).map_err(|_| malformed())?;
    if let Some((_, query)) = text.split_once('?') {
        return Err(if query.starts_with("version_id=") {
            ApiError::not_implemented("PutObject with the version_id of a source")
        } else {
            malformed()
        });
    }
    let decoded = decode(text, Plus::Literal).map_err(|_| malformed())?;
    let decoded = String::from_utf8(decoded).map_err(|_| malformed())?;
    let (bucket, key) = decoded
        .strip_prefix('/')
        .and_then(|path| path.split_once('/'))
        .filter(|(bucket, _)| !bucket.is_empty())
        .ok_or_else(malformed)?;
    Ok(ObjectAddress {
        bucket: bucket.to_owned(),
        key: names::object_key(key.into()).map_err(|_| malformed())?,
    })
}

fn directive(headers: &HeaderMap) -> Result<Directive, ApiError> {
    let Some(value) = headers.get("x-qs-metadata-directive") else {
        return Ok(Directive::Copy);
    };
    let value = value.as_bytes();
    if value.eq_ignore_ascii_case(b"copy") {
        Ok(Directive::Copy)
    } else if value.eq_ignore_ascii_case(b"replace") {
        Ok(Directive::Replace)
    } else {
        Err(invalid("x-qs-metadata-directive is COPY or REPLACE"))
    }
}

fn invalid(message: &'static str) -> ApiError {
    ApiError::new(ErrorCode::InvalidArgument, message)
}

#[cfg(test)]
mod tests {
    use http::HeaderName;

    use super::*;

    fn parse(pairs: &[(&'static str, &'static str)]) -> Result<Option<Transfer>, u16> {
        let headers = pairs
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_bytes(value.as_bytes()).unwrap(),
                )
            })
            .collect();
        Transfer::from_headers(&headers).map_err(|error| error.status().as_u16())
    }

    fn source(text: &'static str) -> Result<(String, String), u16> {
        let transfer = parse(&[("x-qs-copy-source", text)])?.unwrap();
        Ok((transfer.source.bucket, transfer.source.key))
    }

    #[test]
    fn sources() {
        for (text, key) in [
            ("/photos/a", "a"),
            ("/photos/a/b%20c", "a/b c"),
            ("/photos/a%252Fb", "a%2Fb"),
            ("/photos/a+b", "a+b"),
            ("/photos/%E4%B8%AD", "\u{4e2d}"),
            ("/photos/\u{4e2d}", "\u{4e2d}"),
            ("/photos/a%3Fb", "a?b"),
            ("%2Fphotos%2Fa", "a"),
            ("/photos/../etc", "../etc"),
        ] {
            assert_eq!(
                source(text),
                Ok(("photos".to_owned(), key.to_owned())),
                "{text}"
            );
        }
        for bad in [
            "",
            "/",
            "photos/a",
            "/photos",
            "/photos/",
            "//a",
            "/photos//a",
            "/photos/%zz",
            "/photos/%FF",
            "/photos/a?b",
        ] {
            assert_eq!(source(bad), Err(400), "{bad}");
        }
        assert_eq!(source("/photos/a?version_id=1"), Err(501));
    }

    #[test]
    fn directives_ignore_case_and_do_not_touch_moves() {
        let directive = |name, value| {
            parse(&[(name, "/photos/a"), ("x-qs-metadata-directive", value)])
                .map(|transfer| transfer.unwrap().directive)
        };
        assert_eq!(directive("x-qs-copy-source", "copy"), Ok(Directive::Copy));
        assert_eq!(
            directive("x-qs-copy-source", "REPLACE"),
            Ok(Directive::Replace)
        );
        assert_eq!(directive("x-qs-copy-source", "merge"), Err(400));
        assert_eq!(
            directive("x-qs-move-source", "REPLACE"),
            Ok(Directive::Copy)
        );
        assert_eq!(parse(&[]), Ok(None));
        assert_eq!(
            parse(&[("x-qs-copy-source", "/a/b"), ("x-qs-move-source", "/a/b")]),
            Err(400)
        );
    }
}
