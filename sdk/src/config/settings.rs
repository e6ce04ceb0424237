//! The settings that files, environment variables and serde can contain.

use zeroize::Zeroizing;

use super::url::{parse_port, scheme, split_url};
use super::{Config, check_user_agent};

/// Parses the text of a setting into the configuration. Returns a reason if the text is invalid.
pub(super) type SetFromText = fn(&mut Config, &str) -> Result<(), String>;

/// All settings by their key in a file. The name of an environment variable is `QINGSTOR_` and the
/// key in upper case.
pub(super) const SETTINGS: &[(&str, SetFromText)] = &[
    ("access_key_id", |config, text| {
        config.access_key_id = text.to_owned();
        config.key_pair_source = config.address.source;
        Ok(())
    }),
    ("secret_access_key", |config, text| {
        config.secret_access_key = Zeroizing::new(text.to_owned());
        config.key_pair_source = config.address.source;
        Ok(())
    }),
    ("protocol", |config, text| {
        scheme(text)?;
        config.address.set_protocol(text.to_owned());
        Ok(())
    }),
    ("host", |config, text| {
        config.address.set_host(text.to_owned());
        Ok(())
    }),
    ("port", |config, text| {
        config.address.set_port(parse_port(text)?);
        Ok(())
    }),
    ("endpoint", |config, text| {
        split_url(text)?;
        config.address.set_endpoint(text.to_owned());
        Ok(())
    }),
    ("enable_virtual_host_style", |config, text| {
        let enabled = match text.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => true,
            "false" | "0" | "no" | "off" => false,
            _ => return Err(format!("`{text}` is not true or false")),
        };
        config.address.set_virtual_host_style(enabled);
        Ok(())
    }),
    ("additional_user_agent", |config, text| {
        check_user_agent(text)?;
        config.set_additional_user_agent(text.to_owned());
        Ok(())
    }),
];

/// The two settings of a key pair.
pub(super) const CREDENTIALS: [&str; 2] = ["access_key_id", "secret_access_key"];
