//! One browser of the crowd.

use std::{collections::HashMap, time::Duration};

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::{
    net::TcpStream,
    sync::{
        Semaphore,
        mpsc::{UnboundedReceiver, WeakUnboundedSender},
    },
    task::JoinSet,
    time::{Instant, interval, sleep},
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{ClientRequestBuilder, Message as Packet},
};

use super::{
    balancer::Place,
    crowd::Tally,
    job::Job,
    seen::{Close, Goodbye, Return, Seen},
    site::Site,
    tab::{Effect, Tab},
    wire::{self, Message},
};

/// Those of liveops.js.
const RETRY_BASE: Duration = Duration::from_millis(500);
const RETRY_MAX: Duration = Duration::from_secs(30);
const ACK_INTERVAL: Duration = Duration::from_millis(500);
const TOKEN_REFUSED: u16 = 4401;

/// How many operations are started at a time: the slower the machine, the longer it takes to start all
/// of them, and not to open their pages.
static STARTERS: Semaphore = Semaphore::const_new(4);

/// How many people who got a link open it at a time.
static FRIENDS: Semaphore = Semaphore::const_new(4);

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// What somebody does with a browser; who lets go of the sender closes it.
#[derive(Debug)]
pub(crate) enum Order {
    /// Starts an operation, opens its page, and sends the link to somebody else.
    Start(Job),
    /// Opens the page of an operation that was started elsewhere.
    Watch(Link),
}

#[derive(Debug, Clone)]
pub(crate) struct Link {
    job: Job,
    id: String,
    path: String,
    asked_on: Instant,
}

/// Keeps every page that is open in it live over one WebSocket, by the rules of liveops.js.
pub(crate) struct Browser {
    site: Site,
    orders: UnboundedReceiver<Order>,
    /// Who else gets the links.
    friend: WeakUnboundedSender<Order>,
    tally: Tally,
    tabs: HashMap<String, Tab>,
    /// Pages that are being loaded.
    loading: JoinSet<Tab>,
    /// What is to be acknowledged.
    acks: HashMap<String, String>,
    needs_tokens: bool,
    failures: u32,
    seen: Seen,
}

/// How a connection ended.
enum End {
    /// The browser was closed.
    Over,
    Closed(Goodbye),
}

impl Browser {
    pub(crate) fn new(
        site: Site,
        orders: UnboundedReceiver<Order>,
        friend: WeakUnboundedSender<Order>,
        tally: Tally,
    ) -> Self {
        Self {
            site,
            orders,
            friend,
            tally,
            tabs: HashMap::new(),
            loading: JoinSet::new(),
            acks: HashMap::new(),
            needs_tokens: false,
            failures: 0,
            seen: Seen::default(),
        }
    }

    /// Obeys until there are no more orders, and gives what was seen.
    pub(crate) async fn run(mut self) -> Seen {
        while self.tabs.is_empty() {
            tokio::select! {
                order = self.orders.recv() => match order {
                    Some(order) => self.obey(order),
                    None => return self.seen,
                },
                Some(tab) = self.loading.join_next() => drop(self.show(tab.unwrap())),
            }
        }
        let mut lost_on = None;
        while let Some((place, socket)) = self.connect().await {
            let web = place.web;
            match self.follow(place, socket, lost_on).await {
                End::Over => break,
                End::Closed(goodbye) => {
                    let on = Instant::now();
                    self.tally.left(web);
                    self.seen.closes.push(Close { on, web, goodbye });
                    // Time that passes without a page being live, whatever is refused in between.
                    lost_on.get_or_insert(on);
                    if self.tabs.values().all(|tab| tab.is_followed) {
                        lost_on = Some(on);
                    }
                }
            }
            self.wait().await;
        }
        self.seen.unanswered = self.site.unanswered();
        self.seen.tabs = self.tabs.into_values().collect();
        self.seen
    }

    /// A connection, sooner or later.
    async fn connect(&mut self) -> Option<(Place, Socket)> {
        loop {
            if self.needs_tokens {
                self.renew_tokens().await;
            }
            let place = self.site.place();
            let request = ClientRequestBuilder::new(place.socket_url("/live/ws").parse().unwrap())
                .with_header("Cookie", self.site.cookie());
            if let Ok((socket, _)) = connect_async(request).await {
                self.tally.came(place.web);
                return Some((place, socket));
            }
            drop(place);
            self.seen.refusals += 1;
            self.wait().await;
        }
    }

    /// Full jitter, over a time that doubles with every failure.
    async fn wait(&mut self) {
        let ceiling = RETRY_BASE.saturating_mul(1 << self.failures.min(10)).min(RETRY_MAX);
        self.failures += 1;
        sleep(ceiling.mul_f64(fastrand::f64())).await;
    }

    async fn renew_tokens(&mut self) {
        let channels: Vec<&str> = self.tabs.keys().map(String::as_str).collect();
        let tokens = self.site.tokens(&channels).await;
        self.seen.renewals += 1;
        for (channel, tab) in &mut self.tabs {
            tab.token.clone_from(&tokens[channel]);
        }
        self.needs_tokens = false;
    }

    /// Keeps the pages live for as long as the connection lasts.
    async fn follow(&mut self, place: Place, mut socket: Socket, lost_on: Option<Instant>) -> End {
        let connected_on = Instant::now();
        // Until the server has said something, it may not know of the connection.
        let mut place = Some(place);
        let mut lost_on = lost_on;
        let subscriptions: Vec<Value> = self
            .tabs
            .values_mut()
            .map(|tab| {
                tab.is_followed = false;
                wire::subscribe(&tab.token, tab.cursor.as_deref())
            })
            .collect();
        // Where that fails, what the server says of its end is still to be read.
        let _ = say(&mut socket, subscriptions).await;
        let mut acknowledge = interval(ACK_INTERVAL);
        loop {
            let answers = tokio::select! {
                packet = socket.next() => match packet {
                    Some(Ok(Packet::Text(text))) => {
                        drop(place.take());
                        self.hear(&text)
                    }
                    Some(Ok(Packet::Close(frame))) => {
                        let code = frame.map(|frame| frame.code.into());
                        self.needs_tokens |= code == Some(TOKEN_REFUSED);
                        // Says goodbye as well.
                        while let Some(Ok(_)) = socket.next().await {}
                        return End::Closed(Goodbye::Said(code));
                    }
                    Some(Ok(_)) => continue,
                    Some(Err(error)) => return End::Closed(Goodbye::Unsaid(error.to_string())),
                    None => return End::Closed(Goodbye::Unsaid("nothing".to_owned())),
                },
                order = self.orders.recv() => match order {
                    Some(order) => {
                        self.obey(order);
                        continue;
                    }
                    None => {
                        // Nobody is interested in how that goes.
                        let _ = socket.close(None).await;
                        return End::Over;
                    }
                },
                Some(tab) = self.loading.join_next() => vec![self.show(tab.unwrap())],
                _ = acknowledge.tick() => {
                    self.acks.drain().map(|(channel, cursor)| wire::ack(&channel, &cursor)).collect()
                }
            };
            if say(&mut socket, answers).await.is_err() {
                // What it says of its end is still to be read.
                continue;
            }
            if self.tabs.values().all(|tab| tab.is_followed) {
                self.failures = 0;
                if let Some(lost_on) = lost_on.take() {
                    let away = lost_on.elapsed();
                    self.seen.returns.push(Return { connected_on, away });
                }
            }
        }
    }

    /// Does what a message asks for, and gives what is to be said.
    fn hear(&mut self, text: &str) -> Vec<Value> {
        match serde_json::from_str(text).unwrap() {
            Message::Ping => {
                self.seen.pings += 1;
                vec![wire::pong()]
            }
            Message::Error { code } => {
                self.needs_tokens |= code == TOKEN_REFUSED;
                Vec::new()
            }
            Message::Subscribed { channel, cursor, catch_up } => {
                if let Some(tab) = self.tabs.get_mut(&channel) {
                    tab.is_followed = true;
                    if catch_up == "up_to_date" {
                        tab.cursor = cursor;
                    }
                }
                *self.seen.catch_ups.entry(catch_up).or_default() += 1;
                Vec::new()
            }
            Message::Frame(frame) => {
                let channel = frame.channel.clone();
                // A frame of a channel just left is still on its way.
                let Some(tab) = self.tabs.get_mut(&channel) else { return Vec::new() };
                self.seen.frames += 1;
                match tab.receive(frame) {
                    Effect::Nothing => {
                        self.seen.old_frames += 1;
                        Vec::new()
                    }
                    Effect::Shown => {
                        self.tally.look_at(tab);
                        if let Some(cursor) = &tab.cursor {
                            self.acks.insert(channel, cursor.clone());
                        }
                        Vec::new()
                    }
                    Effect::Replaced(next) => self.move_on(&channel, *next),
                }
            }
        }
    }

    fn move_on(&mut self, from: &str, mut next: Tab) -> Vec<Value> {
        self.acks.remove(from);
        if let Some(left) = self.tabs.remove(from) {
            self.tally.forget(&left);
            self.seen.left.push(left);
        }
        let answers =
            vec![wire::unsubscribe(from), wire::subscribe(&next.token, next.cursor.as_deref())];
        self.tally.look_at(&mut next);
        self.tabs.insert(next.channel.clone(), next);
        answers
    }

    /// Begins to do what somebody wants.
    fn obey(&mut self, order: Order) {
        let (site, tally, friend) = (self.site.clone(), self.tally.clone(), self.friend.clone());
        self.loading.spawn(async move {
            let _turn;
            let link = match order {
                Order::Watch(link) => {
                    _turn = FRIENDS.acquire().await.unwrap();
                    link
                }
                Order::Start(job) => {
                    _turn = STARTERS.acquire().await.unwrap();
                    let link = start(job, &site).await;
                    tally.started(job, &link.id);
                    let friend =
                        friend.upgrade().expect("nobody goes before all have seen the end");
                    friend.send(Order::Watch(link.clone())).expect("the friend is there");
                    link
                }
            };
            let html = site.get(&link.path).await;
            Tab::open(link.job, &link.id, &link.path, &html, link.asked_on)
        });
    }

    /// Shows a page that was loaded, and gives what is to be said for it.
    fn show(&mut self, mut tab: Tab) -> Value {
        self.tally.look_at(&mut tab);
        let subscription = wire::subscribe(&tab.token, tab.cursor.as_deref());
        self.tabs.insert(tab.channel.clone(), tab);
        subscription
    }
}

async fn start(job: Job, site: &Site) -> Link {
    let asked_on = Instant::now();
    let operation = site.start(job.kind().op_type(), &job.input()).await;
    let text = |name: &str| operation[name].as_str().unwrap().to_owned();
    Link { job, id: text("id"), path: text("url"), asked_on }
}

async fn say(socket: &mut Socket, messages: Vec<Value>) -> Result<(), ()> {
    for message in &messages {
        socket.feed(Packet::text(message.to_string())).await.map_err(drop)?;
    }
    if messages.is_empty() { Ok(()) } else { socket.flush().await.map_err(drop) }
}
