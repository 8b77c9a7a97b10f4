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

/// How many processes serve clients.
pub(super) const PROCESSES: usize = 2;

/// How long the channel layer keeps the state of an operation that has ended.
pub(super) const RETENTION: Duration = Duration::from_secs(1_000);

/// What is ready at once, as everything here is that waits for nobody else.
pub(super) fn ready<T>(future: impl Future<Output = T>) -> T {
    maybe(future).expect("this never waits")
}

/// What is ready now.
pub(super) fn maybe<T>(future: impl Future<Output = T>) -> Option<T> {
    // Without a budget: it is not for the scheduler to say what is ready.
    unconstrained(future).now_or_never()
}

/// The channel layer, and the way from it to the processes that serve clients.
#[derive(Debug, Clone, Default)]
pub(super) struct Network(Arc<Mutex<SimState>>);

#[derive(Debug)]
struct SimState {
    layer: MemoryChannelLayer,
    clock: SimClock,
    links: [SimLink; PROCESSES],
}

/// The way to one process, on which everything can happen to a frame.
#[derive(Debug, Default)]
struct SimLink {
    tap: Option<(ChannelName, Subscription)>,
    in_flight: VecDeque<Arc<Frame>>,
    arrivals: Option<DeliverySender>,
    /// The newest attempt that the process has heard of.
    heard_of: Option<Attempt>,
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
    /// The channel layer as one process sees it.
    pub(super) fn layer(&self, process: usize) -> Arc<dyn ChannelLayer> {
        Arc::new(LayerFrom { network: self.clone(), process })
    }

    /// The channel layer goes away and comes back empty, which all who subscribed are told.
    pub(super) async fn restart(&self, clock_is_late: bool) {
        self.wipe(clock_is_late);
        for process in 0..PROCESSES {
            self.break_up(process);
            self.settle(process).await;
        }
    }

    /// The channel layer forgets what it retained, without a word. A process that has not heard of
    /// the attempt that is running cannot notice, and is told.
    pub(super) async fn forget(&self, attempt: Attempt) {
        self.wipe(false);
        for process in 0..PROCESSES {
            if self.state().links[process].heard_of < Some(attempt) {
                self.break_up(process);
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

    /// The n-th frame on its way arrives.
    pub(super) async fn deliver(&self, process: usize, n: usize) {
        if let Some(frame) = self.take(process, n) {
            self.arrive(process, frame);
            self.settle(process).await;
        }
    }

    /// The n-th frame on its way arrives, and will once more.
    pub(super) async fn double(&self, process: usize, n: usize) {
        let frame = self.state().links[process].in_flight.get(n).cloned();
        if let Some(frame) = frame {
            self.arrive(process, frame);
            self.settle(process).await;
        }
    }

    /// The n-th frame on its way is lost.
    pub(super) fn lose(&self, process: usize, n: usize) {
        self.take(process, n);
    }

    /// Everything on its way is lost, and the process is told.
    pub(super) async fn disconnect(&self, process: usize) {
        self.state().links[process].in_flight.clear();
        self.break_up(process);
        self.settle(process).await;
    }

    /// More arrives at once than the process can take.
    fn break_up(&self, process: usize) {
        let state = self.state();
        let Some(arrivals) = &state.links[process].arrivals else { return };
        for _ in 0..2 {
            arrivals.deliver(Delivery::Notice(ListChange::Rows.into()));
        }
    }

    /// Everything on its way arrives.
    pub(super) async fn deliver_all(&self) {
        for process in 0..PROCESSES {
            while let Some(frame) = self.take(process, 0) {
                self.arrive(process, frame);
                self.settle(process).await;
            }
        }
    }

    /// Everything on its way is lost.
    pub(super) fn lose_all(&self) {
        self.state().links.iter_mut().for_each(|link| link.in_flight.clear());
    }

    /// Lets the process take what arrived.
    pub(super) async fn settle(&self, process: usize) {
        while self.state().links[process]
            .arrivals
            .as_ref()
            .is_some_and(|arrivals| !arrivals.is_drained())
        {
            yield_now().await;
        }
        // It has taken it, and passes it on or asks what it missed.
        yield_now().await;
        yield_now().await;
    }

    fn take(&self, process: usize, n: usize) -> Option<Arc<Frame>> {
        self.state().links[process].in_flight.remove(n)
    }

    fn arrive(&self, process: usize, frame: Arc<Frame>) {
        let link = &mut self.state().links[process];
        if let Some(arrivals) = &link.arrivals {
            link.heard_of = link.heard_of.max(Some(frame.cursor.epoch.attempt));
            arrivals.deliver(Delivery::Frame(frame));
        }
    }

    /// Every process asks what is retained.
    pub(super) fn all_ask(&self, channel: &ChannelName) {
        let mut state = self.state();
        let retained = state.retained(channel);
        for link in &mut state.links {
            link.heard_of = retained.or(link.heard_of);
        }
    }

    fn state(&self) -> MutexGuard<'_, SimState> {
        self.0.lock().unwrap()
    }
}

impl SimState {
    /// The attempt of which anything is retained.
    fn retained(&self, channel: &ChannelName) -> Option<Attempt> {
        let retained = ready(self.layer.catch_up(channel, None)).unwrap();
        retained.map(|retained| retained.cursor.epoch.attempt)
    }

    /// Puts what was published on its way.
    fn collect(&mut self) {
        for link in &mut self.links {
            let Some((_, tap)) = &mut link.tap else { continue };
            while let Some(Some(Ok(Delivery::Frame(frame)))) = maybe(tap.next()) {
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
        Ok(caught_up.map(|news| CatchUp { cursor: state.clock.show(news.cursor), ..news }))
    }

    async fn subscribe(&self, channel: &ChannelName) -> Result<Subscription, ChannelError> {
        let mut state = self.network.state();
        state.collect();
        let tap = ready(state.layer.subscribe(channel))?;
        // Room for one: whatever is not taken at once is lost, and the process is told.
        let arrivals = DeliverySender::with_backlog(1);
        let arriving = arrivals.subscribe();
        let retained = state.retained(channel);
        let link = &mut state.links[self.process];
        link.tap = Some((channel.clone(), tap));
        link.arrivals = Some(arrivals);
        link.heard_of = retained;
        Ok(arriving)
    }

    async fn announce(&self, _: &ChannelName, _: Notice) -> Result<(), ChannelError> {
        Ok(())
    }

    async fn ping(&self) -> Result<(), ChannelError> {
        Ok(())
    }
}

/// Shows epochs as if their histories had begun when the schedule says, so that a schedule always
/// means the same.
#[derive(Debug, Default)]
struct SimClock {
    shown: Vec<(Epoch, Epoch)>,
    /// Whether the histories that begin now seem to be older than all that came before.
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
