//! Changes of the specification become commands of `qingstor api`.

use crate::edits;
use crate::tree::Tree;

/// Returns the generated commands after a change.
fn commands_after(change: fn(&Tree)) -> String {
    let folder = tempfile::tempdir().unwrap();
    let tree = Tree::new(folder.path());
    change(&tree);
    let generator = tree
        .generator()
        .pack(qingstor_suite::repository::root().join("templates/cli"));
    let files = generator.render().unwrap().files;
    files.into_iter().map(|file| file.text).collect()
}

#[test]
fn a_new_parameter_is_a_flag() {
    let flag = "    \"fetch-owner\",\n";
    assert!(!commands_after(|_| {}).contains(flag));
    let commands = commands_after(edits::add_query_parameter);
    assert!(commands.contains(flag) && commands.contains("Whether each key includes its owner."));
    assert!(commands.contains("fetch_owner: api.optional::<"));
}

#[test]
fn a_new_operation_is_a_command() {
    let before = commands_after(|_| {});
    let after = commands_after(edits::add_operation);
    let count = |text: &str| text.matches("send: |api| ").count();
    assert_eq!(count(&after), count(&before) + 1);
}

#[test]
fn a_flag_never_replaces_an_option_of_the_program() {
    let commands =
        commands_after(|tree| {
            tree.edit("2016-01-06/bucket.json", |spec| {
            for name in ["json", "zone", "dry_run"] {
                let parameter = serde_json::json!({
                    "name": name, "in": "query", "type": "string", "description": "A parameter.",
                });
                spec["get"]["parameters"].as_array_mut().unwrap().push(parameter);
            }
        });
        });
    for flag in ["json-parameter", "zone-parameter", "dry-run-parameter"] {
        assert!(commands.contains(&format!("    {flag:?},\n")), "{flag}");
    }
}
