//! A simulated page that detects faults in the messages it receives.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    channel::{Cursor, Frame, Payload, Signal},
    operation::OperationId,
    projection::Region,
    render::{Apply, Fragment},
};

/// A message to a client.
#[derive(Debug, Clone)]
pub(super) enum SimMessage {
    /// A frame. If `whole` is set, the frame replaces the entire content of the page.
    Frame {
        frame: Arc<Frame>,
        whole: bool,
    },
    Subscribed {
        cursor: Cursor,
        is_up_to_date: bool,
    },
}

/// A browser's page of one operation. The page handles messages as liveops.js does, but does not repair
/// faults: duplicates are shown twice.
#[derive(Debug, Clone, Default)]
pub(super) struct SimPage {
    pub(super) regions: BTreeMap<Region, String>,
    /// The signals of this attempt that the page received.
    pub(super) signals: Vec<Signal>,
    /// The signals received since the last whole frame. A repeated one is a fault.
    since_snapshot: Vec<Signal>,
    pub(super) cursor: Option<Cursor>,
    /// The operation to which the page has moved.
    pub(super) moved_to: Option<OperationId>,
    /// The faults found so far.
    pub(super) faults: Vec<String>,
}

impl SimPage {
    pub(super) fn of(fragments: &[Fragment], signals: Vec<Signal>, cursor: Option<Cursor>) -> Self {
        let mut page = Self { signals, cursor, ..Self::default() };
        page.apply(fragments);
        page
    }

    /// Replaces this page with another one, and keeps the faults.
    pub(super) fn replace_with(&mut self, page: Self) {
        let faults = std::mem::take(&mut self.faults);
        *self = Self { faults, ..page };
    }

    pub(super) fn receive(&mut self, message: SimMessage) {
        match message {
            SimMessage::Subscribed { cursor, is_up_to_date } => {
                // Otherwise the frames up to this cursor move the page.
                if is_up_to_date {
                    self.cursor = Some(cursor);
                }
            }
            SimMessage::Frame { frame, whole } => self.receive_frame(&frame, whole),
        }
    }

    fn receive_frame(&mut self, frame: &Frame, whole: bool) {
        if whole {
            if self.cursor.is_some_and(|cursor| hides_end(frame, cursor)) {
                self.faults.push(format!("{} shows a run after its end", frame.cursor));
            }
            self.regions.clear();
            self.since_snapshot.clear();
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
        if self.since_snapshot.contains(signal) {
            self.faults.push(format!("received twice: {signal:?}"));
        }
        self.since_snapshot.push(signal.clone());
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

/// Returns `true` if a frame shows a run without a result although the row has reported the end of the
/// attempt.
fn hides_end(frame: &Frame, cursor: Cursor) -> bool {
    let Payload::Fragments(fragments) = &frame.payload else { return false };
    let is_result = |fragment: &&Fragment| fragment.region == Region::Result;
    let has_no_result =
        fragments.iter().find(is_result).is_none_or(|result| result.html.is_empty());
    cursor.is_end() && is_of_same_attempt(frame.cursor, cursor) && has_no_result
}

/// Returns `true` if the added lines directly follow the last line of the log.
fn continues(log: &str, added: &str) -> bool {
    let next = line_ids(log).last().map_or(0, |last| last + 1);
    line_ids(added).enumerate().all(|(n, id)| id == next + n as u64)
}

/// Returns the numbers of log lines, which are the last part of the line ids.
fn line_ids(log: &str) -> impl Iterator<Item = u64> {
    let ids = log.split("id=\"op-log-").skip(1).filter_map(|line| line.split('"').next());
    ids.filter_map(|id| id.rsplit('-').next()?.parse().ok())
}
