//! A bounded list of the newest items of a growing sequence.

use std::{collections::VecDeque, sync::Arc};

/// The newest items of a sequence that only grows at its end.
///
/// Every item has an id. Ids count from 0 and are never reused, so a client can distinguish an item that was
/// delivered twice from two equal items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tail<T> {
    items: VecDeque<T>,
    next_id: u64,
    len_max: usize,
    /// Total size of the kept items.
    bytes: usize,
    bytes_max: usize,
}

/// The text size of an item of a [`Tail`].
pub(crate) trait TextBytes {
    /// The length of the text, in bytes.
    fn text_bytes(&self) -> usize;
}

impl<T: TextBytes> Tail<T> {
    /// Creates an empty tail with a limit of `len_max` items and of `bytes_max` bytes of text. The newest
    /// item is always kept.
    pub(crate) fn new(len_max: usize, bytes_max: usize) -> Self {
        Self { items: VecDeque::new(), next_id: 0, len_max, bytes: 0, bytes_max }
    }

    /// Creates a tail that continues an earlier one: `items` are the newest of `next_id` items.
    pub(crate) fn resume(
        items: impl IntoIterator<Item = T>,
        next_id: u64,
        len_max: usize,
        bytes_max: usize,
    ) -> Self {
        let mut tail = Self::new(len_max, bytes_max);
        tail.items = items.into_iter().collect();
        tail.bytes = tail.items.iter().map(TextBytes::text_bytes).sum();
        tail.next_id = next_id.max(tail.items.len() as u64);
        tail.shrink();
        tail
    }

    /// Appends an item, drops the oldest items beyond the limits, and returns the id of the new item.
    pub(crate) fn push(&mut self, item: T) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        self.bytes += item.text_bytes();
        self.items.push_back(item);
        self.shrink();
        id
    }

    /// The id of the oldest kept item; in an empty tail, the id of the next item.
    pub(crate) fn first_id(&self) -> u64 {
        self.next_id - self.items.len() as u64
    }

    /// The id of the next item, which is also the number of items ever appended.
    pub(crate) fn next_id(&self) -> u64 {
        self.next_id
    }

    /// The newest item.
    pub(crate) fn newest(&self) -> Option<&T> {
        self.items.back()
    }

    /// Iterates over the kept items with their ids, oldest first.
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = (u64, &T)> {
        self.iter_from(self.first_id())
    }

    /// Iterates over the kept items with an id of at least `id`, oldest first.
    pub(crate) fn iter_from(&self, id: u64) -> impl ExactSizeIterator<Item = (u64, &T)> {
        let first_id = self.first_id();
        let skipped = id.saturating_sub(first_id).min(self.items.len() as u64) as usize;
        self.items
            .range(skipped..)
            .enumerate()
            .map(move |(at, item)| (first_id + (skipped + at) as u64, item))
    }

    fn shrink(&mut self) {
        while self.items.len() > 1
            && (self.items.len() > self.len_max || self.bytes > self.bytes_max)
            && let Some(oldest) = self.items.pop_front()
        {
            self.bytes -= oldest.text_bytes();
        }
    }
}

impl TextBytes for Arc<str> {
    fn text_bytes(&self) -> usize {
        self.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(tail: &Tail<Arc<str>>) -> Vec<(u64, &str)> {
        tail.iter().map(|(id, text)| (id, &**text)).collect()
    }

    #[test]
    fn the_newest_items_stay_and_keep_their_ids() {
        let mut tail = Tail::new(2, 9);
        let ids = ["a", "b", "c"].map(|text| tail.push(Arc::from(text)));
        assert_eq!(ids, [0, 1, 2]);
        assert_eq!(texts(&tail), [(1, "b"), (2, "c")]);
        assert_eq!(tail.iter_from(2).len(), 1);
        assert_eq!(tail.iter_from(9).len(), 0);
    }

    #[test]
    fn a_tail_is_bounded_in_bytes_but_never_without_its_newest_item() {
        let mut tail = Tail::new(9, 5);
        for text in ["aa", "bb", "cc"] {
            tail.push(Arc::<str>::from(text));
        }
        assert_eq!(texts(&tail), [(1, "bb"), (2, "cc")]);
        tail.push("much longer".into());
        assert_eq!(texts(&tail), [(3, "much longer")]);
        tail.push("dd".into());
        assert_eq!(texts(&tail), [(4, "dd")]);
    }

    #[test]
    fn a_resumed_tail_continues_its_ids() {
        let mut tail = Tail::resume(["x", "y", "z"].map(Arc::<str>::from), 7, 10, 2);
        assert_eq!(tail.first_id(), 5);
        assert_eq!(tail.push("!".into()), 7);
        assert_eq!(texts(&tail), [(6, "z"), (7, "!")]);
    }
}
