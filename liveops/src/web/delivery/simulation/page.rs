use std::{collections::BTreeMap, sync::Arc};

use crate::{
    channel::{Cursor, Frame, Payload, Signal},
    operation::OperationId,
    projection::Region,
    render::{Apply, Fragment},
};

/// What a client is sent.
#[derive(Debug, Clone)]
pub(super) enum SimMessage {
    /// A frame; a whole one takes the place of whatever the page shows.
    Frame {
        frame: Arc<Frame>,
        whole: bool,
    },
    Subscribed {
        cursor: Cursor,
        is_up_to_date: bool,
    },
}

/// A browser's page of one operation, which does with messages what liveops.js does, but does not
/// forgive: what it gets twice it shows twice.
#[derive(Debug, Clone, Default)]
pub(super) struct SimPage {
    pub(super) regions: BTreeMap<Region, String>,
    /// What the page was told of this attempt.
    pub(super) signals: Vec<Signal>,
    /// What of it was told since everything was replaced: telling that again is a fault.
    told: Vec<Signal>,
    pub(super) cursor: Option<Cursor>,
    /// The operation that the page moved over to.
    pub(super) moved_to: Option<OperationId>,
    /// What must not have happened.
    pub(super) faults: Vec<String>,
}

impl SimPage {
    pub(super) fn of(fragments: &[Fragment], signals: Vec<Signal>, cursor: Option<Cursor>) -> Self {
        let mut page = Self { signals, cursor, ..Self::default() };
        page.apply(fragments);
        page
    }

    /// Another page takes the place of this one, whose faults are not forgotten.
    pub(super) fn turn_into(&mut self, page: Self) {
        let faults = std::mem::take(&mut self.faults);
        *self = Self { faults, ..page };
    }

    pub(super) fn receive(&mut self, message: SimMessage) {
        match message {
            SimMessage::Subscribed { cursor, is_up_to_date } => {
                // Otherwise the frames that lead up to it bring it.
                if is_up_to_date {
                    self.cursor = Some(cursor);
                }
            }
            SimMessage::Frame { frame, whole } => self.receive_frame(&frame, whole),
        }
    }

    fn receive_frame(&mut self, frame: &Frame, whole: bool) {
        if whole {
            if self.cursor.is_some_and(|cursor| goes_back(frame, cursor)) {
                self.faults.push(format!("{} goes back behind the end", frame.cursor));
            }
            self.regions.clear();
            self.told.clear();
            if !self.cursor.is_some_and(|cursor| is_of_same_attempt(frame.cursor, cursor)) {
                self.signals.clear();
            }
        } else if !self.cursor.is_some_and(|cursor| follows(frame.cursor, cursor)) {
            self.faults.push(format!("{} does not follow {:?}", frame.cursor, self.cursor));
        }
        match &frame.payload {
            Payload::Fragments(fragments) => self.apply(fragments),
            Payload::Signal(signal) => self.receive_signal(signal),
        }
        self.cursor = Some(frame.cursor);
    }

    fn receive_signal(&mut self, signal: &Signal) {
        if self.told.contains(signal) {
            self.faults.push(format!("was told twice: {signal:?}"));
        }
        self.told.push(signal.clone());
        if !self.signals.contains(signal) {
            self.signals.push(signal.clone());
        }
        if let Signal::Chained(next) = signal {
            self.moved_to = Some(next.id);
        }
    }

    fn apply(&mut self, fragments: &[Fragment]) {
        for fragment in fragments {
            let content = self.regions.entry(fragment.region.clone()).or_default();
            if fragment.apply == Apply::Replace {
                content.clear();
            } else if fragment.region == Region::Log && !continues(content, &fragment.html) {
                self.faults.push(format!("{:?} does not continue {content:?}", fragment.html));
            }
            content.push_str(&fragment.html);
        }
    }
}

fn follows(next: Cursor, cursor: Cursor) -> bool {
    next.epoch == cursor.epoch && next.seq > cursor.seq
}

fn is_of_same_attempt(one: Cursor, other: Cursor) -> bool {
    one.epoch.attempt == other.epoch.attempt
}

/// Whether a frame shows an attempt as running whose end the row has told of.
fn goes_back(frame: &Frame, cursor: Cursor) -> bool {
    let Payload::Fragments(fragments) = &frame.payload else { return false };
    let is_result = |fragment: &&Fragment| fragment.region == Region::Result;
    let has_no_result =
        fragments.iter().find(is_result).is_none_or(|result| result.html.is_empty());
    cursor.is_end() && is_of_same_attempt(frame.cursor, cursor) && has_no_result
}

/// Whether the first of the added lines is the one after the last of the log.
fn continues(log: &str, added: &str) -> bool {
    let next = line_ids(log).last().map_or(0, |last| last + 1);
    line_ids(added).enumerate().all(|(n, id)| id == next + n as u64)
}

/// The numbers of the log's lines, which stand at the end of their ids.
fn line_ids(log: &str) -> impl Iterator<Item = u64> {
    let ids = log.split("id=\"op-log-").skip(1).filter_map(|line| line.split('"').next());
    ids.filter_map(|id| id.rsplit('-').next()?.parse().ok())
}
