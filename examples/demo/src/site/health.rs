//! The routes of health checks.

use std::{error::Error, time::Duration};

use axum::{Json, extract::State, http::StatusCode};
use liveops::runner::Health;
use serde_json::{Value, json};

use super::Site;

/// Answers 200 as long as the process serves requests, for a supervisor that restarts a hanging process.
pub(super) async fn alive() -> &'static str {
    "ok\n"
}

/// Answers 200 if the process accepts requests, otherwise 503 with the cause, for load balancers.
pub(super) async fn ready(State(site): State<Site>) -> (StatusCode, Json<Value>) {
    let health = site.liveops.health().await;
    let is_stopping = health.is_shutting_down || site.leaving.is_cancelled();
    let is_ready = health.is_ready() && !is_stopping;
    let status = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let Health { database, channel_layer, .. } = health;
    let report = json!({
        "ready": is_ready,
        "stopping": is_stopping,
        "database": part("database", database),
        "channel_layer": part("channel layer", channel_layer),
    });
    (status, Json(report))
}

/// The public part of a probe result; the log has the details.
fn part(name: &str, answer: Result<Duration, impl Error + 'static>) -> Value {
    match answer {
        Ok(time) => json!({ "ok": true, "seconds": time.as_secs_f64() }),
        Err(error) => {
            tracing::warn!(error = &error as &dyn Error, "the {name} is not ready");
            json!({ "ok": false, "error": error.to_string() })
        }
    }
}
