//! A simulated network between the channel layer and the processes that serve clients.

use std::{
    collections::VecDeque,
    future::Future,
    sync::{Arc, Mutex, MutexGuard},
};

use async_trait::async_trait;
use futures_util::FutureExt;
use tokio::{
    task::{unconstrained, yield_now},
    time::Duration,
};

use crate::{
    channel::{
        CatchUp, ChannelError, ChannelLayer, Cursor, Delivery, DeliverySender, Epoch, Frame,
        ListChange, MemoryChannelLayer, Notice, OpenedBy, Payload, PublishError, Subscription,
    },
    operation::{Attempt, ChannelName},
    render::Fragment,
};

/// Number of processes that serve clients.
pub(super) const PROCESSES: usize = 2;

/// Time for which the channel layer keeps the state of an ended operation.
pub(super) const RETENTION: Duration = Duration::from_secs(1_000);

/// Returns the output of a future that is ready at its first poll.
///
/// # Panics
///
/// Panics if the future is pending.
pub(super) fn ready<T>(future: impl Future<Output = T>) -> T {
    poll_once(future).expect("the future is ready at its first poll")
}

/// Polls a future once and returns its output if it is ready.
pub(super) fn poll_once<T>(future: impl Future<Output = T>) -> Option<T> {
    // Without tokio's cooperative budget, which can make a ready future pending.
    unconstrained(future).now_or_never()
}

/// The channel layer, and its links to the processes that serve clients.
#[derive(Debug, Clone, Default)]
pub(super) struct Network(Arc<Mutex<SimState>>);

#[derive(Debug)]
struct SimState {
    layer: MemoryChannelLayer,
    clock: SimClock,
    links: [SimLink; PROCESSES],
}

/// The link to one process, on which frames can be lost, doubled and reordered.
#[derive(Debug, Default)]
struct SimLink {
    tap: Option<(ChannelName, Subscription)>,
    in_flight: VecDeque<Arc<Frame>>,
    arrivals: Option<DeliverySender>,
    /// The newest attempt of which the process has received a frame.
    newest_attempt: Option<Attempt>,
}

impl Default for SimState {
    fn default() -> Self {
        Self { layer: empty_layer(), clock: SimClock::default(), links: Default::default() }
    }
}

fn empty_layer() -> MemoryChannelLayer {
    MemoryChannelLayer::new().with_retention(RETENTION)
}

impl Network {
    /// Returns the channel layer as one process sees it.
    pub(super) fn layer(&self, process: usize) -> Arc<dyn ChannelLayer> {
        Arc::new(LayerFrom { network: self.clone(), process })
    }

    /// Restarts the channel layer without state, and notifies all subscribers.
    pub(super) async fn restart(&self, clock_is_late: bool) {
        self.wipe(clock_is_late);
        for process in 0..PROCESSES {
            self.overflow(process);
            self.settle(process).await;
        }
    }

    /// Drops the retained state without a notification. Only a process that has not seen the running attempt
    /// is notified, because it cannot detect the loss.
    pub(super) async fn forget(&self, attempt: Attempt) {
        self.wipe(false);
        for process in 0..PROCESSES {
            if self.state().links[process].newest_attempt < Some(attempt) {
                self.overflow(process);
                self.settle(process).await;
            }
        }
    }

    fn wipe(&self, clock_is_late: bool) {
        let mut state = self.state();
        state.collect();
        state.layer = empty_layer();
        state.clock.is_late = clock_is_late;
        let SimState { layer, links, .. } = &mut *state;
        for (name, tap) in links.iter_mut().filter_map(|link| link.tap.as_mut()) {
            *tap = ready(layer.subscribe(name)).unwrap();
        }
    }

    /// Delivers the n-th frame in flight.
    pub(super) async fn deliver(&self, process: usize, n: usize) {
        if let Some(frame) = self.take(process, n) {
            self.arrive(process, frame);
            self.settle(process).await;
        }
    }

    /// Delivers the n-th frame in flight and keeps a copy in flight.
    pub(super) async fn double(&self, process: usize, n: usize) {
        let frame = self.state().links[process].in_flight.get(n).cloned();
        if let Some(frame) = frame {
            self.arrive(process, frame);
            self.settle(process).await;
        }
    }

    /// Loses the n-th frame in flight.
    pub(super) fn lose(&self, process: usize, n: usize) {
        self.take(process, n);
    }

    /// Loses everything in flight, and notifies the process.
    pub(super) async fn disconnect(&self, process: usize) {
        self.state().links[process].in_flight.clear();
        self.overflow(process);
        self.settle(process).await;
    }

    /// Delivers more at once than the process can accept.
    fn overflow(&self, process: usize) {
        let state = self.state();
        let Some(arrivals) = &state.links[process].arrivals else { return };
        for _ in 0..2 {
            arrivals.deliver(Delivery::Notice(ListChange::Rows.into()));
        }
    }

    /// Delivers everything in flight.
    pub(super) async fn deliver_all(&self) {
        for process in 0..PROCESSES {
            while let Some(frame) = self.take(process, 0) {
                self.arrive(process, frame);
                self.settle(process).await;
            }
        }
    }

    /// Loses everything in flight.
    pub(super) fn lose_all(&self) {
        self.state().links.iter_mut().for_each(|link| link.in_flight.clear());
    }

    /// Waits until the process has taken all arrivals.
    pub(super) async fn settle(&self, process: usize) {
        while self.state().links[process]
            .arrivals
            .as_ref()
            .is_some_and(|arrivals| !arrivals.is_drained())
        {
            yield_now().await;
        }
        // The process has taken the arrivals, and now forwards them or queries what it missed.
        yield_now().await;
        yield_now().await;
    }

    fn take(&self, process: usize, n: usize) -> Option<Arc<Frame>> {
        self.state().links[process].in_flight.remove(n)
    }

    fn arrive(&self, process: usize, frame: Arc<Frame>) {
        let link = &mut self.state().links[process];
        if let Some(arrivals) = &link.arrivals {
            link.newest_attempt = link.newest_attempt.max(Some(frame.cursor.epoch.attempt));
            arrivals.deliver(Delivery::Frame(frame));
        }
    }

    /// Makes every process query the retained state.
    pub(super) fn query_retained_state(&self, channel: &ChannelName) {
        let mut state = self.state();
        let retained = state.retained(channel);
        for link in &mut state.links {
            link.newest_attempt = retained.or(link.newest_attempt);
        }
    }

    fn state(&self) -> MutexGuard<'_, SimState> {
        self.0.lock().unwrap()
    }
}

impl SimState {
    /// Returns the attempt of the retained state.
    fn retained(&self, channel: &ChannelName) -> Option<Attempt> {
        let retained = ready(self.layer.catch_up(channel, None)).unwrap();
        retained.map(|retained| retained.cursor.epoch.attempt)
    }

    /// Moves published frames onto the links.
    fn collect(&mut self) {
        for link in &mut self.links {
            let Some((_, tap)) = &mut link.tap else { continue };
            while let Some(Some(Ok(Delivery::Frame(frame)))) = poll_once(tap.next()) {
                let cursor = self.clock.show(frame.cursor);
                link.in_flight
                    .push_back(Arc::new(Frame { cursor, payload: frame.payload.clone() }));
            }
        }
    }
}

/// The channel layer as one process sees it.
#[derive(Debug)]
struct LayerFrom {
    network: Network,
    process: usize,
}

#[async_trait]
impl ChannelLayer for LayerFrom {
    async fn open(
        &self,
        channel: &ChannelName,
        attempt: Attempt,
        opened_by: OpenedBy,
        snapshot: Vec<Fragment>,
    ) -> Result<Cursor, PublishError> {
        let mut state = self.network.state();
        let cursor = ready(state.layer.open(channel, attempt, opened_by, snapshot))?;
        let cursor = state.clock.show(cursor);
        state.collect();
        Ok(cursor)
    }

    async fn publish(
        &self,
        channel: &ChannelName,
        attempt: Attempt,
        payload: Payload,
    ) -> Result<Cursor, PublishError> {
        let mut state = self.network.state();
        let cursor = ready(state.layer.publish(channel, attempt, payload))?;
        state.collect();
        Ok(state.clock.show(cursor))
    }

    async fn catch_up(
        &self,
        channel: &ChannelName,
        since: Option<Cursor>,
    ) -> Result<Option<CatchUp>, ChannelError> {
        let mut state = self.network.state();
        let since = since.map(|since| state.clock.read(since));
        let caught_up = ready(state.layer.catch_up(channel, since))?;
        Ok(caught_up.map(|answer| CatchUp { cursor: state.clock.show(answer.cursor), ..answer }))
    }

    async fn subscribe(&self, channel: &ChannelName) -> Result<Subscription, ChannelError> {
        let mut state = self.network.state();
        state.collect();
        let tap = ready(state.layer.subscribe(channel))?;
        // Room for one frame: a frame that arrives before the process has taken the previous one is lost, and
        // the process is notified.
        let arrivals = DeliverySender::with_backlog(1);
        let arriving = arrivals.subscribe();
        let retained = state.retained(channel);
        let link = &mut state.links[self.process];
        link.tap = Some((channel.clone(), tap));
        link.arrivals = Some(arrivals);
        link.newest_attempt = retained;
        Ok(arriving)
    }

    async fn announce(&self, _: &ChannelName, _: Notice) -> Result<(), ChannelError> {
        Ok(())
    }

    async fn ping(&self) -> Result<(), ChannelError> {
        Ok(())
    }
}

/// Replaces the nonces of epochs by deterministic ones, so that a schedule is reproducible.
#[derive(Debug, Default)]
struct SimClock {
    shown: Vec<(Epoch, Epoch)>,
    /// If `true`, new epochs seem older than all earlier ones.
    is_late: bool,
}

impl SimClock {
    const START: u128 = 1 << 32;

    fn show(&mut self, cursor: Cursor) -> Cursor {
        let known = self.shown.iter().find(|(epoch, _)| *epoch == cursor.epoch);
        let epoch = match known {
            Some((_, shown)) => *shown,
            None => self.begin(cursor.epoch),
        };
        Cursor { epoch, ..cursor }
    }

    fn read(&self, cursor: Cursor) -> Cursor {
        let known = self.shown.iter().find(|(_, shown)| *shown == cursor.epoch);
        Cursor { epoch: known.map_or(cursor.epoch, |(epoch, _)| *epoch), ..cursor }
    }

    fn begin(&mut self, epoch: Epoch) -> Epoch {
        let nonces = || self.shown.iter().map(|(_, shown)| shown.nonce);
        let nonce = if self.is_late {
            nonces().min().unwrap_or(Self::START) - 1
        } else {
            nonces().max().unwrap_or(Self::START) + 1
        };
        let shown = Epoch { attempt: epoch.attempt, nonce };
        self.shown.push((epoch, shown));
        shown
    }
}
