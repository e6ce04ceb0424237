//! [`Form`]: the form of a `PostObject` upload, as a browser sends it.

use std::fmt;
use std::hash::{BuildHasher, RandomState};

use bytes::Bytes;

use crate::base::collection::CollectionFormat;
use crate::base::error::{Error, Result};
use crate::base::parameter::Parameter;
use crate::message::body::Body;
use crate::message::metadata::Metadata;
use crate::message::object_key::{self, KeyPlace};

/// A `multipart/form-data` body under construction.
#[derive(Default)]
pub struct Form {
    pub(crate) fields: Vec<(String, String)>,
    file: Option<(&'static str, Body)>,
}

impl Form {
    /// Creates a form without fields.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a field if it has a value.
    pub fn text(&mut self, name: &str, value: &(impl Parameter + ?Sized)) {
        if let Some(value) = value.text() {
            self.fields.push((name.to_owned(), value.into_owned()));
        }
    }

    /// Adds the key of the object that the form creates.
    pub fn object_key(&mut self, name: &str, key: &str) -> Result<()> {
        object_key::check(name, key, KeyPlace::Form)?;
        self.text(name, key);
        Ok(())
    }

    /// Adds the values of a list, unless it is empty.
    pub fn list(
        &mut self,
        name: &str,
        collection: CollectionFormat,
        values: &[impl Parameter],
    ) -> Result<()> {
        for text in collection.texts(name, values)? {
            self.fields.push((name.to_owned(), text.into_owned()));
        }
        Ok(())
    }

    /// Adds a field for each entry, named `prefix` and its key.
    #[inline]
    pub fn map(&mut self, prefix: &str, map: &Metadata) -> Result<()> {
        for (key, value) in map.checked()? {
            self.text(&format!("{prefix}{key}"), value);
        }
        Ok(())
    }

    /// Sets the file, which is sent last because the service ignores fields after it.
    pub fn file(&mut self, name: &'static str, body: Body) {
        self.file = Some((name, body));
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let field = self
            .fields
            .iter()
            .find(|(field, _)| field.eq_ignore_ascii_case(name))?;
        Some(&field.1)
    }

    /// Returns the value of a field if it is not empty.
    fn non_empty(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// Returns the body, and its `Content-Type`.
    pub(crate) fn into_body(self) -> Result<(Body, String)> {
        let boundary = format!("form-{:016x}{:016x}", random(), random());
        let mut head = String::new();
        for (name, value) in &self.fields {
            check_field_name(name)?;
            head.push_str(&format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            ));
        }
        // The service refuses a form whose field `content-type` differs from the type of the file.
        let file_type = self
            .non_empty("content-type")
            .unwrap_or("application/octet-stream");
        if !file_type.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            return Err(Error::invalid_input(
                "form field `content-type`: must be printable ASCII",
            ));
        }
        let file_type = file_type.to_owned();
        let mut body = Body::empty();
        if let Some((name, file)) = self.file {
            let file_name = file
                .file_name()
                .unwrap_or("file")
                .replace(|c: char| matches!(c, '"' | '\\') || c.is_control(), "_");
            head.push_str(&format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{file_name}\"\r\n\
                 Content-Type: {file_type}\r\n\r\n"
            ));
            body = file;
        }
        let tail = format!("\r\n--{boundary}--\r\n");
        let body = body.with_frame(Bytes::from(head), Bytes::from(tail));
        Ok((body, format!("multipart/form-data; boundary={boundary}")))
    }
}

/// Shows the names of the fields, but not the values, which may contain a signature.
impl fmt::Debug for Form {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.fields.iter().map(|(name, _)| name).collect();
        f.debug_struct("Form")
            .field("fields", &names)
            .field("file", &self.file)
            .finish()
    }
}

/// Checks that a field name can be quoted in the header of its part.
pub(crate) fn check_field_name(name: &str) -> Result<()> {
    if !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\')
    {
        return Ok(());
    }
    Err(Error::invalid_input(format!(
        "invalid form field name {name:?}"
    )))
}

/// Returns an unpredictable number, so that no content can contain the boundary on purpose.
fn random() -> u64 {
    RandomState::new().hash_one(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form() -> Form {
        let mut form = Form::new();
        form.text("key", "user/tom/${filename}");
        form.text("redirect", "http://mydomain.com/callback");
        form.file("file", Body::from("content").with_file_name("a\"b.txt"));
        form
    }

    #[tokio::test]
    async fn accepts_an_empty_type_and_a_file_name_with_control_characters() {
        use futures_util::TryStreamExt;

        let mut form = Form::new();
        form.text("content-type", "");
        form.file("file", Body::from("x").with_file_name("a\0b\tc\"d.txt"));
        let (body, _) = form.into_body().unwrap();
        let chunks: Vec<_> = body.into_stream().unwrap().try_collect().await.unwrap();
        let text = String::from_utf8(chunks.concat()).unwrap();
        assert!(text.contains("filename=\"a_b_c_d.txt\""), "{text}");
        assert!(
            text.contains("Content-Type: application/octet-stream\r\n"),
            "{text}"
        );
    }

    #[test]
    fn names_cannot_break_out_of_their_part() {
        let (body, kind) = form().into_body().unwrap();
        assert!(kind.starts_with("multipart/form-data; boundary=form-"));
        assert!(body.len() > 7);
        let mut hostile = Form::new();
        hostile.text("a\"\r\nX: y", "v");
        assert!(hostile.into_body().is_err());
        let mut hostile = Form::new();
        hostile.text("content-type", "a\r\nX: y");
        assert!(hostile.into_body().is_err());
    }
}
