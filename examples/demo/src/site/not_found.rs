//! The page for unknown paths.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use liveops::UserId;

use super::Site;

pub(super) async fn show(State(site): State<Site>, headers: HeaderMap) -> Response {
    let user = site.sessions.user(&headers);
    let viewer = UserId::from(user.as_ref().map_or("", |name| name.as_str()));
    let page = site.liveops.renderer().error_page("Not found", "There is no such page.", &viewer);
    (StatusCode::NOT_FOUND, page).into_response()
}
