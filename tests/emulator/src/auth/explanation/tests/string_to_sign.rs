//! Mistakes in the string to sign.

use super::*;

#[test]
fn explains_mistakes_in_the_string_to_sign() {
    let case = |rename: fn(&str) -> String| {
        let lines = PUT_HEADERS.lines().map(|line| {
            let (name, value) = line.split_once(':').unwrap();
            format!("{}:{value}\n", rename(name))
        });
        lines.collect::<String>()
    };
    let title = case(|name| {
        name.replace("x-qs", "X-Qs")
            .replace("-copy-source", "-Copy-Source")
            .replace("-date", "-Date")
            .replace("-meta-color", "-Meta-Color")
            .replace("-b", "-B")
    });
    let acronym = title.replace("X-Qs", "X-QS");
    let as_sent = format!(
        "x-qs-meta-color-b:dark red\nx-qs-meta-color:blue\nx-qs-date:{DATE}\nx-qs-copy-source:/photos/%E4%B8%AD\n"
    );
    let spaced = case(|name| format!("{name}: ")).replace(": :", ": ");
    let names = "the names of the `x-qs-` headers are not in lower case";
    let order = "the `x-qs-` headers are in the order of the request instead of sorted by name";
    let host =
        "the resource contains the host; it is the path as sent, after the bucket of the host";
    let content_type = "text/plain; charset=utf-8";
    let parameters = &PUT_QUERY[1..];
    for (from, to, expected) in [
        ("PUT", "put", "the method is in lower case"),
        (MD5, "", "`Content-MD5` is left out of the string to sign"),
        (
            MD5,
            "098f6bcd4621d373cade4e832627b4f6",
            "`Content-MD5` is hexadecimal",
        ),
        (
            content_type,
            "",
            "`Content-Type` is left out of the string to sign; the HTTP library may have added it",
        ),
        (
            "; charset=utf-8",
            "",
            "`Content-Type` is signed without its parameters",
        ),
        (
            content_type,
            "application/json",
            "`Content-Type` is `application/json`; the HTTP library may have removed or changed it",
        ),
        (
            content_type,
            "application/octet-stream",
            "`Content-Type` is `application/octet-stream`; the HTTP library may have removed or changed it",
        ),
        (
            "utf-8\n\n",
            "utf-8\nTue, 14 Nov 2023 22:13:20 GMT\n",
            "the line of the date contains `x-qs-date` instead of being empty",
        ),
        (
            PUT_HEADERS,
            "",
            "the `x-qs-` headers are left out of the string to sign",
        ),
        (
            "x-qs-meta-color:blue\n",
            "",
            "the header `x-qs-meta-color` is left out of the string to sign",
        ),
        (PUT_HEADERS, &as_sent, order),
        (PUT_HEADERS, &title, names),
        (PUT_HEADERS, &acronym, names),
        (
            PUT_HEADERS,
            &spaced,
            "a space follows the colon in the lines of the `x-qs-` headers",
        ),
        (
            "red\n",
            "red",
            "the line feed before the resource is missing",
        ),
        (
            "a%20b/~x%2By",
            "a b/~x+y",
            "the path is decoded, instead of as in the request line",
        ),
        (
            "a%20b/~x%2By",
            "a%2520b/~x%252By",
            "the path is percent-encoded twice",
        ),
        ("a%20b", "a+b", "the path contains `+` instead of `%20`"),
        (
            "b/~x",
            "b%2F~x",
            "the slashes in the key are percent-encoded",
        ),
        (
            "%2By",
            "%2By/",
            "the path ends in a slash that the request does not have",
        ),
        ("/photos/a", "/a", "the bucket is left out of the resource"),
        (
            "/photos/a",
            "/photos/photos/a",
            "the bucket is in the resource twice",
        ),
        ("/photos/a", "/pek3a.example.com/photos/a", host),
        (
            "/photos/a",
            "http://pek3a.example.com/photos/a",
            "the resource is the whole URL instead of the path",
        ),
        (
            PUT_QUERY,
            "",
            "the signed parameters are left out of the string to sign",
        ),
        (
            "part_number=2&",
            "",
            "the parameter `part_number` is left out of the string to sign",
        ),
        (
            parameters,
            "uploads&part_number=2&upload_id=u/1 2",
            "the signed parameters are in the order of the request instead of sorted by name",
        ),
        (
            "=2&upload",
            "=2&prefix=q&upload",
            "all parameters are signed instead of only sub-resources and `response-*`",
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
    ] {
        // The last occurrence, because the value of a header is `/photos/`, too.
        let start = put_text().rfind(from).unwrap();
        let mut text = put_text();
        text.replace_range(start..start + from.len(), to);
        explains(&put().with_header(&sign(SECRET, &text)), expected);
    }
    let text = put_text()
        .replace(&format!("x-qs-date:{DATE}\n"), "")
        .replace("utf-8\n\n", &format!("utf-8\n{DATE}\n"));
    explains(
        &put().with_header(&sign(SECRET, &text)),
        "`x-qs-date` is signed in the line of `Date` instead of among the `x-qs-` headers",
    );
}

#[test]
fn explains_mistakes_in_the_layout() {
    let text = put_text();
    let resource = format!("{PUT_PATH}{PUT_QUERY}");
    for (signed, expected) in [
        (
            text.replace("\n\n", "\n"),
            "empty lines are left out of the string to sign",
        ),
        (
            format!("PUT\ntext/plain; charset=utf-8\n{MD5}\n\n{PUT_HEADERS}{resource}"),
            "`Content-Type` precedes `Content-MD5` in the string to sign",
        ),
        (
            format!("{text}\n"),
            "the string to sign has a line feed at the end",
        ),
        (
            text.replace('\n', "\r\n"),
            "the lines of the string to sign end in `\\r\\n`",
        ),
        (
            text.replace('\n', "\\n"),
            "the string to sign contains a backslash and an `n` instead of each line feed",
        ),
    ] {
        explains(&put().with_header(&sign(SECRET, &signed)), expected);
    }
}

#[test]
fn explains_mistakes_in_dates() {
    let text = "GET\n\n\n\n/photos/a%20b";
    explains(
        &get().with_header(&sign(SECRET, text)),
        "the line of the date is empty",
    );
    let both = Sent {
        headers: vec![
            ("date", DATE),
            ("x-qs-date", "Tue, 14 Nov 2023 22:13:21 GMT"),
        ],
        ..get()
    };
    let text = format!("GET\n\n\n{DATE}\nx-qs-date:Tue, 14 Nov 2023 22:13:21 GMT\n/photos/a%20b");
    explains(
        &both.with_header(&sign(SECRET, &text)),
        "the line of the date contains `Date` instead of being empty",
    );
    let expires = (NOW + 3600).to_string();
    for (line, expected) in [
        (
            DATE,
            "the line of the date contains `Date` instead of `expires`",
        ),
        ("", "the line of the date is empty"),
    ] {
        let text = format!("GET\n\n\n{line}\n/photos/a%20b");
        explains(&get().with_query(&expires, &sign(SECRET, &text)), expected);
    }
}

#[test]
fn explains_mistakes_in_keys() {
    for (key, signed, expected) in [
        (
            "a+b",
            "a%2Bb",
            "the path is percent-encoded except letters, digits and `-._~/`, instead of as in the request line",
        ),
        ("a/", "a", "the slash at the end of the path is missing"),
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
fn explains_mistakes_in_virtual_host_style() {
    let host =
        "the resource contains the host; it is the path as sent, after the bucket of the host";
    for (target, resource, expected) in [
        ("/a", "/a", "the bucket is left out of the resource"),
        ("/?acl", "/?acl", "the bucket is left out of the resource"),
        ("/a", "/photos.pek3a.example.com/a", host),
        (
            "/a",
            "http://photos.pek3a.example.com/a",
            "the resource is the whole URL instead of the path",
        ),
        (
            "/a",
            "/photos/photos/a",
            "the bucket is in the resource twice",
        ),
    ] {
        let sent = Sent {
            target: target.to_owned(),
            headers: vec![("host", "photos.pek3a.example.com"), ("date", DATE)],
            ..get()
        };
        let text = format!("GET\n\n\n{DATE}\n{resource}");
        explains(&sent.with_header(&sign(SECRET, &text)), expected);
    }
}
