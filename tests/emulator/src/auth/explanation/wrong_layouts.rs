//! Mistakes in the layout of the string to sign.

use crate::auth::explanation::layout::Layout;
use crate::auth::explanation::mistake::{Change, Likelihood, Mistakes};
use crate::auth::signature::Part;

pub(super) fn add(mistakes: &mut Mistakes<'_>) {
    use Layout::{BeforeResource, LineEnd, Order, Prefix, Quoted, Suffix};
    use Likelihood::{Common, Rare};
    use Part::{Bucket, ContentMd5, ContentType, Date, Headers, Key, Method, Query};

    let mut add = |likelihood, layout, description: &'static str| {
        mistakes.add(likelihood, Change::Layout(layout), description);
    };
    add(
        Common,
        Suffix("\n"),
        "the string to sign has a line feed at the end",
    );
    add(
        Common,
        LineEnd("\r\n"),
        "the lines of the string to sign end in `\\r\\n`",
    );
    add(
        Common,
        LineEnd("\\n"),
        "the string to sign contains a backslash and an `n` instead of each line feed",
    );
    add(
        Common,
        BeforeResource("\n"),
        "the string to sign has an additional empty line before the resource",
    );
    add(
        Common,
        Layout::JoinedResource,
        "the line feed before the resource is missing",
    );
    add(
        Common,
        Layout::NoEmptyLines,
        "empty lines are left out of the string to sign",
    );
    for (layout, description) in [
        (Suffix("\r\n"), "the string to sign has `\\r\\n` at the end"),
        (
            Suffix("\n\n"),
            "the string to sign has two line feeds at the end",
        ),
        (Suffix(" "), "the string to sign has a space at the end"),
        (
            Suffix("\\n"),
            "the string to sign has a backslash and an `n` at the end",
        ),
        (
            Suffix("\0"),
            "the string to sign has a zero byte at the end",
        ),
        (
            Prefix("\n"),
            "the string to sign has a line feed at the start",
        ),
        (Prefix(" "), "the string to sign has a space at the start"),
        (
            Prefix("\u{feff}"),
            "the string to sign has a byte order mark at the start",
        ),
        (
            Prefix("QS\n"),
            "the string to sign has a line `QS` at the start",
        ),
        (Prefix("QS "), "the string to sign has `QS ` at the start"),
        (
            Quoted("\""),
            "the string to sign has quotation marks around it",
        ),
        (Quoted("'"), "the string to sign has apostrophes around it"),
        (
            LineEnd(""),
            "the line feeds are missing in the string to sign",
        ),
        (
            LineEnd(" "),
            "the string to sign has spaces instead of line feeds",
        ),
        (
            LineEnd("\r"),
            "the lines of the string to sign end in `\\r`",
        ),
        (
            LineEnd("\\r\\n"),
            "the string to sign contains `\\r\\n` as text",
        ),
        (
            LineEnd(","),
            "the string to sign has commas instead of line feeds",
        ),
        (
            LineEnd("&"),
            "the string to sign has `&` instead of line feeds",
        ),
        (
            LineEnd("|"),
            "the string to sign has `|` instead of line feeds",
        ),
        (
            LineEnd(";"),
            "the string to sign has semicolons instead of line feeds",
        ),
        (
            LineEnd(":"),
            "the string to sign has colons instead of line feeds",
        ),
        (
            LineEnd("\t"),
            "the string to sign has tabs instead of line feeds",
        ),
        (
            LineEnd("\n\n"),
            "the string to sign has two line feeds after each line",
        ),
        (
            LineEnd(" \n"),
            "the string to sign has a space before each line feed",
        ),
        (
            LineEnd("\n "),
            "the string to sign has a space after each line feed",
        ),
        (
            BeforeResource("\n\n"),
            "the string to sign has two additional empty lines before the resource",
        ),
        (
            Layout::LowerCase,
            "the whole string to sign is in lower case",
        ),
        (
            Layout::UpperCase,
            "the whole string to sign is in upper case",
        ),
        (
            Layout::PercentEncoded,
            "the whole string to sign is percent-encoded",
        ),
        (
            Layout::Base64,
            "the string to sign is encoded as Base64 before it is signed",
        ),
        (
            Layout::Utf16,
            "the string to sign is encoded as UTF-16 instead of UTF-8",
        ),
        (
            Order([
                Method,
                ContentType,
                ContentMd5,
                Date,
                Headers,
                Bucket,
                Key,
                Query,
            ]),
            "`Content-Type` precedes `Content-MD5` in the string to sign",
        ),
        (
            Order([
                Method,
                Date,
                ContentMd5,
                ContentType,
                Headers,
                Bucket,
                Key,
                Query,
            ]),
            "the date precedes `Content-MD5` in the string to sign",
        ),
        (
            Order([
                Method,
                ContentMd5,
                Date,
                ContentType,
                Headers,
                Bucket,
                Key,
                Query,
            ]),
            "the date precedes `Content-Type` in the string to sign",
        ),
        (
            Order([
                Method,
                Date,
                ContentType,
                ContentMd5,
                Headers,
                Bucket,
                Key,
                Query,
            ]),
            "`Content-MD5`, `Content-Type` and the date are in the reverse order",
        ),
        (
            Order([
                Method,
                Headers,
                ContentMd5,
                ContentType,
                Date,
                Bucket,
                Key,
                Query,
            ]),
            "the `x-qs-` headers follow the method in the string to sign",
        ),
        (
            Order([
                Method,
                ContentMd5,
                ContentType,
                Headers,
                Date,
                Bucket,
                Key,
                Query,
            ]),
            "the `x-qs-` headers precede the date in the string to sign",
        ),
    ] {
        add(Rare, layout, description);
    }
    // The resource ends without a line feed, so it needs one before other parts.
    let resource = [Bucket, Key, Query]
        .map(|part| mistakes.right(part))
        .concat();
    let resource_line = [&resource, &b"\n"[..]].concat();
    let headers = mistakes.right(Headers);
    let without_feed = headers.strip_suffix(b"\n").unwrap_or(headers);
    let date = mistakes.right(Date);
    let moved = |changes: Vec<(Part, Vec<u8>)>| {
        let emptied = [Bucket, Key, Query].map(|part| (part, Vec::new()));
        Change::Parts(changes.into_iter().chain(emptied).collect())
    };
    mistakes.add(
        Rare,
        moved(vec![(
            Method,
            [mistakes.right(Method), &resource_line].concat(),
        )]),
        "the resource follows the method in the string to sign, with a line feed at the end",
    );
    if headers.is_empty() {
        let date = date.strip_suffix(b"\n").unwrap_or(date);
        let changes = vec![
            (Method, [mistakes.right(Method), &resource_line].concat()),
            (Date, date.to_vec()),
        ];
        let description = "the resource follows the method in the string to sign";
        mistakes.add(Rare, moved(changes), description);
    } else {
        let follows = [&resource_line, without_feed].concat();
        mistakes.add(
            Common,
            moved(vec![(Headers, follows)]),
            "the `x-qs-` headers follow the resource in the string to sign",
        );
        let changes = vec![
            (Method, [mistakes.right(Method), &resource_line].concat()),
            (Headers, without_feed.to_vec()),
        ];
        let description = "the resource follows the method in the string to sign";
        mistakes.add(Rare, moved(changes), description);
    }
}
