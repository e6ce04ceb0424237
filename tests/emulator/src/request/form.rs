//! The fields of a form upload: credentials, policy, and attributes of the object.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use encoding_rs::Encoding;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value};

use crate::base::api_error::ApiError;
use crate::generated::error_codes::ErrorCode;

/// Largest total length of the fields before the file, in bytes.
const MAX_FIELDS_LENGTH: usize = 1 << 20;
/// Largest number of fields before the file. Each new field is compared with all previous ones.
const MAX_FIELDS: usize = 1000;
/// Fields that a policy cannot contain, because they are derived from it.
const OUTSIDE_POLICY: [&str; 3] = ["access_key_id", "policy", "signature"];
/// Placeholder for the file name in a key.
const FILE_NAME: &str = "${filename}";

/// Fields before the file, by lower-case name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Form {
    fields: Vec<(String, String)>,
    length: usize,
}

/// The credentials of a form.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FormCredentials<'a> {
    pub(crate) access_key_id: &'a str,
    /// The policy as sent, which the signature covers.
    pub(crate) policy: &'a str,
    pub(crate) signature: &'a str,
}

impl Form {
    /// Adds a field. A field that is already present keeps its value.
    pub(crate) fn add(&mut self, name: &str, value: &[u8]) -> Result<(), ApiError> {
        self.length += name.len() + value.len();
        if self.length > MAX_FIELDS_LENGTH {
            return Err(invalid(format!(
                "the fields before the file must have at most {MAX_FIELDS_LENGTH} bytes"
            )));
        }
        let value = std::str::from_utf8(value)
            .map_err(|_| invalid(format!("field {name:?} is not UTF-8 text")))?;
        let name = name.to_ascii_lowercase();
        if self.get(&name).is_some() {
            return Ok(());
        }
        if self.fields.len() == MAX_FIELDS {
            return Err(invalid(format!(
                "a form must have at most {MAX_FIELDS} fields before its file"
            )));
        }
        self.fields.push((name, value.to_owned()));
        Ok(())
    }

    pub(crate) fn remaining_length(&self) -> usize {
        MAX_FIELDS_LENGTH.saturating_sub(self.length)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|(field, _)| field == name)
            .map(|(_, value)| value.as_str())
    }

    /// Returns a field that is not empty: a field without a value is the same as an absent one.
    fn value(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// Returns the credentials, or `None` if the form is anonymous.
    pub(crate) fn credentials(&self) -> Result<Option<FormCredentials<'_>>, ApiError> {
        match (
            self.value("access_key_id"),
            self.value("policy"),
            self.value("signature"),
        ) {
            (None, None, None) => Ok(None),
            (Some(access_key_id), Some(policy), Some(signature)) => Ok(Some(FormCredentials {
                access_key_id,
                policy,
                signature,
            })),
            _ => Err(ApiError::new(
                ErrorCode::InvalidRequest,
                "a signed form needs the fields access_key_id, policy and signature before its file",
            )),
        }
    }

    /// Checks that the fields and their values are those of the policy.
    pub(crate) fn check_policy(&self, policy: &str) -> Result<(), ApiError> {
        let policy = STANDARD
            .decode(policy)
            .ok()
            .and_then(|text| serde_json::from_slice::<Map<String, Value>>(&text).ok())
            .ok_or_else(|| {
                ApiError::new(
                    ErrorCode::InvalidRequest,
                    "policy is not a JSON object in Base64",
                )
            })?;
        let allowed = policy
            .iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), value))
            .collect::<Vec<_>>();
        let submitted = self
            .fields
            .iter()
            .filter(|(name, _)| !OUTSIDE_POLICY.contains(&name.as_str()));
        for (name, value) in submitted {
            match allowed.iter().find(|(field, _)| field == name) {
                Some((_, Value::String(allowed))) if allowed == value => {}
                Some(_) => {
                    return Err(violated(format!(
                        "field {name:?} has a different value in the policy"
                    )));
                }
                None => return Err(violated(format!("field {name:?} is not in the policy"))),
            }
        }
        match allowed.iter().find(|(name, _)| self.get(name).is_none()) {
            Some((name, _)) => Err(violated(format!(
                "field {name:?} of the policy was not submitted before the file"
            ))),
            None => Ok(()),
        }
    }

    /// Returns the key of the object. The placeholder is replaced by the file name.
    pub(crate) fn key(&self, file_name: &str) -> Result<String, ApiError> {
        let key = self
            .get("key")
            .ok_or_else(|| invalid("a form upload needs the field key before its file"))?;
        Ok(key.replace(FILE_NAME, file_name))
    }

    /// Returns the fields that are headers in other uploads. `file_type` is the content type of the
    /// file's part.
    pub(crate) fn headers(&self, file_type: Option<&str>) -> Result<HeaderMap, ApiError> {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.fields {
            let is_header = name.starts_with("x-qs-")
                || matches!(
                    name.as_str(),
                    "cache-control"
                        | "content-disposition"
                        | "content-encoding"
                        | "content-type"
                        | "expires"
                );
            // User metadata may be empty.
            let has_value = !value.is_empty() || name.starts_with("x-qs-meta-");
            if is_header && has_value {
                let unfit = |_| invalid(format!("field {name:?} is not a valid header value"));
                let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| unfit(()))?;
                let value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| unfit(()))?;
                headers.insert(name, value);
            }
        }
        match (self.value("content-type"), file_type) {
            (Some(wanted), Some(actual)) if !wanted.eq_ignore_ascii_case(actual) => {
                return Err(invalid(format!(
                    "field content-type is {wanted:?}, but the file has type {actual:?}"
                )));
            }
            (None, Some(actual)) => {
                let value = HeaderValue::from_str(actual)
                    .map_err(|_| invalid("the type of the file is not a valid header value"))?;
                headers.insert(http::header::CONTENT_TYPE, value);
            }
            _ => {}
        }
        Ok(headers)
    }

    /// Returns the URL that a successful upload redirects to.
    pub(crate) fn redirect(&self, request_id: &str) -> Result<Option<HeaderValue>, ApiError> {
        let Some(redirect) = self.value("redirect") else {
            return Ok(None);
        };
        if !(redirect.starts_with("http://") || redirect.starts_with("https://")) {
            return Err(invalid("redirect is not an http or https URL"));
        }
        let separator = if redirect.contains('?') { '&' } else { '?' };
        let target = format!(
            "{redirect}{separator}status=201&code=created&message=Object+created\
             &request_id={request_id}"
        );
        HeaderValue::try_from(target)
            .map(Some)
            .map_err(|_| invalid("redirect is not a valid header value"))
    }

    /// Returns the name of the file without the folders that some browsers include.
    pub(crate) fn file_name(&self, content_disposition: &[u8]) -> Result<String, ApiError> {
        let charset = self.value("charset").unwrap_or("UTF-8");
        let encoding = Encoding::for_label(charset.as_bytes())
            .ok_or_else(|| invalid(format!("unknown charset {charset:?}")))?;
        let raw = raw_file_name(content_disposition).unwrap_or_default();
        let name = encoding
            .decode_without_bom_handling_and_without_replacement(&raw)
            .ok_or_else(|| invalid(format!("the name of the file is not {charset} text")))?;
        Ok(name
            .rsplit(['/', '\\'])
            .next()
            .unwrap_or_default()
            .to_owned())
    }
}

/// Returns the value of `filename` in `form-data; name="file"; filename="..."`. Browsers escape a
/// quote in a name as `%22` or `\"`, and do not escape a backslash.
fn raw_file_name(content_disposition: &[u8]) -> Option<Vec<u8>> {
    const ATTRIBUTE: &[u8] = b"filename=";
    let start = content_disposition
        .windows(ATTRIBUTE.len())
        .position(|window| window.eq_ignore_ascii_case(ATTRIBUTE))?;
    let value = content_disposition.get(start + ATTRIBUTE.len()..)?;
    let Some(quoted) = value.strip_prefix(b"\"") else {
        let token = value.split(|byte| *byte == b';').next()?;
        return Some(token.trim_ascii().to_vec());
    };
    let mut name = Vec::new();
    let mut rest = quoted.iter().copied().peekable();
    while let Some(byte) = rest.next() {
        match byte {
            b'"' => return Some(name),
            b'\\' if rest.peek() == Some(&b'"') => {}
            other => {
                name.push(other);
                continue;
            }
        }
        name.extend(rest.next());
    }
    None
}

fn invalid(message: impl Into<std::borrow::Cow<'static, str>>) -> ApiError {
    ApiError::new(ErrorCode::InvalidArgument, message)
}

fn violated(message: String) -> ApiError {
    ApiError::new(ErrorCode::FormPolicyViolated, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(fields: &[(&str, &str)]) -> Form {
        let mut form = Form::default();
        for (name, value) in fields {
            form.add(name, value.as_bytes()).unwrap();
        }
        form
    }

    fn check(policy: &str, fields: &[(&str, &str)]) -> Result<(), &'static str> {
        form(fields)
            .check_policy(&STANDARD.encode(policy))
            .map_err(|error| error.code())
    }

    #[test]
    fn accepts_the_policies_of_the_api_documents() {
        let policy = "eyJrZXkiOiAidXNlci90b20vJHtmaWxlbmFtZX0iLCAicmVkaXJlY3QiOiAiaHR0cDov\
                      L215ZG9tYWluLmNvbS9jYWxsYmFjayJ9";
        let fields = [
            ("key", "user/tom/${filename}"),
            ("redirect", "http://mydomain.com/callback"),
            ("access_key_id", "ID"),
            ("policy", policy),
            ("signature", "s"),
        ];
        let form = form(&fields);
        assert!(form.check_policy(policy).is_ok());
        assert_eq!(form.key("cat.jpg").unwrap(), "user/tom/cat.jpg");
        assert_eq!(
            form.redirect("0a").unwrap().unwrap(),
            "http://mydomain.com/callback?status=201&code=created&message=Object+created\
             &request_id=0a"
        );
    }

    #[test]
    fn fields_must_match_the_policy() {
        let policy = r#"{"key": "a", "X-QS-Meta-Color": "red"}"#;
        let right = [("key", "a"), ("x-qs-meta-color", "red")];
        assert_eq!(check(policy, &right), Ok(()));
        for wrong in [
            &[("key", "a")][..],
            &[("key", "b"), ("x-qs-meta-color", "red")],
            &[
                ("key", "a"),
                ("x-qs-meta-color", "red"),
                ("expires", "never"),
            ],
        ] {
            assert_eq!(
                check(policy, wrong),
                Err("form_policy_violated"),
                "{wrong:?}"
            );
        }
        assert_eq!(
            check(r#"{"key": 1}"#, &[("key", "1")]),
            Err("form_policy_violated")
        );
        for bad in ["", "[]", "{"] {
            assert_eq!(check(bad, &[]), Err("invalid_request"), "{bad}");
        }
    }

    #[test]
    fn decodes_file_names() {
        let utf8 = form(&[]);
        for (disposition, expected) in [
            (
                &b"form-data; name=\"file\"; filename=\"cat.jpg\""[..],
                "cat.jpg",
            ),
            (b"form-data; filename=\"C:\\pictures\\cat.jpg\"", "cat.jpg"),
            (b"form-data; filename=\"/home/tom/cat.jpg\"", "cat.jpg"),
            (b"form-data; filename=\"a\\\"b\"", "a\"b"),
            (b"form-data; filename=cat.jpg; x=y", "cat.jpg"),
            (b"form-data; FileName=\"\xe4\xb8\xad\"", "\u{4e2d}"),
            (b"form-data; name=\"file\"", ""),
            (b"form-data; filename=\"open", ""),
        ] {
            assert_eq!(utf8.file_name(disposition).unwrap(), expected);
        }
        let gbk = form(&[("charset", "GBK")]);
        assert_eq!(
            gbk.file_name(b"; filename=\"\xd6\xd0\"").unwrap(),
            "\u{4e2d}"
        );
        assert!(utf8.file_name(b"; filename=\"\xd6\xd0\"").is_err());
        assert!(form(&[("charset", "Klingon")]).file_name(b"").is_err());
    }

    #[test]
    fn the_content_type_of_field_and_file_must_match() {
        let typed = form(&[
            ("Content-Type", "image/jpeg"),
            ("x-other", "y"),
            ("other", "z"),
        ]);
        assert_eq!(typed.headers(Some("IMAGE/JPEG")).unwrap().len(), 1);
        assert!(typed.headers(Some("image/png")).is_err());
        let untyped = form(&[]).headers(Some("image/png")).unwrap();
        assert_eq!(untyped["content-type"], "image/png");
    }

    #[test]
    fn empty_fields_are_the_same_as_absent_ones() {
        let fields = [
            ("access_key_id", ""),
            ("policy", ""),
            ("signature", ""),
            ("charset", ""),
            ("redirect", ""),
            ("content-type", ""),
            ("x-qs-storage-class", ""),
            ("x-qs-meta-note", ""),
        ];
        let form = form(&fields);
        assert!(form.credentials().unwrap().is_none());
        assert!(form.redirect("0").unwrap().is_none());
        assert_eq!(form.file_name(b"filename=a").unwrap(), "a");
        let headers = form.headers(Some("image/png")).unwrap();
        assert_eq!(headers["content-type"], "image/png");
        assert_eq!(headers["x-qs-meta-note"], "");
        assert_eq!(headers.len(), 2);
    }

    #[test]
    fn hostile_fields_are_refused() {
        assert!(Form::default().add("a", &[0xff]).is_err());
        assert!(
            Form::default()
                .add("a", &vec![b'a'; MAX_FIELDS_LENGTH])
                .is_err()
        );
        assert!(form(&[("x-qs-meta-a", "b\r\nc: d")]).headers(None).is_err());
        assert!(form(&[("x-qs-meta-\u{4e2d}", "b")]).headers(None).is_err());
        assert!(
            form(&[("redirect", "javascript:alert(1)")])
                .redirect("0")
                .is_err()
        );
        assert!(
            form(&[("redirect", "http://a\r\nb: c")])
                .redirect("0")
                .is_err()
        );
        assert!(form(&[]).key("a").is_err());
    }
}
