//! Each change alone: the check fails, regenerating mends it, and the surface is as one expects.

use std::collections::BTreeMap;

use crate::edits;
use crate::tree::Tree;

/// The rendered files before a change and after it, by name.
struct Rendered {
    before: BTreeMap<String, String>,
    after: BTreeMap<String, String>,
}

impl Rendered {
    /// Makes a change, and shows that `check` tells stale files from fresh ones.
    fn with(change: fn(&Tree)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let tree = Tree::new(folder.path());
        let generator = tree.generator();
        generator.run().unwrap();
        assert_eq!(generator.check().unwrap(), [], "stale before the change");
        let before = tree.rendered();
        change(&tree);
        assert_ne!(generator.check().unwrap(), [], "the change is not noticed");
        generator.run().unwrap();
        assert_eq!(generator.check().unwrap(), []);
        Self {
            before,
            after: tree.rendered(),
        }
    }

    /// The text is new in a file.
    fn adds(&self, file: &str, text: &str) {
        let (before, after) = self.both(file);
        assert!(!before.contains(text), "{file} had it before: {text}");
        assert!(after.contains(text), "{file} lacks: {text}\n{after}");
    }

    /// The text is gone from a file.
    fn removes(&self, file: &str, text: &str) {
        let (before, after) = self.both(file);
        assert!(before.contains(text), "{file} never had it: {text}");
        assert!(!after.contains(text), "{file} still has: {text}\n{after}");
    }

    fn both(&self, file: &str) -> (&str, &str) {
        (&self.before[file], &self.after[file])
    }
}

#[test]
fn a_new_query_parameter_is_a_setter() {
    let rendered = Rendered::with(edits::add_query_parameter);
    rendered.adds("bucket.rs", "\n    /// Whether each key tells its owner.\n");
    rendered.adds(
        "bucket.rs",
        "    pub fn fetch_owner(mut self, value: bool) -> Self {\n",
    );
    rendered.adds("bucket.rs", "request.query(\"fetch_owner\", &true);");
    // Existing calls do not change.
    let (_, after) = rendered.both("bucket.rs");
    assert!(after.contains("pub fn list_objects(&self) -> ListObjects {"));
}

#[test]
fn a_new_required_parameter_is_an_argument() {
    let rendered = Rendered::with(edits::add_required_parameter);
    rendered.removes("bucket.rs", "pub fn list_objects(&self) -> ListObjects {");
    rendered.adds(
        "bucket.rs",
        "pub fn list_objects(&self, tenant: impl Into<String>) -> ListObjects {",
    );
}

#[test]
fn a_removed_parameter_has_no_setter() {
    let rendered = Rendered::with(edits::remove_parameter);
    rendered.removes("bucket.rs", "    pub fn delimiter(mut self, ");
    rendered.removes("bucket.rs", "request.query(\"delimiter\"");
}

#[test]
fn paging_follows_its_facts() {
    let before = "    ListObjectsInput, keys: types::Key,\n    besides: [common_prefixes],\n    more: has_more, next: [marker = next_marker]\n";
    let rendered = Rendered::with(edits::change_paging);
    rendered.removes("bucket.rs", before);
    rendered.adds("bucket.rs", "    next: [marker = name]\n");
    let rendered = Rendered::with(edits::remove_paging);
    rendered.removes("bucket.rs", "paged! {");
}

/// Nothing is written when the facts contradict each other, and the message leads to the place.
#[test]
fn a_removed_parameter_that_the_overlay_needs_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let tree = Tree::new(folder.path());
    tree.generator().run().unwrap();
    let before = tree.rendered();
    edits::remove_parameter_that_the_overlay_needs(&tree);
    let error = tree.generator().run().unwrap_err().to_string();
    assert!(error.contains("`x-paging` names `marker`"), "{error}");
    assert!(error.contains("overlay.json:"), "{error}");
    assert_eq!(tree.rendered(), before);
}

#[test]
fn a_new_field_of_an_answer_is_a_field_of_the_output() {
    let rendered = Rendered::with(edits::add_response_field);
    rendered.adds("bucket_stats.rs", "    /// Names of the tiers in use.\n");
    rendered.adds("bucket_stats.rs", "    pub tiers: Vec<String>,\n");
}

#[test]
fn a_new_value_of_an_enum_is_a_variant() {
    let rendered = Rendered::with(edits::add_enum_value);
    rendered.adds("types.rs", "        /// Read-only, by wish of its owner.\n");
    rendered.adds("types.rs", "        FrozenByOwner = \"frozen-by-owner\",\n");
}

#[test]
fn a_field_of_another_type_has_that_type() {
    let rendered = Rendered::with(edits::retype_field);
    let key = |text: &str| {
        let at = text.find("pub struct Key {").unwrap();
        let end = at + text[at..].find('}').unwrap();
        text[at..end].to_owned()
    };
    let (before, after) = rendered.both("types.rs");
    assert!(key(before).contains("pub size: u64,"));
    assert!(key(after).contains("pub size: String,"));
}

#[test]
fn a_renamed_operation_is_a_renamed_method() {
    let rendered = Rendered::with(edits::rename_operation);
    for gone in [
        "pub fn delete_object(",
        "DeleteObjectInput",
        "\"DeleteObject\"",
    ] {
        rendered.removes("object.rs", gone);
    }
    rendered.adds("object.rs", "pub fn erase_object(");
    rendered.adds(
        "object.rs",
        "OperationInfo::new(\"EraseObject\", Method::DELETE)",
    );
}

/// Its name is signed at once: the list of signed parameters is rendered, too.
#[test]
fn a_new_operation_is_a_method_with_types_of_its_own() {
    let rendered = Rendered::with(edits::add_operation);
    rendered.adds("types.rs", "pub struct Tag {\n");
    rendered.adds("facts.rs", "    \"tagging\",\n");
    rendered.adds("mod.rs", "mod object_tagging;\n");
    let file = &rendered.after["object_tagging.rs"];
    assert!(
        file.contains("tag_set: impl IntoIterator<Item = types::Tag>,"),
        "{file}"
    );
    assert!(file.contains("    pub tag_count: Option<"), "{file}");
}
