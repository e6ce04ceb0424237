//! Copying and moving objects.

use http::{HeaderMap, HeaderValue};

use super::{Call, parse_version};
use crate::auth::authorization::RequiredAccess;
use crate::background::notifications::EventObject;
use crate::base::api_error::ApiError;
use crate::base::encryption::{self, CustomerKey, KeyOf};
use crate::base::resource_names;
use crate::generated::error_codes::ErrorCode;
use crate::request::conditions;
use crate::request::request_target::{PlusSign, decode};
use crate::settings::acl::Permission;
use crate::settings::notification::Event;
use crate::settings::policy::Action;
use crate::store::{
    Attributes, BucketRecord, NewObject, ObjectAddress, ObjectRecord, TransferKind, VersionId,
};

/// Largest source that one request can copy. Larger objects are copied in parts.
const MAX_COPY_LENGTH: u64 = 5 << 30;
/// Prefix of the headers with the conditions of a copy.
pub(super) const COPY_CONDITIONS: &str = "x-qs-copy-source-";

/// Whether the target keeps or replaces the metadata of the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MetadataDirective {
    Copy,
    Replace,
}

/// Source of a copy or a move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CopySource {
    pub(super) address: ObjectAddress,
    pub(super) version: Option<VersionId>,
}

/// A copy or a move.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Transfer {
    source: CopySource,
    kind: TransferKind,
    directive: MetadataDirective,
}

impl Transfer {
    /// Returns `None` if the request has its own content.
    pub(super) fn from_headers(headers: &HeaderMap) -> Result<Option<Self>, ApiError> {
        let (source, kind) = match (
            headers.get("x-qs-copy-source"),
            headers.get("x-qs-move-source"),
        ) {
            (None, None) => return Ok(None),
            (Some(source), None) => (source, TransferKind::Copy),
            (None, Some(source)) => (source, TransferKind::Move),
            (Some(_), Some(_)) => {
                return Err(invalid("the request cannot both copy and move an object"));
            }
        };
        let source = CopySource::parse(source)?;
        if kind == TransferKind::Move && source.version.is_some() {
            return Err(invalid("a version cannot be moved, only copied"));
        }
        Ok(Some(Self {
            source,
            kind,
            directive: match kind {
                TransferKind::Copy => directive(headers)?,
                // A moved object keeps its metadata.
                TransferKind::Move => MetadataDirective::Copy,
            },
        }))
    }

    /// Returns the prefix of the headers with the conditions.
    fn condition_prefix(&self) -> &'static str {
        match self.kind {
            TransferKind::Copy => COPY_CONDITIONS,
            TransferKind::Move => "x-qs-move-source-",
        }
    }

    fn target_attributes(&self, source: &ObjectRecord, requested: Attributes) -> Attributes {
        match (self.kind, self.directive) {
            (TransferKind::Move, _) => Attributes {
                storage_class: source.storage_class,
                metadata: source.metadata.clone(),
            },
            (TransferKind::Copy, MetadataDirective::Copy) => Attributes {
                storage_class: requested.storage_class,
                metadata: source.metadata.clone(),
            },
            (TransferKind::Copy, MetadataDirective::Replace) => requested,
        }
    }
}

/// Copies or moves an object. The caller has checked the access to the target.
pub(super) async fn transfer(
    call: &mut Call<'_>,
    target_bucket: &BucketRecord,
    transfer: Transfer,
    target: ObjectAddress,
    requested: Attributes,
    key: Option<CustomerKey>,
) -> Result<ObjectRecord, ApiError> {
    call.body.expect_empty().await?;
    let source_bucket = transfer.source.bucket(call, target_bucket)?;
    // The latest API document requires only read access, but a move also deletes the source.
    if transfer.kind == TransferKind::Move {
        let write = RequiredAccess::SignedInPermission(Permission::Write);
        let key = &transfer.source.address.key;
        call.authorize_on(&source_bucket, write, Action::DeleteObject, key)?;
    } else {
        let object = transfer.source.object(call)?;
        check_size(&object)?;
        let source_key = CustomerKey::from_headers(&call.head.headers, KeyOf::Source)?;
        encryption::check_key(
            object.encryption.as_ref(),
            source_key.as_ref(),
            KeyOf::Source,
        )?;
        if object.encryption != key.as_ref().map(CustomerKey::encryption) {
            let keys = (source_key, key);
            return copy_content(call, target_bucket, transfer, target, requested, keys).await;
        }
    }
    let headers = call.head.headers.clone();
    let expected_key = key.as_ref().map(CustomerKey::encryption);
    let CopySource { address, version } = transfer.source.clone();
    let removed_key =
        (transfer.kind == TransferKind::Move && address != target).then(|| address.key.clone());
    let object = call
        .store
        .transfer((address, version), target, transfer.kind, move |source| {
            conditions::check_source(&headers, transfer.condition_prefix(), source)?;
            if transfer.kind == TransferKind::Copy {
                check_size(source)?;
                if source.encryption != expected_key {
                    return Err(changed());
                }
            }
            Ok::<_, ApiError>(transfer.target_attributes(source, requested))
        })
        .await?;
    if let Some(key) = &removed_key {
        let object = EventObject {
            key,
            ..EventObject::of(&object)
        };
        call.notify(&source_bucket, Event::DeleteObject, object);
    }
    Ok(object)
}

/// Copies an object whose target has another encryption key or none, so that its content must be
/// written again.
async fn copy_content(
    call: &Call<'_>,
    target_bucket: &BucketRecord,
    transfer: Transfer,
    target: ObjectAddress,
    requested: Attributes,
    (source_key, key): (Option<CustomerKey>, Option<CustomerKey>),
) -> Result<ObjectRecord, ApiError> {
    let CopySource { address, version } = &transfer.source;
    let source = call.store.open_object(address, *version)?;
    let record = &source.record;
    conditions::check_source(&call.head.headers, transfer.condition_prefix(), record)?;
    encryption::check_key(
        record.encryption.as_ref(),
        source_key.as_ref(),
        KeyOf::Source,
    )?;
    let attributes = transfer.target_attributes(record, requested);
    let content = call
        .store
        .copy_content(source.read_all(source_key).await?, key.as_ref())
        .await?;
    let new = NewObject {
        content,
        attributes,
        encryption: key.as_ref().map(CustomerKey::encryption),
    };
    call.check_is_same(target_bucket)?;
    Ok(call.store.put_object(target, new).await?)
}

impl CopySource {
    /// Reads `/bucket/key`, percent-encoded, with or without `?version_id=`.
    pub(super) fn parse(value: &HeaderValue) -> Result<Self, ApiError> {
        let malformed = || invalid("the source must be /bucket/key, percent-encoded");
        let text = std::str::from_utf8(value.as_bytes()).map_err(|_| malformed())?;
        let (path, version) = match text.split_once('?') {
            None => (text, None),
            Some((path, query)) => {
                let version = query.strip_prefix("version_id=").ok_or_else(malformed)?;
                (path, Some(parse_version(version)?))
            }
        };
        let decoded = decode(path, PlusSign::Literal).map_err(|_| malformed())?;
        let decoded = String::from_utf8(decoded).map_err(|_| malformed())?;
        let (bucket, key) = decoded
            .strip_prefix('/')
            .and_then(|path| path.split_once('/'))
            .filter(|(bucket, _)| !bucket.is_empty())
            .ok_or_else(malformed)?;
        Ok(Self {
            address: ObjectAddress {
                bucket: bucket.to_owned(),
                key: resource_names::object_key(key.into()).map_err(|_| malformed())?,
            },
            version,
        })
    }

    /// Returns the bucket of the source, which must be readable by the caller and in the zone of
    /// the target.
    pub(super) fn bucket(
        &self,
        call: &Call<'_>,
        target: &BucketRecord,
    ) -> Result<BucketRecord, ApiError> {
        let bucket = call.store.bucket(&self.address.bucket)?;
        let read = RequiredAccess::Permission(Permission::Read);
        call.authorize_on(&bucket, read, Action::GetObject, &self.address.key)?;
        if bucket.zone != target.zone {
            return Err(invalid(
                "the source and the target must be in the same zone",
            ));
        }
        Ok(bucket)
    }

    fn object(&self, call: &Call<'_>) -> Result<ObjectRecord, ApiError> {
        Ok(call.store.object(&self.address, self.version)?)
    }
}

fn check_size(source: &ObjectRecord) -> Result<(), ApiError> {
    if source.size > MAX_COPY_LENGTH {
        return Err(ApiError::new(
            ErrorCode::EntityTooLarge,
            "the source has more than 5 GiB and must be copied in parts",
        ));
    }
    Ok(())
}

/// Returns the error for a source that was overwritten during the copy.
fn changed() -> ApiError {
    ApiError::new(
        ErrorCode::ServiceUnavailable,
        "the source changed during the copy; try again",
    )
}

fn directive(headers: &HeaderMap) -> Result<MetadataDirective, ApiError> {
    let Some(value) = headers.get("x-qs-metadata-directive") else {
        return Ok(MetadataDirective::Copy);
    };
    let value = value.as_bytes();
    if value.eq_ignore_ascii_case(b"copy") {
        Ok(MetadataDirective::Copy)
    } else if value.eq_ignore_ascii_case(b"replace") {
        Ok(MetadataDirective::Replace)
    } else {
        Err(invalid("x-qs-metadata-directive must be COPY or REPLACE"))
    }
}

pub(super) fn invalid(message: &'static str) -> ApiError {
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
        Ok((transfer.source.address.bucket, transfer.source.address.key))
    }

    #[test]
    fn parses_copy_sources() {
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
        assert_eq!(source("/photos/a?version_id=1"), Err(400));
        let versioned = parse(&[("x-qs-copy-source", "/photos/a?version_id=null")]);
        assert_eq!(
            versioned.unwrap().unwrap().source.version,
            Some(VersionId::Null)
        );
        assert_eq!(
            parse(&[("x-qs-move-source", "/photos/a?version_id=null")]),
            Err(400)
        );
    }

    #[test]
    fn directives_ignore_case_and_do_not_apply_to_moves() {
        let directive = |name, value| {
            parse(&[(name, "/photos/a"), ("x-qs-metadata-directive", value)])
                .map(|transfer| transfer.unwrap().directive)
        };
        assert_eq!(
            directive("x-qs-copy-source", "copy"),
            Ok(MetadataDirective::Copy)
        );
        assert_eq!(
            directive("x-qs-copy-source", "REPLACE"),
            Ok(MetadataDirective::Replace)
        );
        assert_eq!(directive("x-qs-copy-source", "merge"), Err(400));
        assert_eq!(
            directive("x-qs-move-source", "REPLACE"),
            Ok(MetadataDirective::Copy)
        );
        assert_eq!(parse(&[]), Ok(None));
        assert_eq!(
            parse(&[("x-qs-copy-source", "/a/b"), ("x-qs-move-source", "/a/b")]),
            Err(400)
        );
    }
}
