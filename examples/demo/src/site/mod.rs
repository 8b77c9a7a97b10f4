//! The pages of the demo: sign-in, start page, and the routes of liveops.

mod current_user;
mod favicon;
mod health;
mod layout;
mod metrics;
mod not_found;
mod security_headers;
mod sessions;
mod sign_in;
mod start_page;
mod thanks;
mod user_name;

pub use current_user::{CurrentUser, NotSignedIn};
pub use layout::layout;
pub use sessions::Sessions;
pub use thanks::THANKS_PATH;
pub use user_name::{UserName, UserNameError, is_staff};

use axum::{
    Router,
    http::Request,
    middleware::from_fn_with_state,
    routing::{get, post},
};
use liveops::{LiveOps, web::guard};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio_util::sync::CancellationToken;
use tower_http::{compression::CompressionLayer, trace::TraceLayer};

/// The state of the pages. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Site {
    /// The handle of liveops.
    pub liveops: LiveOps,
    /// The sessions.
    pub sessions: Sessions,
    /// The recorder of metrics.
    pub recorder: PrometheusHandle,
    /// Cancelled when the process begins to stop and must not receive more requests.
    pub leaving: CancellationToken,
}

/// The routes for monitoring.
pub fn probes() -> Router<Site> {
    Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(metrics::show))
}

/// Returns all routes of the demo.
pub fn router(site: Site) -> Router {
    Router::new()
        .route("/", get(start_page::show))
        .route("/login", get(sign_in::show).post(sign_in::sign_in))
        .route("/logout", post(sign_in::sign_out))
        .route(THANKS_PATH, get(thanks::show))
        .route(favicon::PATH, get(favicon::show))
        // Refuses the forms of other sites.
        .layer(from_fn_with_state(site.liveops.clone(), guard))
        // Added after the guard, because monitoring systems may use any host name.
        .merge(probes())
        .merge(liveops::web::router::<CurrentUser, Site>(&site.liveops))
        .fallback(not_found::show)
        .layer(CompressionLayer::new())
        .layer(axum::middleware::map_response(security_headers::add))
        .layer(TraceLayer::new_for_http().make_span_with(span))
        .with_state(site)
}

/// Creates the span of a request. The span has no query, because a query may contain a token.
fn span<B>(request: &Request<B>) -> tracing::Span {
    tracing::info_span!("request", method = %request.method(), path = request.uri().path())
}
