//! Creation of an operation from JSON or a form.

use std::panic::resume_unwind;

use axum::{
    Extension, Json,
    extract::{Path, Request},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use tracing::Instrument;

use super::{
    body::{BodyKind, LimitedBody, check_values, parse_fields},
    form,
    json::OperationJson,
    multipart::Multipart,
    upload::{self, Sender, Uploads},
};
use crate::{
    form::{Paths, ReadContext, Texts},
    language::Language,
    operation::{ChannelName, NewOperation, OperationId, OperationKind},
    runner::{InputError, RawInput, RegisteredOperation},
    store::Enqueued,
    web::{
        auth::viewer::{Authenticated, Viewer},
        error::{WebError, is_partial, wants_json},
        header_params::media_type,
        state::Web,
    },
};

/// Creates and enqueues an operation from JSON, a form, or a form with files. Answers with the existing
/// operation if an unfinished one has the same unique key.
pub(in crate::web) async fn create<V>(
    Extension(web): Extension<Web>,
    Authenticated { viewer, .. }: Authenticated<V>,
    Path(op_type): Path<String>,
    headers: HeaderMap,
    request: Request,
) -> Response {
    let created = async {
        let operation = form::find_to_create(&web, &viewer, &op_type)?;
        check_waiting(&web, &viewer).await?;
        let (sent, uploads) = receive(&web, &viewer, operation, &headers, request).await?;
        let language = web.renderer_for(&viewer).language().clone();
        let new = match sent.read(operation, &uploads, &viewer, &language) {
            // Drops the body: `new` contains the input, and a large body would need memory a second time.
            Ok(mut new) => {
                drop(sent);
                new.description = new.description.map(|text| uploads.with_file_names(text));
                new
            }
            Err(error) => {
                return form::refuse(&web, &viewer, operation, (sent, &uploads), error, &headers);
            }
        };
        let new = NewOperation { created_by: Some(viewer.id.clone()), ..new };
        let enqueue = enqueue(web.clone(), new, uploads);
        // In a task of its own: a client that disconnects cancels this handler, which would remove the files
        // of an operation that is already enqueued.
        let enqueued = tokio::spawn(enqueue.in_current_span()).await;
        let enqueued = enqueued.unwrap_or_else(|error| resume_unwind(error.into_panic()))?;
        answer(&web, &viewer, operation.kind, enqueued, &headers)
    };
    created.await.unwrap_or_else(|error: WebError| error.answer(&web, &viewer, &headers))
}

/// Refuses a viewer with the maximum number of waiting operations, before the body is read.
async fn check_waiting(web: &Web, viewer: &Viewer) -> Result<(), WebError> {
    let count_max = web.engine().config.waiting_per_owner_max;
    let waiting = web.engine().store.waiting_of(&viewer.id, count_max as u64).await?;
    if waiting >= count_max as u64 {
        return Err(WebError::too_many_waiting(count_max));
    }
    Ok(())
}

/// Enqueues the operation with its files. Files that belong to no operation are deleted.
async fn enqueue(web: Web, mut new: NewOperation, uploads: Uploads) -> Result<Enqueued, WebError> {
    let id = uploads.operation_id();
    new.id = id;
    let files = uploads.keep();
    let enqueued = web.liveops.enqueue_new(new).await;
    let Some(files) = files else { return Ok(enqueued?) };
    let error = match enqueued {
        Ok(enqueued) if enqueued.is_new() => {
            files.confirm().await;
            return Ok(enqueued);
        }
        Ok(enqueued) => {
            // The existing operation has its own files.
            files.delete().await;
            return Ok(enqueued);
        }
        Err(error) => error,
    };
    // After a lost answer the operation may exist. Its files must then stay, as its run needs them.
    match web.engine().store.existing(&[id]).await {
        Ok(existing) if existing.is_empty() => files.delete().await,
        Ok(_) => files.confirm().await,
        Err(_) => files.leave().await,
    }
    Err(error.into())
}

/// The input of an operation, in the format in which it was sent.
pub(in crate::web) enum SubmittedInput {
    Json(Vec<u8>),
    Form(Texts),
}

impl SubmittedInput {
    /// Reads the input. In a form, a path must be that of a file uploaded with the request, unless the field
    /// says `any_path`. Without a form, a path is a text like any other.
    fn read(
        &self,
        operation: &RegisteredOperation,
        uploads: &Uploads,
        viewer: &Viewer,
        language: &Language,
    ) -> Result<NewOperation, InputError> {
        let context = ReadContext {
            paths: Paths::Uploaded(uploads.files()),
            refused: uploads.refused(),
            language,
            allows_unknown: true,
        };
        let read = |input| operation.read_with(input, context, &viewer.into());
        match self {
            Self::Json(text) => read(RawInput::Json(text)),
            Self::Form(texts) => read(RawInput::Form(texts)),
        }
    }
}

async fn receive(
    web: &Web,
    viewer: &Viewer,
    operation: &RegisteredOperation,
    headers: &HeaderMap,
    request: Request,
) -> Result<(SubmittedInput, Uploads), WebError> {
    match media_type(headers).as_str() {
        "application/json" => {
            let body = body(web, request).await?;
            check_values(&body)?;
            Ok((SubmittedInput::Json(body), Uploads::none()))
        }
        // A form without fields has no body, and some clients then send no content type.
        "application/x-www-form-urlencoded" | "" => {
            let body = body(web, request).await?;
            Ok((SubmittedInput::Form(parse_fields(&body)?), Uploads::none()))
        }
        "multipart/form-data" => {
            let config = &web.engine().config;
            let body = LimitedBody::open(request, BodyKind::Files, config.upload_bytes_max)?;
            let folder = &web.engine().uploads;
            let sender = Sender { folder, owner: &viewer.id, body_bytes: body.len_max() };
            let multipart = Multipart::new(headers, body)?;
            let (texts, uploads) =
                upload::receive(config, operation.form, sender, multipart).await?;
            Ok((SubmittedInput::Form(texts), uploads))
        }
        other => Err(WebError::unsupported(other)),
    }
}

/// Reads a body without files.
pub(in crate::web) async fn body(web: &Web, request: Request) -> Result<Vec<u8>, WebError> {
    let bytes_max = web.engine().config.body_bytes_max;
    LimitedBody::open(request, BodyKind::Fields, bytes_max)?.collect().await
}

fn answer(
    web: &Web,
    viewer: &Viewer,
    kind: OperationKind,
    enqueued: Enqueued,
    headers: &HeaderMap,
) -> Result<Response, WebError> {
    let id: OperationId = enqueued.operation_id();
    let url = web.liveops.url(kind.op_type, id);
    if wants_json(headers) {
        let status = if enqueued.is_new() { StatusCode::CREATED } else { StatusCode::OK };
        let token = web.engine().keys.sign(&viewer.id, &ChannelName::operation(id))?;
        let json = OperationJson::new(web, viewer, enqueued.into_row()).connected(token, None);
        return Ok((status, [(header::LOCATION, url)], Json(json)).into_response());
    }
    if is_partial(headers) {
        return Ok((StatusCode::NO_CONTENT, [("hx-redirect", url)]).into_response());
    }
    Ok(Redirect::to(&url).into_response())
}
