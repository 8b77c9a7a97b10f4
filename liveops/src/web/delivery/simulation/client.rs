use std::collections::VecDeque;

use futures_util::StreamExt;

use super::{
    network::{maybe, ready},
    operation::{SimOperation, SimRow},
    page::{SimMessage, SimPage},
};
use crate::{
    channel::{CatchUpAnswer, ChannelLayer, Cursor, FrameDecision, Payload},
    web::delivery::{
        catch_up::CatchUpState,
        flow_control::DeliveryWindow,
        hub::{HubItem, HubSubscription},
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
pub(super) struct SimClient {
    pub(super) page: SimPage,
    kept: SimPage,
    /// What was sent and has not arrived yet.
    sent: VecDeque<SimMessage>,
    session: Option<SimSession>,
    /// The row that a page is being made of.
    loading: Option<SimRow>,
}

/// The server's side of a connection.
#[derive(Debug)]
struct SimSession {
    subscription: HubSubscription,
    window: DeliveryWindow,
    looking: Option<CatchUpInProgress>,
}

/// A look that takes its time: others act between its steps.
#[derive(Debug)]
struct CatchUpInProgress {
    row: Option<SimRow>,
    is_first: bool,
}

impl CatchUpInProgress {
    const FIRST: Self = Self { row: None, is_first: true };
    const AGAIN: Self = Self { row: None, is_first: false };
}

impl SimClient {
    pub(super) fn is_connected(&self) -> bool {
        self.session.is_some()
    }

    /// Loads the page anew.
    pub(super) fn load(&mut self, operation: &SimOperation) {
        self.cut(0);
        self.loading = Some(operation.row.clone());
    }

    /// Follows the operation through a process that watches it already.
    pub(super) fn connect(&mut self, subscription: HubSubscription, since: Since) {
        self.cut(0);
        self.loading = None;
        if since == Since::Kept {
            self.page.turn_into(self.kept.clone());
        }
        let window = DeliveryWindow::starting_at(self.window(since));
        self.session =
            Some(SimSession { subscription, window, looking: Some(CatchUpInProgress::FIRST) });
    }

    fn window(&self, since: Since) -> Option<Cursor> {
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
        let is_waited_for = session.window.acknowledge(cursor) == FrameDecision::CatchUp;
        if is_waited_for {
            session.looking = Some(CatchUpInProgress::AGAIN);
        }
        is_waited_for
    }

    /// The server takes the next step for this client, if there is one to take.
    pub(super) fn step(&mut self, operation: &SimOperation, layer: &dyn ChannelLayer) -> bool {
        if let Some(row) = self.loading.take() {
            self.page.turn_into(loaded(operation, layer, &row));
            return true;
        }
        let Some(session) = &mut self.session else { return false };
        match &mut session.looking {
            Some(CatchUpInProgress { row: row @ None, .. }) => *row = Some(operation.row.clone()),
            Some(CatchUpInProgress { row: Some(row), is_first }) => {
                let since = session.window.cursor();
                let mut current = current(operation, layer, row, since);
                if !*is_first {
                    current = current.unless_client_is_ahead(since);
                }
                self.sent.extend(messages(current, *is_first, &mut session.window));
                session.looking = None;
            }
            None => match maybe(session.subscription.next()).flatten() {
                Some(item) => self.sent.extend(session.take(item)),
                None => return false,
            },
        }
        true
    }
}

impl SimSession {
    /// What [`Subscriber`](super::super::follower::Subscriber) does.
    fn take(&mut self, item: HubItem) -> Option<SimMessage> {
        let (decision, frame) = match item {
            HubItem::Frame(frame, _) => (self.window.decide(frame.cursor), Some(frame)),
            HubItem::Lost => (self.window.decide_after_loss(), None),
            // What a link that breaks up leaves behind.
            HubItem::List(..) => return None,
            HubItem::Ended => panic!("the hub gave up"),
        };
        match (decision, frame) {
            (FrameDecision::Apply, Some(frame)) => {
                Some(SimMessage::Frame { whole: frame.cursor.is_opening(), frame })
            }
            (FrameDecision::CatchUp, _) => {
                self.looking = Some(CatchUpInProgress::AGAIN);
                None
            }
            _ => None,
        }
    }
}

/// What [`CatchUpState::at`] does.
fn current(
    operation: &SimOperation,
    layer: &dyn ChannelLayer,
    row: &SimRow,
    since: Option<Cursor>,
) -> CatchUpState {
    let retained = ready(layer.catch_up(&operation.channel(), since)).unwrap();
    CatchUpState::from_channel(retained, row.attempt, row.state()).unwrap_or_else(|| {
        let snapshot = || operation.snapshot(&row.projection);
        CatchUpState::from_row(row.attempt, row.signals.clone(), since, snapshot)
    })
}

/// What a client is sent that looked.
fn messages(current: CatchUpState, is_first: bool, window: &mut DeliveryWindow) -> Vec<SimMessage> {
    let CatchUpState { cursor, answer } = current;
    window.advance_to(cursor);
    let is_reset = matches!(answer, CatchUpAnswer::Reset(_));
    let subscribed =
        SimMessage::Subscribed { cursor, is_up_to_date: matches!(answer, CatchUpAnswer::UpToDate) };
    let frames = answer.into_frames(cursor).into_iter().map(|frame| {
        let is_signal = matches!(frame.payload, Payload::Signal(_));
        let whole = !is_signal && (is_reset || frame.cursor.is_opening());
        SimMessage::Frame { frame: frame.into(), whole }
    });
    frames.chain(is_first.then_some(subscribed)).collect()
}

/// A page that is loaded; its container tells what the row says of the end.
fn loaded(operation: &SimOperation, layer: &dyn ChannelLayer, row: &SimRow) -> SimPage {
    let current = current(operation, layer, row, None);
    let signals = match &current.answer {
        CatchUpAnswer::Reset(content) if row.state().is_terminal() => content.signals.clone(),
        _ => Vec::new(),
    };
    let (fragments, cursor) = current.into_page(row.state());
    SimPage::of(&fragments, signals, Some(cursor))
}
