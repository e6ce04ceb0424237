//! Attributes of objects.

use qingstor_sdk::Metadata;
use qingstor_sdk::types::StorageClass;

use super::error::not_implemented;
use super::object_store::{Attribute, Attributes, Result};

/// Metadata with which a conditional put recognizes its own object. Not an attribute of the object.
pub(super) const CREATE_TOKEN: &str = "object-store-create";

/// The attributes of an object that the service stores.
#[derive(Debug, Default)]
pub(super) struct ObjectAttributes {
    pub(super) cache_control: Option<String>,
    pub(super) content_disposition: Option<String>,
    pub(super) content_encoding: Option<String>,
    pub(super) content_type: Option<String>,
    pub(super) storage_class: Option<StorageClass>,
    pub(super) metadata: Metadata,
}

/// Assigns attributes to the input of an operation.
macro_rules! set_attributes {
    ($input:ident, $attributes:expr) => {{
        let attributes = $attributes;
        $input.cache_control = attributes.cache_control;
        $input.content_disposition = attributes.content_disposition;
        $input.content_encoding = attributes.content_encoding;
        $input.content_type = attributes.content_type;
        $input.storage_class = attributes.storage_class;
        $input.metadata = attributes.metadata;
    }};
}
pub(super) use set_attributes;

/// Takes the attributes from the output of a GET or HEAD request.
macro_rules! take_attributes {
    ($output:ident) => {
        super::attributes::ObjectAttributes {
            cache_control: $output.cache_control.take(),
            content_disposition: $output.content_disposition.take(),
            content_encoding: $output.content_encoding.take(),
            content_type: $output.content_type.take(),
            storage_class: $output.storage_class.take(),
            metadata: std::mem::take(&mut $output.metadata),
        }
    };
}
pub(super) use take_attributes;

impl ObjectAttributes {
    /// Converts the attributes of a write.
    ///
    /// # Errors
    ///
    /// Returns `NotImplemented` for an attribute that the service does not have.
    pub(super) fn new(attributes: &Attributes) -> Result<Self> {
        let mut converted = Self::default();
        for (attribute, value) in attributes {
            let text = value.to_string();
            match attribute {
                Attribute::CacheControl => converted.cache_control = Some(text),
                Attribute::ContentDisposition => converted.content_disposition = Some(text),
                Attribute::ContentEncoding => converted.content_encoding = Some(text),
                Attribute::ContentType => converted.content_type = Some(text),
                Attribute::StorageClass => converted.storage_class = Some(text.into()),
                Attribute::Metadata(name) => {
                    converted.metadata.insert(name.as_ref(), text);
                }
                other => return Err(not_implemented(format!("attribute {other:?}"))),
            }
        }
        Ok(converted)
    }

    /// Returns whether an append stores all of these attributes.
    pub(super) fn fits_append(&self) -> bool {
        self.cache_control.is_none()
            && self.content_disposition.is_none()
            && self.content_encoding.is_none()
            && self.metadata.iter().all(|(name, _)| name == CREATE_TOKEN)
    }
}

impl From<ObjectAttributes> for Attributes {
    /// Converts the attributes of a response. `STANDARD` is the storage class of every object that
    /// does not have another one, so it is not an attribute.
    fn from(stored: ObjectAttributes) -> Self {
        let storage_class = stored
            .storage_class
            .filter(|class| *class != StorageClass::Standard);
        let known = [
            (Attribute::CacheControl, stored.cache_control),
            (Attribute::ContentDisposition, stored.content_disposition),
            (Attribute::ContentEncoding, stored.content_encoding),
            (Attribute::ContentType, stored.content_type),
            (
                Attribute::StorageClass,
                storage_class.map(|class| class.to_string()),
            ),
        ];
        let known = known
            .into_iter()
            .filter_map(|(attribute, text)| Some((attribute, text?)));
        let metadata = stored
            .metadata
            .into_iter()
            .filter(|(name, _)| name != CREATE_TOKEN)
            .map(|(name, text)| (Attribute::Metadata(name.into()), text));
        known.chain(metadata).collect()
    }
}
