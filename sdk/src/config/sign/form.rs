//! The signature of a form.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::base::error::{Error, Result};
use crate::base::sorted_map::SortedMap;
use crate::config::credentials::Credentials;
use crate::message::form::Form;

/// Fields that authenticate a form. The policy covers all other fields.
const AUTH_FIELDS: [&str; 3] = ["access_key_id", "policy", "signature"];

/// Adds the policy, which covers all other fields (API document *Post Object*), and its signature.
///
/// Does not change a form that is already signed, or if the credentials are anonymous.
pub(crate) fn sign_form(form: &mut Form, credentials: &Credentials) -> Result<()> {
    if credentials.is_anonymous() || form.get("signature").is_some() {
        return Ok(());
    }
    if let Some(id) = form.get("access_key_id")
        && credentials.access_key_id() != Some(id)
    {
        return Err(Error::invalid_input(
            "form field `access_key_id`: not the access key of this client, so the form needs its own \
             `signature`",
        ));
    }
    let policy = match form.get("policy") {
        Some(policy) => policy.to_owned(),
        None => {
            let mut covered = SortedMap::new();
            for (name, value) in &form.fields {
                if !AUTH_FIELDS.contains(&&**name) {
                    covered.insert(name.clone(), value.clone());
                }
            }
            let json = serde_json::to_vec(&covered).map_err(|error| {
                Error::invalid_input("cannot write the policy of the form").with_source(error)
            })?;
            let policy = BASE64.encode(json);
            form.text("policy", &policy);
            policy
        }
    };
    if let Some((id, signature)) = super::form(&policy, credentials) {
        if form.get("access_key_id").is_none() {
            form.text("access_key_id", id);
        }
        form.text("signature", &signature);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::body::Body;

    fn form() -> Form {
        let mut form = Form::new();
        form.text("key", "user/tom/${filename}");
        form.text("redirect", "http://mydomain.com/callback");
        form.file("file", Body::from("content").with_file_name("a\"b.txt"));
        form
    }

    #[test]
    fn the_policy_covers_every_other_field() {
        let credentials = Credentials::new("ID", "SECRET").unwrap();
        let mut form = form();
        sign_form(&mut form, &credentials).unwrap();
        let policy = form.get("policy").unwrap();
        let json: serde_json::Value =
            serde_json::from_slice(&BASE64.decode(policy).unwrap()).unwrap();
        assert_eq!(
            json,
            serde_json::json!({"key": "user/tom/${filename}", "redirect": "http://mydomain.com/callback"})
        );
        assert_eq!(form.get("access_key_id"), Some("ID"));
        // base64(HMAC-SHA256("SECRET", policy)).
        assert_eq!(form.get("signature").map(str::len), Some(44));
        let (_, expected) = super::super::form(policy, &credentials).unwrap();
        assert_eq!(form.get("signature"), Some(&*expected));
    }

    #[test]
    fn does_not_change_an_anonymous_or_signed_form() {
        let mut anonymous = form();
        sign_form(&mut anonymous, &Credentials::anonymous()).unwrap();
        assert_eq!(anonymous.fields.len(), 2);
        let mut signed = form();
        signed.text("policy", "p");
        signed.text("signature", "s");
        sign_form(&mut signed, &Credentials::new("ID", "SECRET").unwrap()).unwrap();
        assert_eq!(signed.fields.len(), 4);
    }

    #[test]
    fn a_form_for_another_access_key_needs_its_own_signature() {
        let mut foreign = form();
        foreign.text("access_key_id", "ANOTHER");
        let credentials = Credentials::new("ID", "SECRET").unwrap();
        assert!(sign_form(&mut foreign, &credentials).is_err());
        foreign.text("signature", "s");
        sign_form(&mut foreign, &credentials).unwrap();
        assert!(!format!("{foreign:?}").contains("ANOTHER"));
    }
}
