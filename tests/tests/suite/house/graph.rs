//! The graph of the modules of the crate's root: an edge from a module to each one that it uses.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::{
    rules::module_of,
    source::{Fact, Source},
};

/// The uses between modules, each with the places that make it.
#[derive(Debug, Default)]
pub(super) struct Graph {
    uses: BTreeMap<String, BTreeMap<String, BTreeSet<String>>>,
}

impl Graph {
    /// The graph of all files, each with its path from `src`.
    pub(super) fn of<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut graph = Self::default();
        // The crate's root names every module, and is used by none.
        for (path, text) in files.into_iter().filter(|(path, _)| *path != "lib.rs") {
            graph.add(path, text);
        }
        graph
    }

    fn add(&mut self, path: &str, text: &str) {
        let from = module_of(path);
        for fact in Source::read(path, text).facts {
            let Fact::CratePath { module: to, path: used } = fact else { continue };
            if to != from {
                let uses = self.uses.entry(from.to_owned()).or_default();
                uses.entry(to).or_default().insert(format!("{path}: {used}"));
            }
        }
    }

    /// The cycles, each with the places that make it. Every module that is part of any cycle is part
    /// of one of these, which are as short as they can be.
    pub(super) fn cycles(&self) -> Vec<String> {
        let mut known = BTreeSet::new();
        let mut cycles = Vec::new();
        for module in self.uses.keys().map(String::as_str) {
            if known.contains(module) {
                continue;
            }
            if let Some(cycle) = self.shortest_cycle(module) {
                known.extend(cycle.iter().copied());
                cycles.push(self.describe(&cycle));
            }
        }
        cycles
    }

    /// The shortest way from a module back to itself, which is its first and its last.
    fn shortest_cycle<'a>(&'a self, start: &'a str) -> Option<Vec<&'a str>> {
        let mut ways = VecDeque::from([vec![start]]);
        let mut seen = BTreeSet::new();
        while let Some(way) = ways.pop_front() {
            let last = way.last()?;
            for next in self.uses.get(*last).into_iter().flat_map(BTreeMap::keys) {
                let way = [way.as_slice(), &[next]].concat();
                if next == start {
                    return Some(way);
                }
                if seen.insert(next) {
                    ways.push_back(way);
                }
            }
        }
        None
    }

    fn describe(&self, cycle: &[&str]) -> String {
        let mut lines = vec![cycle.join(" -> ")];
        for step in cycle.windows(2) {
            let places = self.uses[step[0]][step[1]].iter();
            lines.extend(places.map(|place| format!("  {place}")));
        }
        lines.join("\n")
    }
}
