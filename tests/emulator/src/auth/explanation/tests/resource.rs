//! Mistakes in the resource, and in signed URLs.

use super::*;

#[test]
fn explains_mistakes_in_the_resource() {
    for (from, to, expected) in [
        ("a%20b/~x%2By", "a b/~x+y", "the path is decoded"),
        (
            "a%20b/~x%2By",
            "a%2520b/~x%252By",
            "the path is percent-encoded twice",
        ),
        ("a%20b", "a+b", "the path contains `+` instead of `%20`"),
        ("~x", "%7Ex", "the path contains `%7E` instead of `~`"),
        (
            "%2By",
            "%2by",
            "the percent-encoding of the path has lower-case digits",
        ),
        ("a%20b/~x", "a%20b%2F~x", "percent-encoded with its slashes"),
        ("/photos/a", "/a", "the bucket is left out"),
        (
            "/photos/a",
            "/photos/photos/a",
            "the bucket is in the path twice",
        ),
        (
            "/photos/a",
            "photos/a",
            "the slash before the bucket is missing",
        ),
        (
            "/photos/a",
            "/pek3a/photos/a",
            "the zone `pek3a` is in the path",
        ),
        (
            "/photos/a",
            "http://localhost:9000/photos/a",
            "the whole URL instead of the path",
        ),
        (
            "/photos/a",
            "/localhost:9000/photos/a",
            "the host is in the path",
        ),
        (
            "%2By?",
            "%2By/?",
            "the path ends in a slash that the request does not have",
        ),
        (
            "?part_number=2&upload_id=u/1 2&uploads",
            "",
            "the signed parameters are left out",
        ),
        (
            "part_number=2&",
            "",
            "the parameter `part_number` is left out",
        ),
        (
            "part_number=2&upload_id=u/1 2&uploads",
            "uploads&part_number=2&upload_id=u/1 2",
            "in the order of the request instead of sorted",
        ),
        (
            "part_number=2&upload",
            "part_number=2&prefix=q&upload",
            "the parameter `prefix`, which is not signed, is in the string to sign",
        ),
        (
            "&uploads",
            "&uploads=",
            "a parameter without a value is signed with an equals sign",
        ),
        (
            "u/1 2",
            "u%2F1%202",
            "the values of the signed parameters are percent-encoded",
        ),
        (
            "u/1 2",
            "u/1+2",
            "`+` in the value of a parameter is not decoded as a space",
        ),
        (
            "?part",
            "part",
            "the `?` before the signed parameters is missing",
        ),
        ("?part", "&part", "`&` instead of `?`"),
    ] {
        let resource = PUT_RESOURCE.replacen(from, to, 1);
        assert_ne!(resource, PUT_RESOURCE, "{from}");
        let text = put_text().replace(PUT_RESOURCE, &resource);
        explains(&put().with_header(&sign(SECRET, &text)), expected);
    }
}

#[test]
fn explains_values_that_are_decoded_twice() {
    let sent = Sent {
        target: "/photos/a?upload_id=u%252F1".to_owned(),
        ..get()
    };
    let text = format!("GET\n\n\n{DATE}\n/photos/a?upload_id=u/1");
    explains(&sent.with_header(&sign(SECRET, &text)), "decoded twice");
}

#[test]
fn explains_mistakes_in_virtual_host_style() {
    for (target, resource, expected) in [
        ("/a", "/a", "the bucket, which the host names, is left out"),
        ("/a", "/Photos/a", "the bucket is spelled as in the host"),
        (
            "/a",
            "http://Photos.pek3a.example.com/a",
            "the whole URL instead of the path",
        ),
        (
            "/a",
            "/photos.pek3a.example.com/a",
            "the host is in the path",
        ),
        ("/a", "/photos/photos/a", "the bucket is in the path twice"),
        (
            "/?acl",
            "/?acl",
            "the bucket, which the host names, is left out",
        ),
        ("/", "/", "the bucket, which the host names, is left out"),
    ] {
        let resource = resource.replace("/photos.pek3a", "/Photos.pek3a");
        let text = format!("GET\n\n\n{DATE}\n{resource}");
        explains(&in_host(target).with_header(&sign(SECRET, &text)), expected);
    }
}

#[test]
fn explains_mistakes_in_keys() {
    for (key, signed, expected) in [
        ("caf%C3%A9", "cafe%CC%81", "normalization form D"),
        ("cafe%CC%81", "caf%C3%A9", "normalization form C"),
        ("%E4%B8%AD", "%D6%D0", "encoded as GBK"),
        ("%E4%B8%AD", "%e4%b8%ad", "lower-case digits"),
        ("a//b", "a/b", "repeated slashes"),
        ("a+b", "a%2Bb", "`%2B` instead of `+`"),
        ("a+b", "a b", "decoded as a space"),
        ("a/", "a", "the slash at the end of the path is missing"),
        ("a%3Fb", "a", "the path ends before `?`"),
        ("a%23b", "a", "the path ends before `#`"),
        ("A", "a", "the path is in lower case"),
        ("a/../b", "b", "resolved"),
    ] {
        let sent = Sent {
            target: format!("/photos/{key}"),
            ..get()
        };
        let text = format!("GET\n\n\n{DATE}\n/photos/{signed}");
        explains(&sent.with_header(&sign(SECRET, &text)), expected);
    }
}

#[test]
fn explains_mistakes_in_signed_urls() {
    let expires = NOW + 3600;
    for (sent, signed, expected) in [
        (expires.to_string(), String::new(), "`expires` is missing"),
        (
            expires.to_string(),
            format!("{expires}000"),
            "`expires` is signed in milliseconds",
        ),
        (
            format!("{expires}000"),
            expires.to_string(),
            "signed in seconds, but sent in milliseconds",
        ),
        (
            expires.to_string(),
            "3600".to_owned(),
            "signed as a lifetime of 3600 s",
        ),
        (
            (NOW + 1234).to_string(),
            "1240".to_owned(),
            "signed as a lifetime instead of",
        ),
        (
            "500".to_owned(),
            (NOW + 490).to_string(),
            "signed as Unix time, but sent as a lifetime",
        ),
        (
            expires.to_string(),
            DATE.to_owned(),
            "contains a date instead of `expires`: `Tue, 14 Nov 2023 22:13:20 GMT`",
        ),
        (
            expires.to_string(),
            format!("expires={expires}"),
            "precedes the value of `expires`",
        ),
    ] {
        let text = format!("GET\n\n\n{signed}\n/photos/a%20b");
        let sent_url = Sent {
            headers: vec![("host", "localhost:9000")],
            ..get()
        };
        explains(&sent_url.with_query(&sent, &sign(SECRET, &text)), expected);
    }
    let query = format!("access_key_id=ID&expires={expires}");
    for signed in [
        format!("/photos/a%20b?{query}"),
        format!("/photos/a%20b?expires={expires}"),
    ] {
        let text = format!("GET\n\n\n{expires}\n{signed}");
        explains(
            &get().with_query(&expires.to_string(), &sign(SECRET, &text)),
            "signed",
        );
    }
    // The date header is signed instead of the expiration time.
    explains(
        &get().with_query(&expires.to_string(), &sign(SECRET, &get_text())),
        "contains `date` instead of `expires`",
    );
    // A browser that sends a `Content-Type`.
    let text = format!("GET\n\n\n{expires}\n/photos/a%20b");
    let mut typed = get();
    typed.headers.push(("content-type", "image/png"));
    let typed = typed.with_query(&expires.to_string(), &sign(SECRET, &text));
    explains(&typed, "`Content-Type` is left out of the string to sign");
}
