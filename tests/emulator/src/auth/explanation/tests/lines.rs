//! Mistakes in the lines before the resource, and in the layout.

use super::*;

#[test]
fn explains_mistakes_in_lines_and_headers() {
    for (from, to, expected) in [
        ("PUT", "put", "the method is in lower case"),
        ("PUT", "POST", "the method is `POST` instead of `PUT`"),
        ("PUT\n", "", "the line of the method is left out"),
        (MD5, "", "`Content-MD5` is left out of the string to sign"),
        (
            MD5,
            "098f6bcd4621d373cade4e832627b4f6",
            "`Content-MD5` is hexadecimal",
        ),
        (
            "CY9rzUYh03PK3k6DJie09g==\n",
            "",
            "the line of `Content-MD5` is left out",
        ),
        (
            "text/plain; charset=utf-8",
            "",
            "`Content-Type` is left out of the string to sign",
        ),
        (
            "text/plain; charset=utf-8\n",
            "",
            "the line of `Content-Type` is left out",
        ),
        (
            "; charset=utf-8",
            "",
            "`Content-Type` is signed without its parameters",
        ),
        (
            "; charset=utf-8",
            "; charset=UTF-8",
            "`Content-Type` is signed with `; charset=UTF-8`",
        ),
        (
            "text/plain; charset=utf-8",
            "application/octet-stream",
            "`Content-Type` is `application/octet-stream` instead",
        ),
        (
            "utf-8\n\n",
            "utf-8\nTue, 14 Nov 2023 22:13:20 GMT\n",
            "the line of `Date` contains `x-qs-date`",
        ),
        ("utf-8\n\n", "utf-8\n", "the line of the date is left out"),
        (PUT_HEADERS, "", "the `x-qs-` headers are left out"),
        (
            "x-qs-meta-color:dark red\n",
            "",
            "the header `x-qs-meta-color` is left out",
        ),
        (
            PUT_HEADERS,
            "x-qs-meta-color:dark red\nx-qs-date:Tue, 14 Nov 2023 22:13:20 GMT\nx-qs-copy-source:/photos/%E4%B8%AD\n",
            "the `x-qs-` headers are in the order of the request",
        ),
        (
            PUT_HEADERS,
            "X-QS-Copy-Source:/photos/%E4%B8%AD\nX-QS-Date:Tue, 14 Nov 2023 22:13:20 GMT\nX-QS-Meta-Color:dark red\n",
            "are not in lower case, but as in `X-QS-Meta-Name`",
        ),
        (
            "%E4%B8%AD",
            "\u{4e2d}",
            "values of the `x-qs-` headers are percent-decoded",
        ),
        (
            "dark red",
            " dark red",
            "the value of `x-qs-meta-color` is signed with the spaces around it",
        ),
        (
            "dark red\n",
            "dark red   \n",
            "the value of `x-qs-meta-color` is signed with the spaces around it",
        ),
        (
            "dark red\n",
            "dark red",
            "the line feed before the resource is missing",
        ),
        (
            "x-qs-copy",
            "host:localhost:9000\nx-qs-copy",
            "the header `host` is among the `x-qs-` headers",
        ),
        (
            PUT_HEADERS,
            "x-qs-copy-source: /photos/%E4%B8%AD\nx-qs-date: Tue, 14 Nov 2023 22:13:20 GMT\nx-qs-meta-color: dark red\n",
            "joined by a colon and a space",
        ),
        (
            PUT_HEADERS,
            "x-qs-copy-source:/photos/%E4%B8%AD,x-qs-date:Tue, 14 Nov 2023 22:13:20 GMT,x-qs-meta-color:dark red\n",
            "joined by commas instead of line feeds",
        ),
        (
            "x-qs-date:Tue, 14 Nov 2023 22:13:20 GMT",
            "x-qs-date:2023-11-14T22:13:20Z",
            "the date is signed in ISO 8601",
        ),
    ] {
        let text = put_text().replacen(from, to, 1);

        assert_ne!(text, put_text(), "{from}");
        explains(&put().with_header(&sign(SECRET, &text)), expected);
    }
    for (from, to, expected) in [
        ("GET", "HEAD", "the method is `HEAD` instead of `GET`"),
        (
            "GET\n\n\n",
            "GET\n\napplication/json\n",
            "`Content-Type` is `application/json`, but the header is not sent",
        ),
        ("GET\n\n", "GET\n", "the line of `Content-MD5` is left out"),
    ] {
        let text = get_text().replacen(from, to, 1);
        explains(&get().with_header(&sign(SECRET, &text)), expected);
    }
    let text = put_text()
        .replace("x-qs-date:Tue, 14 Nov 2023 22:13:20 GMT\n", "")
        .replace("utf-8\n\n", &format!("utf-8\n{DATE}\n"));
    explains(
        &put().with_header(&sign(SECRET, &text)),
        "`x-qs-date` is signed in the line of `Date` instead of among the `x-qs-` headers",
    );
}

#[test]
fn explains_mistakes_in_dates() {
    for (signed, expected) in [
        ("", "the line of `Date` is empty"),
        (
            "Tue, 14 Nov 2023 22:13:15 GMT",
            "that of an earlier attempt",
        ),
        ("Wed, 15 Nov 2023 06:13:20 GMT", "local time (UTC+08:00)"),
        ("Wed, 15 Nov 2023 06:13:20 +0800", "local time (UTC+08:00)"),
        ("1700000000", "Unix time in seconds"),
        ("2023-11-14T22:13:20Z", "ISO 8601"),
        ("20231114T221320Z", "basic form of ISO 8601"),
        (
            "Tue, 14 Nov 2023 22:13:20 +0000",
            "with `+0000` instead of `GMT`",
        ),
        ("Tuesday, 14-Nov-23 22:13:20 GMT", "RFC 850"),
        ("Tue Nov 14 22:13:20 2023", "asctime"),
        (
            "Date: Tue, 14 Nov 2023 22:13:20 GMT",
            "\"Date: \" precedes the date",
        ),
    ] {
        let text = format!("GET\n\n\n{signed}\n/photos/a%20b");
        explains(&get().with_header(&sign(SECRET, &text)), expected);
    }
    let text = format!("GET\n\n\n\nx-qs-date:{DATE}\n/photos/a%20b");
    let expected = "signed as `x-qs-date`, but sent as `Date`";
    explains(&get().with_header(&sign(SECRET, &text)), expected);
    // A browser does not send `Date`.
    let undated = Sent {
        headers: vec![("host", "localhost:9000")],
        ..get()
    };
    for text in [get_text(), text] {
        let expected = "is signed, but not sent";
        explains(&undated.with_header(&sign(SECRET, &text)), expected);
    }
}

#[test]
fn dates_at_the_ends_of_time_are_not_an_error() {
    for date in [
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "Fri, 31 Dec 9999 23:59:59 GMT",
        "Sat, 01 Jan 0001 00:00:00 GMT",
    ] {
        for name in ["date", "x-qs-date"] {
            let sent = Sent {
                headers: vec![("host", "localhost:9000"), (name, date)],
                ..get()
            };
            message(&sent.with_header(&sign(SECRET, "something else")));
        }
    }
    for expires in ["0", "-1", "253402300799", "18446744073709551615"] {
        message(&get().with_query(expires, &sign(SECRET, "something else")));
    }
}

#[test]
fn explains_mistakes_in_the_layout() {
    let text = put_text();
    for (signed, expected) in [
        (format!("{text}\n"), "a line feed at the end"),
        (text.replace('\n', "\r\n"), "end in `\\r\\n`"),
        (
            text.replace('\n', "\\n"),
            "a backslash and an `n` instead of each line feed",
        ),
        (
            text.replace(PUT_RESOURCE, &format!("\n{PUT_RESOURCE}")),
            "an additional empty line before the resource",
        ),
        (text.replace('\n', ""), "the line feeds are missing"),
        (
            text.replace("\n\n", "\n"),
            "the line of the date is left out",
        ),
        (text.to_lowercase(), "in lower case"),
        (format!("\u{feff}{text}"), "byte order mark"),
        (
            format!("PUT\ntext/plain; charset=utf-8\n{MD5}\n\n{PUT_HEADERS}{PUT_RESOURCE}"),
            "`Content-MD5` and `Content-Type` are exchanged",
        ),
        (
            format!(
                "PUT\n{MD5}\ntext/plain; charset=utf-8\n\n{PUT_RESOURCE}\n{}",
                PUT_HEADERS.trim_end()
            ),
            "the `x-qs-` headers follow the resource",
        ),
    ] {
        explains(&put().with_header(&sign(SECRET, &signed)), expected);
    }
    let text = get_text();
    for (signed, expected) in [
        (
            text.replace("\n\n\n", "\n"),
            "the lines of `Content-MD5` and `Content-Type` are left out",
        ),
        (
            text.replace(DATE, &format!("{DATE}\n")),
            "an additional empty line before the resource",
        ),
    ] {
        explains(&get().with_header(&sign(SECRET, &signed)), expected);
    }
}

#[test]
fn explains_digests_of_the_body() {
    let sent = Sent {
        method: "PUT",
        body: b"test",
        ..get()
    };
    for (md5, expected) in [
        (
            MD5,
            "the MD5 digest of the body is signed as `Content-MD5`, but the header is not sent",
        ),
        (
            "098f6bcd4621d373cade4e832627b4f6",
            "the hexadecimal MD5 digest of the body",
        ),
    ] {
        let text = format!("PUT\n{md5}\n\n{DATE}\n/photos/a%20b");
        explains(&sent.with_header(&sign(SECRET, &text)), expected);
    }
}

#[test]
fn explains_a_signed_body() {
    let sent = Sent {
        method: "PUT",
        body: b"test",
        ..get()
    };
    let text = format!("PUT\n\n\n{DATE}\n/photos/a%20b\ntest");
    explains(
        &sent.with_header(&sign(SECRET, &text)),
        "the body follows the resource",
    );
}
