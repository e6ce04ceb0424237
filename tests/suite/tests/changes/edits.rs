//! Changes that an API goes through.

use serde_json::{Value, json};

use crate::tree::Tree;

const BUCKET: &str = "2016-01-06/bucket.json";
const OBJECT: &str = "2016-01-06/object.json";
const STATS: &str = "2016-01-06/bucket_stats.json";
const DEFINITIONS: &str = "2016-01-06/definitions.json";
const ROOT: &str = "2016-01-06/api_v2.0.json";

/// ListObjects gets a query parameter that lists of keys can be filtered with.
pub(crate) fn add_query_parameter(tree: &Tree) {
    tree.edit(BUCKET, |spec| {
        list(&mut spec["get"]["parameters"]).push(json!({
            "name": "fetch_owner", "in": "query", "type": "boolean",
            "description": "Whether each key tells its owner. Absent: it does not.",
        }));
    });
}

/// ListObjects asks for a parameter that nobody had to give before.
pub(crate) fn add_required_parameter(tree: &Tree) {
    tree.edit(BUCKET, |spec| {
        list(&mut spec["get"]["parameters"]).push(json!({
            "name": "tenant", "in": "query", "type": "string", "required": true,
            "description": "Whose keys.",
        }));
    });
}

/// ListObjects loses `delimiter`.
pub(crate) fn remove_parameter(tree: &Tree) {
    remove(tree, "delimiter");
}

/// ListObjects loses `marker`, with which the overlay says that the next page is asked for.
pub(crate) fn remove_parameter_that_the_overlay_needs(tree: &Tree) {
    remove(tree, "marker");
}

/// The pages of ListObjects follow each other by another field, and nothing says that there is more.
pub(crate) fn change_paging(tree: &Tree) {
    tree.edit("overlay.json", |overlay| {
        for action in list(&mut overlay["actions"]) {
            if pages_of_objects(action) {
                let changed = json!({"items": "keys", "next": {"name": "marker"}});
                action["update"]["x-paging"] = changed;
            }
        }
    });
}

/// ListObjects is no list of pages any more.
pub(crate) fn remove_paging(tree: &Tree) {
    tree.edit("overlay.json", |overlay| {
        list(&mut overlay["actions"]).retain(|action| !pages_of_objects(action));
    });
}

fn pages_of_objects(action: &Value) -> bool {
    action["update"]["x-paging"]["next"]["next_marker"] == "marker"
}

fn remove(tree: &Tree, name: &str) {
    tree.edit(BUCKET, |spec| {
        list(&mut spec["get"]["parameters"]).retain(|one| one["name"] != name);
    });
}

/// The statistics of a bucket get a field.
pub(crate) fn add_response_field(tree: &Tree) {
    tree.edit(STATS, |spec| {
        spec["get"]["responses"]["200"]["schema"]["properties"]["tiers"] = json!({
            "description": "Names of the tiers in use.",
            "type": "array", "items": {"type": "string"},
        });
    });
}

/// Buckets get a status.
pub(crate) fn add_enum_value(tree: &Tree) {
    tree.edit(STATS, |spec| {
        let status = &mut spec["get"]["responses"]["200"]["schema"]["properties"]["status"];
        list(&mut status["enum"]).push("frozen-by-owner".into());
        status["x-enum-descriptions"]["frozen-by-owner"] =
            "Read-only, by wish of its owner.".into();
    });
}

/// The size of a listed key becomes text.
pub(crate) fn retype_field(tree: &Tree) {
    tree.edit(DEFINITIONS, |spec| {
        let size = &mut spec["key"]["properties"]["size"];
        size["type"] = "string".into();
        size.as_object_mut().unwrap().remove("format");
    });
}

/// DeleteObject becomes EraseObject.
pub(crate) fn rename_operation(tree: &Tree) {
    tree.edit(OBJECT, |spec| {
        spec["delete"]["operationId"] = "EraseObject".into();
    });
}

/// A sub-resource with a definition of its own.
pub(crate) fn add_operation(tree: &Tree) {
    tree.edit(ROOT, |spec| {
        spec["paths"]["/{bucketName}/{objectKey}?tagging"] = json!({
            "parameters": [
                {"$ref": "#/parameters/bucketName"},
                {"$ref": "#/parameters/objectKey"},
            ],
            "put": {
                "tags": ["Object"],
                "operationId": "PutObjectTagging",
                "summary": "PUT Object Tagging",
                "description": "Sets the tags of an object.",
                "parameters": [{"name": "body", "in": "body", "schema": {
                    "type": "object", "required": ["tag_set"],
                    "properties": {"tag_set": {
                        "description": "All tags.",
                        "type": "array", "items": {"$ref": "#/definitions/tag"},
                    }},
                }}],
                "responses": {"200": {
                    "description": "The tags are set.",
                    "headers": {"X-QS-Tag-Count": {
                        "description": "How many there are.", "type": "integer", "format": "int32",
                    }},
                }},
            },
        });
        spec["definitions"]["tag"] = json!({
            "description": "A name and its value.",
            "type": "object", "required": ["name"],
            "properties": {
                "name": {"description": "Its name.", "type": "string"},
                "value": {"description": "Its value.", "type": "string"},
            },
        });
    });
}

fn list(value: &mut Value) -> &mut Vec<Value> {
    value.as_array_mut().unwrap()
}
