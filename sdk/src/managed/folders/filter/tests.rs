//! Tests of globs.

use super::*;

fn filter(rules: &[(bool, &str)]) -> Filter {
    let mut filter = Filter::default();
    for (includes, glob) in rules {
        filter.add(*includes, glob).unwrap();
    }
    filter
}

#[test]
fn globs_match_names_paths_and_what_is_in_folders() {
    for (glob, path, expected) in [
        ("*.log", "a.log", true),
        ("*.log", "d/a.log", true),
        ("*.log", "d/e/a.log", true),
        ("*.log", "d.log/e/a", true),
        ("*.log", "d/a.log2", false),
        ("/*.log", "a.log", true),
        ("/*.log", "d/a.log", false),
        ("/a", "a", true),
        ("/a", "d/a", false),
        (".git", ".git/objects/ab/cd", true),
        (".git", "d/.git/x", true),
        (".git", ".gitignore", false),
        (".git/*", ".git/objects/ab/cd", true),
        (".git/*", "d/.git/x", false),
        ("d/*.txt", "d/a.txt", true),
        ("d/*.txt", "d/e/a.txt", false),
        ("d/*.txt", "d/e.txt/a", true),
        ("d/*.txt", "e/d/a.txt", false),
        ("**/d/*.txt", "e/d/a.txt", true),
        ("node_modules/", "x/node_modules/y/z.js", true),
        ("node_modules/", "x/node_modules", false),
        ("/d/", "d/e", true),
        ("/d/", "e/d/f", false),
        ("*/", "a", false),
        ("*/", "a/b", true),
        ("/**", "a/b", true),
        ("/**", "a", true),
        ("**/**", "a", true),
        ("**/", "a", false),
        ("**/", "a/b", true),
        ("e/d/**", "e/d/f/g", true),
        ("e/d/**", "e/d", false),
        ("{*.log,/tmp}", "x/a.log", true),
        ("{*.log,/tmp}", "tmp/a", true),
        ("{*.log,/tmp}", "x/tmp/a", false),
        ("a**.jpg", "x/abc.jpg", true),
        ("a**.jpg", "a/b.jpg", false),
        ("[*][**]", "**", true),
        ("a", "/a", true),
        ("/a", "/a", false),
        ("a", "b//a", true),
        ("**/*.log", "a.log", true),
        ("**/*.log", "d/e/a.log", true),
        ("d/*", "d/a", true),
        ("d/*", "d/e/a", true),
        ("d/**", "d/e/a", true),
        ("d/**", "d/", true),
        ("d/", "d/e/a", true),
        ("d/", "d/", true),
        ("d/", "d", false),
        ("d/", "da/a", false),
        ("a?c", "abc", true),
        ("a?c", "a/c", false),
        ("?", "中", true),
        ("a[bc]", "ac", true),
        ("a[!bc]", "ac", false),
        ("a[!bc]", "a/", false),
        ("{a,b}/c", "b/c", true),
        ("{a,b{c,d}}.{x,y}", "bd.y", true),
        ("{a,b{c,d}}.{x,y}", "b.y", false),
        ("a{,b}", "a", true),
        ("[{,}]{a,[,]}", "{,", true),
        ("[]{]", "{", true),
        ("[!]{]", "a", true),
        ("{[{],中?}", "中文", true),
        (r"a\b", "ab", true),
        (r"a\\b", r"a\b", true),
        (r"a\*", "a*", true),
        (r"a\*", "ab", false),
        (r"\{a\,\}\[\]", "{a,}[]", true),
        (r"{a\,b,c}", "a,b", true),
        (r"[\]", r"\", true),
        ("[^a]b", "cb", true),
        ("[^a]b", "ab", false),
        ("[^]]", "]", false),
        ("**/a?/**", "x/y/a中/z", true),
        ("[*]", "*", true),
        ("[a-c]", "b", true),
        ("[!a-c]", "b", false),
        ("[c-]", "-", true),
        ("[-c]", "-", true),
        ("[a-a]", "a", true),
        ("[a-c-a]", "-", true),
        ("**", "a/b", true),
        ("*", "a/b", true),
        ("*", ".hidden", true),
        ("", "a", false),
    ] {
        let filter = filter(&[(true, glob)]);
        assert_eq!(filter.includes(path), expected, "{glob} {path}");
    }
    for glob in [
        "[",
        "{a",
        "a}",
        r"a\",
        "[]",
        "[!]",
        "[z-a]",
        "x/[!0-9z-a]",
        "{a,[b-a]}",
        &"{a,b}".repeat(12),
    ] {
        assert!(Filter::default().add(true, glob).is_err(), "{glob}");
    }
}

#[test]
fn the_last_matching_glob_decides() {
    let logs = filter(&[(false, "*.log"), (true, "important.log")]);
    for (path, expected) in [("a", true), ("d/a.log", false), ("d/important.log", true)] {
        assert_eq!(logs.includes(path), expected, "{path}");
    }
    let only = filter(&[(true, "*.jpg"), (false, "drafts/")]);
    for (path, expected) in [("a.jpg", true), ("a.txt", false), ("drafts/a.jpg", false)] {
        assert_eq!(only.includes(path), expected, "{path}");
    }
    let first = filter(&[(true, "*"), (false, "*/")]);
    assert!(first.includes("a") && !first.includes("d/a"));
    let mut none = Filter::default();
    assert!(none.includes("a/b"));
    none.set_predicate(Arc::new(|path| path.starts_with("a/")));
    assert!(none.includes("a/b") && !none.includes("b"));
}

#[test]
fn only_folders_without_included_paths_are_not_read() {
    let target = filter(&[(false, "target/")]);
    assert!(target.excludes_all_below("target/"));
    assert!(target.excludes_all_below("target/debug/"));
    assert!(!target.excludes_all_below("src/"));
    let mut rules = target;
    rules.add(true, "target/keep").unwrap();
    assert!(!rules.excludes_all_below("target/"));
    assert!(rules.excludes_all_below("target/debug/"));
    for glob in ["*", "**/*", "/a", "a/", "a/**", "**"] {
        assert!(filter(&[(false, glob)]).excludes_all_below("a/"), "{glob}");
    }
    for glob in ["a/*", "/b", "*.log"] {
        assert!(!filter(&[(false, glob)]).excludes_all_below("a/"), "{glob}");
    }
    for (glob, folder, expected) in [
        ("a", "b/", false),
        ("/a", "b/", true),
        ("/*.txt", "b/", true),
        ("/*.txt", "b.txt/c/", false),
        ("/*", "b/c/", false),
        ("a/*.txt", "a/", false),
        ("a/*.txt", "a/b/", true),
        ("a/*.txt", "b/", true),
        ("a/**/*.txt", "a/b/c/", false),
        ("a/**/*.txt", "b/", true),
        ("**/*.txt", "b/", false),
        ("/**", "b/", false),
        ("{/a,b/c}", "b/", false),
        ("{/a,b/c}", "c/", true),
    ] {
        let filter = filter(&[(true, glob)]);
        assert_eq!(
            filter.excludes_all_below(folder),
            expected,
            "{glob} {folder}"
        );
    }
}
