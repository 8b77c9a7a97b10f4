//! The retained state of a channel as a pure fold of payloads. No I/O, no clock.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use super::{CatchUp, CatchUpAnswer, CatchUpContent, Cursor, Epoch, Payload, Signal};
use crate::{
    projection::{Region, TAIL_BYTES_MAX, TAIL_LEN_MAX},
    render::{Apply, Fragment},
};

/// The newest state of one channel: the content of every region, and the signals sent.
///
/// A pure fold of payloads, which a channel layer keeps per channel.
///
/// ```
/// use liveops::{
///     Attempt, OperationId, OperationState,
///     channel::{
///         CatchUpAnswer, CatchUpContent, Epoch, Finished, Fragment, Payload, Region,
///         RetainedState, Signal,
///     },
/// };
///
/// let snapshot = [Fragment::replace(Region::Status, "Waiting")];
/// let mut retained = RetainedState::open(Epoch::begin(Attempt(1)), &snapshot);
/// let opened = retained.cursor();
///
/// let saved = Fragment::replace(Region::Status, "3 rows saved");
/// retained.push(&Payload::Fragments(vec![saved.clone()]));
/// let id = OperationId::new();
/// let state = OperationState::FinishedOk;
/// let url = format!("/live/{id}");
/// let end = Signal::Finished(Finished { id, state, url, success_url: None });
/// retained.push(&Payload::Signal(end.clone()));
///
/// let missing = retained.catch_up(Some(opened));
/// assert!(missing.ended);
/// let content = CatchUpContent { fragments: vec![saved], signals: vec![end] };
/// assert_eq!(missing.answer, CatchUpAnswer::Delta(content));
/// ```
#[derive(Debug, Clone)]
pub struct RetainedState {
    cursor: Cursor,
    regions: BTreeMap<Region, RegionContent>,
    signals: Vec<(u64, Signal)>,
}

/// The content of one region.
#[derive(Debug, Clone, Default)]
struct RegionContent {
    base: Arc<str>,
    /// The sequence number of the frame that set `base`.
    base_seq: u64,
    added: VecDeque<Addition>,
    items: u32,
    bytes: usize,
    /// The sequence number of the newest frame with a dropped addition. Additions are dropped beyond a
    /// bound on their number and size.
    dropped_seq: u64,
}

#[derive(Debug, Clone)]
struct Addition {
    seq: u64,
    items: u32,
    html: Arc<str>,
}

impl RetainedState {
    /// Begins a history with `snapshot` as its first frame.
    pub fn open(epoch: Epoch, snapshot: &[Fragment]) -> Self {
        let cursor = Cursor { epoch, seq: 1 };
        let mut retained = Self { cursor, regions: BTreeMap::new(), signals: Vec::new() };
        retained.apply(snapshot);
        retained
    }

    /// Returns the position of the newest frame.
    pub fn cursor(&self) -> Cursor {
        self.cursor
    }

    /// Applies the next payload and returns its position.
    pub fn push(&mut self, payload: &Payload) -> Cursor {
        self.cursor.seq += 1;
        match payload {
            Payload::Fragments(fragments) => self.apply(fragments),
            Payload::Signal(signal) => self.signals.push((self.cursor.seq, signal.clone())),
        }
        self.cursor
    }

    /// Returns everything published after `since`, or the full snapshot if `since` is `None` or not covered
    /// by the retained state.
    pub fn catch_up(&self, since: Option<Cursor>) -> CatchUp {
        let answer = match since {
            Some(since) if since == self.cursor => CatchUpAnswer::UpToDate,
            Some(since) if self.covers(since) => CatchUpAnswer::Delta(self.content(since.seq)),
            _ => CatchUpAnswer::Reset(self.content(0)),
        };
        CatchUp { cursor: self.cursor, ended: self.has_ended(), is_provisional: false, answer }
    }

    fn has_ended(&self) -> bool {
        self.signals.iter().any(|(_, signal)| matches!(signal, Signal::Finished(_)))
    }

    fn covers(&self, cursor: Cursor) -> bool {
        let dropped_seq = self.regions.values().map(|content| content.dropped_seq).max();
        let oldest = dropped_seq.unwrap_or_default().max(1);
        cursor.epoch == self.cursor.epoch && (oldest..=self.cursor.seq).contains(&cursor.seq)
    }

    fn content(&self, seq: u64) -> CatchUpContent {
        let fragments =
            self.regions.iter().flat_map(|(region, content)| content.since(region, seq)).collect();
        let signals = self.signals.iter().filter(|(given, _)| *given > seq);
        CatchUpContent { fragments, signals: signals.map(|(_, signal)| signal.clone()).collect() }
    }

    fn apply(&mut self, fragments: &[Fragment]) {
        let seq = self.cursor.seq;
        for fragment in fragments {
            let content = self
                .regions
                .entry(fragment.region.clone())
                .or_insert_with(|| RegionContent { base_seq: seq, ..RegionContent::default() });
            match fragment.apply {
                Apply::Replace => {
                    *content = RegionContent {
                        base: fragment.html.clone(),
                        base_seq: seq,
                        ..RegionContent::default()
                    };
                }
                Apply::Append(items) => content.add(seq, items, fragment.html.clone()),
            }
        }
    }
}

impl RegionContent {
    fn add(&mut self, seq: u64, items: u32, html: Arc<str>) {
        self.items += items;
        self.bytes += html.len();
        self.added.push_back(Addition { seq, items, html });
        while let Some(oldest) = self.added.front()
            && self.is_enough_without(oldest)
        {
            self.items -= oldest.items;
            self.bytes -= oldest.html.len();
            self.dropped_seq = oldest.seq;
            self.added.pop_front();
        }
    }

    /// Returns `true` if the remaining additions still reach the bound on items or bytes.
    fn is_enough_without(&self, oldest: &Addition) -> bool {
        self.items - oldest.items >= TAIL_LEN_MAX as u32
            || self.bytes - oldest.html.len() >= TAIL_BYTES_MAX
    }

    /// Returns the additions made after `seq`, or base and all additions if the base is newer than `seq`.
    fn since(&self, region: &Region, seq: u64) -> Vec<Fragment> {
        let whole = self.base_seq > seq;
        let base = whole.then(|| Fragment::replace(region.clone(), self.base.clone()));
        let content = self.added.iter().filter(|addition| whole || addition.seq > seq);
        let (items, html) = content.fold((0, String::new()), |(items, mut html), addition| {
            html.push_str(&addition.html);
            (items + addition.items, html)
        });
        let added = (items > 0).then(|| Fragment::append(region.clone(), items, html));
        base.into_iter().chain(added).collect()
    }
}
