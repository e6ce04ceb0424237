//! [`FormPolicy`]: a signed HTML form, with which a browser uploads an object.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use crate::base::error::{Error, ErrorKind, Result};
use crate::client::Bucket;
use crate::config::sign::sign_form;
use crate::message::form::{Form, check_field_name};
use crate::message::metadata::Metadata;

/// The policy of an HTML form, with which a browser can upload an object without credentials.
///
/// The policy contains every field of the form except the file, so the service refuses a form with
/// changed fields. It does not expire: it is valid as long as the access key. Use a separate access
/// key with few permissions, and bucket policies for other restrictions. A file has at most 5 GB. See
/// the [API documents](https://docs.qingcloud.com/qingstor/api/object/post.html).
///
/// ```
/// # fn example(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
/// use qingstor_sdk::FormPolicy;
///
/// let form = FormPolicy::new(&bucket, "photos/${filename}")
///     .content_type("image/jpeg")
///     .redirect("https://example.com/thanks")
///     .sign()?;
/// assert_eq!(form.field("key"), Some("photos/${filename}"));
/// println!("{}", form.to_html());
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a policy does nothing until it is signed"]
pub struct FormPolicy {
    bucket: Bucket,
    key: String,
    fields: Vec<(Cow<'static, str>, String)>,
    metadata: Metadata,
}

/// Fields that the policy sets itself, and the file.
const OWN_FIELDS: [&str; 5] = ["key", "access_key_id", "policy", "signature", "file"];

impl FormPolicy {
    /// Creates a form that uploads the object `key`. `${filename}` in the key is replaced by the
    /// name of the uploaded file, without folders.
    pub fn new(bucket: &Bucket, key: impl Into<String>) -> Self {
        Self {
            bucket: bucket.clone(),
            key: key.into(),
            fields: Vec::new(),
            metadata: Metadata::new(),
        }
    }

    /// Sets the media type of the object. It must be the type that the browser sends for the file,
    /// otherwise the service refuses the form.
    pub fn content_type(self, content_type: impl Into<String>) -> Self {
        self.set("content-type", content_type)
    }

    /// Sets the encoding of the file's name, such as `GBK`. The service converts the name to UTF-8.
    ///
    /// Default: UTF-8.
    pub fn charset(self, charset: impl Into<String>) -> Self {
        self.set("charset", charset)
    }

    /// Sets the URL to which the browser is redirected after the upload. By default, the response
    /// is an empty page with status 201.
    pub fn redirect(self, url: impl Into<String>) -> Self {
        self.set("redirect", url)
    }

    /// Sets the storage class of the object, as a [`StorageClass`](crate::types::StorageClass) or
    /// its name. Default: `STANDARD`.
    pub fn storage_class(self, class: impl fmt::Display) -> Self {
        let class = class.to_string();
        self.set("x-qs-storage-class", class)
    }

    /// Sets the `Cache-Control` of the object: how long browsers and proxies may cache it.
    pub fn cache_control(self, value: impl Into<String>) -> Self {
        self.set("Cache-Control", value)
    }

    /// Sets the `Content-Disposition` of the object: whether a browser displays or saves it, and
    /// the name of the file.
    pub fn content_disposition(self, value: impl Into<String>) -> Self {
        self.set("Content-Disposition", value)
    }

    /// Sets the `Content-Encoding` of the object, such as `gzip`.
    pub fn content_encoding(self, value: impl Into<String>) -> Self {
        self.set("Content-Encoding", value)
    }

    /// Sets the `Expires` header of the object: until when browsers and proxies may cache it, as an
    /// HTTP date.
    pub fn expires(self, value: impl Into<String>) -> Self {
        self.set("Expires", value)
    }

    /// Adds a field that has no setter, or replaces a field. The policy covers it.
    ///
    /// [`sign`](Self::sign) returns an error if the name is not printable ASCII without spaces and
    /// quotes, or is `key`, `file`, `access_key_id`, `policy` or `signature`.
    pub fn field(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.set(name.into(), value)
    }

    /// Sets user-defined metadata of the object. See [`Metadata`].
    pub fn metadata(
        mut self,
        entries: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>,
    ) -> Self {
        self.metadata.extend(entries);
        self
    }

    fn set(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        let name = name.into();
        self.fields
            .retain(|(field, _)| !field.eq_ignore_ascii_case(&name));
        self.fields.push((name, value.into()));
        self
    }

    /// Signs the form. Does not send a request.
    ///
    /// The client signs with the credentials that were fetched last. With a
    /// [provider](crate::Config::credentials_provider), await
    /// [`fetch_credentials_if_due`](crate::Bucket::fetch_credentials_if_due) before each form. The form
    /// is not valid longer than these credentials.
    ///
    /// # Errors
    ///
    /// Returns `InvalidInput` if the key is empty, starts with `/` or has more than 1,023 bytes, or
    /// a field or the metadata is invalid; `Credentials` for anonymous credentials, or if a
    /// provider has not been called yet, or its credentials have expired: see
    /// [`fetch_credentials_if_due`](crate::Bucket::fetch_credentials_if_due).
    #[inline]
    pub fn sign(self) -> Result<FormUpload> {
        let mut form = Form::new();
        form.object_key("key", &self.key)?;
        let dispatcher = self.bucket.dispatcher();
        let credentials = dispatcher.shared.credentials.cached()?;
        if credentials.is_anonymous() {
            let text = "cannot sign a form with anonymous credentials";
            return Err(Error::new(ErrorKind::Credentials, text));
        }
        for (name, value) in &self.fields {
            check_field_name(name)?;
            if OWN_FIELDS.iter().any(|own| name.eq_ignore_ascii_case(own)) {
                let text = format!("form field `{name}`: the policy sets this field itself");
                return Err(Error::invalid_input(text));
            }
            form.text(name, value);
        }
        for (name, value) in self.metadata.checked()? {
            let name = format!("x-qs-meta-{name}");
            if form.get(&name).is_some() {
                let text = format!("form field `{name}`: the metadata has the same name");
                return Err(Error::invalid_input(text));
            }
            form.text(&name, value);
        }
        sign_form(&mut form, &credentials)?;
        let (origin, path) = (dispatcher.address.origin(), &dispatcher.address.path_prefix);
        let path = if path.is_empty() { "/" } else { path };
        Ok(FormUpload {
            action: format!("{origin}{path}"),
            fields: form.fields,
        })
    }
}

/// A signed form, created by [`FormPolicy::sign`]: its URL and its fields.
///
/// `Debug` hides the signature.
#[derive(Clone)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FormUpload {
    action: String,
    fields: Vec<(String, String)>,
}

impl FormUpload {
    /// Returns the URL to which the form is posted as `multipart/form-data`.
    #[must_use]
    pub fn action(&self) -> &str {
        &self.action
    }

    /// Returns the names and values of the fields, in order. The file must follow as the field
    /// `file`: the service ignores fields after it.
    pub fn fields(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.fields.iter().map(|(name, value)| (&**name, &**value))
    }

    /// Returns the value of a field.
    #[must_use]
    #[inline]
    pub fn field(&self, name: &str) -> Option<&str> {
        let mut fields = self.fields();
        fields
            .find(|(field, _)| *field == name)
            .map(|(_, value)| value)
    }

    /// Returns the form as HTML, with an input for the file and a button. All values are escaped.
    #[must_use]
    #[inline]
    pub fn to_html(&self) -> String {
        let mut html = format!(
            "<form action=\"{}\" method=\"post\" enctype=\"multipart/form-data\">\n",
            HtmlAttribute(&self.action)
        );
        for (name, value) in self.fields() {
            // Writing to a string cannot fail.
            let _ = writeln!(
                html,
                "  <input type=\"hidden\" name=\"{}\" value=\"{}\">",
                HtmlAttribute(name),
                HtmlAttribute(value)
            );
        }
        html.push_str("  <input type=\"file\" name=\"file\" required>\n");
        html.push_str("  <button type=\"submit\">Upload</button>\n</form>\n");
        html
    }
}

impl fmt::Debug for FormUpload {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.fields().map(|(name, _)| name).collect();
        f.debug_struct("FormUpload")
            .field("action", &self.action)
            .field("fields", &names)
            .finish()
    }
}

/// Escapes text for a quoted HTML attribute.
struct HtmlAttribute<'a>(&'a str);

impl fmt::Display for HtmlAttribute<'_> {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                // A browser normalizes line breaks, which would make the signature invalid.
                '\r' | '\n' => write!(f, "&#{};", u32::from(character))?,
                _ => f.write_char(character)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD as BASE64;
    use futures_util::TryStreamExt;

    use super::*;
    use crate::{Config, QingStor};

    fn bucket(config: Config) -> Bucket {
        let qingstor = QingStor::new(config).unwrap();
        qingstor.bucket("my-bucket", "pek3a").unwrap()
    }

    #[test]
    fn values_cannot_break_out_of_their_attribute() {
        let bucket = bucket(Config::new("ID", "SECRET"));
        let form = FormPolicy::new(&bucket, "a\"><script>'&\n").sign().unwrap();
        assert_eq!(form.action(), "https://pek3a.qingstor.com/my-bucket");
        let html = form.to_html();
        assert!(
            html.contains("value=\"a&quot;&gt;&lt;script&gt;&#39;&amp;&#10;\""),
            "{html}"
        );
        assert!(!html.contains("<script>"));
        let signature = form.field("signature").unwrap();
        assert!(!format!("{form:?}").contains(signature));
    }

    /// Returns the fields that the policy covers.
    fn covered(form: &FormUpload) -> serde_json::Value {
        let policy = BASE64.decode(form.field("policy").unwrap()).unwrap();
        serde_json::from_slice(&policy).unwrap()
    }

    #[test]
    fn the_form_and_its_policy_contain_every_field() {
        let bucket = bucket(Config::new("ID", "SECRET"));
        let form = FormPolicy::new(&bucket, "k")
            .charset("GBK")
            .content_type("text/plain")
            .field("x-qs-object-lock", "on")
            .field("redirect", "http://example.com/old")
            .redirect("http://example.com/new")
            .metadata([("a", "b")])
            .sign()
            .unwrap();
        let expected = serde_json::json!({
            "key": "k", "charset": "GBK", "content-type": "text/plain", "x-qs-object-lock": "on",
            "redirect": "http://example.com/new", "x-qs-meta-a": "b",
        });
        assert_eq!(covered(&form), expected);
        for (name, value) in expected.as_object().unwrap() {
            assert_eq!(form.field(name), value.as_str(), "{name}");
        }
        assert_eq!(form.fields().len(), 6 + 3);
    }

    /// A browser's form can have every field that a form of the SDK can have.
    #[tokio::test]
    async fn the_setters_cover_the_fields_of_post_object() {
        let bucket = bucket(Config::new("ID", "SECRET"));
        let policy = FormPolicy::new(&bucket, "k")
            .content_type("a/b")
            .charset("c")
            .redirect("d")
            .storage_class("STANDARD_IA")
            .cache_control("f")
            .content_disposition("g")
            .content_encoding("h")
            .expires("i")
            .metadata([("j", "k")]);
        let call = bucket
            .post_object("k", "content")
            .content_type("a/b")
            .charset("c")
            .redirect("d")
            .storage_class(crate::types::StorageClass::StandardIa)
            .cache_control("f")
            .content_disposition("g")
            .content_encoding("h")
            .expires("i")
            .metadata([("j", "k")]);
        let body = call.build().unwrap().into_body().into_stream().unwrap();
        let chunks: Vec<_> = body.try_collect().await.unwrap();
        let sent = String::from_utf8(chunks.concat()).unwrap();
        let fields = |name: &str| format!("name=\"{name}\"\r\n\r\n");
        let form = policy.sign().unwrap();
        let covered = covered(&form);
        let covered = covered.as_object().unwrap();
        assert_eq!(covered.len(), 10);
        for (name, value) in covered {
            let field = format!("{}{}\r\n", fields(name), value.as_str().unwrap());
            assert!(sent.contains(&field), "{name} is not in {sent}");
        }
        assert_eq!(sent.matches("\r\n\r\n").count(), form.fields().len() + 1);
    }

    #[test]
    fn an_invalid_field_is_refused() {
        let bucket = bucket(Config::new("ID", "SECRET"));
        for name in [
            "",
            "a b",
            "a\"",
            "a\r\nb",
            "é",
            "key",
            "File",
            "policy",
            "Signature",
            "ACCESS_KEY_ID",
        ] {
            let form = FormPolicy::new(&bucket, "k").field(name, "v");
            let error = form.sign().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{name:?}");
        }
        let twice = FormPolicy::new(&bucket, "k").field("x-qs-meta-a", "b");
        twice.clone().sign().unwrap();
        assert!(twice.metadata([("a", "c")]).sign().is_err());
    }

    #[test]
    fn a_form_needs_a_key_and_credentials() {
        let anonymous = bucket(Config::anonymous());
        let error = FormPolicy::new(&anonymous, "k").sign().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Credentials);
        let bucket = bucket(Config::new("ID", "SECRET"));
        for key in ["", "/k", &"k".repeat(1024)] {
            assert!(FormPolicy::new(&bucket, key).sign().is_err());
        }
        let form = FormPolicy::new(&bucket, "k").metadata([("a b", "c")]);
        assert!(form.sign().is_err());
    }
}
