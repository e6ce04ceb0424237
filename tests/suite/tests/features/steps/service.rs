//! Steps that list buckets and zones.

use cucumber::{then, when};
use qingstor_sdk::types::Language;
use serde_json::json;

use crate::world::{Suite, send};

#[when(expr = "the buckets are listed")]
async fn the_buckets_are_listed(world: &mut Suite) {
    list_buckets(world, |call| call).await;
}

#[when(expr = "the buckets in the zone {word} are listed")]
async fn the_buckets_in_a_zone(world: &mut Suite, zone: String) {
    list_buckets(world, |call| call.location(zone)).await;
}

#[when(expr = "the buckets are listed with offset {int} and limit {int}")]
async fn the_buckets_from(world: &mut Suite, offset: u32, limit: u32) {
    list_buckets(world, |call| call.offset(offset).limit(limit)).await;
}

type ListBuckets = qingstor_sdk::Call<qingstor_sdk::operations::ListBucketsInput>;

async fn list_buckets(world: &mut Suite, set_options: impl FnOnce(ListBuckets) -> ListBuckets) {
    let call = set_options(world.caller.list_buckets());
    if let Some(output) = send!(world, call) {
        world.response.json = json!({ "count": output.count, "buckets": output.buckets });
    }
}

#[when(expr = "the zones are listed")]
async fn the_zones_are_listed(world: &mut Suite) {
    if let Some(output) = send!(world, world.caller.list_locations()) {
        world.response.json = json!(output.locations);
    }
}

#[when(expr = "the zones are listed in the language {word}")]
async fn the_zones_in(world: &mut Suite, language: String) {
    let call = world.caller.list_locations().lang(Language::from(language));
    if let Some(output) = send!(world, call) {
        world.response.json = json!(output.locations);
    }
}

#[then(expr = "{word} is among the zones, with a name and an endpoint")]
fn is_among_the_zones(world: &mut Suite, id: String) {
    let zones = world.response.json.as_array().unwrap();
    let zone = zones.iter().find(|zone| zone["id"] == id).unwrap();
    for field in ["name", "endpoint"] {
        let text = zone[field].as_str();
        assert!(text.is_some_and(|text| !text.is_empty()), "{zone}");
    }
}
