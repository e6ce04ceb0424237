//! Tools for authors of packs: new packs, tests of packs, and schemas.
#![cfg(test)]

mod common;

use std::path::{Path, PathBuf};

use common::{Workspace, codegen};
use qingstor_codegen::pack_test::PackTests;
use qingstor_codegen::{Generator, schema};
use serde_json::Value;

/// Returns the root of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

/// Returns the packs of the repository.
fn packs() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root().join("templates")).unwrap();
    let folders = entries.map(|entry| entry.unwrap().path());
    let packs: Vec<PathBuf> = folders
        .filter(|path| path.join("pack.json").is_file())
        .collect();
    assert!(packs.len() >= 3);
    packs
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn assert_conforms(schema: &Value, value: &Value, what: &str) {
    let validator = jsonschema::draft202012::new(schema).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{what}:\n{}", errors.join("\n"));
}

#[test]
fn a_new_pack_works() {
    let workspace = Workspace::notes();
    let (code, out, err) = codegen(&workspace, "new-pack mine/first");
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.contains("wrote mine/first/pack.json\n"), "{out}");
    let listed = out
        .lines()
        .filter(|line| line.starts_with("wrote "))
        .count();
    assert_eq!(listed, workspace.names("mine/first").len());
    assert_eq!(
        workspace.names("mine").len(),
        listed,
        "something else was left there"
    );

    let (code, out, _) = codegen(&workspace, "test-pack mine/first");
    assert_eq!(
        (code, out.as_str()),
        (0, "test small: ok\n1 tests, 0 failed\n")
    );
    let all = "-f specs/notes.json -t mine/first -o out";
    assert_eq!(codegen(&workspace, &format!("generate {all}")).0, 0);
    assert_eq!(codegen(&workspace, &format!("check {all}")).0, 0);
    assert!(
        workspace
            .read("out/index.txt")
            .contains("Outline of Notes 1")
    );
    let manifest = json(&workspace.path("mine/first/pack.json"));
    assert_conforms(
        &json(&workspace.path("mine/first/pack.schema.json")),
        &manifest,
        "new pack",
    );
}

#[test]
fn test_pack_reports_converted_line_endings() {
    let workspace = Workspace::new();
    codegen(&workspace, "new-pack pack");
    let attributes = workspace.read("pack/.gitattributes");
    assert!(attributes.lines().any(|line| line == "* text eol=lf"));
    for (name, bytes) in workspace.files("pack") {
        let text = String::from_utf8(bytes).unwrap();
        workspace.write(&format!("pack/{name}"), text.replace('\n', "\r\n"));
    }
    let (code, out, err) = codegen(&workspace, "test-pack pack");
    assert_eq!((code, err.as_str()), (1, ""));
    let advice = "expected/types.txt: only its line endings differ: it has CRLF";
    assert!(out.contains(advice) && !out.contains("@@"), "{out}");
    assert!(
        out.contains("`* text eol=lf` to pack/.gitattributes"),
        "{out}"
    );
    codegen(&workspace, "test-pack pack --update");
    assert_eq!(codegen(&workspace, "test-pack pack").0, 0);
}

#[cfg(unix)]
#[test]
fn expected_files_are_not_written_through_links() {
    let workspace = Workspace::new();
    codegen(&workspace, "new-pack pack");
    let expected = workspace.path("pack/tests/small/expected");
    std::fs::rename(&expected, workspace.path("elsewhere")).unwrap();
    let before = workspace.files("elsewhere");
    std::os::unix::fs::symlink(workspace.path("elsewhere"), &expected).unwrap();
    workspace.replace("pack/types.txt.tera", ": one of ", " is one of ");
    for command in ["test-pack pack", "test-pack pack --update"] {
        let (code, _, err) = codegen(&workspace, command);
        assert_eq!(code, 1);
        assert!(err.contains("small/expected is a symbolic link"), "{err}");
    }
    assert_eq!(workspace.files("elsewhere"), before);
}

/// The program contains the packs, so a copy needs no clone of the repository.
#[test]
fn every_pack_of_the_project_can_be_copied() {
    let names = qingstor_codegen::new_pack::names();
    assert!(
        names.contains(&"rust") && names.contains(&"python"),
        "{names:?}"
    );
    let workspace = Workspace::notes();
    for name in names {
        let (code, out, err) = codegen(&workspace, &format!("new-pack mine/{name} --from {name}"));
        assert_eq!((code, err.as_str()), (0, ""), "{name}");
        assert!(
            out.contains(&format!("wrote mine/{name}/pack.json\n")),
            "{out}"
        );
        let manifest = json(&workspace.path(&format!("mine/{name}/pack.json")));
        assert_eq!(manifest["$schema"], "pack.schema.json", "{name}");
        assert_conforms(
            &json(&workspace.path(&format!("mine/{name}/pack.schema.json"))),
            &manifest,
            name,
        );
        let (code, out, err) = codegen(&workspace, &format!("test-pack mine/{name}"));
        assert_eq!(code, 0, "{name}: {out}{err}");
    }
    let (code, _, err) = codegen(&workspace, "new-pack mine/other --from other");
    assert_eq!(code, 2);
    assert!(err.contains("[possible values: "), "{err}");
    assert!(!workspace.path("mine/other").exists());
}

#[test]
fn new_pack_requires_an_empty_folder() {
    let workspace = Workspace::new();
    workspace.write("full/note.txt", "mine");
    let (code, _, err) = codegen(&workspace, "new-pack full");
    assert_eq!(code, 1);
    assert!(err.contains("full is not empty"), "{err}");
    assert_eq!(workspace.names(""), ["full/note.txt"]);
    std::fs::create_dir(workspace.path("empty")).unwrap();
    assert_eq!(codegen(&workspace, "new-pack empty").0, 0);
    workspace.write("file", "mine");
    assert_eq!(codegen(&workspace, "new-pack file").0, 1);
    assert_eq!(workspace.read("file"), "mine");
}

#[test]
fn a_changed_pack_fails_its_tests_until_they_are_updated() {
    let workspace = Workspace::new();
    codegen(&workspace, "new-pack pack");
    workspace.replace("pack/types.txt.tera", ": one of ", " is one of ");
    let (code, out, _) = codegen(&workspace, "test-pack pack");
    assert_eq!(code, 1);
    for part in [
        "test small: FAILED\n",
        "--- pack/tests/small/expected/types.txt (expected)\n",
        "-Access: one of ALL, MEMBERS_ONLY\n+Access is one of ALL, MEMBERS_ONLY\n",
        "1 tests, 1 failed\n",
        "`codegen test-pack pack --update`",
    ] {
        assert!(out.contains(part), "lacks {part}:\n{out}");
    }
    let (code, out, _) = codegen(&workspace, "test-pack pack --update");
    assert_eq!(code, 0);
    assert_eq!(
        out,
        "updated pack/tests/small/expected/types.txt\n1 tests, 1 files updated\n"
    );
    assert_eq!(codegen(&workspace, "test-pack pack").0, 0);

    workspace.replace(
        "pack/pack.json",
        "\"types_file\": true",
        "\"types_file\": false",
    );
    let (code, out, _) = codegen(&workspace, "test-pack pack");
    assert_eq!(code, 1);
    assert!(out.contains("-Access is one of"), "{out}");
    codegen(&workspace, "test-pack pack --update");
    assert!(
        !workspace
            .path("pack/tests/small/expected/types.txt")
            .exists()
    );
    assert_eq!(codegen(&workspace, "test-pack pack").0, 0);
}

#[test]
fn update_creates_the_first_test() {
    let workspace = Workspace::notes();
    let (code, _, err) = codegen(&workspace, "test-pack pack");
    assert_eq!(code, 1);
    assert!(err.contains("`codegen test-pack pack --update`"), "{err}");
    let (code, out, _) = codegen(&workspace, "test-pack pack --update");
    assert_eq!(code, 0);
    assert!(
        out.contains("updated pack/tests/small/expected/types.txt\n"),
        "{out}"
    );
    assert!(
        workspace
            .read("pack/tests/small/expected/types.txt")
            .contains("object Shelf")
    );
    // The location of the pack does not matter.
    std::fs::create_dir(workspace.path("elsewhere")).unwrap();
    std::fs::rename(workspace.path("pack"), workspace.path("elsewhere/moved")).unwrap();
    assert_eq!(codegen(&workspace, "test-pack elsewhere/moved").0, 0);
    // A wrong path creates nothing.
    for update in ["", " --update"] {
        let (code, _, err) = codegen(&workspace, &format!("test-pack pakc{update}"));
        assert_eq!(code, 1);
        assert!(err.contains("pakc: the folder does not exist"), "{err}");
        assert!(!workspace.path("pakc").exists());
    }
}

#[test]
fn a_test_can_override_pack_json() {
    let workspace = Workspace::notes();
    workspace.write(
        "pack/tests/own/pack.json",
        r#"{ "comment": "%", "files": [{ "template": "types.txt.tera", "for": "once", "to": "only.txt" }] }"#,
    );
    assert_eq!(codegen(&workspace, "test-pack pack --update").0, 0);
    assert_eq!(workspace.names("pack/tests/own/expected"), ["only.txt"]);
    let made = workspace.read("pack/tests/own/expected/only.txt");
    assert!(
        made.starts_with("% @generated by types.txt.tera from api.json\n"),
        "{made}"
    );
    assert_eq!(codegen(&workspace, "test-pack pack").0, 0);
}

#[test]
fn unused_templates_are_reported() {
    let workspace = Workspace::notes();
    let all = "generate -f specs/notes.json -t pack -o out";
    assert_eq!(codegen(&workspace, all).2, "");
    workspace
        .write(
            "pack/left/over.tera",
            "{% component spare() %}{% endcomponent spare %}",
        )
        .write("pack/bare.tera", "nothing");
    let (code, _, err) = codegen(&workspace, all);
    assert_eq!(code, 0);
    for name in ["pack/bare.tera", "pack/left/over.tera"] {
        let expected = format!("warning[template-unused]: {name}: nothing renders");
        assert!(err.contains(&expected), "lacks {expected}:\n{err}");
    }
    assert_eq!(err.matches("warning").count(), 2, "{err}");
    // One use is enough, of the template or of a component in it.
    let types = workspace.read("pack/types.txt.tera");
    let used = format!("{types}{{{{ <spare /> }}}}{{% include \"bare.tera\" %}}");
    workspace.write("pack/types.txt.tera", used);
    assert_eq!(codegen(&workspace, all).2, "");
    // An overriding folder can leave templates of the pack unused.
    workspace.write("pack/types.txt.tera", types);
    workspace.write("ours/types.txt.tera", "own");
    assert_eq!(codegen(&workspace, &format!("{all} --override ours")).2, "");
}

#[test]
fn tests_of_sections_and_overlays_have_their_own_files() {
    let workspace = Workspace::new();
    workspace
        .write(
            "pack/pack.json",
            r#"{ "model": "1", "files": [
                { "template": "t.tera", "for": "once", "into": { "file": "README.md", "marker": "list" } } ] }"#,
        )
        .write("pack/t.tera", "{{ service.title | md }}")
        .write(
            "pack/tests/named/overlay.json",
            r#"{ "overlay": "1.0.0", "info": { "title": "t", "version": "1" },
                 "actions": [{ "target": "$.info", "description": "Another name", "update": { "title": "Other" } }] }"#,
        );
    let (code, out, err) = codegen(&workspace, "test-pack pack --update");
    assert_eq!(code, 0, "{out}{err}");
    let expected = "pack/tests/named/expected/README.md";
    assert_eq!(
        workspace.read(expected),
        "<!-- list:begin -->\nOther\n<!-- list:end -->\n"
    );
    workspace.write(expected, "# Mine\n<!-- list:begin -->\n<!-- list:end -->\n");
    assert_eq!(codegen(&workspace, "test-pack pack").0, 1);
    assert_eq!(codegen(&workspace, "test-pack pack --update").0, 0);
    assert!(
        workspace
            .read(expected)
            .starts_with("# Mine\n<!-- list:begin -->\nOther\n")
    );
}

#[test]
fn the_packs_of_the_repository_pass_their_tests() {
    let mut tests = 0;
    for pack in packs() {
        let golden = PackTests::new(&pack);
        for name in golden.names().unwrap() {
            let outcome = golden.run(&name).unwrap();
            let diffs: Vec<&str> = outcome
                .differences
                .iter()
                .map(|one| one.diff.as_str())
                .collect();
            assert!(diffs.is_empty(), "{}", diffs.join("\n"));
            tests += 1;
        }
    }
    assert!(tests >= packs().len(), "{tests} tests were found");
}

#[test]
fn the_schemas_in_the_repository_are_those_of_the_generator() {
    for (name, schema) in [("model", schema::model()), ("pack", schema::manifest())] {
        let file = root().join(format!("templates/{name}.schema.json"));
        assert!(
            json(&file) == schema,
            "{} is stale: run `make schema`",
            file.display()
        );
    }
    let workspace = Workspace::new();
    for (arguments, schema) in [
        ("", schema::model()),
        ("model", schema::model()),
        ("pack", schema::manifest()),
    ] {
        let (code, out, err) = codegen(&workspace, &format!("dump --schema {arguments}"));
        assert_eq!((code, err.as_str()), (0, ""));
        assert_eq!(serde_json::from_str::<Value>(&out).unwrap(), schema);
    }
    let (code, _, err) = codegen(&workspace, "dump");
    assert_eq!(code, 2);
    assert!(err.contains("--file <SPEC>"), "{err}");
}

#[test]
fn models_and_packs_conform_to_the_schemas() {
    let specs = root().join("specs/qingstor");
    let generator = Generator::new()
        .spec(specs.join("2016-01-06/api_v2.0.json"))
        .overlay(specs.join("overlay.json"))
        .pack(root().join("templates/rust"));
    let model = serde_json::to_value(generator.model().unwrap()).unwrap();
    assert_conforms(&schema::model(), &model, "model of QingStor");
    let notes = Generator::new().spec(common::tests().join("specs/notes.json"));
    let notes = serde_json::to_value(notes.model().unwrap()).unwrap();
    assert_conforms(&schema::model(), &notes, "model of the notes");
    for pack in packs() {
        let name = pack.display().to_string();
        assert_conforms(&schema::manifest(), &json(&pack.join("pack.json")), &name);
    }
    let mut wrong = notes;
    wrong["service"]["colour"] = Value::Null;
    wrong["resources"][0]["path"] = Value::from(1);
    let validator = jsonschema::draft202012::new(&schema::model()).unwrap();
    assert!(!validator.is_valid(&wrong));
}

#[test]
fn a_handle_that_the_pack_has_no_code_for_is_refused() {
    let workspace = Workspace::notes();
    let known = r#""handles": ["Folder"], "options""#;
    workspace.replace("pack/pack.json", "\"options\"", known);
    workspace.generator().run().unwrap();
    workspace.replace("pack/pack.json", "[\"Folder\"]", "[\"Shelf\", \"Room\"]");
    let error = workspace.generator().run().unwrap_err().to_string();
    for part in [
        "error[handle-unknown]: the pack has no code for the handle `Folder`",
        "notes.json:7:27",
        "it has code for `Shelf`, `Room`",
    ] {
        assert!(error.contains(part), "lacks {part}:\n{error}");
    }
}

#[test]
fn the_small_api_has_no_warnings() {
    let workspace = Workspace::new();
    codegen(&workspace, "new-pack pack");
    let generate = "generate -f pack/tests/small/spec.json -t pack -o out";
    let (code, _, errors) = codegen(&workspace, generate);
    assert_eq!((code, &*errors), (0, ""));
}

#[test]
fn tests_of_a_pack_share_definitions() {
    let workspace = Workspace::new();
    codegen(&workspace, "new-pack pack");
    let spec = |file: &str| {
        let shared = serde_json::json!({ "$ref": file });
        let mut spec = common::spec(serde_json::json!({}));
        spec["definitions"] = serde_json::json!({ "shared": shared });
        spec.to_string()
    };
    workspace
        .write("pack/shared.json", r#"{ "shared": { "type": "string" } }"#)
        .write("secret.json", r#"{ "shared": { "type": "string" } }"#)
        .write(
            "pack/tests/first/spec.json",
            spec("../../shared.json#/shared"),
        );
    let (code, _, errors) = codegen(&workspace, "test-pack pack --update");
    assert_eq!((code, &*errors), (0, ""));
    workspace.write(
        "pack/tests/first/spec.json",
        spec("../../../secret.json#/shared"),
    );
    let (code, _, errors) = codegen(&workspace, "test-pack pack");
    assert_eq!(code, 1);
    assert!(errors.contains("error[ref-outside]"), "{errors}");
}

#[test]
fn optional_properties_have_the_optional_type_of_the_pack() {
    let workspace = Workspace::new();
    codegen(&workspace, "new-pack pack");
    workspace.replace("pack/pack.json", "{type}?", "Maybe[{type}]");
    let small = workspace.path("pack/tests/small/spec.json");
    let model = Generator::new()
        .spec(small)
        .pack(workspace.path("pack"))
        .model()
        .unwrap();
    let shelf = model.types.iter().find(|one| one.name == "shelf").unwrap();
    let held: Vec<(&str, &str)> = shelf
        .properties
        .iter()
        .map(|p| (p.name.as_str(), p.field_type.as_str()))
        .collect();
    let expected = [
        ("name", "text"),
        ("created", "Maybe[time]"),
        ("labels", "map of text"),
        ("type", "Maybe[text]"),
    ];
    assert_eq!(held, expected);
}
