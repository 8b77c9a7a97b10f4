//! What an operation looks like right now, for a client that has come some way.

use crate::{
    channel::{ChannelError, Cursor, Missing, News, Signal},
    operation::{ChannelName, OperationKind},
    render::{Fragment, Subject},
    runner::Engine,
    store::{Model, StoreError},
};

/// Where an operation is, and what a client is missing to show that.
#[derive(Debug)]
pub(super) struct Look {
    pub(super) cursor: Cursor,
    pub(super) missing: Missing,
}

/// Why nobody can tell what an operation looks like.
#[derive(Debug, thiserror::Error)]
pub(super) enum LookError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Channel(#[from] ChannelError),
}

impl Look {
    /// Looks at the operation of `row`, which was read before this.
    ///
    /// The channel layer has the newest state, unless the row knows better: it is ahead when an
    /// ending was committed and not published yet, and it is all there is when the retained state
    /// is gone.
    pub(super) async fn at(
        engine: &Engine,
        kind: &OperationKind,
        row: &Model,
        since: Option<Cursor>,
    ) -> Result<Self, LookError> {
        let channel = ChannelName::operation(row.operation_id());
        let retained = engine.layer.catch_up(&channel, since).await?;
        let ended = row.state().is_terminal();
        match retained {
            Some(retained)
                if retained.cursor.epoch.attempt >= row.attempt_number()
                    && (retained.ended || !ended) =>
            {
                Ok(Self { cursor: retained.cursor, missing: retained.missing })
            }
            _ => Self::at_row(engine, kind, row, since).await,
        }
    }

    async fn at_row(
        engine: &Engine,
        kind: &OperationKind,
        row: &Model,
        since: Option<Cursor>,
    ) -> Result<Self, LookError> {
        let ended = row.state().is_terminal();
        let signals = if ended { signals(engine, row).await? } else { Vec::new() };
        let cursor = Cursor::of_row(row.attempt_number(), signals.len() as u64);
        if ended && since == Some(cursor) {
            return Ok(Self { cursor, missing: Missing::Nothing });
        }
        let subject = Subject { kind: *kind, id: row.operation_id() };
        let fragments = engine.renderer.snapshot(&subject, &row.projection(kind));
        Ok(Self { cursor, missing: Missing::Reset(News { fragments, signals }) })
    }

    /// The fragments of a look that began from nothing.
    pub(super) fn into_snapshot(self) -> Vec<Fragment> {
        match self.missing {
            Missing::Reset(news) | Missing::Delta(news) => news.fragments,
            Missing::Nothing => Vec::new(),
        }
    }
}

/// The signals that the run of an operation that has ended gave.
async fn signals(engine: &Engine, row: &Model) -> Result<Vec<Signal>, LookError> {
    let mut signals = vec![engine.finished(row)];
    if let Some(next) = engine.store.find_next(row.operation_id()).await? {
        let next_id = next.operation_id();
        signals.extend(engine.chained(row.operation_id(), &next.op_type, next_id));
    }
    Ok(signals)
}
