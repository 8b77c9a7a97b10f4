//! The retained state of a channel as a pure fold of payloads. No I/O, no clock.

use std::{collections::VecDeque, sync::Arc};

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
    /// Sorted by region. A vector, because a process retains many states and a map allocates far more.
    regions: Vec<RegionContent>,
    signals: Vec<(u64, Signal)>,
}

/// The content of one region.
#[derive(Debug, Clone)]
struct RegionContent {
    region: Region,
    base: Arc<str>,
    /// The sequence number of the frame that set `base`.
    base_seq: u64,
    /// Boxed, because most regions have none.
    additions: Option<Box<Additions>>,
}

/// The additions to a region since the frame that set its base.
#[derive(Debug, Clone, Default)]
struct Additions {
    retained: VecDeque<Addition>,
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
        let regions = Vec::with_capacity(snapshot.len());
        let mut retained = Self { cursor, regions, signals: Vec::new() };
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
            Payload::Signal(signal) => {
                self.signals.reserve_exact(1);
                self.signals.push((self.cursor.seq, signal.clone()));
            }
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

    /// Returns the approximate size in memory, in bytes.
    pub(super) fn size(&self) -> usize {
        let regions = self.regions.iter().map(RegionContent::size).sum::<usize>();
        let signals = self.signals.iter().map(|(_, signal)| signal_size(signal)).sum::<usize>();
        size_of::<Self>() + regions + signals
    }

    fn has_ended(&self) -> bool {
        self.signals.iter().any(|(_, signal)| matches!(signal, Signal::Finished(_)))
    }

    fn covers(&self, cursor: Cursor) -> bool {
        let dropped_seq = self.regions.iter().map(RegionContent::dropped_seq).max();
        let oldest = dropped_seq.unwrap_or_default().max(1);
        cursor.epoch == self.cursor.epoch && (oldest..=self.cursor.seq).contains(&cursor.seq)
    }

    fn content(&self, seq: u64) -> CatchUpContent {
        let fragments = self.regions.iter().flat_map(|content| content.since(seq)).collect();
        let signals = self.signals.iter().filter(|(given, _)| *given > seq);
        CatchUpContent { fragments, signals: signals.map(|(_, signal)| signal.clone()).collect() }
    }

    fn apply(&mut self, fragments: &[Fragment]) {
        let seq = self.cursor.seq;
        for Fragment { region, apply, html } in fragments {
            let found = self.regions.binary_search_by(|content| content.region.cmp(region));
            match apply {
                Apply::Replace => {
                    // Most regions of most operations are empty, and all empty texts share one allocation.
                    let base = if html.is_empty() { Arc::default() } else { html.clone() };
                    let content = RegionContent::new(region.clone(), base, seq);
                    match found {
                        Ok(at) => self.regions[at] = content,
                        Err(at) => self.regions.insert(at, content),
                    }
                }
                Apply::Append(items) => {
                    let at = found.unwrap_or_else(|at| {
                        let empty = RegionContent::new(region.clone(), Arc::default(), seq);
                        self.regions.insert(at, empty);
                        at
                    });
                    self.regions[at].add(seq, *items, html.clone());
                }
            }
        }
    }
}

/// Returns the approximate size of a retained signal in memory, in bytes.
fn signal_size(signal: &Signal) -> usize {
    let texts = match signal {
        Signal::Finished(finished) => {
            finished.url.len() + finished.success_url.as_ref().map_or(0, |url| url.len())
        }
        Signal::Chained(chained) => chained.url.len() + chained.container.len(),
    };
    size_of::<(u64, Signal)>() + texts
}

impl RegionContent {
    fn new(region: Region, base: Arc<str>, base_seq: u64) -> Self {
        Self { region, base, base_seq, additions: None }
    }

    fn dropped_seq(&self) -> u64 {
        self.additions.as_ref().map_or(0, |additions| additions.dropped_seq)
    }

    fn size(&self) -> usize {
        let additions = self.additions.as_ref().map_or(0, |additions| {
            let slots = additions.retained.capacity() * size_of::<Addition>();
            size_of::<Additions>() + slots + additions.bytes
        });
        size_of::<Self>() + self.base.len() + additions
    }

    fn add(&mut self, seq: u64, items: u32, html: Arc<str>) {
        let additions = self.additions.get_or_insert_default();
        additions.items += items;
        additions.bytes += html.len();
        additions.retained.push_back(Addition { seq, items, html });
        while let Some(oldest) = additions.retained.front()
            && additions.is_enough_without(oldest)
        {
            additions.items -= oldest.items;
            additions.bytes -= oldest.html.len();
            additions.dropped_seq = oldest.seq;
            additions.retained.pop_front();
        }
    }

    /// Returns the additions made after `seq`, or base and all additions if the base is newer than `seq`.
    fn since(&self, seq: u64) -> Vec<Fragment> {
        let whole = self.base_seq > seq;
        let base = whole.then(|| Fragment::replace(self.region.clone(), self.base.clone()));
        let additions = self.additions.iter().flat_map(|additions| &additions.retained);
        let content = additions.filter(|addition| whole || addition.seq > seq);
        let (items, html) = content.fold((0, String::new()), |(items, mut html), addition| {
            html.push_str(&addition.html);
            (items + addition.items, html)
        });
        let added = (items > 0).then(|| Fragment::append(self.region.clone(), items, html));
        base.into_iter().chain(added).collect()
    }
}

impl Additions {
    /// Returns `true` if the remaining additions still reach the bound on items or bytes.
    fn is_enough_without(&self, oldest: &Addition) -> bool {
        self.items - oldest.items >= TAIL_LEN_MAX as u32
            || self.bytes - oldest.html.len() >= TAIL_BYTES_MAX
    }
}
