use std::collections::VecDeque;

use futures_util::StreamExt;

use super::{
    network::{maybe, ready},
    operation::{Operation, Row},
    page::{Message, Page},
};
use crate::{
    channel::{ChannelLayer, Cursor, Missing, Payload, Verdict},
    web::delivery::{
        catch_up::Look,
        flow_control::Place,
        hub::{Item, Watch},
    },
};

/// The place that a client says to be at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Since {
    /// The one it is at.
    Own,
    Nowhere,
    Malformed,
    Ahead,
    OfAnotherEpoch,
    BeforeAll,
    /// One it was at earlier, and its page with it: a tab that comes back out of a cache.
    Kept,
}

/// A browser, and what serves it.
#[derive(Debug, Default)]
pub(super) struct Client {
    pub(super) page: Page,
    kept: Page,
    /// What was sent and has not arrived yet.
    sent: VecDeque<Message>,
    session: Option<Session>,
    /// The row that a page is being made of.
    loading: Option<Row>,
}

/// The server's side of a connection.
#[derive(Debug)]
struct Session {
    watch: Watch,
    place: Place,
    looking: Option<Looking>,
}

/// A look that takes its time: others act between its steps.
#[derive(Debug)]
struct Looking {
    row: Option<Row>,
    is_first: bool,
}

impl Looking {
    const FIRST: Self = Self { row: None, is_first: true };
    const AGAIN: Self = Self { row: None, is_first: false };
}

impl Client {
    pub(super) fn is_connected(&self) -> bool {
        self.session.is_some()
    }

    /// Loads the page anew.
    pub(super) fn load(&mut self, operation: &Operation) {
        self.cut(0);
        self.loading = Some(operation.row.clone());
    }

    /// Follows the operation through a process that watches it already.
    pub(super) fn connect(&mut self, watch: Watch, since: Since) {
        self.cut(0);
        self.loading = None;
        if since == Since::Kept {
            self.page.turn_into(self.kept.clone());
        }
        let place = Place::at(self.place(since));
        self.session = Some(Session { watch, place, looking: Some(Looking::FIRST) });
    }

    fn place(&self, since: Since) -> Option<Cursor> {
        let own = self.page.cursor;
        match since {
            Since::Own | Since::Kept => own,
            Since::Nowhere => None,
            Since::Malformed => "1.x:1".parse().ok(),
            Since::Ahead => own.map(|own| Cursor { seq: own.seq + 1_000, ..own }),
            Since::OfAnotherEpoch => own.map(|mut own| {
                own.epoch.nonce ^= 1 << 40;
                own
            }),
            Since::BeforeAll => own.map(|own| Cursor { seq: 0, ..own }),
        }
    }

    /// The connection breaks when so many of the messages on their way have arrived.
    pub(super) fn cut(&mut self, arrived: usize) {
        self.receive(arrived);
        self.sent.clear();
        self.session = None;
    }

    /// Keeps the page as it is for later.
    pub(super) fn keep(&mut self) {
        self.kept = self.page.clone();
    }

    /// Receives the next messages, at most so many.
    pub(super) fn receive(&mut self, count: usize) {
        for _ in 0..count {
            let Some(message) = self.sent.pop_front() else { return };
            self.page.receive(message);
            if self.page.moved_to.is_some() {
                // It follows another operation from now on.
                self.sent.clear();
                self.session = None;
            }
        }
    }

    /// Receives everything and says so, which may be what the server waited for.
    pub(super) fn acknowledge(&mut self) -> bool {
        self.receive(usize::MAX);
        let Some(session) = &mut self.session else { return false };
        // A server that looks hears what a client says when it is done.
        let (None, Some(cursor)) = (&session.looking, self.page.cursor) else { return false };
        let is_waited_for = session.place.acknowledge(cursor) == Verdict::CatchUp;
        if is_waited_for {
            session.looking = Some(Looking::AGAIN);
        }
        is_waited_for
    }

    /// The server takes the next step for this client, if there is one to take.
    pub(super) fn step(&mut self, operation: &Operation, layer: &dyn ChannelLayer) -> bool {
        if let Some(row) = self.loading.take() {
            self.page.turn_into(loaded(operation, layer, &row));
            return true;
        }
        let Some(session) = &mut self.session else { return false };
        match &mut session.looking {
            Some(Looking { row: row @ None, .. }) => *row = Some(operation.row.clone()),
            Some(Looking { row: Some(row), is_first }) => {
                let since = session.place.cursor();
                let mut look = look(operation, layer, row, since);
                if !*is_first {
                    look = look.unless_behind(since);
                }
                self.sent.extend(messages(look, *is_first, &mut session.place));
                session.looking = None;
            }
            None => match maybe(session.watch.next()).flatten() {
                Some(item) => self.sent.extend(session.take(item)),
                None => return false,
            },
        }
        true
    }
}

impl Session {
    /// What [`Follower`](super::super::follower::Follower) does.
    fn take(&mut self, item: Item) -> Option<Message> {
        let (verdict, frame) = match item {
            Item::Frame(frame, _) => (self.place.judge(frame.cursor), Some(frame)),
            Item::Lost => (self.place.lost(), None),
            // What a link that breaks up leaves behind.
            Item::List(..) => return None,
            Item::Ended => panic!("the hub gave up"),
        };
        match (verdict, frame) {
            (Verdict::Deliver, Some(frame)) => {
                Some(Message::Frame { whole: frame.cursor.is_opening(), frame })
            }
            (Verdict::CatchUp, _) => {
                self.looking = Some(Looking::AGAIN);
                None
            }
            _ => None,
        }
    }
}

/// What [`Look::at`] does.
fn look(operation: &Operation, layer: &dyn ChannelLayer, row: &Row, since: Option<Cursor>) -> Look {
    let retained = ready(layer.catch_up(&operation.channel(), since)).unwrap();
    Look::of_channel(retained, row.attempt, row.state()).unwrap_or_else(|| {
        let snapshot = || operation.snapshot(&row.projection);
        Look::of_row(row.attempt, row.signals.clone(), since, snapshot)
    })
}

/// What a client is sent that looked.
fn messages(look: Look, is_first: bool, place: &mut Place) -> Vec<Message> {
    let Look { cursor, missing } = look;
    place.come_to(cursor);
    let is_reset = matches!(missing, Missing::Reset(_));
    let subscribed =
        Message::Subscribed { cursor, is_up_to_date: matches!(missing, Missing::Nothing) };
    let frames = missing.into_frames(cursor).into_iter().map(|frame| {
        let is_signal = matches!(frame.payload, Payload::Signal(_));
        let whole = !is_signal && (is_reset || frame.cursor.is_opening());
        Message::Frame { frame: frame.into(), whole }
    });
    frames.chain(is_first.then_some(subscribed)).collect()
}

/// A page that is loaded; its container tells what the row says of the end.
fn loaded(operation: &Operation, layer: &dyn ChannelLayer, row: &Row) -> Page {
    let look = look(operation, layer, row, None);
    let signals = match &look.missing {
        Missing::Reset(news) if row.state().is_terminal() => news.signals.clone(),
        _ => Vec::new(),
    };
    let (fragments, cursor) = look.into_page(row.state());
    Page::of(&fragments, signals, Some(cursor))
}
