//! Order of operations in documents.

use std::collections::HashMap;
use std::sync::Arc;

use crate::model::{Operation, Resource};

/// Sets the previous and the next operation of each: operations without a handle first, then those of
/// each tag, then those without a tag.
pub(super) fn set_neighbors(resources: &mut [Resource]) {
    let all = resources.iter_mut();
    let mut all: Vec<_> = all
        .flat_map(|resource| resource.operations.iter_mut().map(Arc::make_mut))
        .collect();
    let mut tags: HashMap<String, usize> = HashMap::new();
    for tag in all.iter().filter_map(|operation| operation.tag.as_ref()) {
        let next = tags.len();
        tags.entry(tag.clone()).or_insert(next);
    }
    // The sort is stable, so that each group keeps the order of the specification.
    all.sort_by_key(|operation| group(operation, &tags));
    let names: Vec<(String, String)> = all
        .iter()
        .map(|operation| (operation.id.clone(), operation.ident.clone()))
        .collect();
    for (at, operation) in all.into_iter().enumerate() {
        let previous = at.checked_sub(1).and_then(|previous| names.get(previous));
        (operation.previous, operation.previous_ident) = previous.cloned().unzip();
        (operation.next, operation.next_ident) = names.get(at + 1).cloned().unzip();
    }
}

fn group(operation: &Operation, tags: &HashMap<String, usize>) -> usize {
    if operation.handle.is_none() {
        return 0;
    }
    let tag = operation.tag.as_ref().and_then(|tag| tags.get(tag));
    tag.map_or(usize::MAX, |tag| tag + 1)
}
