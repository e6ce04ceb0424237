//! Follows the guide for authors of packs: writes its files and runs its commands in order.
#![cfg(test)]
#![cfg(unix)]

mod common;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use common::{Workspace, copy};

/// The command in the guide that starts the generator.
const CALL: &str = "cargo run --release -p qingstor-codegen --";

/// A code block of the guide.
struct Block {
    language: String,
    /// The path in backquotes at the end of the line before the block.
    file: Option<String>,
    text: String,
}

fn blocks(guide: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut before = "";
    let mut lines = guide.lines();
    while let Some(line) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            let text: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            let file = before
                .strip_suffix("`:")
                .and_then(|rest| rest.rsplit_once('`'));
            blocks.push(Block {
                language: language.to_owned(),
                file: file.map(|(_, file)| file.to_owned()),
                text: text.join("\n") + "\n",
            });
            before = "";
        } else if !line.is_empty() {
            before = line;
        }
    }
    blocks
}

/// Copies the parts of the repository that the guide uses.
fn repository() -> Workspace {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let workspace = Workspace::new();
    for folder in ["specs", "templates"] {
        copy(&root.join(folder), &workspace.path(folder));
    }
    workspace
}

fn shell(workspace: &Workspace, script: &str) -> Command {
    let mut command = Command::new("sh");
    command
        .args(["-euc", script])
        .current_dir(workspace.path(""));
    command
}

/// Runs commands. A command with `--watch` is killed after it has started.
fn run(workspace: &Workspace, script: &str) {
    let script = script.replace(CALL, env!("CARGO_BIN_EXE_codegen"));
    if !script.contains("--watch") {
        let output = shell(workspace, &script).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "{script}\n{out}{err}");
        return;
    }
    let mut child = shell(workspace, &format!("exec {script}"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let begun = lines.any(|line| line.unwrap().starts_with("watching"));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(begun, "{script}");
}

#[test]
fn the_guide_creates_a_typescript_pack() {
    let workspace = repository();
    let (mut files, mut commands) = (0, 0);
    for block in blocks(&workspace.read("templates/README.md")) {
        match (block.language.as_str(), &block.file) {
            ("sh", None) => {
                run(&workspace, &block.text);
                commands += 1;
                if commands == 1 {
                    assert!(workspace.path("target/typescript/index.txt").exists());
                }
                if commands == 2 {
                    check_output(&workspace);
                }
            }
            (_, Some(file)) => {
                workspace.write(file, &block.text);
                files += 1;
            }
            // Output of the generator.
            ("text", None) => assert!(block.text.starts_with("error["), "{}", block.text),
            (language, None) => panic!("a block of {language} has no file:\n{}", block.text),
        }
    }
    assert_eq!((files, commands), (8, 7));
    let acl = workspace.read("target/typescript/bucket-acl.ts");
    assert!(
        acl.contains("from \"./types\";") && !acl.contains("/**\n   *"),
        "{acl}"
    );
    check_companion(&workspace);
}

/// Returns the blocks of an example in CONTRIBUTING.md.
fn example_for_contributors(title: &str) -> Vec<Block> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let text = std::fs::read_to_string(root.join("CONTRIBUTING.md")).unwrap();
    let (_, section) = text.split_once(&format!("\n### {title}\n")).unwrap();
    let (section, _) = section.split_once("\n### ").unwrap();
    // The blocks are indented, because they are parts of a list.
    let section: Vec<&str> = section
        .lines()
        .map(|line| line.strip_prefix("   ").unwrap_or(line))
        .collect();
    blocks(&section.join("\n"))
}

fn generate_sdk() -> String {
    format!(
        "{CALL} generate --file specs/qingstor/2016-01-06/api_v2.0.json \
        --overlay specs/qingstor/overlay.json --template templates/rust --output generated"
    )
}

#[test]
fn the_example_for_contributors_adds_a_parameter() {
    let blocks = example_for_contributors("Example: a new optional query parameter");
    let block = |language: &str| {
        let mut matching = blocks.iter().filter(|block| block.language == language);
        let block = matching.next().unwrap();
        assert!(matching.next().is_none(), "two blocks of {language}");
        &block.text
    };

    let workspace = repository();
    let file = "specs/qingstor/2016-01-06/bucket.json";
    let last = "\n        \"type\": \"integer\"\n      }";
    assert_eq!(workspace.read(file).matches(last).count(), 1);
    let indented = block("json").trim_end().replace('\n', "\n      ");
    workspace.replace(file, last, &format!("{last},\n      {indented}"));
    let generate = generate_sdk();
    run(&workspace, &generate);
    let code = workspace.read("generated/bucket.rs");
    for piece in block("diff").split("...\n") {
        let added = piece.replace("\n+", "\n");
        assert!(code.contains(added.trim_start_matches('+')), "no {added}");
    }

    let parameter = indented.replace("\"string\"", "\"integr\"");
    workspace.replace(file, &indented, &parameter);
    let script = generate.replace(CALL, env!("CARGO_BIN_EXE_codegen"));
    let output = shell(&workspace, &script).output().unwrap();
    let report = String::from_utf8(output.stderr).unwrap();
    let without_indents = |text: &str| -> Vec<String> {
        let lines = text.trim().lines();
        lines.map(|line| line.trim().to_owned()).collect()
    };
    assert_eq!(without_indents(&report), without_indents(block("text")));
}

#[test]
fn the_example_for_contributors_adds_an_operation() {
    let blocks = example_for_contributors("Example: a new operation");
    let [operation, path] = &*blocks else {
        panic!("{} blocks", blocks.len());
    };
    let workspace = repository();
    workspace.write(operation.file.as_ref().unwrap(), &operation.text);
    let root = "specs/qingstor/2016-01-06/api_v2.0.json";
    let paths = "\"paths\": {";
    let added = format!("{paths}\n{},", path.text.trim_end());
    workspace.replace(root, paths, &added);
    run(&workspace, &generate_sdk());
    let code = workspace.read("generated/bucket_inventory.rs");
    assert!(code.contains("pub fn get_inventory(&self)"), "{code}");
    assert!(code.contains(".sub_resource(\"inventory\")"), "{code}");
}

/// Checks the output of the companion pack in the guide, with the names of the guide's pack and
/// with those of another pack.
fn check_companion(workspace: &Workspace) {
    let methods = || workspace.read("target/methods/methods.md");
    let own = methods();
    assert!(own.starts_with("<!-- @generated by "), "{own}");
    assert!(
        own.contains("| `putAcl` | `PUT /{bucketName}?acl` |"),
        "{own}"
    );
    let call = "cargo run --release -p qingstor-codegen -- generate \
        --file specs/qingstor/2016-01-06/api_v2.0.json --overlay specs/qingstor/overlay.json \
        --template templates/rust --override target/companion --output target/methods";
    run(workspace, call);
    let rust = methods();
    assert!(
        rust.contains("| `put_acl` | `PUT /{bucketName}?acl` |"),
        "{rust}"
    );
}

/// Checks the output of the guide's pack for QingStor.
fn check_output(workspace: &Workspace) {
    assert!(!workspace.path("target/typescript/index.txt").exists());
    let acl = workspace.read("target/typescript/bucket-acl.ts");
    for part in [
        "// @generated by templates/typescript/resource.ts.tera from specs/qingstor/",
        "from \"./types.js\";",
        "export interface PutBucketAclInput {",
        "  acl: Array<types.AclGrant>;",
        "export const putAcl = {\n  method: \"PUT\",\n  path: \"/{bucketName}?acl\",",
    ] {
        assert!(acl.contains(part), "lacks {part}:\n{acl}");
    }
    let types = workspace.read("target/typescript/types.ts");
    assert!(
        types.contains("export enum Permission {\n  Read = \"READ\","),
        "{types}"
    );
    let expected = workspace.names("templates/typescript/tests/small/expected");
    assert!(expected.contains(&"types.ts".to_owned()), "{expected:?}");
}
