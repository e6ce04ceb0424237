//! Lists with several pages, and batch deletions.

use std::collections::BTreeSet;

use crate::Outcome;
use crate::chance::Chance;
use crate::faults::Faults;
use crate::world::World;

/// Number of listed keys.
pub(crate) const KEYS: usize = 40;

pub(crate) fn listed(number: usize) -> String {
    format!("list/{number:02}")
}

pub(crate) async fn list(world: &World, faults: &Faults) -> Outcome {
    let bucket = world.bucket_with(faults);
    let mut items = bucket.list_objects().prefix("list/").limit(7).items();
    let mut listed_keys = Vec::new();
    let error = loop {
        match items.next().await {
            Some(Ok(item)) => listed_keys.push(item.key),
            Some(Err(error)) => break Some(error),
            None => break None,
        }
    };
    let all: Vec<_> = (0..KEYS).map(listed).collect();
    assert!(all.starts_with(&listed_keys), "{faults}: {listed_keys:?}");
    world.recover();
    let Some(error) = error else {
        assert_eq!(listed_keys, all, "{faults}");
        return Outcome::Success;
    };
    // The list can be continued from the page that failed.
    let next = items.next_call().expect("the page that failed");
    let page = next.pages().next().await.expect("a page");
    listed_keys.extend(page.unwrap().keys.into_iter().map(|key| key.key));
    assert!(all.starts_with(&listed_keys), "{faults}: {listed_keys:?}");
    Outcome::Failed(error)
}

pub(crate) async fn delete(world: &World, faults: &Faults, chance: &mut Chance) -> Outcome {
    let count = chance.within(1..12);
    let keys: BTreeSet<_> = (0..count).map(|number| format!("gone/{number}")).collect();
    for key in &keys {
        world.clean.put_object(key).await.unwrap();
    }
    let bucket = world.bucket_with(faults);
    let outcome = bucket.delete_objects(keys.clone()).await;
    world.recover();
    let failed = outcome.errors.iter().map(|error| error.key.clone());
    let reported: BTreeSet<_> = outcome.deleted.iter().cloned().chain(failed).collect();
    assert_eq!(reported, keys, "{faults}: each key is reported");
    for key in &outcome.deleted {
        assert!(
            world.stored(key).await.is_none(),
            "{faults}: {key} still exists"
        );
    }
    for key in &keys {
        world.clean.delete_object(key).await.unwrap();
    }
    match outcome.errors.into_iter().find_map(|error| error.cause) {
        Some(cause) => {
            assert!(faults.explain(&cause), "{faults}: {cause}");
            Outcome::Explained
        }
        None => Outcome::Success,
    }
}
