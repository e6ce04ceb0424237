//! Changes to the specification.

use serde_json::{Value, json};

use crate::tree::Tree;

const BUCKET: &str = "2016-01-06/bucket.json";
const OBJECT: &str = "2016-01-06/object.json";
const STATS: &str = "2016-01-06/bucket_stats.json";
const DEFINITIONS: &str = "2016-01-06/definitions.json";
const ROOT: &str = "2016-01-06/api_v2.0.json";

/// Adds an optional query parameter to ListObjects.
pub(crate) fn add_query_parameter(tree: &Tree) {
    tree.edit(BUCKET, |spec| {
        list(&mut spec["get"]["parameters"]).push(json!({
            "name": "fetch_owner", "in": "query", "type": "boolean",
            "description": "Whether each key includes its owner. Default: false.",
        }));
    });
}

/// Adds a required query parameter to ListObjects.
pub(crate) fn add_required_parameter(tree: &Tree) {
    tree.edit(BUCKET, |spec| {
        list(&mut spec["get"]["parameters"]).push(json!({
            "name": "tenant", "in": "query", "type": "string", "required": true,
            "description": "Tenant of the keys.",
        }));
    });
}

/// Removes `delimiter` from ListObjects.
pub(crate) fn remove_parameter(tree: &Tree) {
    remove(tree, "delimiter");
}

/// Removes `marker` from ListObjects. The overlay uses it for paging.
pub(crate) fn remove_parameter_that_the_overlay_needs(tree: &Tree) {
    remove(tree, "marker");
}

/// Changes the paging of ListObjects: another field leads to the next page, and no field states whether
/// there are more pages.
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

/// Removes paging from ListObjects.
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

/// Adds a field to the response of GetBucketStatistics.
pub(crate) fn add_response_field(tree: &Tree) {
    tree.edit(STATS, |spec| {
        spec["get"]["responses"]["200"]["schema"]["properties"]["tiers"] = json!({
            "description": "Names of the tiers in use.",
            "type": "array", "items": {"type": "string"},
        });
    });
}

/// Adds a bucket status.
pub(crate) fn add_enum_value(tree: &Tree) {
    tree.edit(STATS, |spec| {
        let status = &mut spec["get"]["responses"]["200"]["schema"]["properties"]["status"];
        list(&mut status["enum"]).push("frozen-by-owner".into());
        status["x-enum-descriptions"]["frozen-by-owner"] = "Read-only, set by the owner.".into();
    });
}

/// Changes the size of a listed key to a string.
pub(crate) fn retype_field(tree: &Tree) {
    tree.edit(DEFINITIONS, |spec| {
        let size = &mut spec["key"]["properties"]["size"];
        size["type"] = "string".into();
        size.as_object_mut().unwrap().remove("format");
    });
}

/// Renames DeleteObject to EraseObject.
pub(crate) fn rename_operation(tree: &Tree) {
    tree.edit(OBJECT, |spec| {
        spec["delete"]["operationId"] = "EraseObject".into();
    });
}

/// Adds an operation on a new sub-resource, with a new definition.
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
                        "description": "Number of tags.", "type": "integer", "format": "int32",
                    }},
                }},
            },
        });
        spec["definitions"]["tag"] = json!({
            "description": "A name and its value.",
            "type": "object", "required": ["name"],
            "properties": {
                "name": {"description": "Name of the tag.", "type": "string"},
                "value": {"description": "Value of the tag.", "type": "string"},
            },
        });
    });
}

fn list(value: &mut Value) -> &mut Vec<Value> {
    value.as_array_mut().unwrap()
}
