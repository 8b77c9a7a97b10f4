//! Iterators and streams that move the bar and end on cancellation.

use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use futures_util::Stream;
use pin_project_lite::pin_project;
use tokio_util::sync::WaitForCancellationFutureOwned;

use super::Report;
use crate::error::Cancelled;

/// An iterator that moves the bar with every item; created by [`Progress::track`](crate::Progress::track).
///
/// After [`Cancelled`] the iterator ends. [`Progress::track`](crate::Progress::track) has an example.
#[derive(Debug)]
#[must_use = "iterators do nothing unless they are used"]
pub struct Track<I> {
    items: I,
    report: Arc<Report>,
    done: u64,
    ended: bool,
}

impl<I: Iterator> Track<I> {
    pub(super) fn new(report: Arc<Report>, items: I) -> Self {
        report.count(0, known_length(items.size_hint()));
        Self { items, report, done: 0, ended: false }
    }

    /// Sets the text in front of the count, such as a file name.
    pub fn label(self, label: impl Into<Arc<str>>) -> Self {
        self.report.bar_label(label.into());
        self
    }

    /// Sets the unit of the count, such as `rows`.
    pub fn unit(self, unit: impl Into<Arc<str>>) -> Self {
        self.report.bar_unit(unit.into());
        self
    }

    /// Sets the number of items, for an iterator that does not know its length.
    pub fn total(self, total: u64) -> Self {
        self.report.counter().set(self.done, Some(total));
        self
    }
}

impl<I: Iterator> Iterator for Track<I> {
    type Item = Result<I::Item, Cancelled>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        if let Err(cancelled) = self.report.check_cancelled() {
            self.ended = true;
            return Some(Err(cancelled));
        }
        // An item counts as done when the next one is requested.
        self.report.counter().advance_to(self.done);
        self.report.touch();
        let item = self.items.next();
        match &item {
            Some(_) => self.done += 1,
            None => self.ended = true,
        }
        item.map(Ok)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match self.items.size_hint() {
            _ if self.ended => (0, Some(0)),
            // After a cancellation request there is one error, then nothing.
            (lower, upper) => (lower.min(1), upper.map(|upper| upper.max(1))),
        }
    }
}

pin_project! {
    /// A stream that moves the bar with every item; created by
    /// [`Progress::track_stream`](crate::Progress::track_stream).
    ///
    /// After [`Cancelled`] the stream ends.
    /// [`Progress::track_stream`](crate::Progress::track_stream) has an example.
    #[must_use = "streams do nothing unless they are polled"]
    pub struct TrackStream<S> {
        #[pin]
        items: S,
        report: Arc<Report>,
        cancelled: Pin<Box<WaitForCancellationFutureOwned>>,
        done: u64,
        ended: bool,
    }
}

impl<S: Stream> TrackStream<S> {
    pub(super) fn new(report: Arc<Report>, items: S) -> Self {
        report.count(0, known_length(items.size_hint()));
        let cancelled = Box::pin(report.cancellation.token().clone().cancelled_owned());
        Self { items, report, cancelled, done: 0, ended: false }
    }

    /// Sets the text in front of the count, such as a file name.
    pub fn label(self, label: impl Into<Arc<str>>) -> Self {
        self.report.bar_label(label.into());
        self
    }

    /// Sets the unit of the count, such as `rows`.
    pub fn unit(self, unit: impl Into<Arc<str>>) -> Self {
        self.report.bar_unit(unit.into());
        self
    }

    /// Sets the number of items, for a stream that does not know its length.
    pub fn total(self, total: u64) -> Self {
        self.report.counter().set(self.done, Some(total));
        self
    }
}

impl<S: Stream> Stream for TrackStream<S> {
    type Item = Result<S::Item, Cancelled>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.project();
        if *this.ended {
            return Poll::Ready(None);
        }
        if this.cancelled.as_mut().poll(cx).is_ready() {
            *this.ended = true;
            return Poll::Ready(Some(Err(Cancelled)));
        }
        this.report.counter().advance_to(*this.done);
        this.report.touch();
        let item = ready!(this.items.poll_next(cx));
        // The item has already left the stream and must not be lost, so a refusal takes effect at the next
        // poll.
        let _ = this.report.check_cancelled();
        match &item {
            Some(_) => *this.done += 1,
            None => *this.ended = true,
        }
        Poll::Ready(item.map(Ok))
    }
}

impl<S: fmt::Debug> fmt::Debug for TrackStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrackStream").field("items", &self.items).field("done", &self.done).finish()
    }
}

fn known_length((lower, upper): (usize, Option<usize>)) -> Option<u64> {
    (upper == Some(lower)).then_some(lower as u64)
}

#[cfg(test)]
mod tests {
    use futures_util::{StreamExt, stream};

    use super::*;
    use crate::{
        event::{Bar, Measure},
        projection::Projection,
    };

    fn report() -> Arc<Report> {
        Arc::new(Report::new(Projection::new(0)))
    }

    fn bar(report: &Report) -> Bar {
        report.projection().bar.unwrap()
    }

    fn count(done: u64, total: Option<u64>) -> Measure {
        Measure::Count { done, total }
    }

    #[test]
    fn an_item_is_done_when_the_next_is_requested() {
        let report = report();
        let mut items = Track::new(report.clone(), ["a", "b"].into_iter()).unit("letters");
        assert_eq!(bar(&report).measure, count(0, Some(2)));
        assert_eq!(items.next(), Some(Ok("a")));
        assert_eq!(bar(&report).measure, count(0, Some(2)));
        assert_eq!(items.next(), Some(Ok("b")));
        assert_eq!(bar(&report).measure, count(1, Some(2)));
        assert_eq!(items.next(), None);
        assert_eq!(bar(&report).measure, count(2, Some(2)));
        assert_eq!(bar(&report).unit.as_deref(), Some("letters"));
    }

    #[test]
    fn an_iterator_without_a_length_is_not_collected() {
        let report = report();
        let endless = std::iter::repeat_with(|| 7).filter(|_| true);
        let taken: Vec<_> = Track::new(report.clone(), endless).take(3).collect();
        assert_eq!(taken, [Ok(7); 3]);
        assert_eq!(bar(&report).measure, count(2, None));
    }

    #[test]
    fn cancellation_ends_the_loop_once() {
        let report = report();
        let mut items = Track::new(report.clone(), 0..10);
        assert_eq!(items.next(), Some(Ok(0)));
        report.cancel();
        assert_eq!(items.next(), Some(Err(Cancelled)));
        assert_eq!(items.next(), None);
    }

    #[tokio::test]
    async fn a_stream_is_counted_like_an_iterator() {
        let report = report();
        let items = TrackStream::new(report.clone(), stream::iter(["a", "b"])).label("Reading");
        assert_eq!(items.collect::<Vec<_>>().await, [Ok("a"), Ok("b")]);
        assert_eq!(bar(&report).measure, count(2, Some(2)));
        assert_eq!(bar(&report).label.as_deref(), Some("Reading"));
    }

    #[tokio::test]
    async fn cancellation_ends_a_stream_that_waits() {
        let report = report();
        let items = TrackStream::new(report.clone(), stream::pending::<()>());
        let all = tokio::spawn(items.collect::<Vec<_>>());
        tokio::task::yield_now().await;
        report.cancel();
        assert_eq!(all.await.unwrap(), [Err(Cancelled)]);
    }
}
