//! A browser's page, as far as fragments are concerned.

use std::collections::BTreeMap;

use liveops::{
    channel::{CatchUp, Cursor, Frame, Missing, Payload, Signal},
    projection::Region,
    render::{Apply, Fragment},
};

/// What a page shows that applied fragments in the order in which they came.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Page {
    pub(crate) regions: BTreeMap<Region, String>,
    pub(crate) signals: Vec<Signal>,
    pub(crate) cursor: Option<Cursor>,
}

impl Page {
    pub(crate) fn of(fragments: &[Fragment]) -> Self {
        let mut page = Self::default();
        page.apply(fragments);
        page
    }

    pub(crate) fn apply(&mut self, fragments: &[Fragment]) {
        for fragment in fragments {
            let content = self.regions.entry(fragment.region.clone()).or_default();
            if fragment.apply == Apply::Replace {
                content.clear();
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
        match catch_up.missing {
            Missing::Nothing => {}
            Missing::Delta(news) => {
                self.apply(&news.fragments);
                self.signals.extend(news.signals);
            }
            Missing::Reset(news) => {
                self.regions.clear();
                self.apply(&news.fragments);
                self.signals = news.signals;
            }
        }
    }

    /// Whether this page shows the same as `other`, of which the log and other growing regions may
    /// have lost their beginning.
    #[track_caller]
    pub(crate) fn assert_shows(&self, other: &Self) {
        assert_eq!(
            self.regions.keys().collect::<Vec<_>>(),
            other.regions.keys().collect::<Vec<_>>()
        );
        for (region, content) in &other.regions {
            let shown = &self.regions[region];
            match region {
                Region::Log | Region::Custom(_) => assert!(
                    shown.ends_with(content.as_str()) || content.ends_with(shown.as_str()),
                    "{region}: {shown:?} and {content:?} have different ends"
                ),
                _ => assert_eq!(shown, content, "{region}"),
            }
        }
        assert_eq!(self.signals, other.signals);
    }
}
