use std::collections::VecDeque;

/// The newest items of a sequence that only grows at its end.
///
/// Every item has an id, counted from 0 and never used again, so that an item delivered twice can
/// be told from two equal ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tail<T> {
    items: VecDeque<T>,
    next_id: u64,
    len_max: usize,
}

impl<T> Tail<T> {
    /// An empty tail that keeps at most `len_max` items, at least one.
    pub fn new(len_max: usize) -> Self {
        Self { items: VecDeque::new(), next_id: 0, len_max: len_max.max(1) }
    }

    /// A tail that goes on where another one ended: `items` are the newest of `next_id` items.
    pub fn resume(items: impl IntoIterator<Item = T>, next_id: u64, len_max: usize) -> Self {
        let mut tail =
            Self { items: items.into_iter().collect(), next_id, len_max: len_max.max(1) };
        tail.next_id = tail.next_id.max(tail.items.len() as u64);
        tail.shrink();
        tail
    }

    /// Adds an item, drops the oldest where there are too many, and gives the new item's id.
    pub fn push(&mut self, item: T) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        self.items.push_back(item);
        self.shrink();
        id
    }

    /// The id of the oldest item that is still here; of the next one where there is none.
    pub fn first_id(&self) -> u64 {
        self.next_id - self.items.len() as u64
    }

    /// The id the next item will get: how many there have ever been.
    pub fn next_id(&self) -> u64 {
        self.next_id
    }

    /// The items that are still here, with their ids, oldest first.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (u64, &T)> {
        self.iter_from(self.first_id())
    }

    /// The items with an id of at least `id`, oldest first.
    pub fn iter_from(&self, id: u64) -> impl ExactSizeIterator<Item = (u64, &T)> {
        let first_id = self.first_id();
        let skipped = id.saturating_sub(first_id).min(self.items.len() as u64) as usize;
        self.items
            .range(skipped..)
            .enumerate()
            .map(move |(at, item)| (first_id + (skipped + at) as u64, item))
    }

    fn shrink(&mut self) {
        let excess = self.items.len().saturating_sub(self.len_max);
        self.items.drain(..excess);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_items_stay_and_keep_their_ids() {
        let mut tail = Tail::new(2);
        assert_eq!((tail.push('a'), tail.push('b'), tail.push('c')), (0, 1, 2));
        assert_eq!(tail.iter().collect::<Vec<_>>(), [(1, &'b'), (2, &'c')]);
        assert_eq!(tail.iter_from(2).collect::<Vec<_>>(), [(2, &'c')]);
        assert_eq!(tail.iter_from(9).len(), 0);
    }

    #[test]
    fn a_resumed_tail_goes_on_counting() {
        let mut tail = Tail::resume(['y', 'z'], 7, 10);
        assert_eq!(tail.first_id(), 5);
        assert_eq!(tail.push('!'), 7);
    }
}
