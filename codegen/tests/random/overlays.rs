//! Overlays with random actions on the API of this repository.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::TestCaseError;
use qingstor_codegen::{Error, Generator};
use serde_json::{Value, json};

use crate::common::Workspace;
use crate::{in_time, runner};

/// Root file of the API of this repository, or of another API.
fn spec() -> PathBuf {
    let own = "../specs/qingstor/2016-01-06/api_v2.0.json";
    let own = || Path::new(env!("CARGO_MANIFEST_DIR")).join(own);
    std::env::var_os("RANDOM_SPEC").map_or_else(own, PathBuf::from)
}

/// Parts of targets.
#[derive(Clone)]
struct Known {
    /// Keys and short texts.
    names: Vec<String>,
    /// Paths of all values.
    places: Vec<String>,
}

impl Known {
    fn of(spec: &Path) -> Self {
        let (mut names, mut places) = (BTreeSet::new(), Vec::new());
        let model = Generator::new().spec(spec).model();
        model.unwrap_or_else(|error| panic!("{error}"));
        collect(spec, &file(spec), "$", &mut names, &mut places);
        Self {
            names: names.into_iter().collect(),
            places,
        }
    }
}

fn file(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn collect(
    from: &Path,
    value: &Value,
    at: &str,
    names: &mut BTreeSet<String>,
    places: &mut Vec<String>,
) {
    places.push(at.to_owned());
    match value {
        Value::Object(members) => {
            // Overlays see values of other files in the place of their references.
            if let Some((part, pointer)) = members.get("$ref").and_then(part) {
                let part = from.with_file_name(part);
                let whole = file(&part);
                return collect(&part, whole.pointer(pointer).unwrap(), at, names, places);
            }
            for (key, member) in members {
                names.insert(key.clone());
                collect(from, member, &format!("{at}['{key}']"), names, places);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                collect(from, item, &format!("{at}[{index}]"), names, places);
            }
        }
        Value::String(text) if text.len() < 40 => drop(names.insert(text.clone())),
        _ => {}
    }
}

/// Returns the file and the pointer that a reference refers to.
fn part(reference: &Value) -> Option<(&str, &str)> {
    let (file, pointer) = reference
        .as_str()?
        .split_once('#')
        .unwrap_or((reference.as_str()?, ""));
    (!file.is_empty()).then_some((file, pointer))
}

/// Steps that exist in most specifications, so that many targets match.
const STEPS: &[&str] = &[
    "",
    ".paths",
    ".paths.*",
    "..get",
    "..put.parameters",
    "..parameters[*]",
    "..responses",
    "..schema",
    "..properties",
    "..properties.*",
    ".definitions",
    ".definitions.*",
    ".parameters.*",
    "..enum",
    "..required",
    "..items",
    "['x-error-codes']",
    ".info",
];

/// Invalid paths, and unusual valid ones.
const JUNK: &[&str] = &[
    "$",
    "@",
    "..",
    "[",
    "]",
    "(",
    ")",
    "'",
    "\"",
    "?",
    "*",
    "!",
    "&&",
    "||",
    "==",
    "<=",
    ",",
    ":",
    "\\",
    "\\u",
    "0",
    "-1",
    "99999999999999999999",
    "9007199254740993",
    " ",
    "\t",
    "\u{0}",
    "é",
    "\u{1f600}",
    "length(",
    "match(@, '(a*)*b')",
    "search(@.x, '[')",
    "count(@..*)",
    "value($..*)",
    "[?@]",
    "[::0]",
    "[-1:]",
    "null",
    "true",
    "1e999",
    "..*..*",
];

/// Generates one step of a path.
fn step(names: Vec<String>) -> impl Strategy<Value = String> {
    let name = select(names).boxed();
    let quoted = |name: String| format!("'{}'", name.replace('\\', "\\\\").replace('\'', "\\'"));
    let number = -3..30_i64;
    let literal = prop_oneof![
        name.clone().prop_map(quoted),
        number.clone().prop_map(|number| number.to_string()),
        select(vec!["null", "true", "false", "1.5"]).prop_map(str::to_owned),
    ];
    let compare = select(vec!["==", "!=", "<", ">="]);
    let query = select(vec![
        "@",
        "@.name",
        "@['in']",
        "@.type",
        "@.*",
        "$.info",
        "count(@.*)",
        "length(@)",
    ]);
    prop_oneof![
        4 => name.clone().prop_map(move |name| format!("[{}]", quoted(name))),
        2 => name.clone().prop_map(move |name| format!("..[{}]", quoted(name))),
        1 => name.prop_map(|name| format!(".{name}")),
        2 => Just("[*]".to_owned()),
        1 => Just("..*".to_owned()),
        2 => number.clone().prop_map(|number| format!("[{number}]")),
        1 => (number.clone(), number.clone(), number)
            .prop_map(|(from, to, by)| format!("[{from}:{to}:{by}]")),
        3 => (query, compare, literal).prop_map(|(query, compare, literal)| {
            format!("[?{query}{compare}{literal}]")
        }),
    ]
}

fn target(known: Known) -> impl Strategy<Value = String> {
    let steps = proptest::collection::vec(step(known.names), 0..4);
    let path =
        (select(STEPS), steps).prop_map(|(begin, steps)| format!("${begin}{}", steps.concat()));
    let path = path.boxed();
    let junk = (path.clone(), any::<Index>(), select(JUNK)).prop_map(|(path, at, junk)| {
        let at = at.index(path.chars().count() + 1);
        let begin: String = path.chars().take(at).collect();
        format!("{begin}{junk}{}", &path[begin.len()..])
    });
    let mess = proptest::collection::vec(select(JUNK), 0..12).prop_map(|all| all.concat());
    let place = select(known.places);
    prop_oneof![12 => place, 5 => path, 2 => junk, 1 => mess]
}

/// Generates any value, with keys that have a meaning.
fn value(names: Vec<String>) -> impl Strategy<Value = Value> {
    let name = select(names).boxed();
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        (-1e300..1e300).prop_map(|number: f64| number.into()),
        any::<String>().prop_map(Into::into),
        name.clone().prop_map(Into::into),
        select(vec![
            json!({"$ref": "#/definitions/acl"}),
            json!({"$ref": "#/definitions/key"}),
            json!({"$ref": "#/paths"}),
            json!({"$ref": "../../x.json"}),
            json!({"$ref": "#"}),
            json!({"allOf": [{"$ref": "#/definitions/key"}]}),
            json!({"type": "array", "items": {"type": "string"}}),
            json!({"type": "object", "properties": {"a": {"type": "integer"}}}),
            json!({"x-paging": {"items": "keys", "next": {"a": "b"}}}),
            json!({"enum": ["a", "A", "a ", ""]}),
            json!(["name"]),
        ]),
    ];
    leaf.prop_recursive(3, 12, 4, move |inner| {
        let member = (name.clone(), inner.clone());
        prop_oneof![
            proptest::collection::vec(inner, 0..4).prop_map(Into::into),
            proptest::collection::vec(member, 0..4)
                .prop_map(|all| all.into_iter().collect::<serde_json::Map<_, _>>().into()),
        ]
    })
}

fn actions(known: &Known) -> impl Strategy<Value = Vec<Value>> + use<> {
    let change = prop_oneof![
        4 => value(known.names.clone()).prop_map(|value| ("update", value)),
        3 => Just(("remove", json!(true))),
        2 => target(known.clone()).prop_map(|path| ("copy", path.into())),
    ];
    let action = (target(known.clone()), change).prop_map(
        |(target, (what, how))| json!({"target": target, "description": "Random.", what: how}),
    );
    proptest::collection::vec(action, 1..8)
}

/// Checks that each finding has a place and advice. Returns the actions that are refused.
fn refused(error: &Error) -> Result<BTreeSet<usize>, TestCaseError> {
    let Error::Spec(report) = error else {
        return Err(TestCaseError::fail(format!("no report: {error}")));
    };
    prop_assert!(!report.findings.is_empty());
    let mut actions = BTreeSet::new();
    for finding in &report.findings {
        let Some(place) = &finding.place else {
            return Err(TestCaseError::fail(format!("no place: {report}")));
        };
        let is_whole = place.line > 0 && place.column > 0 && finding.help.is_some();
        prop_assert!(is_whole, "{report}");
        let pointer = place.pointer.as_deref().unwrap_or_default();
        if let Some(action) = pointer.strip_prefix("/actions/")
            && finding.rule.starts_with("overlay-")
        {
            let number = action.split('/').next().unwrap();
            actions.insert(number.parse().unwrap());
        }
    }
    Ok(actions)
}

/// Applies actions. Removes refused actions until the others are accepted, or until their result is
/// refused.
fn try_actions(workspace: &Workspace, mut actions: Vec<Value>) -> Result<(), TestCaseError> {
    let generator = Generator::new().spec(spec());
    let generator = generator.overlay(workspace.path("overlay.json"));
    while !actions.is_empty() {
        let info = json!({"title": "Random", "version": "1"});
        let overlay = json!({"overlay": "1.1.0", "info": info, "actions": actions});
        let text = serde_json::to_string_pretty(&overlay).unwrap();
        workspace.write("overlay.json", &text);
        let Err(error) = in_time(&text, || generator.model()) else {
            break;
        };
        let refused = refused(&error)?;
        if refused.is_empty() {
            break;
        }
        let mut index = 0..;
        actions.retain(|_| !refused.contains(&index.next().unwrap()));
    }
    in_time("lint", || generator.lint().unwrap());
    Ok(())
}

#[test]
fn random_actions_are_applied_or_refused_with_a_place() {
    let known = Known::of(&spec());
    let workspace = Workspace::new();
    let result = runner(30).run(&actions(&known), |actions| try_actions(&workspace, actions));
    if let Err(error) = result {
        panic!("{error}");
    }
}
