//! One connection: its requests, and its end.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use axum::{
    Router,
    body::{Body, Bytes, HttpBody},
    extract::ConnectInfo,
    http::{HeaderValue, Request, Response, StatusCode, header},
};
use http_body_util::BodyExt;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{net::TcpStream, sync::OwnedSemaphorePermit};
use tokio_util::sync::CancellationToken;
use tower_service::Service;

use super::{
    Timeouts, activity::Activity, timed_body::TimedBody, timed_io::TimedIo,
    waiting::WaitingConnections,
};

/// A connection that was accepted.
pub(super) struct Connection {
    pub(super) stream: TcpStream,
    pub(super) permit: OwnedSemaphorePermit,
    pub(super) router: Router,
    pub(super) timeouts: Timeouts,
    pub(super) waiting: Arc<WaitingConnections>,
}

impl Connection {
    /// Serves the requests of the connection until its end. After `stop`, the current request is the last one.
    pub(super) async fn serve(self, stop: CancellationToken) {
        let Self { stream, permit, router, timeouts, waiting } = self;
        let activity = Arc::new(Activity::new(waiting, timeouts.header));
        let client = stream.peer_addr();
        let io = TimedIo::new(stream, permit, activity.clone(), timeouts.write);
        let close = activity.close.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let (router, activity) = (router.clone(), activity.clone());
            let client = client.as_ref().ok().copied().map(ConnectInfo);
            async move {
                if !activity.begin_request() {
                    // The server has just given the permit of this connection to another connection.
                    return Err(io::Error::from(io::ErrorKind::ConnectionAborted));
                }
                let open = OpenRequest(activity);
                let mut request = request;
                if let Some(client) = client {
                    request.extensions_mut().insert(client);
                }
                Ok(answer(router, request, open, timeouts).await)
            }
        });
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(timeouts.idle);
        let connection = builder.serve_connection(TokioIo::new(io), service).with_upgrades();
        let mut connection = std::pin::pin!(connection);
        let mut is_stopping = false;
        loop {
            tokio::select! {
                served = connection.as_mut() => {
                    if let Err(error) = served {
                        tracing::trace!(%error, "a connection ended with an error");
                    }
                    return;
                }
                () = stop.cancelled(), if !is_stopping => {
                    is_stopping = true;
                    connection.as_mut().graceful_shutdown();
                }
                () = close.cancelled() => return,
            }
        }
    }
}

async fn answer(
    mut router: Router,
    request: Request<Incoming>,
    open: OpenRequest,
    timeouts: Timeouts,
) -> Response<impl HttpBody<Data = Bytes, Error = axum::Error>> {
    let is_late = Arc::new(AtomicBool::new(false));
    let request = request.map(|body| {
        Body::new(TimedBody::new(body, timeouts.body, open.0.clone(), is_late.clone()))
    });
    let Ok(response) = router.call(request).await;
    let response = if is_late.load(Ordering::Relaxed) { too_late() } else { response };
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        open.0.upgrade();
    }
    // The request ends when hyper drops the body, and with it this closure.
    response.map(|body| {
        body.map_err(move |error| {
            let _open = &open;
            error
        })
    })
}

/// A request until the end of its answer.
struct OpenRequest(Arc<Activity>);

impl Drop for OpenRequest {
    fn drop(&mut self) {
        self.0.end_request();
    }
}

/// Returns the answer to a request whose body did not arrive in time. It replaces the answer of the handler, which only
/// knows that the body ended.
fn too_late() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::REQUEST_TIMEOUT;
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}
