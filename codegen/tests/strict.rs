//! Undefined names in templates are errors everywhere, and templates cannot run endlessly.
#![cfg(test)]

mod common;

use common::Workspace;

/// Creates a pack with a single template `t.tera`, rendered for each item of a kind.
fn pack(each: &str, template: &str, partials: &[(&str, &str)]) -> Workspace {
    let workspace = Workspace::notes();
    std::fs::remove_dir_all(workspace.path("pack")).unwrap();
    workspace.write(
        "pack/pack.json",
        format!(
            r#"{{"model":"1","options":{{"colours":["red"],"paper":{{"size":"A4"}}}},"files":[
{{"template":"t.tera","for":"{each}","to":"x/{}"}}]}}"#,
            if each == "once" {
                "one"
            } else {
                "{{ it.ident }}"
            }
        ),
    );
    workspace.write("pack/t.tera", template);
    for (name, text) in partials {
        workspace.write(&format!("pack/{name}"), text);
    }
    workspace
}

fn refusal(workspace: &Workspace) -> String {
    let error = workspace.generator().run().expect_err("it is refused");
    assert!(!workspace.path("out").exists(), "something was written");
    error.to_string()
}

/// The kind of item, a template, and expected parts of the message.
const UNKNOWN: &[(&str, &str, &[&str])] = &[
    (
        "type",
        "{% if it.kind == 'objekt' %}{% endif %}",
        &[
            "t.tera:1:18",
            "`kind` is never `objekt`; did you mean `object`? (there are: object, enum, alias)",
        ],
    ),
    (
        "operation",
        "{% for p in it.request.properties %}{{ 1 if p.place.kind != \"body\" else 2 }}{% endfor %}",
        &["t.tera:1:61", "`kind` is never `body`", "header_map"],
    ),
    (
        "type",
        "{% if it.shape.kind == 'map' or it.shape.item.kind == 'txt' %}{% endif %}",
        &["`kind` is never `txt`; did you mean `text`?"],
    ),
    (
        "once",
        "{{ resorces }}",
        &[
            "t.tera:1:4",
            "`resorces` is not defined here; did you mean `resources`?",
        ],
    ),
    (
        "once",
        "a\n  {% if it.name %}{% endif %}",
        &["t.tera:2:9", "`it` is not defined here", "sub_services"],
    ),
    (
        "operation",
        "{{ it.methd_ident }}",
        &[
            "t.tera:1:7",
            "operation has no field `methd_ident`; did you mean `method_ident`?",
        ],
    ),
    (
        "operation",
        "{% if it.deprecatd %}x{% endif %}",
        &["operation has no field `deprecatd`; did you mean `deprecated`?"],
    ),
    (
        "operation",
        "{{ it.requst.properties | length }}",
        &["t.tera:1:7", "did you mean `request`?"],
    ),
    (
        "operation",
        "{{ it.request[\"bdy\"] }}",
        &["request has no field `bdy`"],
    ),
    (
        "operation",
        "{% for p in it.request.properties %}{% if p.requird %}{% endif %}{% endfor %}",
        &[
            "t.tera:1:45",
            "property has no field `requird`; did you mean `required`?",
        ],
    ),
    (
        "operation",
        "{{ [p.name for p in it.request.properties if p.requird] | length }}",
        &["property has no field `requird`; did you mean `required`?"],
    ),
    (
        "operation",
        "{% set all = [p for p in it.request.properties if p.required] %}{% for p in all %}{{ p.nme }}{% endfor %}",
        &["property has no field `nme`"],
    ),
    (
        "operation",
        "{% set all = [p for p in it.request.properties if p.place.kind == \"boody\"] %}",
        &["`kind` is never `boody`"],
    ),
    (
        "operation",
        "{% if it.request.properties[0].nme %}{% endif %}",
        &["property has no field `nme`"],
    ),
    (
        "operation",
        "{% for p in it.request.properties | reverse %}{{ p.nme | default(value=1) }}{% endfor %}",
        &["property has no field `nme`"],
    ),
    (
        "operation",
        "{% for s in it.path_segments %}{{ s.txt }}{% endfor %}",
        &["segment has no field `txt`", "text"],
    ),
    (
        "operation",
        "{% if it.id is defined and it.idd is defined %}{% endif %}",
        &["no field `idd`"],
    ),
    (
        "type",
        "{% for p in it.properties %}{% endfor %}{{ p.name }}",
        &["`p` is not defined here"],
    ),
    (
        "type",
        "{% for p in it.properties %}{% if p.shape.kind == \"list\" and p.shape.itm.kind %}{% endif %}{% endfor %}",
        &["shape has no field `itm`; did you mean `item`?"],
    ),
    (
        "resource",
        "{{ it.operations[0].summry }}",
        &["operation has no field `summry`"],
    ),
    (
        "service",
        "{{ it.titel }}",
        &["service has no field `titel`; did you mean `title`?"],
    ),
    (
        "sub_service",
        "{{ it.discription }}",
        &["sub service has no field `discription`"],
    ),
    (
        "once",
        "{% if pack.papr %}{% endif %}",
        &["option has no field `papr`; did you mean `paper`?"],
    ),
    (
        "once",
        "{{ pack.paper.sise }}",
        &["option has no field `sise`; did you mean `size`?"],
    ),
    (
        "once",
        "{{ service.title ~ (servce.title) }}",
        &["t.tera:1:21", "did you mean `service`?"],
    ),
    (
        "once",
        "{{ [t.nam for t in types if t.kind] }}{{ types[0].nam }}",
        &["customized type has no field `nam`"],
    ),
];

#[test]
fn undefined_names_are_reported_with_suggestions() {
    for (each, template, expected) in UNKNOWN {
        let message = refusal(&pack(each, template, &[]));
        for part in ["error[template-name]"].iter().chain(*expected) {
            assert!(
                message.contains(part),
                "{template}\nlacks {part}:\n{message}"
            );
        }
        let line = template.lines().last().unwrap();
        assert!(
            message.contains(line),
            "{template}: its line is not shown:\n{message}"
        );
    }
}

/// Templates that look as if they had undefined names.
const KNOWN: &[(&str, &str)] = &[
    (
        "once",
        "{% if draft is defined %}{{ draft }}{% endif %}{{ draft | default(value=\"x\") }}",
    ),
    (
        "once",
        "{% for t in types %}{{ loop.index }}{% if loop.last %}.{% endif %}{% endfor %}",
    ),
    (
        "once",
        "{% set a = service %}{{ a.title }}{% set_global b %}x{% endset %}{{ b | upper }}",
    ),
    (
        "once",
        "{% for t in types %}{% if not loop.first %}{{ seen }}{% endif %}{% set_global seen = t.name %}{% endfor %}",
    ),
    (
        "once",
        "{% for key, value in pack.paper %}{{ key }}{{ value }}{% endfor %}{{ pack.colours[0] }}",
    ),
    (
        "once",
        "{{ [n.name for n in types if n.kind == \"enum\"] | length }}",
    ),
    (
        "once",
        "{% set a = [t for t in types if [p for p in t.properties if p.required]] %}{% set a = [k for k, v in pack.paper] %}{% for x in a %}{{ x }}{% endfor %}",
    ),
    (
        "once",
        "{% for t in types %}{{ [t for t in t.properties if t.required] | length }}{{ t.ident }}{% endfor %}",
    ),
    (
        "once",
        "{% set a = ([t for t in types if t.in_request] | first) or {} %}{% if a %}{{ a.name }}{% endif %}",
    ),
    (
        "once",
        "{{ service.ext[\"x-any\"] | default(value=1) }}{% raw %}{{ no.name }}{% endraw %}{# {{ no }} #}",
    ),
    (
        "once",
        "{{ resources | length < 9 and \"a\" in pack.colours }}",
    ),
    (
        "operation",
        "{% for p in it.request.properties %}{% if p.shape.kind == \"named\" %}{{ p.shape.type_kind }}{% endif %}{% endfor %}",
    ),
    (
        "type",
        "{{ it.name | snake }}{{ it.properties | json(pretty=true) }}",
    ),
];

#[test]
fn defined_names_are_accepted() {
    for (each, template) in KNOWN {
        let result = pack(each, template, &[]).generator().run();
        assert!(result.is_ok(), "{template}: {}", result.unwrap_err());
    }
}

#[test]
fn names_are_checked_in_partials_components_and_parents() {
    let included = pack(
        "operation",
        "{% for p in it.request.properties %}{% include \"part.tera\" %}{% endfor %}",
        &[(
            "part.tera",
            "\n{{ p.name }}{% if p.always_sett %}{% endif %}",
        )],
    );
    let message = refusal(&included);
    assert!(message.contains("pack/part.tera:2:21"), "{message}");
    assert!(message.contains("did you mean `always_set`?"), "{message}");

    let component = pack(
        "operation",
        "{% for q in it.request.properties %}{{ <outer p={q} /> }}{% endfor %}",
        &[(
            "parts.tera",
            "{% component outer(p) %}{{ <inner p /> }}{% endcomponent outer %}\n\
             {% component inner(p, end=\"\") %}{% if p.presnt %}{{ end }}{% endif %}{% endcomponent inner %}",
        )],
    );
    let message = refusal(&component);
    assert!(message.contains("pack/parts.tera:2:41"), "{message}");
    assert!(
        message.contains("property has no field `presnt`; did you mean `present`?"),
        "{message}"
    );

    let inherited = pack(
        "operation",
        "{% extends \"base.tera\" %}{% block body %}{{ it.methd }}{% endblock %}",
        &[("base.tera", "{{ it.id }}{% block body %}{% endblock %}")],
    );
    let message = refusal(&inherited);
    assert!(message.contains("pack/t.tera:1:48"), "{message}");

    let parent = pack(
        "operation",
        "{% extends \"base.tera\" %}{% block body %}{% endblock %}",
        &[(
            "base.tera",
            "{% if it.idd %}{% endif %}{% block body %}{% endblock %}",
        )],
    );
    assert!(refusal(&parent).contains("pack/base.tera:1:10"));
}

#[test]
fn errors_in_paths_and_conditions_are_reported_in_pack_json() {
    let workspace = pack("resource", "", &[]);
    workspace.write(
        "pack/pack.json",
        "{\"model\":\"1\",\n \"files\":[{\"template\":\"t.tera\",\"for\":\"resource\",\n  \
         \"to\":\"{{ it.nam }}\",\n  \"when\":\"it.handl\"}]}",
    );
    let message = refusal(&workspace);
    for part in [
        "pack/pack.json:3:15   #/files/0/to",
        "resource has no field `nam`; did you mean `name`?",
        "pack/pack.json:4:14   #/files/0/when",
        "did you mean `handle`?",
    ] {
        assert!(message.contains(part), "lacks {part}:\n{message}");
    }
}

#[test]
fn undefined_values_are_errors_when_printed() {
    let workspace = pack("once", "{% set a = pack.paper %}x\ny {{ a.sise }}", &[]);
    let message = refusal(&workspace);
    assert!(message.contains("error[template-render]"), "{message}");
    assert!(message.contains("t.tera:2:8"), "{message}");
    assert!(message.contains("did you mean `size`?"), "{message}");
    let workspace = pack("once", "{% for x in service.docs_url %}{% endfor %}", &[]);
    let message = refusal(&workspace);
    assert!(
        message.contains("a list or map to iterate over"),
        "{message}"
    );
    assert!(message.contains("t.tera:1:13"), "{message}");
}

#[test]
fn partials_parents_and_components_work_across_files() {
    let workspace = pack(
        "once",
        "{% extends \"base.tera\" %}{% block middle %}{{ super() }}{% include \"dir/part.tera\" %}\
         {{ <ui.bold text={service.title} /> }}{% <frame> %}in{% </frame> %}{% endblock %}",
        &[
            ("base.tera", "<{% block middle %}base {% endblock %}>"),
            ("dir/part.tera", "part {{ service.version }} "),
            (
                "parts.tera",
                "{% component ui.bold(text) %}**{{ text }}**{% endcomponent ui.bold %}\
                 {% component frame() %}[{{ body }}]{% endcomponent frame %}",
            ),
        ],
    );
    workspace.generator().run().unwrap();
    assert_eq!(workspace.read("out/x/one"), "<base part 1 **Notes**[in]>\n");
}

/// Further templates: names and texts.
type Partials = &'static [(&'static str, &'static str)];

/// Templates that would run endlessly, or for a very long time.
const ENDLESS: &[(&str, Partials, &str)] = &[
    (
        "{% include \"t.tera\" %}",
        &[],
        "includes or extends itself: t.tera -> t.tera",
    ),
    (
        "{% include \"a.tera\" %}",
        &[
            ("a.tera", "{% include \"b.tera\" %}"),
            ("b.tera", "{% include \"a.tera\" %}"),
        ],
        "includes or extends itself: a.tera -> b.tera -> a.tera",
    ),
    (
        "{% extends \"t.tera\" %}",
        &[],
        "includes or extends itself",
    ),
    (
        "{% component a(n) %}{{ <a n={n} /> }}{% endcomponent a %}{{ <a n={1} /> }}",
        &[],
        "recursion depth",
    ),
    (
        "{% for i in range(end=1000000000) %}{% endfor %}",
        &[],
        "exceeds the limit",
    ),
    (
        "{% set r = range(end=100000) %}{% for a in r %}{{ r }}{% endfor %}",
        &[],
        "the output is larger than 64 MiB",
    ),
    (
        "{% set s = \"12345678\" %}{% for a in range(end=99) %}{% set_global s = s ~ s %}{% endfor %}",
        &[],
        "this value is larger than 64 MiB",
    ),
    (
        "{% set s = \"12345678\" %}{% for a in range(end=99) %}{% set_global s %}{{ s }}{{ s }}{% endset %}{% endfor %}",
        &[],
        "this value is larger than 64 MiB",
    ),
];

#[test]
fn endless_templates_are_refused() {
    for (template, partials, expected) in ENDLESS {
        let message = refusal(&pack("once", template, partials));
        assert!(message.contains(expected), "{template}:\n{message}");
        assert!(
            message.contains(".tera:"),
            "{template}: no file is named:\n{message}"
        );
    }
}

#[test]
fn a_long_chain_of_templates_does_not_exhaust_the_stack() {
    let chain: Vec<(String, String)> = (0..3_000)
        .map(|n| {
            (
                format!("n{n}.tera"),
                format!("{{% include \"n{}.tera\" %}}", n + 1),
            )
        })
        .chain([("n3000.tera".to_owned(), String::new())])
        .collect();
    let chain: Vec<(&str, &str)> = chain
        .iter()
        .map(|(a, b)| (a.as_str(), b.as_str()))
        .collect();
    let message = refusal(&pack("once", "{% include \"n0.tera\" %}", &chain));
    assert!(
        message.contains("more than 40 levels of templates"),
        "{message}"
    );
}
