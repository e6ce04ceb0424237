//! Deserializes a [`Config`] as a part of a program's own configuration.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use zeroize::Zeroizing;

use super::Config;
use super::address_settings::SettingSource;
use super::settings::{CREDENTIALS, SetFromText, find_setting, parse_boolean};
use crate::config::credentials::{Credentials, incomplete_credentials};

/// Reads a map with the keys of the configuration file, such as `access_key_id`. An unknown key is
/// an error. A missing, null or empty setting has its default. Errors do not contain credentials.
///
/// If both credentials are missing, and the program does not set others, that is an error of
/// [`QingStor::new`](crate::QingStor::new). With `skip_signature: true`, requests are anonymous, and the
/// credentials of the map are ignored.
///
/// ```
/// use qingstor_sdk::Config;
///
/// let config: Config = serde_json::from_str(
///     r#"{"access_key_id": "ID", "secret_access_key": "SECRET", "port": 9000}"#,
/// )?;
/// # let _ = config; Ok::<(), serde_json::Error>(())
/// ```
impl<'de> Deserialize<'de> for Config {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Not `deserialize_map`, because the error of a format would quote the text that it finds
        // instead.
        deserializer.deserialize_any(ConfigVisitor)
    }
}

/// The key that makes requests anonymous. It has the name that the crates for `object_store` use.
const SKIP_SIGNATURE: &str = "skip_signature";

fn set_skip_signature(config: &mut Config, text: &str) -> Result<(), String> {
    config.credentials = parse_boolean(text)?.then(Credentials::anonymous);
    Ok(())
}

struct ConfigVisitor;

impl<'de> Visitor<'de> for ConfigVisitor {
    type Value = Config;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of QingStor settings")
    }

    fn visit_str<E: de::Error>(self, _: &str) -> Result<Config, E> {
        Err(E::invalid_type(de::Unexpected::Other("string"), &self))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Config, A::Error> {
        let wrong = <A::Error as de::Error>::custom;
        let mut config = Config::new("", "");
        config.address.source = SettingSource::File;
        let mut set: Vec<&str> = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            let (name, apply) = match &*key {
                SKIP_SIGNATURE => (SKIP_SIGNATURE, set_skip_signature as SetFromText),
                _ => {
                    *find_setting(&key).map_err(|why| wrong(format!("{why}, {SKIP_SIGNATURE}")))?
                }
            };
            if set.contains(&name) {
                return Err(wrong(format!("`{name}` is set twice")));
            }
            let Value(value) = map.next_value_seed(ValueSeed { name })?;
            let Some(value) = value else { continue };
            set.push(name);
            if value.is_empty() {
                continue;
            }
            apply(&mut config, &value).map_err(|why| wrong(format!("`{name}`: {why}")))?;
        }
        config.address.source = SettingSource::Method;
        if config.credentials.is_some() {
            return Ok(config);
        }
        let [id, secret] = CREDENTIALS;
        let half = |set, missing| {
            let error = incomplete_credentials(&format!("`{set}`"), &format!("`{missing}`"));
            Err(wrong(error.message().to_owned()))
        };
        match (
            config.access_key_id.is_empty(),
            config.secret_access_key.is_empty(),
        ) {
            (true, true) => Ok(config),
            (false, true) => half(id, secret),
            (true, false) => half(secret, id),
            (false, false) => {
                let checked = config.resolve_credentials();
                checked.map_err(|error| wrong(error.message().to_owned()))?;
                Ok(config)
            }
        }
    }
}

/// The text of a setting; `None` for null.
struct Value(Option<Zeroizing<String>>);

/// Reads one value. Its errors name the setting and never quote the value, as serde's own would.
struct ValueSeed {
    name: &'static str,
}

impl ValueSeed {
    fn is_credential(&self) -> bool {
        CREDENTIALS.contains(&self.name)
    }

    /// Handles a value that is not a string. A credential must be a string: `0123` would become
    /// another key.
    fn other<E: de::Error>(&self, value: &dyn fmt::Display) -> Result<Value, E> {
        match self.is_credential() {
            true => Err(self.refused()),
            false => Ok(text(&value.to_string())),
        }
    }

    fn refused<E: de::Error>(&self) -> E {
        let kind = match self.is_credential() {
            true => "a string",
            false => "a string, a number or a boolean",
        };
        E::custom(format!("`{}` must be {kind}", self.name))
    }
}

fn text(value: &str) -> Value {
    Value(Some(Zeroizing::new(value.to_owned())))
}

impl<'de> de::DeserializeSeed<'de> for ValueSeed {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ValueSeed {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the value of a setting")
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Value, E> {
        Ok(text(value))
    }

    fn visit_string<E: de::Error>(self, value: String) -> Result<Value, E> {
        Ok(Value(Some(Zeroizing::new(value))))
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Value, E> {
        self.other(&value)
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Value, E> {
        self.other(&value)
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Value, E> {
        self.other(&value)
    }

    fn visit_i128<E: de::Error>(self, value: i128) -> Result<Value, E> {
        self.other(&value)
    }

    fn visit_u128<E: de::Error>(self, value: u128) -> Result<Value, E> {
        self.other(&value)
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Value, E> {
        Err(self.refused())
    }

    fn visit_bytes<E: de::Error>(self, _: &[u8]) -> Result<Value, E> {
        Err(self.refused())
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, _: A) -> Result<Value, A::Error> {
        Err(self.refused())
    }

    fn visit_map<A: MapAccess<'de>>(self, _: A) -> Result<Value, A::Error> {
        Err(self.refused())
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value(None))
    }

    fn visit_none<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value(None))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::base::error::ErrorKind;

    fn read(value: serde_json::Value) -> Result<Config, serde_json::Error> {
        serde_json::from_value(value)
    }

    #[test]
    fn reads_the_keys_of_the_file() {
        let config = read(json!({
            "access_key_id": "ID", "secret_access_key": "SECRET", "protocol": "http", "port": 9000,
            "host": "store.example.com", "enable_virtual_host_style": true, "endpoint": null,
            "additional_user_agent": "",
        }))
        .unwrap();
        assert_eq!(
            (&*config.access_key_id, &**config.secret_access_key),
            ("ID", "SECRET")
        );
        let endpoint = config
            .resolve_endpoint()
            .unwrap()
            .bucket("my-bucket", "pek3a");
        let origin = endpoint.unwrap().origin();
        assert_eq!(origin, "http://my-bucket.pek3a.store.example.com:9000");
    }

    #[test]
    fn anonymous_requests_are_explicit() {
        for without_keys in [
            json!({"port": "80"}),
            json!({"access_key_id": "", "secret_access_key": ""}),
            json!({"skip_signature": false}),
            json!({"skip_signature": null}),
        ] {
            let config = read(without_keys).unwrap();
            let error = config.credentials_source().err().unwrap();
            assert_eq!(error.kind(), ErrorKind::Credentials);
            let names = error.message().contains("Config::anonymous()");
            assert!(names, "{error}");
            let given = Credentials::new("ID", "SECRET").unwrap();
            config.credentials(given).credentials_source().unwrap();
        }
        for anonymous in [
            json!({"skip_signature": true}),
            json!({"skip_signature": "1", "access_key_id": "ID", "secret_access_key": "SECRET"}),
            json!({"access_key_id": "ID", "skip_signature": true}),
        ] {
            let anonymous = read(anonymous).unwrap();
            assert!(anonymous.resolve_credentials().unwrap().is_anonymous());
        }
    }

    #[test]
    fn names_what_is_wrong_and_quotes_no_credential() {
        for (value, says) in [
            (
                json!({"acess_key_id": "hush"}),
                "unknown setting `acess_key_id`, expected one of access_key_id, ",
            ),
            (
                json!({"access_key_id": "hush"}),
                "`access_key_id` is set, but `secret_access_key` is not",
            ),
            (
                json!({"secret_access_key": 4711, "access_key_id": "a"}),
                "`secret_access_key` must be a string",
            ),
            (
                json!({"secret_access_key": true}),
                "`secret_access_key` must be a string",
            ),
            (
                json!({"secret_access_key": 47.11}),
                "`secret_access_key` must be a string",
            ),
            (
                json!({"secret_access_key": ["hush"]}),
                "`secret_access_key` must be a string",
            ),
            (
                json!({"access_key_id": {"hush": 1}}),
                "`access_key_id` must be a string",
            ),
            (
                json!({"access_key_id": "", "secret_access_key": "hush"}),
                "`secret_access_key` is set, but `access_key_id` is not",
            ),
            (
                json!({"port": "hush"}),
                "`port`: `hush` is not a valid port",
            ),
            (
                json!({"port": 70000}),
                "`port`: `70000` is not a valid port",
            ),
            (json!({"endpoint": "ftp://x"}), "`endpoint`: scheme `ftp`"),
            (json!({"proxy": "foo"}), "`proxy`: it must be a URL"),
            (
                json!({"skip_signature": "maybe"}),
                "`skip_signature`: `maybe` is not true or false",
            ),
            (
                json!("hush"),
                "invalid type: string, expected a map of QingStor settings",
            ),
        ] {
            let error = read(value).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
            let secret = ["must be a string", ", but ", "invalid type"]
                .iter()
                .any(|part| says.contains(part));
            assert!(
                !(secret && (error.contains("hush") || error.contains("47"))),
                "{error}"
            );
        }
        let twice = r#"{"host": "a", "host": "b"}"#;
        let error = serde_json::from_str::<Config>(twice)
            .unwrap_err()
            .to_string();
        assert!(error.contains("`host` is set twice"), "{error}");
    }

    #[test]
    fn is_a_part_of_other_structs() {
        #[derive(serde::Deserialize)]
        struct Nested {
            store: Config,
        }
        #[derive(serde::Deserialize)]
        struct Flat {
            name: String,
            #[serde(flatten)]
            store: Config,
        }
        let nested = r#"{"store": {"port": 9000}}"#;
        let nested: Nested = serde_json::from_str(nested).unwrap();
        let origin = |config: &Config| {
            let service = config.resolve_endpoint().unwrap().service().unwrap();
            service.origin()
        };
        assert_eq!(origin(&nested.store), "https://qingstor.com:9000");
        let flat: Flat = serde_json::from_str(r#"{"name": "n", "port": 9000}"#).unwrap();
        assert_eq!(
            (&*flat.name, &*origin(&flat.store)),
            ("n", "https://qingstor.com:9000")
        );
        let local: Config = read(json!({"endpoint": "http://127.0.0.1:9000"})).unwrap();
        assert_eq!(
            origin(&local.host("stor.example.com")),
            "https://stor.example.com"
        );
        let error = serde_json::from_str::<Nested>(r#"{"store": "hush"}"#);
        let error = error.err().unwrap().to_string();
        assert!(!error.contains("hush"), "{error}");
    }

    #[test]
    fn debug_shows_no_secret() {
        let config = read(json!({"access_key_id": "KEYID", "secret_access_key": "hush"})).unwrap();
        assert!(!format!("{config:?}").contains("hush"));
    }
}
