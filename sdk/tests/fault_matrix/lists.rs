//! Many keys: lists page by page, and deletions.

use std::collections::BTreeSet;

use crate::Ended;
use crate::chance::Chance;
use crate::faults::Faults;
use crate::world::World;

/// How many keys there are to be listed.
pub(crate) const KEYS: usize = 40;

pub(crate) fn listed(number: usize) -> String {
    format!("list/{number:02}")
}

pub(crate) async fn list(world: &World, faults: &Faults) -> Ended {
    let bucket = world.suffer(faults);
    let mut items = bucket.list_objects().prefix("list/").limit(7).items();
    let mut given = Vec::new();
    let error = loop {
        match items.next().await {
            Some(Ok(item)) => given.push(item.key),
            Some(Err(error)) => break Some(error),
            None => break None,
        }
    };
    let all: Vec<_> = (0..KEYS).map(listed).collect();
    assert!(all.starts_with(&given), "{faults}: {given:?}");
    world.recover();
    let Some(error) = error else {
        assert_eq!(given, all, "{faults}");
        return Ended::Well;
    };
    // It goes on where it failed.
    let next = items.next_call().expect("the page that failed");
    let endpoint_is_well = next.pages().next().await.expect("a page");
    given.extend(
        endpoint_is_well
            .unwrap()
            .keys
            .into_iter()
            .map(|key| key.key),
    );
    assert!(all.starts_with(&given), "{faults}: {given:?}");
    Ended::Failed(error)
}

pub(crate) async fn delete(world: &World, faults: &Faults, chance: &mut Chance) -> Ended {
    let count = chance.within(1..12);
    let keys: BTreeSet<_> = (0..count).map(|number| format!("gone/{number}")).collect();
    for key in &keys {
        world.clean.put_object(key).await.unwrap();
    }
    let bucket = world.suffer(faults);
    let outcome = bucket.delete_objects(keys.clone()).await;
    world.recover();
    let failed = outcome.errors.iter().map(|error| error.key.clone());
    let told: BTreeSet<_> = outcome.deleted.iter().cloned().chain(failed).collect();
    assert_eq!(told, keys, "{faults}: each key is spoken of");
    for key in &outcome.deleted {
        assert!(
            world.stored(key).await.is_none(),
            "{faults}: {key} is there"
        );
    }
    for key in &keys {
        world.clean.delete_object(key).await.unwrap();
    }
    match outcome.errors.into_iter().find_map(|error| error.cause) {
        Some(cause) => {
            assert!(faults.explain(&cause), "{faults}: {cause}");
            Ended::Excused
        }
        None => Ended::Well,
    }
}
