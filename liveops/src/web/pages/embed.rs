//! The HTML element of one operation, for the live page and for pages of the application.

use std::error::Error as StdError;

use maud::Markup;

use super::{attempts, linked};
use crate::{
    event::LinkedOperation,
    operation::{ChannelName, OperationId, OperationKind, OperationState},
    publish::LinkedRow,
    render::{ContainerOptions, Subject},
    runner::{Engine, LiveOps},
    store::{Model, StoreError},
    token::{SubscriptionToken, TokenError},
    web::{auth::viewer::Viewer, delivery::catch_up::CatchUpState},
};

/// The error of [`embed`]: the database failed, or a token could not be signed.
#[derive(Debug, thiserror::Error)]
#[error("could not render an operation")]
pub struct EmbedError {
    source: Box<dyn StdError + Send + Sync>,
}

/// Renders the element that shows an operation and follows its changes, for a page of the application. A page
/// may embed any number of operations; they share one WebSocket.
///
/// The page's head needs [`Renderer::head`](crate::render::Renderer::head). Returns `None` if the operation
/// does not exist or `viewer` may not see it.
///
/// # Errors
///
/// Returns an error if the database fails or the subscription token cannot be signed.
///
/// ```
/// # use axum::http::StatusCode;
/// # use liveops::{LiveOps, OperationId, Viewer, web};
/// # use maud::{Markup, html};
/// async fn two_at_once(
///     liveops: &LiveOps,
///     viewer: &Viewer,
///     ids: [OperationId; 2],
/// ) -> Result<Markup, web::EmbedError> {
///     Ok(html! {
///         head { (liveops.renderer().head()) }
///         body {
///             @for id in ids {
///                 @if let Some(operation) = web::embed(liveops, viewer, id).await? { (operation) }
///             }
///         }
///     })
/// }
/// ```
pub async fn embed(
    liveops: &LiveOps,
    viewer: &Viewer,
    id: OperationId,
) -> Result<Option<Markup>, EmbedError> {
    let engine = liveops.engine();
    let Some(row) = liveops.find(id).await?.filter(|row| liveops.may_see(viewer, row)) else {
        return Ok(None);
    };
    let kind = engine.presenter.kind_of(&row);
    Ok(Some(Embedded::load(engine, viewer, &kind, &row).await?.container))
}

/// The current state of an operation as HTML, with the token and the cursor to follow its changes.
pub(in crate::web) struct Embedded {
    pub(in crate::web) container: Markup,
    pub(in crate::web) token: SubscriptionToken,
    pub(in crate::web) cursor: String,
}

impl Embedded {
    pub(in crate::web) async fn load(
        engine: &Engine,
        viewer: &Viewer,
        kind: &OperationKind,
        row: &Model,
    ) -> Result<Self, EmbedError> {
        let subject = Subject { kind: *kind, id: row.operation_id() };
        let renderer = engine.presenter.renderer_for_row(row);
        let token = engine.keys.sign(&viewer.id, &ChannelName::operation(subject.id))?;
        let (mut snapshot, cursor) =
            CatchUpState::load(engine, kind, row, None).await?.into_page(row.state());
        if row.state() == OperationState::FinishedOk && renderer.templates().can_change() {
            // The template may have changed since the retained result was rendered.
            let (projection, _) = engine.publisher.ending(kind, row).await?;
            renderer.renew_result(&subject, &projection, &mut snapshot);
        }
        // A run that began after the row was read must not show the traceback of an earlier run.
        let is_shown = cursor.epoch.attempt == row.attempt_number();
        let traceback = viewer.traceback_of(row).filter(|_| is_shown);
        let readers = engine.renderer().with_language(viewer.accepted_languages());
        let earlier = attempts::earlier(engine, row).await?;
        let cursor = cursor.to_string();
        let connection = ContainerOptions {
            token: Some(token.clone()),
            cursor: Some(cursor.clone()),
            follows: None,
            previous: previous(engine, viewer, row).await?,
            description: row.description.clone(),
            traceback: traceback.map(|text| readers.traceback(text)),
            earlier_attempts: Some(renderer.earlier_attempts(&subject, &earlier)),
            is_read_only: !engine.access.may_act(viewer, row),
        };
        let container = renderer.container(&subject, row.state(), &snapshot, &connection);
        Ok(Self { container, token, cursor })
    }
}

/// Returns the link to the operation that an operation continues. Returns `None` if there is none, if it was pruned, or
/// if the viewer may not see it.
async fn previous(
    engine: &Engine,
    viewer: &Viewer,
    row: &Model,
) -> Result<Option<LinkedOperation>, StoreError> {
    let previous = linked::find(engine, viewer, row.chained_from).await?;
    Ok(previous.map(|previous| engine.presenter.link(row, LinkedRow::of(&previous))))
}

impl EmbedError {
    /// Returns the failure of the database, if it is one.
    ///
    /// # Errors
    ///
    /// Returns any other failure unchanged.
    pub(in crate::web) fn into_store_error(self) -> Result<StoreError, Self> {
        self.source.downcast().map(|error| *error).map_err(|source| Self { source })
    }
}

impl From<StoreError> for EmbedError {
    fn from(error: StoreError) -> Self {
        Self { source: error.into() }
    }
}

impl From<TokenError> for EmbedError {
    fn from(error: TokenError) -> Self {
        Self { source: error.into() }
    }
}
