//! A simulated client: a browser page and the server side of its connection.

use std::collections::VecDeque;

use futures_util::StreamExt;

use super::{
    network::{poll_once, ready},
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

/// The cursor that a client sends when it connects.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Since {
    /// The cursor of the page.
    Own,
    Nowhere,
    Malformed,
    Ahead,
    OfAnotherEpoch,
    BeforeAll,
    /// An earlier cursor, with the page of that time: a tab restored from a cache.
    Kept,
}

/// A browser, and the server side of its connection.
#[derive(Debug, Default)]
pub(super) struct SimClient {
    pub(super) page: SimPage,
    kept: SimPage,
    /// Messages that were sent and have not arrived yet.
    sent: VecDeque<SimMessage>,
    session: Option<SimSession>,
    /// The row from which a page is being made.
    loading: Option<SimRow>,
}

/// The server side of a connection.
#[derive(Debug)]
struct SimSession {
    subscription: HubSubscription,
    window: DeliveryWindow,
    catching_up: Option<CatchUpInProgress>,
}

/// A catch-up that takes several steps, with other acts in between.
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

    /// Loads the page again.
    pub(super) fn load(&mut self, operation: &SimOperation) {
        self.cut(0);
        self.loading = Some(operation.row.clone());
    }

    /// Follows the operation through a process that has a subscription.
    pub(super) fn connect(&mut self, subscription: HubSubscription, since: Since) {
        self.cut(0);
        self.loading = None;
        if since == Since::Kept {
            self.page.replace_with(self.kept.clone());
        }
        let window = DeliveryWindow::starting_at(self.window(since));
        self.session =
            Some(SimSession { subscription, window, catching_up: Some(CatchUpInProgress::FIRST) });
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

    /// Breaks the connection after `arrived` of the messages in flight have arrived.
    pub(super) fn cut(&mut self, arrived: usize) {
        self.receive(arrived);
        self.sent.clear();
        self.session = None;
    }

    /// Saves the page for [`Since::Kept`].
    pub(super) fn keep(&mut self) {
        self.kept = self.page.clone();
    }

    /// Receives at most `count` messages.
    pub(super) fn receive(&mut self, count: usize) {
        for _ in 0..count {
            let Some(message) = self.sent.pop_front() else { return };
            self.page.receive(message);
            if self.page.moved_to.is_some() {
                // The page follows another operation from now on.
                self.sent.clear();
                self.session = None;
            }
        }
    }

    /// Receives and acknowledges all messages. Returns `true` if the server now sends what it held back.
    pub(super) fn acknowledge(&mut self) -> bool {
        self.receive(usize::MAX);
        let Some(session) = &mut self.session else { return false };
        // The server reads no acknowledgement during a catch-up.
        let (None, Some(cursor)) = (&session.catching_up, self.page.cursor) else { return false };
        let catches_up = session.window.acknowledge(cursor) == FrameDecision::CatchUp;
        if catches_up {
            session.catching_up = Some(CatchUpInProgress::AGAIN);
        }
        catches_up
    }

    /// Runs the server's next step for this client. Returns `false` if there is none.
    pub(super) fn step(&mut self, operation: &SimOperation, layer: &dyn ChannelLayer) -> bool {
        if let Some(row) = self.loading.take() {
            self.page.replace_with(loaded(operation, layer, &row));
            return true;
        }
        let Some(session) = &mut self.session else { return false };
        match &mut session.catching_up {
            Some(CatchUpInProgress { row: row @ None, .. }) => *row = Some(operation.row.clone()),
            Some(CatchUpInProgress { row: Some(row), is_first }) => {
                let since = session.window.cursor();
                let mut current = current(operation, layer, row, since);
                if !*is_first {
                    current = current.unless_client_is_ahead(since);
                }
                self.sent.extend(messages(current, *is_first, &mut session.window));
                session.catching_up = None;
            }
            None => match poll_once(session.subscription.next()).flatten() {
                Some(item) => self.sent.extend(session.take(item)),
                None => return false,
            },
        }
        true
    }
}

impl SimSession {
    /// Mirrors `Subscriber::take`.
    fn take(&mut self, item: HubItem) -> Option<SimMessage> {
        let (decision, frame) = match item {
            HubItem::Frame(frame, _) => (self.window.decide(frame.cursor), Some(frame)),
            HubItem::Lost => (self.window.decide_after_loss(), None),
            // An overflow of the link leaves these items behind.
            HubItem::List(..) => return None,
            HubItem::Ended => panic!("the hub gave up"),
        };
        match (decision, frame) {
            (FrameDecision::Apply, Some(frame)) => {
                Some(SimMessage::Frame { whole: frame.cursor.is_opening(), frame })
            }
            (FrameDecision::CatchUp, _) => {
                self.catching_up = Some(CatchUpInProgress::AGAIN);
                None
            }
            _ => None,
        }
    }
}

/// Mirrors [`CatchUpState::load`].
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

/// Mirrors `Subscriber::catch_up_to`: returns the messages of a catch-up.
fn messages(current: CatchUpState, is_first: bool, window: &mut DeliveryWindow) -> Vec<SimMessage> {
    let CatchUpState { cursor, answer, .. } = current;
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

/// Returns a newly loaded page. The page shows an end only if the row has ended.
fn loaded(operation: &SimOperation, layer: &dyn ChannelLayer, row: &SimRow) -> SimPage {
    let current = current(operation, layer, row, None);
    let signals = match &current.answer {
        CatchUpAnswer::Reset(content) if row.state().is_terminal() => content.signals.clone(),
        _ => Vec::new(),
    };
    let (fragments, cursor) = current.into_page(row.state());
    SimPage::of(&fragments, signals, Some(cursor))
}
