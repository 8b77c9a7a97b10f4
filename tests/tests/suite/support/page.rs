//! A browser's page, as far as fragments are concerned.

use std::collections::BTreeMap;

use liveops::channel::{
    Apply, CatchUp, CatchUpAnswer, Cursor, Fragment, Frame, Payload, Region, Signal,
};

/// What a page shows that applied fragments in the order in which they came.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Page {
    pub(crate) regions: BTreeMap<Region, String>,
    /// How many items were added to each region since it was last replaced.
    items: BTreeMap<Region, u32>,
    pub(crate) signals: Vec<Signal>,
    pub(crate) cursor: Option<Cursor>,
}

impl Page {
    pub(crate) fn apply(&mut self, fragments: &[Fragment]) {
        for fragment in fragments {
            let content = self.regions.entry(fragment.region.clone()).or_default();
            let items = self.items.entry(fragment.region.clone()).or_default();
            match fragment.apply {
                Apply::Replace => {
                    content.clear();
                    *items = 0;
                }
                Apply::Append(added) => *items += added,
            }
            content.push_str(&fragment.html);
        }
    }

    pub(crate) fn apply_frame(&mut self, frame: &Frame) {
        self.cursor = Some(frame.cursor);
        match &frame.payload {
            Payload::Fragments(fragments) => self.apply(fragments),
            Payload::Signal(signal) => self.signals.push(signal.clone()),
        }
    }

    pub(crate) fn catch_up(&mut self, catch_up: CatchUp) {
        self.cursor = Some(catch_up.cursor);
        match catch_up.answer {
            CatchUpAnswer::UpToDate => {}
            CatchUpAnswer::Delta(news) => {
                self.apply(&news.fragments);
                self.signals.extend(news.signals);
            }
            CatchUpAnswer::Reset(news) => {
                self.regions.clear();
                self.items.clear();
                self.apply(&news.fragments);
                self.signals = news.signals;
            }
        }
    }

    /// This page saw everything and `other` what is kept: they show the same, except that of a
    /// region that grew beyond what is kept, `other` shows at least that much of the end.
    #[track_caller]
    pub(crate) fn assert_shown_by(&self, other: &Self) {
        assert_eq!(
            self.regions.keys().collect::<Vec<_>>(),
            other.regions.keys().collect::<Vec<_>>()
        );
        for (region, whole) in &self.regions {
            let kept = &other.regions[region];
            let is_end = other.items.get(region).is_some_and(|items| *items >= KEPT_ITEMS)
                && whole.ends_with(kept.as_str());
            assert!(is_end || whole == kept, "{region}: {kept:?} is not the end of {whole:?}");
        }
        assert_eq!(self.signals, other.signals);
    }
}

/// How many items of a growing region are kept at the least.
const KEPT_ITEMS: u32 = 1_000;
