//! The routes of liveops.

use axum::{
    Extension, Router,
    extract::{DefaultBodyLimit, FromRequestParts},
    middleware,
    routing::{get, post},
};

use super::{
    auth::{token, viewer::Viewer},
    delivery::{
        sse::{list_events, operation_events},
        websocket::upgrade,
    },
    guard::{complete_headers, guard_own},
    pages::{
        actions, assets, attempts, bulk, create, details, form, list, log, page, slashes, staff,
    },
    panics::answer_panics,
    state::Web,
};
use crate::runner::LiveOps;

/// Returns a router with every route of liveops below the configured mount. Merge it into the application's
/// router.
///
/// `V` is the application's own extractor for the user of a request. `V` turns into a [`Viewer`]. The
/// rejection of `V` (for example a redirect to a sign-in page) is the answer to an unknown user.
///
/// | route, below the mount | answer |
/// |---|---|
/// | `GET /` | the viewer's operations; for staff all operations, see [below](#staff) |
/// | `POST /bulk` | cancels or retries several operations; staff only |
/// | `GET /bulk` | a redirect to the list with the query of the request |
/// | `GET /{op_type}/` | the form of an operation that has one, or a description of its fields as JSON |
/// | `POST /{op_type}/` | creates and enqueues an operation with `#[liveop(form)]` or `#[liveop(public)]` from a form or JSON |
/// | `GET /{op_type}/{id}/` | the live page |
/// | `POST /{op_type}/{id}/cancel`, `/retry` | cancels the operation, or retries it after its end |
/// | `GET /{op_type}/{id}/log` | the log of all attempts as text, in parts; `?level=`, `?q=` and `?attempt=` select lines, `?download` names a file |
/// | `GET /{op_type}/{id}/attempts` | the attempts that are over: a part of the live page, which the page reloads, or JSON |
/// | `GET /{op_type}/{id}/attempts/{number}` | one of these attempts, with its log and its result |
/// | `GET /{op_type}/{id}/details` | the section with start, duration and input of the live page, which the page reloads after changes |
/// | `GET /{op_type}/{id}/staff` | the staff section of the live page, which the page reloads after changes |
/// | `GET /ws` | the WebSocket |
/// | `GET /events` | an event stream of the changes of the list |
/// | `GET /{op_type}/{id}/events` | an event stream with the WebSocket messages of one operation |
/// | `POST /token` | new subscription tokens for a page that has been open for long |
/// | `GET /static/…` | liveops.js, liveops.css and htmx |
///
/// With `Accept: application/json`, pages, lists and actions answer in JSON. Errors are then
/// `{"error":{"code","message"}}`, with `"fields"` next to these two if form fields are invalid. An operation that the
/// viewer may not see, as the [access policy](crate::access::AccessPolicy) decides, is a 404, and so is a path with a
/// percent-encoded character below the mount. liveops redirects an address with a missing or an extra slash at its end
/// with 308.
///
/// # Protection
///
/// [`guard`](crate::web::guard) describes the checks of host and origin and the security headers, which all of these
/// routes have. `Cache-Control` is `private, no-store`, except for pages, which the browser may keep for its back
/// button (`private, no-cache`), and for static files.
///
/// # Staff
///
/// A list takes the parameters below. An invalid or repeated parameter is a 422 that names the parameter. A
/// viewer who is not staff gets only their own operations.
///
/// | parameter | selects operations |
/// |---|---|
/// | `op_type`, `state`, `owner` | of this type, in this state or in one of several (`NOT_STARTED,STARTED`), of this owner |
/// | `age` | created within the last `1h`, `1d`, `7d` or `30d`, or before `over_1d`, `over_7d` or `over_30d` |
/// | `q` | with this text in the type, description, owner or status, or with this ID |
/// | `before` | created before the operation with this ID |
/// | `sort` | `newest` first (the default), `oldest` first, `last_finished` first (only ended operations), or `longest_running` first (only running operations) |
/// | `next`, `previous` | after or before a cursor in that order, as in the page links; `previous=end` is the last page |
///
/// [`ListFilter`](crate::store::ListFilter) describes the consistency of pages while operations are added and
/// removed.
///
/// `POST /bulk` takes `action` (`cancel` or `retry`) and up to 50 fields `id`, or the JSON
/// `{"action","ids"}`. A refusal of one operation does not stop the others. The JSON answer
/// `{"done","refused","results":[{"id","done","error"}]}` names the reason of each refusal. A plain form is
/// redirected to the list, with `done` and `refused` in the query.
///
/// The page of an operation shows its row to staff, including the input. An input must not hold data that
/// staff may not read.
///
/// # Serving
///
/// Use [`web::serve`](crate::web::serve), which has timeouts and a maximum number of connections, or the command
/// `serve` of the feature `cli`, which calls `web::serve`. `axum::serve` has no such limits. With `axum::serve`, a
/// proxy in front must limit the time for a request and the number of connections. The application must then set
/// `TCP_NODELAY` with [`tap_io`](axum::serve::ListenerExt::tap_io). Otherwise each small update would wait until the
/// client's system has acknowledged the previous one.
///
/// Event streams are requests that do not end by themselves: when the application stops, call
/// [`LiveOps::shutdown`] while the server completes its open requests, not afterwards.
///
/// A viewer may have `Config::connections_per_viewer_max` connections. A connection may follow
/// `Config::subscriptions_per_connection_max` channels and send 512 messages per second of at most 64 KiB. A
/// connection above these limits is closed with 4429, or with 1009 after a larger message.
///
/// # Logs
///
/// liveops logs no tokens, messages or bodies. The application has two duties. A request log must contain the
/// path of a request but not the query, because clients other than liveops.js send their token in the query.
/// And the target `tungstenite` must stay at `debug` or above: tungstenite, which reads the WebSocket, logs
/// whole frames through `log` at `TRACE`.
///
/// ```
/// use std::convert::Infallible;
///
/// use axum::{Router, extract::FromRequestParts, http::request::Parts};
/// use liveops::{LiveOps, Viewer, store, web};
///
/// struct CurrentUser;
///
/// impl<S: Sync> FromRequestParts<S> for CurrentUser {
///     type Rejection = Infallible;
///
///     async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, Infallible> {
///         Ok(Self)
///     }
/// }
///
/// impl From<CurrentUser> for Viewer {
///     fn from(_: CurrentUser) -> Self {
///         Viewer::new("ann")
///     }
/// }
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let liveops = LiveOps::builder(store::connect("sqlite::memory:").await?).build()?;
/// let app: Router = Router::new().merge(web::router::<CurrentUser, _>(&liveops));
/// # Ok(())
/// # }
/// ```
pub fn router<V, S>(liveops: &LiveOps) -> Router<S>
where
    V: FromRequestParts<S> + Into<Viewer> + Send + 'static,
    S: Clone + Send + Sync + 'static,
{
    let web = Web::new(liveops.clone());
    let mount = liveops.mount().to_owned();
    let at = |path: &str| format!("{mount}{path}");
    let channels_max = web.engine().config.subscriptions_per_connection_max;
    let token_bytes_max = channels_max.saturating_mul(token::CHANNEL_BYTES_MAX);

    Router::new()
        .route(&at("/"), get(list::list::<V>))
        .route(&at("/bulk"), get(bulk::list).post(bulk::bulk::<V>))
        .route(&at("/ws"), get(upgrade::connect::<V>))
        .route(&at("/events"), get(list_events::events::<V>))
        .route(
            &at("/token"),
            post(token::refresh::<V>).layer(DefaultBodyLimit::max(token_bytes_max)),
        )
        .route(&at("/static/{name}"), get(assets::serve))
        .route(&at("/{op_type}/"), get(form::show::<V>).post(create::create::<V>))
        .route(&at("/{op_type}/{id}/"), get(page::page::<V>))
        .route(&at("/{op_type}/{id}/events"), get(operation_events::events::<V>))
        .route(&at("/{op_type}/{id}/log"), get(log::log::<V>))
        .route(&at("/{op_type}/{id}/attempts"), get(attempts::attempts::<V>))
        .route(&at("/{op_type}/{id}/attempts/{number}"), get(attempts::attempt::<V>))
        .route(&at("/{op_type}/{id}/details"), get(details::details::<V>))
        .route(&at("/{op_type}/{id}/staff"), get(staff::staff::<V>))
        .route(&at("/{op_type}/{id}/cancel"), post(actions::cancel::<V>))
        .route(&at("/{op_type}/{id}/retry"), post(actions::retry::<V>))
        // The older name of the route, for existing clients.
        .route(&at("/{op_type}/{id}/restart"), post(actions::retry::<V>))
        .merge(slashes::redirects(&mount))
        .layer(middleware::from_fn(guard_own))
        .layer(middleware::from_fn(answer_panics))
        .layer(middleware::map_response(complete_headers))
        .layer(Extension(web))
}
