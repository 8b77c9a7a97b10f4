//! The download of an export.

use std::error::Error;

use axum::{
    body::Body,
    extract::{Path, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use liveops::{LiveOperation, LiveOps, OperationId, Viewer};
use tokio_util::io::ReaderStream;

use crate::{
    orders_export::{Export, OrdersExport, Reports},
    sign_in::CurrentUser,
};

pub(crate) const ROUTE: &str = "/exports/{operation}";

/// Maximum number of bytes of a file in memory.
const BYTES_AT_ONCE: usize = 64 * 1024;

pub(crate) fn path(operation: OperationId) -> String {
    ROUTE.replace("{operation}", &operation.to_string())
}

/// Sends the file of an operation to viewers who may see the operation.
pub(crate) async fn download(
    State(liveops): State<LiveOps>,
    State(reports): State<Reports>,
    user: CurrentUser,
    Path(operation): Path<OperationId>,
) -> Response {
    match find(&liveops, &reports, &user.into(), operation).await {
        Ok(Some(file)) => file,
        // All failures have the same answer: operations of other users, unfinished, deleted and unknown
        // operations.
        Ok(None) => (StatusCode::NOT_FOUND, "There is no such file.").into_response(),
        Err(error) => {
            eprintln!("failed to send an export: {error}");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

async fn find(
    liveops: &LiveOps,
    reports: &Reports,
    viewer: &Viewer,
    operation: OperationId,
) -> Result<Option<Response>, Box<dyn Error + Send + Sync>> {
    let row = liveops.find(operation).await?.filter(|row| liveops.may_see(viewer, row));
    let is_export = |op_type: &str| op_type == OrdersExport::OP_TYPE;
    let Some(row) = row.filter(|row| is_export(&row.op_type)) else { return Ok(None) };
    let Some(export) = row.output::<Export>()? else { return Ok(None) };
    // The path contains nothing from the request except an id that is in the database.
    let file = reports.exports.open(operation, row.attempt_number()).await?;
    let Some(file) = file else { return Ok(None) };
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_LENGTH, file.metadata().await?.len().to_string()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{}\"", export.name)),
    ];
    let stream = ReaderStream::with_capacity(file, BYTES_AT_ONCE);
    Ok(Some((headers, Body::from_stream(stream)).into_response()))
}
