//! A page of an application that has the client of django-liveops, unmodified, and our server.

use std::path::PathBuf;

use axum::{
    Router,
    extract::{Path, Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use liveops::{LiveOps, OperationId, Viewer, web};
use maud::{DOCTYPE, Markup, html};
use tower::ServiceExt;

use super::need::need;

/// The scripts, in the order in which their pages load them.
const HTMX: &str = "liveops/static/liveops/vendor/htmx.min.js";
const NOTIFICATIONS: &str = "channels_broadcast/static/channels_broadcast/js/notifications.js";
const LIVEOPS: &str = "liveops/static/liveops/liveops.js";

/// Where they look for the socket.
const SOCKET: &str = "/asgi/notifications/";

/// The folder with their packages, or `None` where it could not be had.
pub(crate) fn folder() -> Option<PathBuf> {
    need("client of django-liveops", "LIVEOPS_TEST_REFERENCE_CLIENT").map(PathBuf::from)
}

/// `/watch/{id}` shows an operation to ann with their scripts only, and their socket is ours.
pub(crate) fn pages(liveops: &LiveOps, ours: Router, folder: PathBuf) -> Router {
    let watch = Router::new().route("/watch/{id}", get(watch)).with_state(liveops.clone());
    let theirs = Router::new().route("/theirs/{*path}", get(script)).with_state(folder);
    let socket = Router::new().route(SOCKET, get(socket)).with_state(ours);
    watch.merge(theirs).merge(socket)
}

async fn watch(State(liveops): State<LiveOps>, Path(id): Path<OperationId>) -> Markup {
    let operation = web::embed(&liveops, &Viewer::new("ann"), id).await.unwrap();
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                title { "A page of the host" }
                link rel="icon" href="data:,";
            }
            body {
                (operation.unwrap())
                script src={ "/theirs/" (HTMX) } {}
                script src={ "/theirs/" (NOTIFICATIONS) } {}
                script src={ "/theirs/" (LIVEOPS) } {}
            }
        }
    }
}

async fn script(State(folder): State<PathBuf>, Path(path): Path<String>) -> Response {
    if ![HTMX, NOTIFICATIONS, LIVEOPS].contains(&path.as_str()) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let script = tokio::fs::read(folder.join(path)).await.unwrap();
    ([(header::CONTENT_TYPE, "text/javascript")], script).into_response()
}

/// Leads the socket to ours, as a proxy in front does.
async fn socket(State(ours): State<Router>, mut request: Request) -> Response {
    let query = request.uri().query().unwrap_or_default();
    *request.uri_mut() = format!("/live/ws?{query}").parse().unwrap();
    ours.oneshot(request).await.unwrap()
}
