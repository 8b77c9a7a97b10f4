use std::{error::Error, time::Duration};

use axum::{Json, extract::State, http::StatusCode};
use liveops::runner::Health;
use serde_json::{Value, json};

use super::Site;

/// For whoever starts the demo again when it hangs: it serves, whatever else may be wrong.
pub(super) async fn alive() -> &'static str {
    "ok\n"
}

/// For load balancers: whether requests should come here, and if not, what is in the way.
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

/// What everybody may know of a part; the log has the rest.
fn part(name: &str, answer: Result<Duration, impl Error + 'static>) -> Value {
    match answer {
        Ok(time) => json!({ "ok": true, "seconds": time.as_secs_f64() }),
        Err(error) => {
            tracing::warn!(error = &error as &dyn Error, "the {name} is not ready");
            json!({ "ok": false, "error": error.to_string() })
        }
    }
}
