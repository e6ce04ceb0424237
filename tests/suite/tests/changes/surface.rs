//! Tests each change separately: the check fails, regenerating fixes it, and the generated API has the
//! expected form.

use std::collections::BTreeMap;

use crate::edits;
use crate::tree::Tree;

/// The generated files before and after a change, by name.
struct Rendered {
    before: BTreeMap<String, String>,
    after: BTreeMap<String, String>,
}

impl Rendered {
    /// Makes a change, and asserts that `check` finds stale files until they are regenerated.
    fn with(change: fn(&Tree)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let tree = Tree::new(folder.path());
        let generator = tree.generator();
        generator.run().unwrap();
        assert_eq!(generator.check().unwrap(), [], "stale before the change");
        let before = tree.rendered();
        change(&tree);
        assert_ne!(
            generator.check().unwrap(),
            [],
            "the check does not find the change"
        );
        generator.run().unwrap();
        assert_eq!(generator.check().unwrap(), []);
        Self {
            before,
            after: tree.rendered(),
        }
    }

    /// Asserts that the change adds a text to a file.
    fn adds(&self, file: &str, text: &str) {
        let (before, after) = self.both(file);
        assert!(!before.contains(text), "{file} already contained: {text}");
        assert!(
            after.contains(text),
            "{file} does not contain: {text}\n{after}"
        );
    }

    /// Asserts that the change removes a text from a file.
    fn removes(&self, file: &str, text: &str) {
        let (before, after) = self.both(file);
        assert!(before.contains(text), "{file} did not contain: {text}");
        assert!(
            !after.contains(text),
            "{file} still contains: {text}\n{after}"
        );
    }

    fn both(&self, file: &str) -> (&str, &str) {
        (&self.before[file], &self.after[file])
    }
}

#[test]
fn a_new_query_parameter_becomes_a_setter() {
    let rendered = Rendered::with(edits::add_query_parameter);
    rendered.adds(
        "bucket.rs",
        "\n    /// Whether each key includes its owner.\n",
    );
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
fn a_new_required_parameter_becomes_an_argument() {
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
fn paging_follows_the_overlay() {
    let before = "    ListObjectsInput, keys: types::ObjectSummary,\n    besides: [common_prefixes], prefix: prefix of [key, common_prefixes],\n    more: has_more, next: [marker = next_marker]\n";
    let rendered = Rendered::with(edits::change_paging);
    rendered.removes("bucket.rs", before);
    rendered.adds("bucket.rs", "    next: [marker = name]\n");
    let rendered = Rendered::with(edits::remove_paging);
    rendered.removes("bucket.rs", "paged! {");
}

/// If the specification and the overlay contradict each other, nothing is written and the error names
/// the location.
#[test]
fn removing_a_parameter_that_the_overlay_needs_is_an_error() {
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
fn a_new_response_field_becomes_a_field_of_the_output() {
    let rendered = Rendered::with(edits::add_response_field);
    rendered.adds(
        "bucket_statistics.rs",
        "    /// Names of the tiers in use.\n",
    );
    rendered.adds("bucket_statistics.rs", "    pub tiers: Vec<String>,\n");
}

#[test]
fn a_new_enum_value_becomes_a_variant() {
    let rendered = Rendered::with(edits::add_enum_value);
    rendered.adds("types.rs", "        /// Read-only, set by the owner.\n");
    rendered.adds("types.rs", "        FrozenByOwner = \"frozen-by-owner\",\n");
}

#[test]
fn a_changed_field_type_changes_the_field() {
    let rendered = Rendered::with(edits::retype_field);
    let key = |text: &str| {
        let at = text.find("pub struct ObjectSummary {").unwrap();
        let end = at + text[at..].find('}').unwrap();
        text[at..end].to_owned()
    };
    let (before, after) = rendered.both("types.rs");
    assert!(key(before).contains("pub size: u64,"));
    assert!(key(after).contains("pub size: String,"));
}

#[test]
fn a_renamed_operation_renames_the_method() {
    let rendered = Rendered::with(edits::rename_operation);
    for removed in [
        "pub fn delete_object(",
        "DeleteObjectInput",
        "\"DeleteObject\"",
    ] {
        rendered.removes("object.rs", removed);
    }
    rendered.adds("object.rs", "pub fn erase_object(");
    rendered.adds(
        "object.rs",
        "OperationInfo::new(\"EraseObject\", Method::DELETE)",
    );
}

/// The sub-resource of the operation is also added to the signed parameters.
#[test]
fn a_new_operation_becomes_a_method_with_its_types() {
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
