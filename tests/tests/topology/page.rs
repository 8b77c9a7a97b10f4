use std::collections::BTreeMap;

use super::markup::{Element, by_id, elements};

/// What a page shows of one operation, after what liveops.js does with fragments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Page {
    id: String,
    /// What is inside the region of each name, the custom ones included.
    regions: BTreeMap<String, String>,
}

/// What stands in a container of every operation.
const BUILT_IN: [&str; 7] =
    ["controls", "stages", "status", "progress", "result", "traceback", "log"];

/// The place of the custom regions.
const SLOT: &str = "regions";

impl Page {
    /// Of a page, or of a frame, that has the container of this operation.
    ///
    /// # Panics
    ///
    /// When it has not.
    pub(crate) fn of_container(id: &str, html: &str) -> Self {
        let mut page = Self { id: id.to_owned(), regions: BTreeMap::new() };
        for name in BUILT_IN.into_iter().chain([SLOT]) {
            let element = by_id(html, &page.element_id(name));
            let element = element.unwrap_or_else(|| panic!("no {name} of {id} in {html}"));
            page.replace(name, element);
        }
        page
    }

    /// Applies fragments, which name their places.
    pub(crate) fn apply(&mut self, html: &str) {
        for fragment in elements(html) {
            let swap = fragment.attribute("hx-swap-oob").unwrap_or_default();
            match swap.split_once(":#") {
                Some(("beforeend", target)) => self.append(&self.name_of(target), fragment),
                None if swap == "true" => {
                    let id = fragment.attribute("id").unwrap();
                    self.replace(&self.name_of(&id), fragment);
                }
                _ => panic!("a fragment that goes nowhere: {}", fragment.outer),
            }
        }
    }

    pub(crate) fn region(&self, name: &str) -> &str {
        self.regions.get(name).map(String::as_str).unwrap_or_default()
    }

    /// The names of all that is shown.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.regions.keys().map(String::as_str)
    }

    /// The state that the page shows in a word.
    pub(crate) fn state(&self) -> String {
        let badge = elements(self.region("controls")).into_iter().next();
        badge.and_then(|badge| badge.attribute("data-state")).expect("the controls show the state")
    }

    fn replace(&mut self, name: &str, element: Element<'_>) {
        if name != SLOT {
            self.regions.insert(name.to_owned(), element.inner.to_owned());
            return;
        }
        self.regions.retain(|name, _| BUILT_IN.contains(&name.as_str()));
        for region in elements(element.inner) {
            let name = self.name_of(&region.attribute("id").unwrap());
            self.regions.insert(name, region.inner.to_owned());
        }
    }

    /// What the page has already is left out: children with an id, and lines of a log that are not
    /// newer than its last one.
    fn append(&mut self, name: &str, element: Element<'_>) {
        let newest = elements(self.region("log")).last().and_then(number);
        let mut added = String::new();
        for child in elements(element.inner) {
            let id = child.attribute("id");
            let is_known = id.is_some_and(|id| by_id(self.region(name), &id).is_some());
            let is_old = name == "log" && number(&child) <= newest && newest.is_some();
            if !is_known && !is_old {
                added.push_str(child.outer);
            }
        }
        self.regions.entry(name.to_owned()).or_default().push_str(&added);
    }

    fn element_id(&self, name: &str) -> String {
        format!("op-{name}-{}", self.id)
    }

    fn name_of(&self, element_id: &str) -> String {
        let name = element_id.strip_prefix("op-").and_then(|rest| rest.strip_suffix(&self.id));
        let name = name.and_then(|name| name.strip_suffix('-'));
        name.unwrap_or_else(|| panic!("{element_id} is none of {}", self.id)).to_owned()
    }
}

/// The number of a line of a log.
fn number(line: &Element<'_>) -> Option<u64> {
    line.attribute("id")?.rsplit('-').next()?.parse().ok()
}
