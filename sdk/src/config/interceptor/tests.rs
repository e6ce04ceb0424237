use super::*;

static COPY: OperationInfo = OperationInfo::new("PutObject", Method::PUT)
    .excludes_body(&["x-qs-copy-source"])
    .repeatable(Repeatable::UnlessHeader("x-qs-move-source"));

fn with_request<T>(
    is_form: bool,
    headers: &mut HeaderMap,
    test: impl FnOnce(&mut InterceptedRequest<'_>) -> T,
) -> T {
    test(&mut InterceptedRequest {
        info: &COPY,
        bucket: Some("b"),
        attempt: 1,
        uri: &Uri::from_static("http://localhost/b/k?acl"),
        headers,
        is_form,
    })
}

#[test]
fn headers_of_the_client_cannot_be_set() {
    let mut headers = HeaderMap::new();
    for name in [
        "Authorization",
        "HOST",
        "date",
        "X-QS-Date",
        "content-length",
        "Transfer-Encoding",
        "connection",
        "keep-alive",
        "te",
        "trailer",
        "upgrade",
        "expect",
        "proxy-authorization",
        "proxy-connection",
        "content-md5",
        "range",
        "if-match",
        "if-none-match",
        "if-modified-since",
        "if-unmodified-since",
        "if-range",
        "accept-encoding",
        "x-qs-encryption-customer-key",
        "x-qs-encryption-customer-key-md5",
        "x-qs-copy-source-encryption-customer-algorithm",
        "x-qs-copy-source",
        "x-qs-move-source",
    ] {
        let error = with_request(false, &mut headers, |request| request.set_header(name, "x"));
        let error = error.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Interceptor, "{error}");
        let header = format!("header `{}` ", name.to_ascii_lowercase());
        assert!(error.message().starts_with(&header), "{error}");
    }
    assert!(headers.is_empty());
}

#[test]
fn the_content_type_of_a_form_cannot_be_set() {
    let mut headers = HeaderMap::new();
    let set = |request: &mut InterceptedRequest<'_>| request.set_header("content-type", "a/b");
    assert!(with_request(true, &mut headers, set).is_err());
    assert!(with_request(false, &mut headers, set).is_ok());
    assert_eq!(headers[header::CONTENT_TYPE], "a/b");
}

#[test]
fn a_value_cannot_split_the_request() {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("a", "b\r\nhost: c"),
        ("a", "b\nc"),
        ("a", "b\0"),
        ("a", "ü"),
        ("a: b\r\nc", "d"),
        ("a b", "c"),
        ("", "c"),
    ] {
        let error = with_request(false, &mut headers, |request| {
            request.set_header(name, value)
        });
        assert_eq!(error.unwrap_err().kind(), ErrorKind::Interceptor);
    }
    assert!(headers.is_empty());
}

#[test]
fn secret_headers_are_hidden() {
    let mut secret = HeaderValue::from_static("hush");
    secret.set_sensitive(true);
    let key = HeaderName::from_static("x-qs-encryption-customer-key");
    let mut headers = HeaderMap::from_iter([(key, secret)]);
    with_request(false, &mut headers, |request| {
        request.set_header("x-a", "1").unwrap();
        request.set_header("X-A", " 2 ").unwrap();
        request.set_header("x-gateway-token", "hush").unwrap();
        let shown: Vec<_> = request.headers().collect();
        assert_eq!(shown.len(), 1);
        assert_eq!(request.header("x-a"), Some("2"));
        assert_eq!(request.header("x-qs-encryption-customer-key"), None);
        assert_eq!(request.header("x-gateway-token"), None);
        assert_eq!(request.header("absent"), None);
        for (name, is_set) in [
            ("X-QS-Encryption-Customer-Key", true),
            ("x-a", true),
            ("absent", false),
            ("not a name", false),
        ] {
            assert_eq!(request.has_header(name), is_set, "{name}");
        }
        assert!(!format!("{request:?}").contains("hush"));
    });
    assert_eq!(headers.len(), 3);
}

#[test]
fn a_refusal_keeps_its_reason() {
    let error = refusal("not on Sundays".into());
    assert_eq!(error.message(), "refused by an interceptor: not on Sundays");
    assert_eq!(
        StdError::source(&error).unwrap().to_string(),
        "not on Sundays"
    );
    let other = refusal(Error::config("why").into());
    assert_eq!(other.kind(), ErrorKind::Interceptor);
    assert_eq!(other.message(), "refused by an interceptor: why");
    let own = refusal(Error::new(ErrorKind::Interceptor, "header `a`").into());
    assert_eq!(own.message(), "header `a`");
}
