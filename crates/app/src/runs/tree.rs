//! Nested runs: children under their parents.

use std::collections::{HashMap, HashSet};

/// A line of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Line {
    /// Which run, by its place among those loaded.
    pub(crate) row: usize,
    /// How many parents are above it.
    pub(crate) depth: usize,
    /// Whether its children are shown; `None` if it has none.
    pub(crate) open: Option<bool>,
}

/// Runs in the order that they came in, one line each.
pub(crate) fn flat(count: usize) -> Vec<Line> {
    (0..count).map(|row| Line { row, depth: 0, open: None }).collect()
}

/// Children under their parents, if those are loaded; in the order that they came in otherwise. Each run is given by
/// its id and its parent's; children of a `closed` run are left out.
pub(crate) fn nested(runs: &[(&str, Option<&str>)], closed: &HashSet<String>) -> Vec<Line> {
    let places: HashMap<&str, usize> = runs.iter().enumerate().map(|(i, (id, _))| (*id, i)).collect();
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); runs.len()];
    let mut roots = Vec::new();
    for (i, (_, parent)) in runs.iter().enumerate() {
        match parent.and_then(|p| places.get(p)) {
            Some(&parent) if parent != i => children[parent].push(i),
            _ => roots.push(i),
        }
    }
    let mut seen = vec![false; runs.len()];
    let mut lines = Vec::with_capacity(runs.len());
    // Tags are written freely: runs that claim to be each other's parents have no root, and follow as their own.
    for root in roots.into_iter().chain(0..runs.len()) {
        let mut stack = vec![(root, 0, true)];
        while let Some((row, depth, shown)) = stack.pop() {
            if std::mem::replace(&mut seen[row], true) {
                continue;
            }
            let open = (!children[row].is_empty()).then(|| !closed.contains(runs[row].0));
            if shown {
                lines.push(Line { row, depth, open });
            }
            let shown = shown && open == Some(true);
            stack.extend(children[row].iter().rev().map(|&child| (child, depth + 1, shown)));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(lines: &[Line]) -> Vec<(usize, usize)> {
        lines.iter().map(|line| (line.row, line.depth)).collect()
    }

    #[test]
    fn children_stand_under_their_parents() {
        let runs = [("c2", Some("p")), ("other", None), ("c1", Some("p")), ("p", None), ("orphan", Some("gone"))];
        let lines = nested(&runs, &HashSet::new());
        assert_eq!(places(&lines), [(1, 0), (3, 0), (0, 1), (2, 1), (4, 0)]);
        assert_eq!(lines[1].open, Some(true));
        let closed = nested(&runs, &HashSet::from(["p".to_owned()]));
        assert_eq!(places(&closed), [(1, 0), (3, 0), (4, 0)]);
        assert_eq!(closed[1].open, Some(false));
    }

    #[test]
    fn a_circle_loses_nobody() {
        let runs = [("a", Some("b")), ("b", Some("a")), ("c", Some("c"))];
        let lines = nested(&runs, &HashSet::new());
        assert_eq!(lines.len(), 3);
    }
}
