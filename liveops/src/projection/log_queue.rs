//! The lines of a log that are not in the database yet.

use std::{
    collections::{HashSet, VecDeque},
    ops::{AddAssign, SubAssign},
    sync::Arc,
};

use super::{Projection, TextBytes, changes::Changes};
use crate::event::{Event, LogLine};

/// Maximum number of lines in one chunk. With [`CHUNK_BYTES_MAX`], the JSON of a chunk has less than 32 KiB.
const CHUNK_LINES_MAX: usize = 150;

/// Maximum size of the texts in one chunk, in bytes. A longer line has a chunk of its own.
const CHUNK_BYTES_MAX: usize = 16 << 10;

/// A number of lines, with the size of their texts in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct LogSize {
    pub lines: u64,
    pub bytes: u64,
}

impl LogSize {
    /// Returns `true` if the number of lines or their size is above `limits`.
    pub(crate) fn exceeds(self, limits: Self) -> bool {
        self.lines > limits.lines || self.bytes > limits.bytes
    }

    /// Returns this fraction of the size.
    pub(crate) fn fraction(self, numerator: u64, denominator: u64) -> Self {
        let part = |whole: u64| whole / denominator * numerator;
        Self { lines: part(self.lines), bytes: part(self.bytes) }
    }
}

impl AddAssign for LogSize {
    fn add_assign(&mut self, other: Self) {
        self.lines += other.lines;
        self.bytes += other.bytes;
    }
}

impl SubAssign for LogSize {
    fn sub_assign(&mut self, other: Self) {
        self.lines = self.lines.saturating_sub(other.lines);
        self.bytes = self.bytes.saturating_sub(other.bytes);
    }
}

/// Consecutive lines of a log, as one row of the database holds them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct LogChunk {
    /// The number of the first line in the log of the operation, from 0.
    pub first: u64,
    pub lines: Vec<Arc<LogLine>>,
    /// The size of the texts.
    pub bytes: usize,
}

impl LogChunk {
    /// Returns the number of the line after the last one.
    pub(crate) fn end(&self) -> u64 {
        self.first + self.lines.len() as u64
    }

    fn size(&self) -> LogSize {
        LogSize { lines: self.lines.len() as u64, bytes: self.bytes as u64 }
    }

    fn has_room_for(&self, bytes: usize) -> bool {
        self.lines.is_empty()
            || (self.lines.len() < CHUNK_LINES_MAX && self.bytes + bytes <= CHUNK_BYTES_MAX)
    }
}

/// The lines of a log that are not in the database yet, in chunks.
///
/// A chunk that was handed out never changes, so the database can recognize a chunk that is written twice, after an
/// answer that was lost. The numbers of the lines show the lines that were left out. The default is a queue without room,
/// which only counts.
#[derive(Debug, Clone, Default)]
pub(crate) struct LogQueue {
    sealed: VecDeque<Arc<LogChunk>>,
    /// The chunk that receives the next line.
    open: LogChunk,
    /// The size of all chunks.
    queued: LogSize,
    /// The size of the lines in the database.
    stored: LogSize,
    limits: LogSize,
}

impl LogQueue {
    /// Creates an empty queue that continues a log with `next` lines so far, of which the database holds `stored`.
    /// The queue and the database each hold at most `limits`.
    pub(crate) fn new(limits: LogSize, next: u64, stored: LogSize) -> Self {
        Self {
            open: LogChunk { first: next, ..LogChunk::default() },
            stored,
            limits,
            ..Self::default()
        }
    }

    /// Appends a line. Above the limits, leaves lines out of the middle: the first quarter and the newest lines stay.
    pub(crate) fn push(&mut self, line: Arc<LogLine>) {
        if self.limits == LogSize::default() {
            self.open.first += 1;
            return;
        }
        let bytes = line.text_bytes();
        if !self.open.has_room_for(bytes) {
            self.seal();
        }
        self.open.bytes += bytes;
        self.open.lines.push(line);
        self.queued += LogSize { lines: 1, bytes: bytes as u64 };
        while self.queued.exceeds(self.limits) && self.leave_out_middle() {}
    }

    /// Returns all chunks, in order. Later lines are in later chunks.
    pub(crate) fn chunks(&mut self) -> Vec<Arc<LogChunk>> {
        self.seal();
        self.sealed.iter().cloned().collect()
    }

    /// Removes chunks that the database holds now. The queue may have left out some of them since they were handed out.
    pub(crate) fn remove_written(&mut self, written: &[Arc<LogChunk>]) {
        let mut firsts = HashSet::new();
        for chunk in written {
            self.stored += chunk.size();
            firsts.insert(chunk.first);
        }
        let queued = &mut self.queued;
        self.sealed.retain(|chunk| {
            let is_written = firsts.contains(&chunk.first);
            if is_written {
                *queued -= chunk.size();
            }
            !is_written
        });
    }

    /// Records that the database has deleted lines in the middle of the log.
    pub(crate) fn remove_deleted(&mut self, deleted: LogSize) {
        self.stored -= deleted;
    }

    /// Returns the number of lines that were logged so far.
    pub(crate) fn next(&self) -> u64 {
        self.open.end()
    }

    /// Returns `true` if the queue should not wait for the next heartbeat.
    pub(crate) fn is_large(&self) -> bool {
        self.queued.exceeds(self.limits.fraction(1, 16))
    }

    /// Returns `true` if the database holds more than the limits.
    pub(crate) fn is_stored_above_limits(&self) -> bool {
        self.stored.exceeds(self.limits)
    }

    /// Returns `true` if the database may hold more than the limits when all lines are written. The sizes do not
    /// contain the lines of an append under way that the queue has left out since.
    pub(crate) fn may_be_above_limits(&self) -> bool {
        let mut known = self.stored;
        known += self.queued;
        known.exceeds(self.limits.fraction(1, 2)) || self.next() > self.limits.lines
    }

    fn seal(&mut self) {
        if !self.open.lines.is_empty() {
            let first = self.next();
            let next = LogChunk { first, ..LogChunk::default() };
            self.sealed.push_back(Arc::new(std::mem::replace(&mut self.open, next)));
        }
    }

    /// Removes the first chunk behind the first quarter. Returns `false` without such a chunk.
    fn leave_out_middle(&mut self) -> bool {
        let quarter = self.limits.fraction(1, 4);
        let mut size = LogSize::default();
        let behind = self.sealed.iter().position(|chunk| {
            size += chunk.size();
            size.exceeds(quarter)
        });
        let left_out = behind.and_then(|behind| self.sealed.remove(behind));
        left_out.inspect(|chunk| self.queued -= chunk.size()).is_some()
    }
}

/// A projection, with the lines of its log that are not in the database yet.
#[derive(Debug, Clone)]
pub(crate) struct LoggedProjection {
    pub view: Projection,
    pub unwritten: LogQueue,
}

impl LoggedProjection {
    /// Applies one event and returns the regions that changed.
    pub(crate) fn apply(&mut self, event: Event) -> Changes {
        let is_logged = matches!(event, Event::Log(_)) && !self.view.state.is_terminal();
        let changes = self.view.apply(event);
        if let Some(line) = self.view.log.newest().filter(|_| is_logged) {
            self.unwritten.push(line.clone());
        }
        changes
    }
}

impl From<Projection> for LoggedProjection {
    /// Creates a projection whose lines are not written.
    fn from(view: Projection) -> Self {
        Self { view, unwritten: LogQueue::default() }
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::event::Level;

    fn line(text: String) -> Arc<LogLine> {
        Arc::new(LogLine { at: DateTime::UNIX_EPOCH, level: Level::Info, text })
    }

    fn numbers(queue: &mut LogQueue) -> Vec<u64> {
        numbers_in(&queue.chunks())
    }

    fn numbers_in(chunks: &[Arc<LogChunk>]) -> Vec<u64> {
        chunks.iter().flat_map(|chunk| (chunk.first..).take(chunk.lines.len())).collect()
    }

    #[test]
    fn a_chunk_that_was_handed_out_does_not_change() {
        let mut queue =
            LogQueue::new(LogSize { lines: 1_000, bytes: 1 << 20 }, 7, LogSize::default());
        queue.push(line("a".into()));
        let before = queue.chunks();
        queue.push(line("b".into()));
        assert_eq!(queue.chunks()[..1], before);
        assert_eq!(numbers(&mut queue), [7, 8]);
        queue.remove_written(&before);
        assert_eq!(numbers(&mut queue), [8]);
        assert_eq!((queue.queued.lines, queue.stored.lines, queue.next()), (1, 1, 9));
    }

    #[test]
    fn lines_that_are_left_out_during_their_append_count_as_stored() {
        let limits = LogSize { lines: 1_000, bytes: 1 << 20 };
        let mut queue = LogQueue::new(limits, 0, LogSize::default());
        (0..1_000).for_each(|_| queue.push(line("a".into())));
        let under_way = queue.chunks();
        (0..1_000).for_each(|_| queue.push(line("a".into())));
        assert!(queue.may_be_above_limits());
        queue.remove_written(&under_way);
        assert_eq!(queue.stored.lines, 1_000);
    }

    #[test]
    fn a_queue_without_limits_holds_nothing() {
        let mut queue = LogQueue::default();
        for _ in 0..1_000 {
            queue.push(line("a".into()));
        }
        assert_eq!(queue.chunks(), []);
        assert_eq!(queue.next(), 1_000);
    }

    #[derive(Debug, Clone)]
    enum Step {
        Push { lines: usize, bytes: usize },
        HandOut,
        Append,
        Answer,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            2 => (1_usize..20, 0_usize..9_000).prop_map(|(lines, bytes)| Step::Push { lines, bytes }),
            6 => (1_usize..400, 0_usize..90).prop_map(|(lines, bytes)| Step::Push { lines, bytes }),
            2 => Just(Step::HandOut),
            1 => Just(Step::Append),
            1 => Just(Step::Answer),
        ]
    }

    proptest! {
        #[test]
        fn lines_stay_in_order_and_the_middle_goes(steps in vec(step(), 0..60)) {
            let limits = LogSize { lines: 1_000, bytes: 1 << 20 };
            let mut queue = LogQueue::new(limits, 0, LogSize::default());
            let (mut pushed, mut written, mut under_way) = (0, Vec::new(), Vec::new());
            for step in steps {
                match step {
                    Step::Push { lines, bytes } => {
                        pushed += lines as u64;
                        (0..lines).for_each(|_| queue.push(line("x".repeat(bytes))));
                        prop_assert_eq!(numbers(&mut queue.clone()).pop(), Some(pushed - 1));
                    }
                    Step::HandOut => drop(queue.chunks()),
                    Step::Append if under_way.is_empty() => under_way = queue.chunks(),
                    Step::Append => {}
                    Step::Answer => {
                        written.extend(numbers_in(&under_way));
                        queue.remove_written(&under_way);
                        under_way.clear();
                        prop_assert_eq!(queue.stored.lines, written.len() as u64);
                    }
                }
                prop_assert_eq!(queue.next(), pushed);
                prop_assert!(!queue.queued.exceeds(limits), "{:?}", queue.queued);
            }
            let kept = numbers(&mut queue);
            prop_assert_eq!(queue.queued.lines, kept.len() as u64);
            let is_in_order = written.iter().chain(&kept).is_sorted_by(|a, b| a < b);
            prop_assert!(is_in_order);
            // The beginning stays.
            prop_assert!(pushed == 0 || written.first().or(kept.first()) == Some(&0));
        }
    }
}
