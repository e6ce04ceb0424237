//! Encoding of targets, headers and lists.

use http::uri::Scheme;
use proptest::prelude::*;

use super::*;
use crate::base::error::ErrorKind;
use crate::config::endpoint::Endpoint;

fn parts(virtual_host: bool) -> RequestParts {
    let endpoint = Endpoint::new(Scheme::HTTPS, "qingstor.com", None, true, virtual_host).unwrap();
    RequestParts::new(&endpoint.bucket("my-bucket", "pek3a").unwrap())
}

#[test]
fn bucket_calls_in_both_styles() {
    let target = |virtual_host, marker: Option<&str>| {
        let mut parts = parts(virtual_host);
        if let Some(marker) = marker {
            parts.sub_resource(marker);
        }
        parts.finish().0
    };
    assert_eq!(target(false, None), "/my-bucket");
    assert_eq!(target(false, Some("acl")), "/my-bucket?acl");
    assert_eq!(target(true, None), "/");
    assert_eq!(target(true, Some("acl")), "/?acl");
}

#[test]
fn hard_keys_are_encoded_once() {
    let table = [
        ("a b+c", "/a%20b%2Bc"),
        ("100%2F", "/100%252F"),
        ("a//b/", "/a//b/"),
        ("中文", "/%E4%B8%AD%E6%96%87"),
        (
            "!@#$%^&*()_+{}|",
            "/%21%40%23%24%25%5E%26%2A%28%29_%2B%7B%7D%7C",
        ),
        ("a'?#~.-", "/a%27%3F%23~.-"),
        ("a/%2e%2e/b", "/a/%252e%252e/b"),
    ];
    for (key, expected) in table {
        let mut parts = parts(true);
        parts.literal("/");
        parts.object_key("key", key).unwrap();
        assert_eq!(parts.target(), expected);
    }
}

#[test]
fn values_that_would_change_the_path_are_refused() {
    for key in [
        "",
        ".",
        "..",
        "a/../b",
        "a/./b",
        "../other-bucket/key",
        "a/..",
    ] {
        let error = parts(false).path("key", &key).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{key}");
    }
}

#[test]
fn lists_are_joined_as_the_spec_says() {
    let list = |collection| {
        let mut parts = parts(true);
        parts
            .query_list("n", collection, &["a", "b c"])
            .map(|()| parts.target().to_owned())
    };
    assert_eq!(list(CollectionFormat::Csv).unwrap(), "/?n=a%2Cb%20c");
    assert_eq!(list(CollectionFormat::Tsv).unwrap(), "/?n=a%09b%20c");
    assert_eq!(list(CollectionFormat::Pipes).unwrap(), "/?n=a%7Cb%20c");
    assert_eq!(list(CollectionFormat::Multi).unwrap(), "/?n=a&n=b%20c");
    assert!(
        list(CollectionFormat::Ssv)
            .unwrap_err()
            .to_string()
            .contains("separates")
    );
}

#[test]
fn a_list_in_a_path_is_one_segment() {
    let path = |values: &[&str]| {
        let mut parts = parts(true);
        parts.literal("/");
        let joined = parts.path_list("n", CollectionFormat::Csv, values);
        joined.map(|()| parts.target().to_owned())
    };
    assert_eq!(path(&["a", "b c"]).unwrap(), "/a%2Cb%20c");
    for refused in [&[][..], &["a,b", "c"], &[".."]] {
        assert_eq!(path(refused).unwrap_err().kind(), ErrorKind::InvalidInput);
    }
}

#[test]
fn a_url_is_encoded_only_where_it_must_be() {
    let mut parts = parts(true);
    let name = HeaderName::from_static("x-qs-fetch-source");
    for (given, sent) in [
        (
            "https://a.com/%E4%B8%AD?x=1&y=a+b#f",
            "https://a.com/%E4%B8%AD?x=1&y=a+b#f",
        ),
        ("https://a.com/中 b", "https://a.com/%E4%B8%AD%20b"),
    ] {
        parts.url_header(name.clone(), &given).unwrap();
        assert_eq!(parts.headers[&name], sent);
        assert!(parts.headers[&name].is_sensitive());
        assert!(is_secret(&name));
    }
}

#[test]
fn a_header_can_not_split_the_request() {
    let mut parts = parts(true);
    for value in ["a\r\nb: c", "a\nb", "\0", "中"] {
        assert!(
            parts
                .header(HeaderName::from_static("x-qs-test"), &value)
                .is_err(),
            "{value:?}"
        );
    }
    assert!(parts.headers.is_empty());
}

proptest! {
    #[test]
    fn any_key_survives_the_path(key in "\\PC{1,40}") {
        let mut parts = parts(false);
        parts.literal("/");
        if parts.object_key("key", &key).is_ok() {
            let wire = parts.target().strip_prefix("/my-bucket/").unwrap();
            let back = percent_encoding::percent_decode_str(wire).decode_utf8().unwrap();
            prop_assert_eq!(back, key);
            let target = parts.finish().0;
            let parsed = reqwest::Url::parse(&format!("http://host{target}")).unwrap();
            prop_assert_eq!(parsed.path(), target);
        }
    }

    #[test]
    fn any_query_value_survives_the_url(value in "\\PC{0,40}") {
        let mut parts = parts(false);
        parts.query("prefix", &value);
        let parsed = reqwest::Url::parse(&format!("http://host{}", parts.finish().0)).unwrap();
        let pairs: Vec<_> = parsed.query_pairs().into_owned().collect();
        prop_assert_eq!(pairs, vec![("prefix".to_owned(), value)]);
    }
}
