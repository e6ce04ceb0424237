//! Graph of the types that types contain: cycles that need indirection, and types that a message
//! can contain.

use std::collections::HashMap;

use super::property::Shape;

/// Collects the named types in a shape. `direct` skips those in lists and maps, which are
/// indirections already.
pub(super) fn contained_types<'a>(shape: &'a Shape, direct: bool, found: &mut Vec<&'a str>) {
    match shape {
        Shape::Named { name, .. } => found.push(name),
        Shape::List { item } if !direct => contained_types(item, direct, found),
        Shape::Map { value } if !direct => contained_types(value, direct, found),
        _ => {}
    }
}

/// Returns which types can be reached from `start`, including `start` itself.
pub(super) fn reachable(edges: &[Vec<usize>], start: Vec<usize>) -> Vec<bool> {
    let mut reached = vec![false; edges.len()];
    let mut open = start;
    while let Some(node) = open.pop() {
        if let Some(seen) = reached.get_mut(node)
            && !std::mem::replace(seen, true)
        {
            open.extend(edges.get(node).into_iter().flatten());
        }
    }
    reached
}

/// Returns the number of the cycle that each type belongs to. Types outside cycles have none. Uses
/// Tarjan's algorithm with an explicit stack, because chains of types can be long.
pub(super) fn cycles(edges: &[Vec<usize>]) -> HashMap<usize, usize> {
    let mut search = Search {
        index: vec![None; edges.len()],
        low: vec![0; edges.len()],
        on_stack: vec![false; edges.len()],
        stack: Vec::new(),
        cycles: HashMap::new(),
        edges,
        next: 0,
    };
    for node in 0..edges.len() {
        if search.index.get(node).is_some_and(Option::is_none) {
            search.run(node);
        }
    }
    search.cycles
}

struct Search<'a> {
    index: Vec<Option<usize>>,
    low: Vec<usize>,
    on_stack: Vec<bool>,
    stack: Vec<usize>,
    cycles: HashMap<usize, usize>,
    edges: &'a [Vec<usize>],
    next: usize,
}

// All indices are below the number of types, which is the length of all lists.
#[allow(clippy::indexing_slicing)]
impl Search<'_> {
    fn run(&mut self, root: usize) {
        let edges = self.edges;
        let mut work = vec![(root, 0)];
        self.enter(root);
        while let Some((node, edge)) = work.last_mut() {
            let node = *node;
            if let Some(&next) = edges[node].get(*edge) {
                *edge += 1;
                match self.index[next] {
                    None => {
                        self.enter(next);
                        work.push((next, 0));
                    }
                    Some(index) if self.on_stack[next] => {
                        self.low[node] = self.low[node].min(index);
                    }
                    Some(_) => {}
                }
                continue;
            }
            work.pop();
            if let Some((parent, _)) = work.last() {
                self.low[*parent] = self.low[*parent].min(self.low[node]);
            }
            if self.index[node] == Some(self.low[node]) {
                self.leave(node);
            }
        }
    }

    fn enter(&mut self, node: usize) {
        self.index[node] = Some(self.next);
        self.low[node] = self.next;
        self.next += 1;
        self.stack.push(node);
        self.on_stack[node] = true;
    }

    /// Removes a finished component from the stack. A single type is a cycle only if it contains
    /// itself.
    fn leave(&mut self, node: usize) {
        let mut members = Vec::new();
        while let Some(member) = self.stack.pop() {
            self.on_stack[member] = false;
            members.push(member);
            if member == node {
                break;
            }
        }
        if members.len() > 1 || self.edges[node].contains(&node) {
            self.cycles
                .extend(members.into_iter().map(|member| (member, node)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cycles_are_found() {
        // 0 -> 1 -> 2 -> 1, 3 -> 3, 0 -> 4
        let edges = vec![vec![1, 4], vec![2], vec![1], vec![3], vec![]];
        let found = cycles(&edges);
        assert_eq!(found.get(&1), found.get(&2));
        assert!(found.contains_key(&1) && found.contains_key(&3));
        assert!(!found.contains_key(&0) && !found.contains_key(&4));
    }

    #[test]
    fn a_long_chain_does_not_exhaust_the_stack() {
        let edges: Vec<_> = (0..200_000).map(|n| vec![(n + 1) % 200_000]).collect();
        assert_eq!(cycles(&edges).len(), 200_000);
        assert!(
            reachable(&edges, vec![5])
                .into_iter()
                .all(|reached| reached)
        );
    }
}
