//! One or more changes for each rule of `diff`.

use qingstor_codegen::diff::Rule;
use serde_json::{Value, json};

use crate::kit::{self, Kit, list, pascal, remove};

/// One change of a kit.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// Rule that the report must contain, possibly among others.
    pub(crate) rule: Rule,
    change: fn(&mut Kit),
    /// Whether the unchanged kit is the new side instead of the old side.
    reversed: bool,
    /// Marker of the program lines to omit, because the old side does not have the feature.
    without: &'static str,
}

impl Case {
    /// Returns the old and the new kit.
    pub(crate) fn sides(&self) -> [Kit; 2] {
        let kit = Kit::new(self.name);
        let mut changed = kit.clone();
        (self.change)(&mut changed);
        if self.reversed {
            [changed, kit]
        } else {
            [kit, changed]
        }
    }

    /// Returns the program for the old side.
    pub(crate) fn program(&self) -> String {
        kit::program(self.name, self.without)
    }
}

const fn case(name: &'static str, rule: Rule, change: fn(&mut Kit)) -> Case {
    Case {
        name,
        rule,
        change,
        reversed: false,
        without: "",
    }
}

/// A case whose change is reverted: the changed kit is the old side. Omits the program lines with the
/// marker `without`.
const fn reverted(
    name: &'static str,
    rule: Rule,
    without: &'static str,
    change: fn(&mut Kit),
) -> Case {
    Case {
        name,
        rule,
        change,
        reversed: true,
        without,
    }
}

fn set(value: &mut Value, key: &str, to: impl Into<Value>) {
    value[key] = to.into();
}

fn text(name: &str) -> Value {
    json!({"name": name, "in": "query", "type": "string", "description": "Something new."})
}

fn operation(id: &str) -> Value {
    json!({"operationId": id, "summary": "New", "description": "New.", "responses": {"204": {"description": "Done"}}})
}

/// Moves the send operation to another path.
fn to_path(kit: &mut Kit, path: &str) {
    let old = kit.path();
    let shared = kit.paths[&old]["parameters"].clone();
    let post = kit.paths[&old]
        .as_object_mut()
        .unwrap()
        .remove("post")
        .unwrap();
    let mut item = json!({"post": post});
    if path.contains("{bucketName}") {
        item["parameters"] = shared;
    }
    kit.paths.insert(path.to_owned(), item);
}

/// Moves the field `id` from the response body to a header, which leaves the body empty.
fn response_in_header(kit: &mut Kit) {
    let response = &mut kit.operation("post")["responses"]["200"];
    remove(response, "schema");
    response["headers"] = json!({"id": {"type": "string", "description": "Id of the item."}});
}

fn no_paging(kit: &mut Kit) {
    remove(kit.operation("get"), "x-paging");
}

fn swap(kit: &mut Kit, a: usize, b: usize) {
    kit.parameters("get").swap(a, b);
}

fn further_field(kit: &mut Kit) {
    kit.fields("label")["further"] = json!({"type": "string", "description": "More."});
}

fn no_constructor(kit: &mut Kit) {
    remove(kit.definition("rule"), "x-constructors");
}

/// Uses the item type in a request, too.
fn send_items(kit: &mut Kit) {
    let name = format!("#/definitions/{}_item", kit.name);
    let schema = &mut kit.parameters("put")[0]["schema"];
    schema["properties"]["items"] =
        json!({"type": "array", "items": {"$ref": name}, "description": "Items."});
}

pub(crate) const CASES: &[Case] = &[
    case("operation_added", Rule::OperationAdded, |kit| {
        let (path, id) = (kit.path(), format!("Delete{}", pascal(&kit.name)));
        kit.paths[&path]["delete"] = operation(&id);
    }),
    case("operation_removed", Rule::OperationRemoved, |kit| {
        let path = kit.path();
        remove(&mut kit.paths[&path], "post");
    }),
    case("operation_renamed", Rule::OperationRenamed, |kit| {
        let id = format!("Dispatch{}", pascal(&kit.name));
        set(kit.operation("post"), "operationId", id);
    }),
    case("operation_moved", Rule::OperationMoved, |kit| {
        to_path(kit, "/operation/moved")
    }),
    case("operation_id", Rule::OperationId, |kit| {
        let id = format!("send_{}", kit.name);
        set(kit.operation("post"), "operationId", id);
    }),
    case("operation_deprecated", Rule::OperationDeprecated, |kit| {
        set(kit.operation("post"), "deprecated", true);
    }),
    reverted(
        "operation_undeprecated",
        Rule::OperationUndeprecated,
        "",
        |kit| {
            set(kit.operation("post"), "deprecated", true);
        },
    ),
    case("request_path", Rule::RequestPath, |kit| {
        to_path(kit, "/{bucketName}?elsewhere")
    }),
    case("request_method", Rule::RequestMethod, |kit| {
        let path = kit.path();
        let item = kit.paths[&path].as_object_mut().unwrap();
        let post = item.remove("post").unwrap();
        item.insert("patch".to_owned(), post);
    }),
    case("success_statuses", Rule::SuccessStatuses, |kit| {
        kit.operation("put")["responses"] = json!({"204": {"description": "Stored"}});
    }),
    case("error_statuses", Rule::ErrorStatuses, |kit| {
        kit.operation("put")["responses"]["409"] = json!({"description": "Busy"});
    }),
    case("content_md5", Rule::ContentMd5, |kit| {
        kit.parameters("put").push(json!({
            "name": "Content-MD5", "in": "header", "type": "string", "required": true,
            "description": "A digest.",
        }));
    }),
    case("repeatable", Rule::Repeatable, |kit| {
        set(kit.operation("post"), "x-idempotent", true)
    }),
    case("slow", Rule::Slow, |kit| {
        set(kit.operation("post"), "x-slow", true)
    }),
    case("signed", Rule::Signed, |kit| {
        let name = format!("{}_id", kit.name);
        set(kit.parameter(&name), "x-signed", true);
    }),
    reverted("paging_added", Rule::PagingAdded, "paging", no_paging),
    case("paging_removed", Rule::PagingRemoved, no_paging),
    case("paging_items", Rule::PagingItems, |kit| {
        set(&mut kit.operation("get")["x-paging"], "items", "others");
    }),
    case("paging_rule", Rule::PagingRule, |kit| {
        remove(&mut kit.operation("get")["x-paging"], "more");
    }),
    case("trait_lost", Rule::TraitLost, |kit| {
        kit.parameters("post").push(json!({
            "name": "body", "in": "body", "schema": {"type": "string", "format": "binary"},
        }));
    }),
    case("trait_lost_by_form", Rule::TraitLost, |kit| {
        set(&mut kit.parameters("post")[0], "in", "formData");
    }),
    case("trait_lost_of_output", Rule::TraitLost, response_in_header),
    reverted(
        "trait_gained",
        Rule::TraitGained,
        "default",
        response_in_header,
    ),
    case("examples", Rule::Examples, |kit| {
        kit.operation("post")["x-examples"] = json!([{"request": {}}]);
    }),
    case("argument_added", Rule::ArgumentAdded, |kit| {
        let mut fourth = text("fourth");
        set(&mut fourth, "required", true);
        kit.parameters("get").push(fourth);
    }),
    case("argument_added_to_new", Rule::ArgumentAdded, |kit| {
        kit.fields("rule")["further"] = json!({"type": "string", "description": "More."});
        list(&mut kit.definition("rule")["required"]).push("further".into());
    }),
    case("argument_removed", Rule::ArgumentRemoved, |kit| {
        kit.parameters("get").remove(2);
    }),
    case("arguments_reordered", Rule::ArgumentsReordered, |kit| {
        swap(kit, 0, 1)
    }),
    case("arguments_swapped", Rule::ArgumentsSwapped, |kit| {
        swap(kit, 0, 2)
    }),
    case("argument_narrowed", Rule::ArgumentNarrowed, |kit| {
        set(&mut kit.parameter("texts")["items"], "format", "date");
    }),
    reverted("argument_widened", Rule::ArgumentWidened, "", |kit| {
        let name = format!("{}_id", kit.name);
        set(kit.parameter(&name), "format", "date");
    }),
    case("parameter_added", Rule::ParameterAdded, |kit| {
        kit.parameters("get").push(text("fourth"));
    }),
    case("parameter_added_to_type", Rule::ParameterAdded, |kit| {
        kit.fields("rule")["further"] = json!({"type": "string", "description": "More."});
    }),
    case("parameter_removed", Rule::ParameterRemoved, |kit| {
        kit.parameters("get").retain(|one| one["name"] != "flag");
    }),
    case("parameter_required", Rule::ParameterRequired, |kit| {
        set(kit.parameter("limit"), "required", true);
    }),
    case("parameter_optional", Rule::ParameterOptional, |kit| {
        set(kit.parameter("second"), "required", false);
    }),
    case(
        "parameter_optional_in_type",
        Rule::ParameterOptional,
        |kit| {
            list(&mut kit.definition("rule")["required"]).pop();
        },
    ),
    case("parameter_renamed", Rule::ParameterRenamed, |kit| {
        set(kit.parameter("flag"), "x-name", "banner");
    }),
    case("parameter_retyped", Rule::ParameterRetyped, |kit| {
        let limit = kit.parameter("limit");
        set(limit, "type", "string");
        remove(limit, "format");
    }),
    case("parameter_retyped_by_sign", Rule::ParameterRetyped, |kit| {
        set(kit.parameter("limit"), "minimum", 0);
    }),
    case(
        "parameter_retyped_by_default",
        Rule::ParameterRetyped,
        |kit| {
            set(kit.parameter("flag"), "default", true);
        },
    ),
    case("parameter_default", Rule::Limits, |kit| {
        set(kit.parameter("flag"), "default", false);
    }),
    case("parameter_computed", Rule::ParameterComputed, |kit| {
        set(kit.parameter("flag"), "x-computed", true);
    }),
    case("parameter_deprecated", Rule::ParameterDeprecated, |kit| {
        set(kit.parameter("flag"), "x-deprecated", true);
    }),
    case("wire_name", Rule::WireName, |kit| {
        let flag = kit.parameter("flag");
        set(flag, "x-name", "flag");
        set(flag, "name", "banner");
    }),
    case("place", Rule::Place, |kit| {
        set(kit.parameter("flag"), "in", "header")
    }),
    case("encoding", Rule::Encoding, |kit| {
        set(kit.parameter("since"), "format", "date-time-rfc822");
    }),
    case("encoding_of_lists", Rule::Encoding, |kit| {
        set(kit.parameter("texts"), "collectionFormat", "multi");
    }),
    case("field_added", Rule::FieldAdded, |kit| {
        kit.fields("item")["further"] = json!({"type": "string", "description": "More."});
    }),
    case("field_added_to_output", Rule::FieldAdded, |kit| {
        kit.response_fields()["further"] = json!({"type": "string", "description": "More."});
    }),
    case("field_added_for_the_rest", Rule::FieldAdded, |kit| {
        set(
            kit.definition("item"),
            "additionalProperties",
            json!({"type": "string"}),
        );
    }),
    case("field_removed", Rule::FieldRemoved, |kit| {
        remove(kit.fields("item"), "size")
    }),
    case("field_renamed", Rule::FieldRenamed, |kit| {
        set(&mut kit.fields("item")["size"], "x-name", "length");
    }),
    case("field_retyped", Rule::FieldRetyped, |kit| {
        kit.fields("item")["size"] = json!({"type": "string", "description": "Size of the item."});
    }),
    case("field_retyped_by_presence", Rule::FieldRetyped, |kit| {
        set(&mut kit.response_fields()["owner"], "x-present", true);
    }),
    case("field_retyped_by_default", Rule::FieldRetyped, |kit| {
        set(&mut kit.response_fields()["has_more"], "default", true);
    }),
    case("field_retyped_by_requirement", Rule::FieldRetyped, |kit| {
        list(&mut kit.definition("item")["required"]).push("size".into());
    }),
    case("field_is_what_its_alias_means", Rule::Words, |kit| {
        kit.response_fields()["owner"] =
            json!({"$ref": format!("#/definitions/{}_token", kit.name)});
    }),
    case("field_deprecated", Rule::FieldDeprecated, |kit| {
        set(&mut kit.fields("item")["size"], "x-deprecated", true);
    }),
    reverted("undeprecated", Rule::Undeprecated, "", |kit| {
        set(kit.parameter("flag"), "x-deprecated", true);
    }),
    case("limits", Rule::Limits, |kit| {
        set(kit.parameter("limit"), "maximum", 1000)
    }),
    case("type_added", Rule::TypeAdded, |kit| {
        let name = format!("{}_further", kit.name);
        let further = json!({"type": "object", "description": "More.", "properties": {
            "text": {"type": "string", "description": "Text."},
        }});
        kit.definitions.insert(name, further);
    }),
    case("type_removed", Rule::TypeRemoved, |kit| {
        let name = format!("{}_token", kit.name);
        kit.definitions.remove(&name).unwrap();
        kit.fields("item")["token"] = json!({"type": "string", "description": "A token."});
    }),
    case("type_renamed", Rule::TypeRenamed, |kit| {
        let (old, new) = (format!("{}_item", kit.name), format!("{}_thing", kit.name));
        let item = kit.definitions.remove(&old).unwrap();
        kit.definitions.insert(new.clone(), item);
        kit.response_fields()["items"]["items"] = json!({"$ref": format!("#/definitions/{new}")});
    }),
    case("type_kind", Rule::TypeKind, |kit| {
        set(kit.definition("token"), "type", "boolean")
    }),
    case("type_sent", Rule::TypeSent, send_items),
    case("type_not_sent", Rule::TypeNotSent, |kit| {
        let rule = json!({"$ref": format!("#/definitions/{}_rule", kit.name)});
        kit.response_fields()["rule"] = rule;
        let rules = &mut kit.parameters("put")[0]["schema"]["properties"]["rules"];
        rules["items"] = json!({"type": "string"});
    }),
    case("conversion_lost", Rule::ConversionLost, further_field),
    reverted(
        "conversion_gained",
        Rule::ConversionGained,
        "conversion",
        |kit| {
            remove(kit.fields("rule"), "label");
        },
    ),
    reverted(
        "constructor_added",
        Rule::ConstructorAdded,
        "constructor",
        no_constructor,
    ),
    case(
        "constructor_removed",
        Rule::ConstructorRemoved,
        no_constructor,
    ),
    case("constructor_arguments", Rule::ConstructorArguments, |kit| {
        let all = &mut kit.definition("rule")["x-constructors"]["all"];
        set(all, "args", json!(["days", "note"]));
    }),
    case("constructor_value", Rule::ConstructorValue, |kit| {
        let all = &mut kit.definition("rule")["x-constructors"]["all"];
        set(&mut all["fixed"], "prefix", "*");
    }),
    case("value_added", Rule::ValueAdded, |kit| {
        list(&mut kit.fields("item")["state"]["enum"]).push("ajar".into());
    }),
    case("value_removed", Rule::ValueRemoved, |kit| {
        list(&mut kit.fields("item")["state"]["enum"]).pop();
    }),
    case("value_renamed", Rule::ValueRenamed, |kit| {
        set(
            &mut kit.fields("item")["state"],
            "x-enum-names",
            json!({"shut": "closed"}),
        );
    }),
    case("value_text", Rule::ValueText, |kit| {
        let state = &mut kit.fields("item")["state"];
        set(state, "enum", json!(["open", "SHUT"]));
    }),
    case("error_code_added", Rule::ErrorCodeAdded, |kit| {
        let code = format!("{}_further", kit.name);
        let further = json!({"code": code, "status": 400, "description": "More.", "retry": "no"});
        kit.codes.push(further);
    }),
    case("error_code_removed", Rule::ErrorCodeRemoved, |kit| {
        kit.codes.clear()
    }),
    case("error_code_renamed", Rule::ErrorCodeRenamed, |kit| {
        // Of two codes with equal identifiers, the first keeps the identifier without a suffix.
        kit.codes.swap(0, 1)
    }),
    case("error_code_text", Rule::ErrorCodeText, |kit| {
        let code = format!("{}.code", kit.name);
        set(&mut kit.codes[0], "code", code);
    }),
    case("error_code_retry", Rule::ErrorCodeRetry, |kit| {
        set(&mut kit.codes[0], "retry", "yes")
    }),
    case("error_code_status", Rule::ErrorCodeStatus, |kit| {
        set(&mut kit.codes[0], "status", 410)
    }),
    case("extension", Rule::Extension, |kit| {
        set(kit.operation("post"), "x-owner", "us")
    }),
    case("words", Rule::Words, |kit| {
        set(
            kit.operation("post"),
            "description",
            "Sends a title to a recipient.",
        );
    }),
];
