use std::{convert::Infallible, time::Duration};

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue},
    response::{IntoResponse, Response, Sse, sse},
};
use futures_util::{Stream, StreamExt, stream};

use crate::runner::random_share;

/// Between these a browser waits before it opens a stream anew, each for a time of its own.
const RETRY_MIN: Duration = Duration::from_secs(1);
const RETRY_MAX: Duration = Duration::from_secs(5);

/// The answer that streams these events.
pub(in crate::web) fn answer(events: impl Stream<Item = sse::Event> + Send + 'static) -> Response {
    let retry_after = RETRY_MIN + (RETRY_MAX - RETRY_MIN).mul_f64(random_share());
    let first = stream::iter([sse::Event::default().retry(retry_after)]);
    let events = first.chain(events).map(Ok::<_, Infallible>);
    // nginx would otherwise keep events until it has enough of them.
    let unbuffered = (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    ([unbuffered], Sse::new(events)).into_response()
}

/// The place a browser has come to that opens a stream anew.
pub(in crate::web) fn last_event_id(headers: &HeaderMap) -> Option<String> {
    headers.get("last-event-id")?.to_str().ok().map(str::to_owned)
}
