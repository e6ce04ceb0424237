//! Two mistakes at once.

use super::*;

#[test]
fn explains_pairs_of_mistakes() {
    for (changes, expected) in [
        (
            &[("PUT", "put"), ("; charset=utf-8", "")][..],
            ["lower case", "without its parameters"],
        ),
        (
            &[("dark red\n", "dark red\n\n"), ("&uploads", "&uploads=")],
            ["empty line", "equals sign"],
        ),
        (
            &[
                ("/photos/a%20b", "/photos/a b"),
                ("%2By", "+y"),
                ("utf-8\n\n", "utf-8\nTue, 14 Nov 2023 22:13:20 GMT\n"),
            ],
            ["decoded", "contains `x-qs-date`"],
        ),
        (
            &[(PUT_HEADERS, ""), (MD5, "")],
            ["headers are left out", "`Content-MD5` is left out"],
        ),
        (
            &[
                ("/photos/a", "/a"),
                (
                    "part_number=2&upload_id=u/1 2&uploads",
                    "uploads&part_number=2&upload_id=u/1 2",
                ),
            ],
            ["bucket is left out", "order of the request"],
        ),
        // Two in one part.
        (
            &[(
                PUT_HEADERS,
                "X-QS-Meta-Color:dark red\nX-QS-Date:Tue, 14 Nov 2023 22:13:20 GMT\nX-QS-Copy-Source:/photos/%E4%B8%AD\n",
            )],
            ["order of the request", "not in lower case"],
        ),
        (
            &[(
                PUT_HEADERS,
                "x-qs-copy-source: /photos/\u{4e2d}\nx-qs-date: Tue, 14 Nov 2023 22:13:20 GMT\nx-qs-meta-color: dark red\n",
            )],
            ["joined by a colon and a space", "percent-decoded"],
        ),
        (
            &[(
                "part_number=2&upload_id=u/1 2&uploads",
                "uploads=&part_number=2&upload_id=u/1 2",
            )],
            ["order of the request", "equals sign"],
        ),
        (
            &[("a%20b/~x%2By", "a b/~x+y/")],
            ["the path is decoded", "ends in a slash"],
        ),
    ] {
        let text = changes
            .iter()
            .fold(put_text(), |text, (from, to)| text.replacen(from, to, 1));
        let message = message(&put().with_header(&sign(SECRET, &text)));
        for expected in expected {
            assert!(
                message.contains(expected),
                "expected {expected:?} in: {message}"
            );
        }
    }
    let text = get_text().replace("GET", "get");
    let message = message(&get().with_header(&sign(OTHER_SECRET, &text)));
    assert!(
        message.contains("lower case") && message.contains("`OTHER`"),
        "{message}"
    );
}

#[test]
fn explains_each_two_of_the_usual_mistakes() {
    let mistakes = [
        ("PUT\n", "put\n"),
        (MD5, ""),
        ("text/plain; charset=utf-8\n", ""),
        ("utf-8\n\n", "utf-8\nTue, 14 Nov 2023 22:13:20 GMT\n"),
        ("x-qs-meta-color:dark red\n", ""),
        ("x-qs-date:Tue", "X-QS-DATE:Tue"),
        ("dark red\n", "dark red\n\n"),
        ("/photos/a", "/a"),
        ("a%20b/~x%2By", "a%2520b/~x%252By"),
        ("&uploads", "&uploads="),
        ("SECRET", OTHER_SECRET),
    ];
    for (index, first) in mistakes.iter().enumerate() {
        for second in &mistakes[index + 1..] {
            let mut text = put_text();
            let mut secret = SECRET;
            for (from, to) in [first, second] {
                match *from {
                    "SECRET" => secret = to,
                    "x-qs-date:Tue" => {
                        for name in ["x-qs-copy-source", "x-qs-date", "x-qs-meta-color"] {
                            text = text.replace(name, &name.to_uppercase());
                        }
                    }
                    from => text = text.replacen(from, to, 1),
                }
            }
            let message = message(&put().with_header(&sign(secret, &text)));
            assert!(
                message.contains("it matches if"),
                "{first:?} and {second:?}: {message}"
            );
        }
    }
}

#[test]
fn explains_values_as_sent_together_with_a_mistake() {
    let text = put_text().replace("u/1 2", "u%2F1+2").replace("PUT", "put");
    let message = message(&put().with_header(&sign(SECRET, &text)));
    assert!(
        message.contains("it matches if the method is in lower case;"),
        "{message}"
    );
}
