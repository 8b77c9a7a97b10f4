//! The simulated world: an operation, a network, processes and clients.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::time::{self, Duration};

use super::{
    client::{SimClient, Since},
    network::{Network, PROCESSES, RETENTION, ready},
    operation::{SimOperation, SimReport},
    page::SimPage,
};
use crate::{
    channel::ChannelLayer,
    operation::{Attempt, OperationId, OperationState},
    projection::Region,
    render::Renderer,
    web::delivery::{
        catch_up::CatchUpState,
        hub::{Hub, RowLookup, RowsUnavailable},
    },
};

/// Number of clients.
const CLIENTS: usize = 2;

/// Time without frames after which the hub checks for lost frames.
const QUIET: Duration = Duration::from_secs(10);

/// A step of a schedule.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Act {
    /// The run makes a report.
    SimReport(SimReport),
    /// The reports are published.
    Flush,
    /// The run reports more than a slow client can receive.
    Flood,
    /// The end of the run is committed.
    End { is_chained: bool },
    /// The next committed content is published.
    PublishDue,
    /// Another attempt takes over.
    Overtake,
    /// The run returns to the queue.
    HandBack,
    /// An overtaken attempt continues.
    ContinueOvertaken,
    /// The channel layer restarts without state. If `clock_is_late` is set, new epochs seem older than
    /// earlier ones.
    Restart { clock_is_late: bool },
    /// The channel layer loses the retained state without a notification.
    Forget,
    /// The channel layer drops the state of all ended operations.
    Expire,
    /// A frame arrives at a process.
    Deliver(usize, usize),
    /// A frame arrives and stays in flight.
    Double(usize, usize),
    /// A frame is lost.
    Lose(usize, usize),
    /// All frames in flight to a process are lost, and the process is notified.
    Disconnect(usize),
    /// No frame arrives at any process for the duration [`QUIET`].
    Quiet,
    /// The server runs a step for a client.
    Serve(usize),
    /// A client receives the next messages.
    Receive(usize, usize),
    /// A client receives and acknowledges everything.
    Acknowledge(usize),
    /// A connection breaks after the next messages.
    Cut(usize, usize),
    /// A client connects to a process.
    Connect(usize, usize, Since),
    /// A client loads the page again.
    Load(usize),
    /// A client saves its page for later.
    Keep(usize),
}

/// Rows that are never newer than the channel layer: all committed content is published, late at the most.
#[derive(Debug)]
struct NoRows;

#[async_trait]
impl RowLookup for NoRows {
    async fn attempt_and_state(
        &self,
        _: OperationId,
    ) -> Result<Option<(Attempt, OperationState)>, RowsUnavailable> {
        Ok(Some((Attempt(0), OperationState::Started)))
    }
}

/// An operation, a network, processes that serve clients, and clients.
pub(super) struct World {
    operation: SimOperation,
    network: Network,
    processes: [(Hub, Arc<dyn ChannelLayer>); PROCESSES],
    clients: [SimClient; CLIENTS],
}

impl World {
    /// Creates an operation that has just started, with one client that follows it.
    pub(super) async fn begin(renderer: Renderer) -> Self {
        let network = Network::default();
        let operation =
            SimOperation::started(network.clone(), renderer.clone(), OperationId::new());
        let processes = std::array::from_fn(|process| {
            let layer = network.layer(process);
            (Hub::new(layer.clone(), Arc::new(NoRows), renderer.clone(), QUIET), layer)
        });
        let mut world = Self { operation, network, processes, clients: Default::default() };
        world.act(Act::Connect(0, 0, Since::Nowhere)).await;
        world.serve_all();
        world
    }

    pub(super) async fn act(&mut self, act: Act) {
        match act {
            Act::SimReport(report) => self.operation.report(report),
            Act::Flush => self.operation.flush(),
            Act::Flood => self.flood().await,
            Act::End { is_chained } => self.operation.end(is_chained),
            Act::PublishDue => {
                self.operation.publish_due();
            }
            Act::Overtake => self.operation.overtake(),
            Act::HandBack => self.operation.hand_back(),
            Act::ContinueOvertaken => self.operation.continue_overtaken(),
            Act::Restart { clock_is_late } => self.network.restart(clock_is_late).await,
            Act::Forget => self.network.forget(self.operation.row.attempt).await,
            Act::Expire => self.pass(RETENTION).await,
            Act::Deliver(process, n) => self.network.deliver(process, n).await,
            Act::Double(process, n) => self.network.double(process, n).await,
            Act::Lose(process, n) => self.network.lose(process, n),
            Act::Disconnect(process) => self.network.disconnect(process).await,
            Act::Quiet => self.pass(QUIET).await,
            Act::Serve(client) => {
                self.serve(client);
            }
            Act::Receive(client, count) => self.clients[client].receive(count),
            Act::Acknowledge(client) => {
                self.clients[client].acknowledge();
            }
            Act::Cut(client, arrived) => self.clients[client].cut(arrived),
            Act::Connect(client, process, since) => self.connect(client, process, since).await,
            Act::Load(client) => self.clients[client].load(&self.operation),
            Act::Keep(client) => self.clients[client].keep(),
        }
    }

    /// Publishes more than a client may lag in the hub or leave unacknowledged.
    async fn flood(&mut self) {
        for _ in 0..66 {
            self.operation.report(SimReport::Status);
            self.operation.flush();
            self.network.deliver_all().await;
        }
    }

    async fn pass(&mut self, duration: Duration) {
        self.operation.idle();
        time::advance(duration + Duration::from_millis(1)).await;
        for process in 0..PROCESSES {
            self.network.settle(process).await;
        }
        self.network.query_retained_state(&self.operation.channel());
    }

    async fn connect(&mut self, client: usize, process: usize, since: Since) {
        if self.clients[client].page.moved_to.is_none() {
            let watch = ready(self.processes[process].0.subscribe(&self.operation.channel()));
            self.clients[client].connect(watch.unwrap(), since);
            self.network.settle(process).await;
        }
    }

    fn serve(&mut self, client: usize) -> bool {
        self.clients[client].step(&self.operation, &*self.processes[0].1)
    }

    /// Runs all steps of the server; the clients receive and acknowledge everything.
    fn serve_all(&mut self) {
        for client in 0..CLIENTS {
            while self.serve(client) || self.clients[client].acknowledge() {}
        }
    }

    /// Stops the faults, and completes publishing, delivery and reconnection.
    pub(super) async fn recover(&mut self, last_frames_are_lost: bool) {
        while self.operation.publish_due() {}
        self.operation.report(SimReport::Log);
        self.operation.flush();
        if last_frames_are_lost {
            self.network.lose_all();
        }
        self.network.deliver_all().await;
        self.pass(QUIET).await;
        self.serve_all();
        for client in 0..CLIENTS {
            if !self.clients[client].is_connected() {
                self.connect(client, 0, Since::Own).await;
            }
        }
        self.serve_all();
    }

    /// Returns the faults of all pages, and the differences between the pages and the operation.
    pub(super) fn faults(&self) -> Vec<String> {
        let faults =
            self.clients.iter().enumerate().flat_map(|(client, SimClient { page, .. })| {
                let faults = page.faults.iter().cloned().chain(self.fault(page));
                faults.map(move |fault| format!("client {client}: {fault}"))
            });
        faults.collect()
    }

    fn fault(&self, page: &SimPage) -> Option<String> {
        if let Some(next) = page.moved_to {
            let is_known = self.operation.successors.contains(&next);
            return (!is_known).then(|| format!("moved to {next}, which is no successor"));
        }
        let SimOperation { row, run, .. } = &self.operation;
        if page.signals != row.signals {
            return Some(format!("received the signals {:?}, not {:?}", page.signals, row.signals));
        }
        let expected = |projection| {
            SimPage::of(&self.operation.snapshot(projection), Vec::new(), None).regions
        };
        let live = expected(&run.showing.projection);
        let is_right = page.regions == live
            || (self.only_row_has_end() && page.regions == expected(&row.projection));
        let is_wrong = |(region, html): &(&Region, &String)| live.get(region) != Some(html);
        (!is_right).then(|| {
            let wrong: Vec<_> = page.regions.iter().filter(is_wrong).collect();
            format!("shows {wrong:?} at {:?}, which should be {live:?}", page.cursor)
        })
    }

    /// Returns `true` if the operation has ended and only its row shows the end.
    fn only_row_has_end(&self) -> bool {
        let row = &self.operation.row;
        let (_, layer) = &self.processes[0];
        let retained = ready(layer.catch_up(&self.operation.channel(), None)).unwrap();
        row.state().is_terminal()
            && CatchUpState::from_channel(retained, row.attempt, row.state()).is_none()
    }
}
