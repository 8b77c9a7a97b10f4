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
    store::StoreError,
    web::delivery::{
        catch_up::CatchUpState,
        hub::{Hub, RowLookup},
    },
};

/// How many clients there are.
const CLIENTS: usize = 2;

/// How long a channel is quiet before the hub asks whether it really was.
const QUIET: Duration = Duration::from_secs(10);

/// Something that happens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Act {
    /// The run says something.
    SimReport(SimReport),
    /// What it said is published.
    Flush,
    /// The run says more than a slow client can take.
    Flood,
    /// The end of the run is committed.
    End { is_chained: bool },
    /// The next thing that is committed is published.
    PublishDue,
    /// Another attempt takes over.
    Overtake,
    /// The run goes back into the queue.
    HandBack,
    /// An attempt that was overtaken goes on.
    ContinueOvertaken,
    /// The channel layer comes back empty, and new histories may seem to be older than the old.
    Restart { clock_is_late: bool },
    /// The channel layer loses what it retained, without a word.
    Forget,
    /// The channel layer keeps the state of no operation that has ended.
    Expire,
    /// A frame arrives at a process.
    Deliver(usize, usize),
    /// A frame arrives, and will once more.
    Double(usize, usize),
    /// A frame is lost.
    Lose(usize, usize),
    /// Every frame on its way to a process is lost, and it is told.
    Disconnect(usize),
    /// Nothing arrives anywhere for long.
    Quiet,
    /// The server does something for a client.
    Serve(usize),
    /// A client receives the next messages.
    Receive(usize, usize),
    /// A client receives everything and says so.
    Acknowledge(usize),
    /// A connection breaks after the next messages.
    Cut(usize, usize),
    /// A client connects to a process.
    Connect(usize, usize, Since),
    /// A client loads the page anew.
    Load(usize),
    /// A client keeps its page for later.
    Keep(usize),
}

/// Whatever is committed here is also published, late at the most: there is nothing to look up.
#[derive(Debug)]
struct NoRows;

#[async_trait]
impl RowLookup for NoRows {
    async fn attempt_and_state(
        &self,
        _: OperationId,
    ) -> Result<Option<(Attempt, OperationState)>, StoreError> {
        Ok(Some((Attempt(0), OperationState::Started)))
    }
}

/// Everything there is: an operation, a network, processes that serve clients, and clients.
pub(super) struct World {
    operation: SimOperation,
    network: Network,
    processes: [(Hub, Arc<dyn ChannelLayer>); PROCESSES],
    clients: [SimClient; CLIENTS],
}

impl World {
    /// An operation that has just started, and one client that follows it.
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

    /// More than a client may be behind in the hub, or leave unacknowledged.
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
        self.network.all_ask(&self.operation.channel());
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

    /// The server does all it can for the clients, which receive and acknowledge it.
    fn serve_all(&mut self) {
        for client in 0..CLIENTS {
            while self.serve(client) || self.clients[client].acknowledge() {}
        }
    }

    /// Nothing happens any more but what happens by itself.
    pub(super) async fn calm_down(&mut self, last_words_are_lost: bool) {
        while self.operation.publish_due() {}
        self.operation.report(SimReport::Log);
        self.operation.flush();
        if last_words_are_lost {
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

    /// What is wrong with what the clients show.
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
            return (!is_known).then(|| format!("moved to {next}, which does not exist"));
        }
        let SimOperation { row, run, .. } = &self.operation;
        if page.signals != row.signals {
            return Some(format!("was told {:?}, not {:?}", page.signals, row.signals));
        }
        let expected = |projection| {
            SimPage::of(&self.operation.snapshot(projection), Vec::new(), None).regions
        };
        let live = expected(&run.showing.projection);
        let is_right = page.regions == live
            || (self.is_left_to_the_row() && page.regions == expected(&row.projection));
        let is_wrong = |(region, html): &(&Region, &String)| live.get(region) != Some(html);
        (!is_right).then(|| {
            let wrong: Vec<_> = page.regions.iter().filter(is_wrong).collect();
            format!("shows {wrong:?} at {:?}, which should be {live:?}", page.cursor)
        })
    }

    /// Whether an operation has ended and nothing but its row tells of it.
    fn is_left_to_the_row(&self) -> bool {
        let row = &self.operation.row;
        let (_, layer) = &self.processes[0];
        let retained = ready(layer.catch_up(&self.operation.channel(), None)).unwrap();
        row.state().is_terminal()
            && CatchUpState::from_channel(retained, row.attempt, row.state()).is_none()
    }
}
