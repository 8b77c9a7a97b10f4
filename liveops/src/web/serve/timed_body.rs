//! The body of a request, with a time limit.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::body::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};

use super::{activity::Activity, allowance::Allowance};

/// The body of a request, which fails if the client sends too slowly.
pub(super) struct TimedBody {
    body: Incoming,
    allowance: Allowance,
    activity: Arc<Activity>,
    is_late: Arc<AtomicBool>,
}

/// The error of a body that does not arrive in time.
#[derive(Debug, thiserror::Error)]
#[error("the body of the request did not arrive in time")]
struct LateBody;

impl TimedBody {
    /// Wraps a body. `is_late` is set if the body fails because the client is too slow.
    pub(super) fn new(
        body: Incoming,
        timeout: Duration,
        activity: Arc<Activity>,
        is_late: Arc<AtomicBool>,
    ) -> Self {
        Self { body, allowance: Allowance::new(timeout), activity, is_late }
    }
}

impl Body for TimedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = &mut *self;
        match Pin::new(&mut this.body).poll_frame(cx) {
            Poll::Ready(frame) => {
                let data = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref());
                this.allowance.transferred(data.map_or(0, Bytes::len));
                this.activity.stop_awaiting_body();
                Poll::Ready(frame.map(|frame| frame.map_err(axum::Error::new)))
            }
            Poll::Pending => {
                this.activity.await_body();
                this.allowance.poll_used_up(cx).map(|()| {
                    this.is_late.store(true, Ordering::Relaxed);
                    Some(Err(axum::Error::new(LateBody)))
                })
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for TimedBody {
    fn drop(&mut self) {
        self.activity.stop_awaiting_body();
    }
}
