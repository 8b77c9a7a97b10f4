//! The HTTP response and the resume position of event streams.

use std::{convert::Infallible, time::Duration};

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::{IntoResponse, Response, Sse, sse},
};
use futures_util::{Stream, StreamExt, stream};

use crate::{runner::random_share, web::guard::PRIVATE};

/// Minimum delay before a browser reconnects. Each stream gets a random delay between the two limits.
const RETRY_MIN: Duration = Duration::from_secs(1);
const RETRY_MAX: Duration = Duration::from_secs(5);

/// Returns the response that streams `events`.
pub(in crate::web) fn answer(events: impl Stream<Item = sse::Event> + Send + 'static) -> Response {
    let retry_after = RETRY_MIN + (RETRY_MAX - RETRY_MIN).mul_f64(random_share());
    let first = stream::iter([sse::Event::default().retry(retry_after)]);
    let events = first.chain(events).map(Ok::<_, Infallible>);
    // nginx would otherwise buffer events.
    let unbuffered = (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    let private = (header::CACHE_CONTROL, PRIVATE);
    ([unbuffered, private], Sse::new(events)).into_response()
}

/// Returns the ID of the last event that a reconnecting browser received.
pub(in crate::web) fn last_event_id(headers: &HeaderMap) -> Option<String> {
    headers.get("last-event-id")?.to_str().ok().map(str::to_owned)
}
