use std::time::Duration;

use axum::{extract::State, http::StatusCode};
use tokio::time;

use super::Site;

/// How long the database may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// For load balancers and whoever starts the demo: it serves, and its database answers.
pub(super) async fn check(State(site): State<Site>) -> (StatusCode, &'static str) {
    match time::timeout(PATIENCE, site.db.ping()).await {
        Ok(Ok(())) => (StatusCode::OK, "ok\n"),
        Ok(Err(error)) => {
            tracing::error!(%error, "the database does not answer");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n")
        }
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer in time\n"),
    }
}
