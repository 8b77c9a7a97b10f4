//! The current state of an operation, for a client that joins, reconnects or lags.
//!
//! A snapshot from the row has a cursor with epoch nonce 0. Its sequence number counts the signals after the
//! snapshot, so a client whose connection ended between two signals still receives the rest.

use std::error::Error;

use crate::{
    channel::{CatchUp, CatchUpAnswer, CatchUpContent, Cursor, Signal},
    metrics::CatchUpKind,
    operation::{Attempt, ChannelName, OperationKind, OperationState},
    render::{Fragment, Subject},
    runner::Engine,
    store::{Model, StoreError},
};

/// The newest cursor of an operation, and the content that a client is missing.
#[derive(Debug)]
pub(in crate::web) struct CatchUpState {
    pub(in crate::web) cursor: Cursor,
    pub(in crate::web) answer: CatchUpAnswer,
    /// `true` if the state is a row that is newer than the state in the channel layer.
    pub(in crate::web) is_ahead_of_channel: bool,
}

impl CatchUpState {
    /// Loads the state of the operation of `row`, which the caller read before this call.
    ///
    /// The channel layer has the newest state, with three exceptions. The row is ahead if an ending was
    /// committed but not yet published. The row is also ahead if the layer of this process shows the operation
    /// as waiting, and a worker of another process has started it. The row is the only source if the retained state is gone or the
    /// channel layer is unreachable.
    pub(in crate::web) async fn load(
        engine: &Engine,
        kind: &OperationKind,
        row: &Model,
        since: Option<Cursor>,
    ) -> Result<Self, StoreError> {
        let channel = ChannelName::operation(row.operation_id());
        let retained = match engine.publisher.layer.catch_up(&channel, since).await {
            Ok(retained) => retained,
            Err(error) => {
                tracing::debug!(
                    %channel,
                    error = &error as &dyn Error,
                    "could not query the channel layer; showing the row instead"
                );
                return Ok(Self::load_row(engine, kind, row, since)
                    .await?
                    .unless_client_is_ahead(since));
            }
        };
        let is_retained = retained.is_some();
        match Self::from_channel(retained, row.attempt_number(), row.state()) {
            Some(current) => Ok(current),
            None => Ok(Self {
                is_ahead_of_channel: is_retained,
                ..Self::load_row(engine, kind, row, since).await?
            }),
        }
    }

    /// Returns the state in the channel layer. Returns `None` if nothing is retained or the row, with this
    /// attempt and state, is newer.
    pub(in crate::web) fn from_channel(
        retained: Option<CatchUp>,
        attempt: Attempt,
        state: OperationState,
    ) -> Option<Self> {
        let CatchUp { cursor, ended, is_provisional, answer } = retained?;
        let has_started_elsewhere =
            is_provisional && cursor.epoch.attempt == attempt && state == OperationState::Started;
        let is_newest = cursor.epoch.attempt >= attempt
            && (ended || !state.is_terminal())
            && !has_started_elsewhere;
        is_newest.then_some(Self { cursor, answer, is_ahead_of_channel: false })
    }

    /// Builds the state from a row with this attempt: a snapshot, and the signals of an ended operation.
    pub(in crate::web) fn from_row(
        attempt: Attempt,
        signals: Vec<Signal>,
        since: Option<Cursor>,
        snapshot: impl FnOnce() -> Vec<Fragment>,
    ) -> Self {
        let cursor = Cursor::of_row(attempt, signals.len() as u64);
        // A row without signals belongs to an unfinished run, so its content may have changed.
        if !signals.is_empty() && since == Some(cursor) {
            return Self { cursor, answer: CatchUpAnswer::UpToDate, is_ahead_of_channel: false };
        }
        Self {
            cursor,
            answer: CatchUpAnswer::Reset(CatchUpContent { fragments: snapshot(), signals }),
            is_ahead_of_channel: false,
        }
    }

    async fn load_row(
        engine: &Engine,
        kind: &OperationKind,
        row: &Model,
        since: Option<Cursor>,
    ) -> Result<Self, StoreError> {
        let (projection, signals) = if row.state().is_terminal() {
            engine.publisher.ending(kind, row).await?
        } else {
            (engine.publisher.unfinished(kind, row).await?, Vec::new())
        };
        let subject = Subject { kind: *kind, id: row.operation_id() };
        let snapshot = || engine.presenter.renderer_for_row(row).snapshot(&subject, &projection);
        Ok(Self::from_row(row.attempt_number(), signals, since, snapshot))
    }

    /// Returns the kind of the catch-up for metrics.
    pub(in crate::web) fn kind(&self) -> CatchUpKind {
        match &self.answer {
            CatchUpAnswer::UpToDate => CatchUpKind::UpToDate,
            // Only the cursor of a row has the nonce 0.
            CatchUpAnswer::Delta(_) | CatchUpAnswer::Reset(_) if self.cursor.epoch.nonce == 0 => {
                CatchUpKind::Row
            }
            CatchUpAnswer::Delta(_) => CatchUpKind::Delta,
            CatchUpAnswer::Reset(_) => CatchUpKind::Reset,
        }
    }

    /// Returns "up to date" instead of the row if the client has seen more than the row holds.
    ///
    /// This is so if the client's cursor is from the channel layer, and the state is the row of the same
    /// attempt, which has not ended. The retained state is then gone; the next report of the run begins with
    /// a snapshot.
    pub(in crate::web) fn unless_client_is_ahead(self, client_cursor: Option<Cursor>) -> Self {
        match client_cursor {
            Some(client_cursor)
                if client_cursor.epoch.nonce != 0
                    && !self.is_ahead_of_channel
                    && self.cursor == Cursor::of_row(client_cursor.epoch.attempt, 0) =>
            {
                Self { cursor: client_cursor, answer: CatchUpAnswer::UpToDate, ..self }
            }
            _ => self,
        }
    }

    /// Returns the fragments and the cursor of a new page, for a state loaded without `since`.
    ///
    /// The page shows an end only if the row, which has `state` and was read earlier, had ended. Otherwise
    /// the cursor is set before the signals, so that the page still receives them.
    pub(in crate::web) fn into_page(self, state: OperationState) -> (Vec<Fragment>, Cursor) {
        let CatchUpContent { fragments, signals } = match self.answer {
            CatchUpAnswer::Reset(content) | CatchUpAnswer::Delta(content) => content,
            CatchUpAnswer::UpToDate => CatchUpContent::default(),
        };
        let undelivered = if state.is_terminal() { 0 } else { signals.len() as u64 };
        (fragments, self.cursor.before(undelivered))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        channel::{Epoch, Finished},
        operation::OperationId,
    };

    const ATTEMPT: Attempt = Attempt(1);
    const NEWEST: Cursor = Cursor { epoch: Epoch { attempt: ATTEMPT, nonce: 1 }, seq: 5 };

    fn finished() -> Signal {
        Signal::Finished(Finished {
            id: OperationId::new(),
            state: OperationState::FinishedOk,
            url: "/live/".to_owned(),
            success_url: None,
        })
    }

    fn from_row(attempt: Attempt, signals: Vec<Signal>) -> CatchUpState {
        CatchUpState::from_row(attempt, signals, None, Vec::new)
    }

    #[test]
    fn a_page_made_from_an_unfinished_row_still_receives_the_end() {
        let current = || {
            let content = CatchUpContent { fragments: Vec::new(), signals: vec![finished()] };
            let answer = CatchUpAnswer::Reset(content);
            CatchUpState { cursor: NEWEST, answer, is_ahead_of_channel: false }
        };
        let (_, cursor) = current().into_page(OperationState::Started);
        assert_eq!(cursor, Cursor { seq: 4, ..NEWEST });
        let (_, cursor) = current().into_page(OperationState::FinishedOk);
        assert_eq!(cursor, NEWEST);
    }

    #[test]
    fn the_row_of_an_unfinished_run_does_not_replace_a_newer_page() {
        let current = from_row(ATTEMPT, Vec::new()).unless_client_is_ahead(Some(NEWEST));
        assert_eq!((current.cursor, current.answer), (NEWEST, CatchUpAnswer::UpToDate));
    }

    #[test]
    fn a_waiting_state_that_another_process_cannot_replace_gives_way_to_the_row_of_the_run() {
        let waiting = |is_provisional| {
            let (ended, answer) = (false, CatchUpAnswer::UpToDate);
            Some(CatchUp { cursor: NEWEST, ended, is_provisional, answer })
        };
        let from = |retained, attempt, state| {
            CatchUpState::from_channel(retained, attempt, state).is_some()
        };
        assert!(!from(waiting(true), ATTEMPT, OperationState::Started));
        assert!(from(waiting(false), ATTEMPT, OperationState::Started));
        assert!(from(waiting(true), ATTEMPT, OperationState::NotStarted));
        // The row of an earlier attempt was read before the operation was put back.
        assert!(from(waiting(true), Attempt(0), OperationState::Started));

        let row = CatchUpState { is_ahead_of_channel: true, ..from_row(ATTEMPT, Vec::new()) };
        let shown = row.unless_client_is_ahead(Some(NEWEST));
        assert!(matches!(shown.answer, CatchUpAnswer::Reset(_)), "{shown:?}");
    }

    #[test]
    fn a_row_that_is_newer_than_a_page_is_shown() {
        let later = Attempt(2);
        for (attempt, signals) in [(ATTEMPT, vec![finished()]), (later, Vec::new())] {
            let current = from_row(attempt, signals).unless_client_is_ahead(Some(NEWEST));
            assert!(matches!(current.answer, CatchUpAnswer::Reset(_)), "{current:?}");
        }
        let waiting = Cursor::of_row(ATTEMPT, 0);
        for client_cursor in [None, Some(waiting)] {
            let current = from_row(ATTEMPT, Vec::new()).unless_client_is_ahead(client_cursor);
            assert!(
                matches!(current.answer, CatchUpAnswer::Reset(_)),
                "from {client_cursor:?}: {current:?}"
            );
        }
    }
}
