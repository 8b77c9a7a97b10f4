//! What an operation looks like right now, for a client that has come some way.

use std::error::Error;

use crate::{
    channel::{CatchUp, Cursor, Missing, News, Signal},
    metrics::CatchUpKind,
    operation::{Attempt, ChannelName, OperationKind, OperationState},
    render::{Fragment, Subject},
    runner::Engine,
    store::{Model, StoreError},
};

/// Where an operation is, and what a client is missing to show that.
#[derive(Debug)]
pub(in crate::web) struct Look {
    pub(in crate::web) cursor: Cursor,
    pub(in crate::web) missing: Missing,
}

impl Look {
    /// Looks at the operation of `row`, which was read before this.
    ///
    /// The channel layer has the newest state, unless the row knows better: it is ahead when an
    /// ending was committed and not published yet, and it is all there is when the retained state
    /// is gone, or the channel layer cannot be reached.
    pub(in crate::web) async fn at(
        engine: &Engine,
        kind: &OperationKind,
        row: &Model,
        since: Option<Cursor>,
    ) -> Result<Self, StoreError> {
        let channel = ChannelName::operation(row.operation_id());
        let retained = match engine.publisher.layer.catch_up(&channel, since).await {
            Ok(retained) => retained,
            Err(error) => {
                tracing::debug!(%channel, error = &error as &dyn Error, "shown as the row says");
                return Ok(Self::at_row(engine, kind, row, since).await?.unless_behind(since));
            }
        };
        match Self::of_channel(retained, row.attempt_number(), row.state()) {
            Some(look) => Ok(look),
            None => Self::at_row(engine, kind, row, since).await,
        }
    }

    /// What the channel layer says; `None` when the row, of this attempt and in this state, knows
    /// better.
    pub(in crate::web) fn of_channel(
        retained: Option<CatchUp>,
        attempt: Attempt,
        state: OperationState,
    ) -> Option<Self> {
        let CatchUp { cursor, ended, missing } = retained?;
        let is_newest = cursor.epoch.attempt >= attempt && (ended || !state.is_terminal());
        is_newest.then_some(Self { cursor, missing })
    }

    /// What the row of this attempt says: a snapshot, and the signals of an operation that ended.
    pub(in crate::web) fn of_row(
        attempt: Attempt,
        signals: Vec<Signal>,
        since: Option<Cursor>,
        snapshot: impl FnOnce() -> Vec<Fragment>,
    ) -> Self {
        let cursor = Cursor::of_row(attempt, signals.len() as u64);
        // A row without signals is that of a run that goes on, and changes.
        if !signals.is_empty() && since == Some(cursor) {
            return Self { cursor, missing: Missing::Nothing };
        }
        Self { cursor, missing: Missing::Reset(News { fragments: snapshot(), signals }) }
    }

    async fn at_row(
        engine: &Engine,
        kind: &OperationKind,
        row: &Model,
        since: Option<Cursor>,
    ) -> Result<Self, StoreError> {
        let (projection, signals) = if row.state().is_terminal() {
            engine.publisher.ending(kind, row).await?
        } else {
            (row.projection(kind), Vec::new())
        };
        let subject = Subject { kind: *kind, id: row.operation_id() };
        let snapshot = || engine.presenter.renderer_of(row).snapshot(&subject, &projection);
        Ok(Self::of_row(row.attempt_number(), signals, since, snapshot))
    }

    /// What it counts as, for a client that looked.
    pub(in crate::web) fn kind(&self) -> CatchUpKind {
        match &self.missing {
            Missing::Nothing => CatchUpKind::UpToDate,
            // Only places that are read off the row have it.
            Missing::Delta(_) | Missing::Reset(_) if self.cursor.epoch.nonce == 0 => {
                CatchUpKind::Row
            }
            Missing::Delta(_) => CatchUpKind::Delta,
            Missing::Reset(_) => CatchUpKind::Reset,
        }
    }

    /// The same for a client that was brought to `place`: nothing is missing where all there is to
    /// see is the row of the same attempt, which has not ended. What was retained is gone then, but
    /// the client has seen it, which is more than the row holds; and when the run says more, it
    /// begins with a snapshot.
    pub(in crate::web) fn unless_behind(self, place: Option<Cursor>) -> Self {
        match place {
            Some(place)
                if place.epoch.nonce != 0
                    && self.cursor == Cursor::of_row(place.epoch.attempt, 0) =>
            {
                Self { cursor: place, missing: Missing::Nothing }
            }
            _ => self,
        }
    }

    /// What a page shows that is made of a look from nowhere, and the place it has come to.
    ///
    /// Its container tells of an end only if the row did, which was read before: a page that seems
    /// to be of a run that goes on has yet to hear the signals.
    pub(in crate::web) fn into_page(self, state: OperationState) -> (Vec<Fragment>, Cursor) {
        let News { fragments, signals } = match self.missing {
            Missing::Reset(news) | Missing::Delta(news) => news,
            Missing::Nothing => News::default(),
        };
        let unheard = if state.is_terminal() { 0 } else { signals.len() as u64 };
        (fragments, self.cursor.before(unheard))
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

    fn of_row(attempt: Attempt, signals: Vec<Signal>) -> Look {
        Look::of_row(attempt, signals, None, Vec::new)
    }

    #[test]
    fn a_page_of_a_run_that_seems_to_go_on_has_yet_to_hear_of_its_end() {
        let look = || {
            let news = News { fragments: Vec::new(), signals: vec![finished()] };
            Look { cursor: NEWEST, missing: Missing::Reset(news) }
        };
        let (_, cursor) = look().into_page(OperationState::Started);
        assert_eq!(cursor, Cursor { seq: 4, ..NEWEST });
        let (_, cursor) = look().into_page(OperationState::FinishedOk);
        assert_eq!(cursor, NEWEST);
    }

    #[test]
    fn the_row_of_a_run_that_goes_on_takes_nothing_away_from_a_page() {
        let look = of_row(ATTEMPT, Vec::new()).unless_behind(Some(NEWEST));
        assert_eq!((look.cursor, look.missing), (NEWEST, Missing::Nothing));
    }

    #[test]
    fn a_row_that_knows_more_than_a_page_is_shown() {
        let later = Attempt(2);
        for (attempt, signals) in [(ATTEMPT, vec![finished()]), (later, Vec::new())] {
            let look = of_row(attempt, signals).unless_behind(Some(NEWEST));
            assert!(matches!(look.missing, Missing::Reset(_)), "{look:?}");
        }
        let waiting = Cursor::of_row(ATTEMPT, 0);
        for place in [None, Some(waiting)] {
            let look = of_row(ATTEMPT, Vec::new()).unless_behind(place);
            assert!(matches!(look.missing, Missing::Reset(_)), "from {place:?}: {look:?}");
        }
    }
}
