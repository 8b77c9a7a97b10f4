//! The details of an operation for its owner, as a section of the live page and as JSON: start, end, duration, and the
//! input that the owner entered.

use axum::{
    Extension,
    extract::Path,
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use maud::Markup;

use super::page::{LoadedOperation, find};
use crate::{
    form::EnteredInput,
    render::DetailsSection,
    runner::Engine,
    store::Model,
    web::{
        auth::viewer::{Authenticated, Viewer},
        state::Web,
    },
};

/// Answers with the current details of an operation, for an open page.
pub(in crate::web) async fn details<V>(
    Extension(web): Extension<Web>,
    Authenticated { viewer, .. }: Authenticated<V>,
    Path(path): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    match find(&web, &viewer, &path).await {
        Ok(found) => {
            let section = read(&web, &viewer, &found.row);
            web.renderer_for(&viewer).details(&found.subject(), &section).into_response()
        }
        Err(error) => error.answer(&web, &viewer, &headers),
    }
}

/// Renders the details of an operation. Returns `None` for staff, whose section contains all of them.
pub(in crate::web) fn section(
    web: &Web,
    viewer: &Viewer,
    found: &LoadedOperation,
) -> Option<Markup> {
    let section = (!viewer.is_staff).then(|| read(web, viewer, &found.row))?;
    Some(web.renderer_for(viewer).details_section(&found.subject(), Some(&section)))
}

fn read(web: &Web, viewer: &Viewer, row: &Model) -> DetailsSection {
    DetailsSection {
        created_on: row.created_on,
        run_after: row.run_after,
        started_on: row.started_on,
        finished_on: row.finished_on,
        input: entered_input(web.engine(), viewer, row),
    }
}

/// Returns the input of an operation, as far as `viewer` entered it. An input of an earlier version is converted, and
/// one that this process cannot read is left out: its form is unknown here, and so are its passwords.
///
/// Only the owner can have entered it, and only if requests may create operations of the type: the input of any other
/// operation comes from the application, which may have put into it what the owner must not read.
pub(in crate::web) fn entered_input(
    engine: &Engine,
    viewer: &Viewer,
    row: &Model,
) -> Option<EnteredInput> {
    if row.owner_id() != viewer.id {
        return None;
    }
    let operation = engine.registry.find(&row.op_type)?;
    let input = operation.current_input(row)?;
    match operation.form {
        Some(form) => Some(EnteredInput::of_form(form, &input)),
        None => operation.is_public.then_some(EnteredInput::Whole(input)),
    }
}
