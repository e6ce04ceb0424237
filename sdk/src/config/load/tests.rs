use std::time::Duration;

use super::*;
use crate::base::error::ErrorKind;
use crate::config::credentials::Credentials;
use crate::config::retry::RetryPolicy;
use crate::config::transport::ProxySetting;

fn with(variables: &[(&str, &str)], home: Option<PathBuf>) -> Result<Config> {
    let variables: HashMap<_, _> = variables.iter().copied().collect();
    load(&|name| variables.get(name).map(OsString::from), home)
}

/// Returns scheme, host and port of the service.
fn service(config: &Config) -> String {
    let endpoint = config.resolve_endpoint().unwrap();
    endpoint.service().unwrap().origin()
}

const KEYS: [(&str, &str); 2] = [
    ("QINGSTOR_ACCESS_KEY_ID", "ENV_ID"),
    ("QINGSTOR_SECRET_ACCESS_KEY", "ENV_SECRET"),
];

#[test]
fn loads_from_the_environment_alone() {
    let config = with(&[&KEYS[..], &[("QINGSTOR_PORT", "8080")]].concat(), None).unwrap();
    assert_eq!(
        (&*config.access_key_id, &*service(&config)),
        ("ENV_ID", "https://qingstor.com:8080")
    );
    let missing = with(&[], None).unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::Credentials);
    assert!(missing.to_string().contains("QINGSTOR_ACCESS_KEY_ID"));
}

/// A secret that continuous integration does not define becomes an empty variable.
#[test]
fn empty_credentials_are_missing() {
    let empty = KEYS.map(|(name, _)| (name, ""));
    for variables in [&empty[..], &empty[..1], &empty[1..]] {
        let missing = with(variables, None).unwrap_err();
        assert_eq!(missing.kind(), ErrorKind::Credentials, "{variables:?}");
    }
    for (set, empty) in [(KEYS[0], empty[1]), (KEYS[1], empty[0])] {
        let half = with(&[set, empty], None).unwrap_err();
        assert_eq!(half.kind(), ErrorKind::Config);
        let says = format!("{} (environment) is set, but {} is not", set.0, empty.0);
        assert!(half.to_string().contains(&says), "{half}");
    }
}

#[cfg(feature = "config-file")]
#[test]
fn empty_credentials_in_a_file_are_missing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.yaml");
    let empty = "access_key_id: ''\nsecret_access_key: \"\"\n";
    std::fs::write(&path, empty).unwrap();
    let named = ("QINGSTOR_CONFIG_PATH", path.to_str().unwrap());
    let provided = file::credentials(&path, empty).unwrap_err();
    let loaded = with(&[named], None).unwrap_err();
    for missing in [provided, loaded, from_file(&path).unwrap_err()] {
        assert_eq!(missing.kind(), ErrorKind::Credentials, "{missing}");
    }
    with(&[KEYS[0], KEYS[1], named], None).unwrap();

    // Empty variables do not hide the key pair of the file.
    let keys = "access_key_id: FILE_ID\nsecret_access_key: 'FILE_SECRET'\n";
    std::fs::write(&path, keys).unwrap();
    let empty = KEYS.map(|(name, _)| (name, ""));
    let config = with(&[empty[0], empty[1], named], None).unwrap();
    assert_eq!(config.access_key_id, "FILE_ID");
}

#[test]
fn anonymous_settings_need_no_credentials() {
    for half in [None, Some(KEYS[0]), Some(KEYS[1])] {
        let variables: HashMap<_, _> = [("QINGSTOR_PORT", "8080")]
            .into_iter()
            .chain(half)
            .collect();
        let variable = |name: &str| variables.get(name).map(OsString::from);
        let config = load_anonymous(&variable, None).unwrap();
        assert_eq!(service(&config), "https://qingstor.com:8080");
        assert!(config.resolve_credentials().unwrap().is_anonymous());
    }
}

#[test]
fn an_empty_variable_counts_as_unset() {
    for name in [
        "QINGSTOR_PROTOCOL",
        "QINGSTOR_HOST",
        "QINGSTOR_PORT",
        "QINGSTOR_ENDPOINT",
        "QINGSTOR_ENABLE_VIRTUAL_HOST_STYLE",
        "QINGSTOR_ADDITIONAL_USER_AGENT",
    ] {
        let config = with(&[&KEYS[..], &[(name, "")]].concat(), None).unwrap();
        let origin = config.resolve_endpoint().unwrap().service().unwrap();
        assert_eq!(origin.origin(), "https://qingstor.com", "{name}");
    }
}

#[test]
fn methods_override_variables_that_are_applied_later() {
    let variables = [
        KEYS[0],
        KEYS[1],
        ("QINGSTOR_ENDPOINT", "http://127.0.0.1:9000"),
        ("QINGSTOR_ADDITIONAL_USER_AGENT", "environment/1.0"),
        ("QINGSTOR_PORT", ""),
        ("HOME", "/root"),
    ];
    let carrier = Config::anonymous().connect_timeout(std::time::Duration::from_secs(3));
    let config = carrier.environment(variables).unwrap();
    assert_eq!(config.connect_timeout.as_secs(), 3);
    assert_eq!(
        (&*config.access_key_id, &*service(&config)),
        ("ENV_ID", "http://127.0.0.1:9000")
    );
    assert!(config.user_agent().ends_with(" environment/1.0"));

    let program = Config::new("ID", "SECRET").host("stor.example.com");
    let program = program.additional_user_agent("program/1.0");
    let config = program.environment(variables).unwrap();
    assert_eq!(
        (&*config.access_key_id, &**config.secret_access_key),
        ("ID", "SECRET")
    );
    assert_eq!(service(&config), "https://stor.example.com");
    assert!(config.user_agent().ends_with(" program/1.0"));
    // Half a key pair is an error only if it would be used.
    assert_eq!(
        config
            .environment([KEYS[0]])
            .unwrap()
            .secret_access_key
            .as_str(),
        "SECRET"
    );
    let error = Config::anonymous().environment([KEYS[0]]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);

    let config = Config::anonymous().credentials(Credentials::new("ID", "SECRET").unwrap());
    let config = config.environment(variables).unwrap();
    let credentials = config.resolve_credentials().unwrap();
    assert_eq!(credentials.access_key_id(), Some("ID"));
}

#[test]
fn half_a_key_pair_is_refused() {
    for (set, missing) in [(KEYS[0], KEYS[1].0), (KEYS[1], KEYS[0].0)] {
        let error = with(&[set], None).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        let says = format!("{} (environment) is set, but {missing} is not", set.0);
        assert!(error.to_string().contains(&says), "{error}");
    }
}

#[test]
fn errors_name_the_invalid_variable() {
    for (name, value, says) in [
        (
            "QINGSTOR_ENDPOINT",
            "htp://x",
            "scheme `htp` is not http or https",
        ),
        ("QINGSTOR_PORT", "http", "`http` is not a valid port"),
        ("QINGSTOR_PROTOCOL", "ftp", "not http or https"),
        (
            "QINGSTOR_ENABLE_VIRTUAL_HOST_STYLE",
            "maybe",
            "not true or false",
        ),
    ] {
        let error = with(&[&KEYS[..], &[(name, value)]].concat(), None)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains(&format!("config: {name} (environment): ")),
            "{error}"
        );
        assert!(error.contains(says), "{error}");
    }
}

/// Returns the settings of connections and retries as `Debug` shows them.
fn connections(config: &Config) -> String {
    format!(
        "{:?} {:?} {:?} {:?}",
        config.connect_timeout, config.idle_timeout, config.retry, config.transport
    )
}

#[test]
fn settings_of_connections_can_be_texts() {
    let texts = [
        ("CONNECT_TIMEOUT", "2s"),
        ("IDLE_TIMEOUT", "1m 30s"),
        ("ATTEMPT_TIMEOUT", "3s"),
        ("MAX_ATTEMPTS", "7"),
        ("PROXY", "http://user:password@proxy.example.com:3128"),
        ("POOL_IDLE_TIMEOUT", "500ms"),
        ("POOL_MAX_IDLE_PER_HOST", "3"),
    ];
    let policy = RetryPolicy::default().attempt_timeout(Duration::from_secs(3));
    let methods = Config::anonymous()
        .connect_timeout(Duration::from_secs(2))
        .idle_timeout(Duration::from_secs(90))
        .retry(policy.max_attempts(7))
        .proxy("http://user:password@proxy.example.com:3128")
        .pool_idle_timeout(Duration::from_millis(500))
        .pool_max_idle_per_host(3);
    let variables = texts.map(|(key, text)| (format!("QINGSTOR_{key}"), text));
    let config = Config::anonymous().environment(variables.clone()).unwrap();
    assert_eq!(connections(&config), connections(&methods));
    let keys = texts.map(|(key, text)| (key.to_ascii_lowercase(), text));
    let settings = Config::anonymous().settings(keys).unwrap();
    // Both override the environment, in any order.
    let others = texts.map(|(key, _)| {
        let other = match key {
            "MAX_ATTEMPTS" | "POOL_MAX_IDLE_PER_HOST" => "9",
            "PROXY" => "http://other.example.com",
            _ => "9s",
        };
        (format!("QINGSTOR_{key}"), other)
    });
    for config in [methods.clone(), settings] {
        let config = config.environment(others.clone()).unwrap();
        assert_eq!(connections(&config), connections(&methods));
    }
    let direct = Config::anonymous().no_proxy().environment(variables);
    assert!(matches!(
        direct.unwrap().transport.proxy,
        ProxySetting::None
    ));
}

#[test]
fn invalid_texts_of_connections_are_errors() {
    for (key, text, says) in [
        ("connect_timeout", "5", "`5` is not a duration"),
        ("connect_timeout", "0s", "must not be zero"),
        ("idle_timeout", "0s", "must not be zero"),
        ("attempt_timeout", "0ms", "must not be zero"),
        ("max_attempts", "+5", "`+5` is not a valid number"),
        ("proxy", "foo", "it must be a URL such as"),
        (
            "max_attempts",
            "5000000000",
            "`5000000000` is not a valid number",
        ),
        (
            "pool_max_idle_per_host",
            "many",
            "`many` is not a valid number",
        ),
    ] {
        let error = Config::anonymous().settings([(key, text)]).unwrap_err();
        let says = format!("{key}: {says}");
        assert!(error.message().starts_with(&says), "{error}");
    }
}

#[cfg(feature = "config-file")]
#[test]
fn the_environment_overrides_the_file() {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join(".qingstor")).unwrap();
    let file = "access_key_id: FILE_ID\nsecret_access_key: 'FILE_SECRET'\nhost: stor.example.com\n\
                port: 443\nprotocol: https\nconnection_retries: 3\nlog_level: warn\n\
                enable_virtual_host_style: true\n";
    std::fs::write(home.path().join(".qingstor/config.yaml"), file).unwrap();
    let home = Some(home.path().to_owned());
    let config = with(&[], home.clone()).unwrap();
    assert_eq!(
        (&*config.access_key_id, &*service(&config)),
        ("FILE_ID", "https://stor.example.com")
    );
    let endpoint = config.resolve_endpoint().unwrap();
    assert_eq!(
        endpoint.bucket("my-bucket", "pek3a").unwrap().origin(),
        "https://my-bucket.pek3a.stor.example.com"
    );
    let config = with(&KEYS, home).unwrap();
    assert_eq!(
        (&*config.access_key_id, &*service(&config)),
        ("ENV_ID", "https://stor.example.com")
    );
}

#[cfg(feature = "config-file")]
#[test]
fn mistakes_in_credentials_name_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.yaml");
    for (file, says) in [
        (
            "acces_key_id: A\nsecret_access_key: hush\n",
            ":1: unknown setting `acces_key_id`; did you mean `access_key_id`?",
        ),
        (
            "access_key_id: A\nsecret_access_keyy: hush\n",
            ":2: unknown setting `secret_access_keyy`; did you mean `secret_access_key`?",
        ),
        (
            "host: h\naccessKeyId: A\nsecretAccessKey: hush\n",
            ":2: unknown setting `accessKeyId`; did you mean `access_key_id`?",
        ),
        (
            "secret_access_key: hush\n",
            ": `secret_access_key` is set, but `access_key_id` is not",
        ),
        (
            "access_key_id: A\nsecret_access_key:\n",
            ": `access_key_id` is set, but `secret_access_key` is not",
        ),
        (
            "access_key_id: ''\nsecret_access_key: hush\n",
            ": `secret_access_key` is set, but `access_key_id` is not",
        ),
        (
            "access_key_id: A\nsecret_access_key: ''\n",
            ": `access_key_id` is set, but `secret_access_key` is not",
        ),
        (
            "access_key_id: a:b\nsecret_access_key: hush\n",
            ": the access key ID contains a character that is not allowed",
        ),
    ] {
        std::fs::write(&path, file).unwrap();
        let named = ("QINGSTOR_CONFIG_PATH", path.to_str().unwrap());
        let start = format!("config: {}{says}", path.display());
        for error in [with(&[named], None), from_file(&path)].map(Result::unwrap_err) {
            assert_eq!(error.kind(), ErrorKind::Config, "{error}");
            assert!(error.message().starts_with(&start), "{error}");
            assert!(!error.to_string().contains("hush"), "{error}");
        }
        let text = file::read(&path).unwrap();
        let provided = file::credentials(&path, &text).unwrap_err();
        assert!(provided.message().contains(says), "{provided}");
        // The file is not the source of the credentials.
        with(&[&KEYS[..], &[named]].concat(), None).unwrap();
    }
}

#[test]
fn mistakes_in_credentials_name_the_variables() {
    let error = with(&[KEYS[0], (KEYS[1].0, " hush")], None).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    let start = "config: QINGSTOR_ACCESS_KEY_ID and QINGSTOR_SECRET_ACCESS_KEY (environment): ";
    assert!(error.message().starts_with(start), "{error}");
}

#[cfg(feature = "config-file")]
#[test]
fn a_host_of_a_higher_source_overrides_the_endpoint() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("qingstor.yaml");
    let file = "access_key_id: FILE_ID\nsecret_access_key: 'FILE_SECRET'\nport: 443\n\
                endpoint: http://127.0.0.1:9000\n";
    std::fs::write(&path, file).unwrap();
    let path = ("QINGSTOR_CONFIG_PATH", path.to_str().unwrap());
    let load_with = |variable| with(&[path, variable], None).unwrap();

    let config = load_with(("QINGSTOR_HOST", ""));
    assert_eq!(service(&config), "http://127.0.0.1:9000");
    let config = load_with(("QINGSTOR_HOST", "stor.example.com"));
    assert_eq!(service(&config), "https://stor.example.com");
    let config = load_with(("QINGSTOR_HOST", "")).host("stor.example.com");
    assert_eq!(service(&config), "https://stor.example.com");
    let config = load_with(("QINGSTOR_ENDPOINT", "http://127.0.0.1:9001"));
    assert_eq!(service(&config), "http://127.0.0.1:9001");
    let config = load_with(("QINGSTOR_PORT", "80"));
    let error = config.resolve_endpoint().unwrap_err().to_string();
    assert!(error.starts_with("port (environment) does not"), "{error}");

    let config = Config::from_file(path.1).unwrap().host("stor.example.com");
    assert_eq!(service(&config), "https://stor.example.com");
}

#[cfg(feature = "config-file")]
#[test]
fn errors_name_the_file_and_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("qingstor.yaml");
    let path_text = path.to_str().unwrap();
    let load_with = |text: &str| {
        std::fs::write(&path, text).unwrap();
        with(&[("QINGSTOR_CONFIG_PATH", path_text)], None)
            .unwrap_err()
            .to_string()
    };
    for (text, says) in [
        (
            "access_key_id: a\nport: http\n",
            ":2: `port`: `http` is not a valid port",
        ),
        (
            "access_key_id: [a]\n",
            ":1: `access_key_id` must be a plain value",
        ),
        (
            "secret_access_key: 0123\n",
            ":1: `secret_access_key` must be in quotes",
        ),
        ("- a\n", ": it must be a map of settings"),
        ("a: 'b\n", ":1:4: "),
    ] {
        let error = load_with(text);
        assert!(error.contains(&format!("{path_text}{says}")), "{error}");
    }
    std::fs::remove_file(&path).unwrap();
    assert!(
        with(&[("QINGSTOR_CONFIG_PATH", path_text)], None)
            .unwrap_err()
            .to_string()
            .contains(path_text)
    );
}

#[cfg(feature = "config-file")]
#[test]
fn a_named_file_is_read_without_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("archive.yaml");
    let missing = Config::from_file(&path).unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::Config);
    assert!(missing.to_string().contains("archive.yaml"), "{missing}");
    std::fs::write(&path, "port: 8080\n").unwrap();
    let error = Config::from_file(&path).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credentials);
    std::fs::write(
        &path,
        "access_key_id: FILE_ID\nsecret_access_key: FILE_SECRET\n",
    )
    .unwrap();
    let config = Config::from_file(&path).unwrap();
    assert_eq!(&*config.access_key_id, "FILE_ID");
    std::fs::write(&path, "port: many\n").unwrap();
    let error = Config::from_file(&path).unwrap_err();
    assert!(error.to_string().contains("archive.yaml:1"), "{error}");
}
