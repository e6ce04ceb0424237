use super::*;
use crate::managed::folders::action::SkipReason::*;

fn file(path: &str) -> Entry {
    let version = Version {
        size: 1,
        modified: None,
        etag: String::new(),
        encrypted: false,
        storage_class: None,
        disk_path: None,
    };
    Entry::new(path, EntryKind::File(version))
}

/// Paths that end in `/` are folders, those with `!` cannot be read, those with `~` are ignored.
fn entries(paths: &[&str]) -> Vec<Entry> {
    let entry = |path: &&str| match path.split_once(['!', '~']) {
        Some((name, _)) if path.contains('!') => Entry::outside(name, DanglingLink),
        Some((name, _)) => Entry::new(name, EntryKind::Outside { reason: None }),
        None if path.ends_with('/') => Entry::new(*path, EntryKind::Folder { is_empty: false }),
        None => file(path),
    };
    let mut entries: Vec<Entry> = paths.iter().map(entry).collect();
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    entries
}

fn in_lower_case_order(mut entries: Vec<Entry>) -> Vec<Entry> {
    entries.sort_by_key(|entry| fold_case(&entry.path));
    entries
}

/// Merges all entries. Returns lines such as `+ path`, `= path`, `- path` and `! path`.
fn merge(options: MergeOptions, source: &[&str], target: &[&str]) -> Vec<String> {
    let mut merger = Merger::new(options);
    let (mut source, mut target) = (entries(source), entries(target));
    if options.ignores_case {
        (source, target) = (in_lower_case_order(source), in_lower_case_order(target));
    }
    source.reverse();
    target.reverse();
    let mut steps = Vec::new();
    loop {
        match NextSide::of(source.last(), target.last(), options.ignores_case) {
            NextSide::Source => merger.source_only(source.pop().unwrap(), &mut steps),
            NextSide::Both => merger.both(source.pop().unwrap(), target.pop().unwrap(), &mut steps),
            NextSide::Target => {
                let next = source.last().map(|entry| entry.path.as_str());
                merger.target_only(target.pop().unwrap(), next, &mut steps);
            }
            NextSide::End => break,
        }
    }
    merger.finish(&mut steps);
    let line = |step| match step {
        Step::Skip { path, .. } => format!("! {path}"),
        Step::New { path, .. } | Step::NewFolder { path, .. } => format!("+ {path}"),
        Step::Both { path, .. } => format!("= {path}"),
        Step::Delete { path } => format!("- {path}"),
    };
    steps.into_iter().map(line).collect()
}

const UP: MergeOptions = MergeOptions {
    target_is_local: false,
    delete: true,
    ignores_case: false,
};
const DOWN: MergeOptions = MergeOptions {
    target_is_local: true,
    delete: true,
    ignores_case: false,
};

#[test]
fn pairs_equal_paths() {
    let steps = merge(UP, &["a", "b", "d"], &["b", "c"]);
    assert_eq!(steps, ["+ a", "= b", "- c", "+ d"]);
    let keep = MergeOptions {
        delete: false,
        ..UP
    };
    assert_eq!(merge(keep, &["a"], &["b", "c/"]), ["+ a"]);
}

#[test]
fn nothing_is_deleted_where_the_source_cannot_be_read() {
    let target = ["d", "d-x", "d/", "d/e/f", "dd"];
    assert_eq!(
        merge(UP, &["d!", "z"], &target),
        ["! d", "- d-x", "! d/", "! d/e/f", "- dd", "+ z"]
    );
    assert_eq!(
        merge(UP, &["d/!", "z"], &target),
        ["- d", "- d-x", "! d/", "! d/e/f", "- dd", "+ z"]
    );
}

#[test]
fn a_marker_is_deleted_only_with_its_folder() {
    assert_eq!(merge(UP, &["d/", "d/f"], &["d/", "d/f"]), ["= d/f"]);
    // The source is a bucket without markers.
    assert_eq!(merge(UP, &["d/f"], &["d/", "d/f"]), ["= d/f"]);
    assert_eq!(
        merge(UP, &["e"], &["d/", "d/f", "e"]),
        ["- d/", "- d/f", "= e"]
    );
}

#[test]
fn local_folders_are_deleted_after_their_files_unless_something_stays() {
    let local = ["d/", "d/e/", "d/e/f", "d/g", "h"];
    assert_eq!(
        merge(DOWN, &["h"], &local),
        ["- d/e/f", "- d/e/", "- d/g", "- d/", "= h"]
    );
    assert_eq!(
        merge(DOWN, &["d/g", "h"], &local),
        ["- d/e/f", "- d/e/", "= d/g", "= h"]
    );
    assert_eq!(merge(DOWN, &["d/", "h"], &["d/", "h"]), ["= h"]);
    // An excluded file is not deleted, so its folders are not either.
    assert_eq!(
        merge(DOWN, &["h"], &["d/", "d/e/", "d/e/f~", "d/g", "h"]),
        ["- d/g", "= h"]
    );
}

#[test]
fn a_file_wins_over_files_in_a_folder_of_its_name() {
    let source = ["a", "a-b", "a/", "a/b", "a/c/d", "ab"];
    assert_eq!(
        merge(DOWN, &source, &[]),
        ["+ a", "+ a-b", "! a/", "! a/b", "! a/c/d", "+ ab"]
    );
    assert_eq!(
        merge(UP, &source, &[]),
        ["+ a", "+ a-b", "+ a/", "+ a/b", "+ a/c/d", "+ ab"]
    );
    let mut steps = Vec::new();
    let mut merger = Merger::new(DOWN);
    merger.source_only(file("a"), &mut steps);
    merger.source_only(file("a/b"), &mut steps);
    let with = "a".to_owned();
    let reason = Conflict { with };
    let path = "a/b".to_owned();
    assert_eq!(steps.pop(), Some(Step::Skip { path, reason }));
}

#[test]
fn two_files_with_one_key_are_not_both_stored() {
    let steps = merge(UP, &["a", "a", "b"], &["a"]);
    assert_eq!(steps, ["= a", "! a", "+ b"]);
}

#[test]
fn what_blocks_a_path_in_the_target_is_reported() {
    assert_eq!(
        merge(DOWN, &["l/a", "l/b", "la", "m"], &["l!", "m!"]),
        ["! l/a", "! l/b", "+ la", "! m"]
    );
    let mut steps = Vec::new();
    let mut merger = Merger::new(DOWN);
    merger.both(file("p"), Entry::outside("p", SpecialFile), &mut steps);
    let path = "p".to_owned();
    let reason = SpecialFileInTarget;
    assert_eq!(steps, [Step::Skip { path, reason }]);
}

#[test]
fn ignored_paths_of_the_source_are_not_deleted() {
    let steps = merge(UP, &["l~", "z"], &["l", "l/a", "m"]);
    assert_eq!(steps, ["- m", "+ z"]);
}

#[test]
fn remembers_only_prefixes_of_the_current_path() {
    let mut merger = Merger::new(DOWN);
    let mut steps = Vec::new();
    for n in 0..10_000 {
        merger.source_only(file(&format!("d/{n:05}")), &mut steps);
        merger.source_only(
            Entry::outside(format!("d/{n:05}-x"), DanglingLink),
            &mut steps,
        );
        steps.clear();
        assert!(merger.files.len() + merger.unread.len() < 6);
    }
}

/// A local file is replaced, not deleted, if the object has its name in another case.
#[test]
fn names_that_differ_in_case_are_paired_if_the_target_ignores_case() {
    let ignoring = MergeOptions {
        ignores_case: true,
        ..DOWN
    };
    let source = ["Photo.JPG", "Z/x", "a", "d/Y"];
    let target = [
        "A",
        "D/",
        "D/y",
        "D/z",
        "b/",
        "b/c",
        "photo.jpg",
        "z/",
        "z/X",
    ];
    assert_eq!(
        merge(ignoring, &source, &target),
        [
            "= a",
            "- b/c",
            "- b/",
            "= d/Y",
            "- D/z",
            "= Photo.JPG",
            "= Z/x"
        ]
    );
    // The second spelling is reported, and its place in the target is not deleted.
    assert_eq!(merge(ignoring, &["A", "a!"], &["a"]), ["= A", "! a"]);
    assert_eq!(merge(ignoring, &["d!"], &["D/", "D/x"]), ["! d", "! D/x"]);
    // Without the rule, they are different files.
    assert_eq!(merge(DOWN, &["a"], &["A"]), ["- A", "+ a"]);
}
