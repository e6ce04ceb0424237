use super::*;
use crate::base::error::ErrorKind;

fn origin(config: Config) -> Result<String> {
    let endpoint = config.resolve_endpoint()?;
    Ok(endpoint.bucket("my-bucket", "pek3a")?.origin())
}

#[test]
fn only_a_host_is_prefixed_with_the_zone() {
    let config = || Config::anonymous();
    assert_eq!(origin(config()).unwrap(), "https://pek3a.qingstor.com");
    let host = config()
        .protocol("HTTP")
        .host("stor.example.com")
        .port(8080);
    assert_eq!(origin(host).unwrap(), "http://pek3a.stor.example.com:8080");
    assert_eq!(
        origin(config().endpoint("https://stor.example.com/")).unwrap(),
        "https://stor.example.com"
    );
    assert_eq!(
        origin(config().endpoint("http://[::1]:9000")).unwrap(),
        "http://[::1]:9000"
    );
    assert_eq!(
        origin(config().endpoint("http://[::1]")).unwrap(),
        "http://[::1]"
    );
    let virtual_host = config()
        .endpoint("https://stor.example.com")
        .virtual_host_style(true);
    assert_eq!(
        origin(virtual_host).unwrap(),
        "https://my-bucket.stor.example.com"
    );
}

#[test]
fn the_error_explains_an_invalid_endpoint() {
    for (url, says) in [
        ("htp://x", "scheme `htp` is not http or https"),
        ("localhost:9000", "needs a scheme"),
        ("http://host:port", "`port` is not a valid port"),
        ("http://host:99999", "valid port"),
        (
            "http://host:+80",
            "`+80` is not a valid port: must be a number up to 65535",
        ),
        ("http://host:", "`` is not a valid port"),
        ("http://a..b", "`a..b` is not a valid host"),
        ("http://host/path", "only scheme, host and port"),
        ("http://key:secret@host", "only scheme, host and port"),
        ("http://", "no host"),
    ] {
        let error = origin(Config::anonymous().endpoint(url))
            .unwrap_err()
            .to_string();
        assert!(error.contains(says), "{url}: {error}");
    }
}

#[test]
fn debug_never_shows_the_secret() {
    let shown = format!("{:?}", Config::new("KEY_ID", "hush-hush"));
    assert!(!shown.contains("hush") && shown.contains("KEY_"), "{shown}");
    let config = Config::anonymous().endpoint("http://key:hush-hush@host");
    let shown = format!("{config:?} {}", origin(config.clone()).unwrap_err());
    assert!(
        !shown.contains("hush") && shown.contains("@host"),
        "{shown}"
    );
}

#[test]
fn missing_credentials_are_not_anonymous() {
    let error = Config::new("", "").credentials_source().err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Credentials);
    let names = error.message().contains("Config::anonymous()");
    assert!(names, "{error}");
    let keys = [("access_key_id", "ID"), ("secret_access_key", "hush")];
    let variables = keys.map(|(key, text)| (format!("QINGSTOR_{}", key.to_uppercase()), text));
    for config in [
        Config::anonymous(),
        Config::new("", "").settings(keys).unwrap(),
        Config::new("", "").environment(variables).unwrap(),
        Config::new("", "").credentials(Credentials::anonymous()),
    ] {
        config.credentials_source().unwrap();
    }
}

#[test]
fn errors_name_the_invalid_setting() {
    let named = |config: Config| config.check().unwrap_err().to_string();
    let config = Config::anonymous;
    assert!(named(config().idle_timeout(Duration::ZERO)).contains("idle_timeout"));
    assert!(named(config().slow_timeout(Duration::ZERO)).contains("slow_timeout"));
    assert!(named(config().connect_timeout(Duration::ZERO)).contains("connect_timeout"));
    let policy = RetryPolicy::default().attempt_timeout(Duration::ZERO);
    assert!(named(config().retry(policy)).contains("attempt_timeout"));
    assert!(named(config().additional_user_agent("a\r\nb")).contains("additional_user_agent"));
    assert!(config().check().is_ok());
}

#[test]
fn timeouts_do_not_overflow_the_clock() {
    let config = Config::anonymous()
        .connect_timeout(Duration::MAX)
        .idle_timeout(Duration::MAX)
        .slow_timeout(Duration::MAX);
    for timeout in [
        config.connect_timeout,
        config.idle_timeout,
        config.slow_timeout,
    ] {
        assert!(std::time::Instant::now().checked_add(timeout).is_some());
    }
}

#[test]
fn explicit_credentials_override_the_key_pair() {
    let config =
        Config::new("KEY_ID", "SECRET").credentials(Credentials::new("OTHER_ID", "OTHER").unwrap());
    let credentials = config.resolve_credentials().unwrap();
    assert_eq!(credentials.access_key_id(), Some("OTHER_ID"));
}

#[test]
fn an_empty_additional_user_agent_is_ignored() {
    let own = Config::anonymous().user_agent();
    assert_eq!(
        Config::anonymous().additional_user_agent("").user_agent(),
        own
    );
}

#[test]
fn the_guide_lists_every_setting() {
    let guide = include_str!("../guide/configuration.md");
    for (key, _) in super::settings::SETTINGS {
        let row = format!("| `QINGSTOR_{}` | `{key}` | [`", key.to_uppercase());
        assert!(guide.contains(&row), "{row}");
    }
}

#[test]
fn settings_have_the_priority_of_methods() {
    let other = || Credentials::new("OTHER_ID", "OTHER").unwrap();
    let config = Config::anonymous()
        .credentials(other())
        .credentials_provider(other())
        .settings([
            ("access_key_id", "ID"),
            ("secret_access_key", "hush"),
            ("host", "ignored.example.com"),
            ("host", "stor.example.com"),
            ("protocol", ""),
            ("port", "8080"),
        ])
        .unwrap()
        .environment([
            ("QINGSTOR_HOST", "environment.example.com"),
            ("QINGSTOR_ACCESS_KEY_ID", "ENVIRONMENT_ID"),
            ("QINGSTOR_SECRET_ACCESS_KEY", "SECRET"),
        ])
        .unwrap();
    let CredentialSource::Fixed(credentials) = config.credentials_source().unwrap() else {
        panic!("the provider was not replaced");
    };
    assert_eq!(credentials.access_key_id(), Some("ID"));
    assert_eq!(
        origin(config).unwrap(),
        "https://pek3a.stor.example.com:8080"
    );
    // Other settings do not replace credentials.
    let config = Config::anonymous().credentials(other());
    let config = config.settings([("access_key_id", ""), ("port", "80")]);
    let credentials = config.unwrap().resolve_credentials().unwrap();
    assert_eq!(credentials.access_key_id(), Some("OTHER_ID"));
}

#[test]
fn invalid_settings_are_errors_that_name_the_key() {
    for (settings, says) in [
        (
            &[("hots", "hush")][..],
            "unknown setting `hots`, expected one of access_key_id, ",
        ),
        (&[("port", "+80")], "port: `+80` is not a valid port"),
        (
            &[("access_key_id", "ID")],
            "access_key_id is set, but secret_access_key is not",
        ),
        (
            &[("access_key_id", ""), ("secret_access_key", "hush")],
            "secret_access_key is set, but access_key_id is not",
        ),
        (
            &[("access_key_id", "a:b"), ("secret_access_key", "hush")],
            "access_key_id and secret_access_key: the access key ID contains a character",
        ),
    ] {
        // Not combined with the other half of these credentials.
        let config = Config::new("OTHER_ID", "OTHER");
        let error = config.settings(settings.iter().copied()).unwrap_err();
        assert!(error.message().starts_with(says), "{error}");
        assert!(!error.to_string().contains("hush"), "{error}");
    }
}
