//! The form of a `PostObject` upload, as a browser would send it.

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{BuildHasher, RandomState};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;

use crate::base::error::{Error, Result};
use crate::base::parameter::{Collection, Parameter};
use crate::config::credentials::Credentials;
use crate::config::sign;
use crate::message::body::Body;
use crate::message::metadata::Metadata;
use crate::message::object_key::{self, KeyPlace};

mod policy;

pub use policy::{FormPolicy, FormUpload};

/// The fields that authenticate a form; its policy covers all others.
const AUTH_FIELDS: [&str; 3] = ["access_key_id", "policy", "signature"];

/// A `multipart/form-data` body that takes shape.
#[derive(Default)]
pub struct Form {
    fields: Vec<(String, String)>,
    file: Option<(&'static str, Body)>,
}

impl Form {
    /// No fields yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a field, unless there is nothing to send.
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
        collection: Collection,
        values: &[impl Parameter],
    ) -> Result<()> {
        if let Collection::Multi = collection {
            for value in values {
                self.text(name, value);
            }
            return Ok(());
        }
        self.text(name, &collection.join(name, values)?);
        Ok(())
    }

    /// Adds a field for each entry, its key behind `prefix`.
    pub fn map(&mut self, prefix: &str, map: &Metadata) -> Result<()> {
        for (key, value) in map.checked()? {
            self.text(&format!("{prefix}{key}"), value);
        }
        Ok(())
    }

    /// The file. The service ignores fields that come after it, so it goes last.
    pub fn file(&mut self, name: &'static str, body: Body) {
        self.file = Some((name, body));
    }

    fn get(&self, name: &str) -> Option<&str> {
        let field = self
            .fields
            .iter()
            .find(|(field, _)| field.eq_ignore_ascii_case(name))?;
        Some(&field.1)
    }

    /// The value of a field that says something.
    fn given(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// Adds the policy (all fields, as the document *Post Object* asks) and its signature, unless
    /// the caller gave them or is anonymous.
    fn sign(&mut self, credentials: &Credentials) -> Result<()> {
        if credentials.is_anonymous() || self.get("signature").is_some() {
            return Ok(());
        }
        if let Some(id) = self.get("access_key_id")
            && credentials.access_key_id() != Some(id)
        {
            return Err(Error::invalid_input(
                "form field `access_key_id`: it is not this client's, so the form needs its own \
                 `signature`",
            ));
        }
        let policy = match self.get("policy") {
            Some(policy) => policy.to_owned(),
            None => {
                let covered: BTreeMap<_, _> = self
                    .fields
                    .iter()
                    .filter(|(name, _)| !AUTH_FIELDS.contains(&&**name))
                    .map(|(name, value)| (name, value))
                    .collect();
                let json = serde_json::to_vec(&covered).map_err(|error| {
                    Error::invalid_input("the form's policy can't be written").with_source(error)
                })?;
                let policy = BASE64.encode(json);
                self.text("policy", &policy);
                policy
            }
        };
        if let Some((id, signature)) = sign::form(&policy, credentials) {
            if self.get("access_key_id").is_none() {
                self.text("access_key_id", id);
            }
            self.text("signature", &signature);
        }
        Ok(())
    }

    /// The signed form as a body, and its `Content-Type`.
    pub(crate) fn into_body(mut self, credentials: &Credentials) -> Result<(Body, String)> {
        self.sign(credentials)?;
        let boundary = format!("form-{:016x}{:016x}", random(), random());
        let mut head = String::new();
        for (name, value) in &self.fields {
            check_field_name(name)?;
            head.push_str(&format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            ));
        }
        // The service refuses a form whose `content-type` differs from the file's own.
        let file_type = self
            .given("content-type")
            .unwrap_or("application/octet-stream");
        if !file_type.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            return Err(Error::invalid_input(
                "form field `content-type`: only printable ASCII is a media type",
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
        let body = body.framed(Bytes::from(head), Bytes::from(tail));
        Ok((body, format!("multipart/form-data; boundary={boundary}")))
    }
}

/// Shows the names of the fields: their values may hold a signature.
impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.fields.iter().map(|(name, _)| name).collect();
        f.debug_struct("Form")
            .field("fields", &names)
            .field("file", &self.file)
            .finish()
    }
}

/// Refuses a name that would end the quotes around it in the header of its part.
fn check_field_name(name: &str) -> Result<()> {
    if !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\')
    {
        return Ok(());
    }
    Err(Error::invalid_input(format!(
        "{name:?} is no form field name"
    )))
}

/// A number nobody can foresee, so that no content can hold the boundary on purpose.
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

    #[test]
    fn the_policy_covers_every_field_but_its_own() {
        let credentials = Credentials::new("ID", "SECRET").unwrap();
        let mut form = form();
        form.sign(&credentials).unwrap();
        let policy = form.get("policy").unwrap();
        let json: serde_json::Value =
            serde_json::from_slice(&BASE64.decode(policy).unwrap()).unwrap();
        assert_eq!(
            json,
            serde_json::json!({"key": "user/tom/${filename}", "redirect": "http://mydomain.com/callback"})
        );
        assert_eq!(form.get("access_key_id"), Some("ID"));
        // base64(HMAC-SHA256("SECRET", policy)), computed apart.
        assert_eq!(form.get("signature").map(str::len), Some(44));
        let (_, expected) = sign::form(policy, &credentials).unwrap();
        assert_eq!(form.get("signature"), Some(&*expected));
    }

    #[test]
    fn an_anonymous_form_and_a_signed_one_stay_as_they_are() {
        let mut anonymous = form();
        anonymous.sign(&Credentials::anonymous()).unwrap();
        assert_eq!(anonymous.fields.len(), 2);
        let mut signed = form();
        signed.text("policy", "p");
        signed.text("signature", "s");
        signed
            .sign(&Credentials::new("ID", "SECRET").unwrap())
            .unwrap();
        assert_eq!(signed.fields.len(), 4);
    }

    #[test]
    fn another_key_needs_its_own_signature() {
        let mut foreign = form();
        foreign.text("access_key_id", "ANOTHER");
        let credentials = Credentials::new("ID", "SECRET").unwrap();
        assert!(foreign.sign(&credentials).is_err());
        foreign.text("signature", "s");
        foreign.sign(&credentials).unwrap();
        assert!(!format!("{foreign:?}").contains("ANOTHER"));
    }

    #[tokio::test]
    async fn an_empty_type_and_a_strange_file_name_stay_harmless() {
        use futures_util::TryStreamExt;

        let mut form = Form::new();
        form.text("content-type", "");
        form.file("file", Body::from("x").with_file_name("a\0b\tc\"d.txt"));
        let (body, _) = form.into_body(&Credentials::anonymous()).unwrap();
        let chunks: Vec<_> = body.into_stream().unwrap().try_collect().await.unwrap();
        let text = String::from_utf8(chunks.concat()).unwrap();
        assert!(text.contains("filename=\"a_b_c_d.txt\""), "{text}");
        assert!(
            text.contains("Content-Type: application/octet-stream\r\n"),
            "{text}"
        );
    }

    #[test]
    fn names_can_not_break_out_of_their_part() {
        let (body, kind) = form().into_body(&Credentials::anonymous()).unwrap();
        assert!(kind.starts_with("multipart/form-data; boundary=form-"));
        assert!(body.len() > 7);
        let mut hostile = Form::new();
        hostile.text("a\"\r\nX: y", "v");
        assert!(hostile.into_body(&Credentials::anonymous()).is_err());
        let mut hostile = Form::new();
        hostile.text("content-type", "a\r\nX: y");
        assert!(hostile.into_body(&Credentials::anonymous()).is_err());
    }
}
