use http::Request;

use super::*;

const NOW: u64 = 1_600_000_000;

/// Returns the accepted strings of a request that is signed in a header.
pub(in crate::auth) fn accepted(
    request: &Parts,
    target: &RequestTarget,
    host: &Host,
) -> Vec<String> {
    let credentials = RequestCredentials::from_request(&request.headers, &target.query);
    accepted_strings(&credentials.unwrap().unwrap(), request, target, host)
        .map(|string| String::from_utf8(string.to_bytes()).unwrap())
        .collect()
}

fn authenticate(request: http::request::Builder) -> Result<Caller, (u16, &'static str)> {
    let (parts, ()) = request.body(()).unwrap().into_parts();
    let target = RequestTarget::parse(&parts.method, &parts.uri, None).unwrap();
    Accounts::new([Account::new("ID", "SECRET")])
        .authenticate(
            &parts,
            &target,
            &Host::parse("localhost", &[]),
            UNIX_EPOCH + Duration::from_secs(NOW),
        )
        .map_err(|error| (error.status().as_u16(), error.code()))
}

fn sign(secret: &str, string_to_sign: &str) -> String {
    signature::tests::sign(secret, string_to_sign)
}

/// A signed `GET /photos` of a date that is `offset` seconds from now.
fn dated(offset: i64) -> http::request::Builder {
    let date = httpdate::fmt_http_date(
        UNIX_EPOCH + Duration::from_secs(NOW.saturating_add_signed(offset)),
    );
    let signature = sign("SECRET", &format!("GET\n\n\n{date}\n/photos"));
    Request::get("/photos")
        .header("date", date)
        .header("authorization", format!("QS ID:{signature}"))
}

fn presigned(expires: &str) -> http::request::Builder {
    let signature = sign("SECRET", &format!("GET\n\n\n{expires}\n/photos/a"))
        .replace('+', "%2B")
        .replace('=', "%3D");
    Request::get(format!(
        "/photos/a?access_key_id=ID&expires={expires}&signature={signature}"
    ))
}

#[test]
fn requests_without_credentials_are_anonymous() {
    assert!(
        authenticate(Request::get("/photos"))
            .unwrap()
            .is_anonymous()
    );
}

#[test]
fn accepts_a_clock_skew_of_fifteen_minutes() {
    for offset in [0, 900, -900] {
        assert!(authenticate(dated(offset)).is_ok(), "{offset}");
    }
    for offset in [901, -901] {
        let error = authenticate(dated(offset)).unwrap_err();
        assert_eq!(error, (403, "request_expired"), "{offset}");
    }
}

#[test]
fn a_signed_request_needs_a_date() {
    let signature = sign("SECRET", "GET\n\n\n\n/photos");
    let request = Request::get("/photos").header("authorization", format!("QS ID:{signature}"));
    assert_eq!(authenticate(request).unwrap_err(), (400, "invalid_request"));
}

#[test]
fn signed_urls_expire() {
    assert!(authenticate(presigned(&NOW.to_string())).is_ok());
    for expires in ["1599999999", "0", "-62135596800"] {
        let error = authenticate(presigned(expires)).unwrap_err();
        assert_eq!(error, (403, "request_expired"), "{expires}");
    }
    let error = authenticate(presigned("soon")).unwrap_err();
    assert_eq!(error, (400, "invalid_request"));
}

#[test]
fn distinguishes_unknown_keys_from_wrong_signatures() {
    let unknown = Request::get("/photos").header("authorization", "QS NOBODY:c2ln");
    assert_eq!(
        authenticate(unknown).unwrap_err(),
        (401, "invalid_access_key_id")
    );
    for signature in ["c2ln", "not base64!", "====="] {
        let wrong = Request::get("/photos").header("authorization", format!("QS ID:{signature}"));
        assert_eq!(
            authenticate(wrong).unwrap_err(),
            (401, "signature_not_matched"),
            "{signature}"
        );
    }
}

#[test]
fn accepts_signatures_with_or_without_the_last_slash() {
    let date = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(NOW));
    for (path, signed) in [
        ("/photos?acl", "/photos?acl"),
        ("/photos?acl", "/photos/?acl"),
        ("/photos/?acl", "/photos?acl"),
        ("/photos/?acl", "/photos/?acl"),
    ] {
        let signature = sign("SECRET", &format!("GET\n\n\n{date}\n{signed}"));
        let request = Request::get(path)
            .header("date", &date)
            .header("authorization", format!("QS ID:{signature}"));
        assert!(authenticate(request).is_ok(), "{path} signed as {signed}");
    }
}

#[test]
fn accepts_signatures_of_decoded_or_raw_values() {
    let date = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(NOW));
    for (signed, good) in [("a/b c", true), ("a%2Fb+c", true), ("a/b+c", false)] {
        let to_sign = format!("GET\n\n\n{date}\n/photos/k?response-content-type={signed}");
        let request = Request::get("/photos/k?response-content-type=a%2Fb+c")
            .header("date", &date)
            .header(
                "authorization",
                format!("QS ID:{}", sign("SECRET", &to_sign)),
            );
        assert_eq!(authenticate(request).is_ok(), good, "{signed}");
    }
}
