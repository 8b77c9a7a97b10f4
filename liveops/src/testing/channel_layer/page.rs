//! The page of a client, as far as fragments are concerned.

use std::collections::BTreeMap;

use crate::{
    channel::{CatchUp, CatchUpAnswer, Cursor, Frame, Payload},
    projection::Region,
    render::{Apply, Fragment},
};

/// The regions of a page that applied fragments in the order in which they arrived.
#[derive(Debug, Default)]
pub(super) struct Page {
    regions: BTreeMap<Region, String>,
    pub(super) cursor: Option<Cursor>,
}

impl Page {
    pub(super) fn of(fragments: &[Fragment]) -> Self {
        let mut page = Self::default();
        page.apply(fragments);
        page
    }

    /// Returns the HTML of a region, empty for a region that was never set.
    pub(super) fn html(&self, region: &Region) -> &str {
        self.regions.get(region).map_or("", String::as_str)
    }

    pub(super) fn apply_frame(&mut self, frame: &Frame) {
        self.cursor = Some(frame.cursor);
        if let Payload::Fragments(fragments) = &frame.payload {
            self.apply(fragments);
        }
    }

    pub(super) fn apply_catch_up(&mut self, catch_up: CatchUp) {
        self.cursor = Some(catch_up.cursor);
        match catch_up.answer {
            CatchUpAnswer::UpToDate => {}
            CatchUpAnswer::Delta(content) => self.apply(&content.fragments),
            CatchUpAnswer::Reset(content) => {
                self.regions.clear();
                self.apply(&content.fragments);
            }
        }
    }

    fn apply(&mut self, fragments: &[Fragment]) {
        for fragment in fragments {
            let html = self.regions.entry(fragment.region.clone()).or_default();
            if fragment.apply == Apply::Replace {
                html.clear();
            }
            html.push_str(&fragment.html);
        }
    }
}
