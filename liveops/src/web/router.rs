use axum::{
    Extension, Router,
    extract::{DefaultBodyLimit, FromRequestParts},
    middleware,
    response::Redirect,
    routing::{get, post},
};

use super::{
    auth::{origin, token, viewer::Viewer},
    delivery::{
        sse::{list_events, operation_events},
        websocket::upgrade,
    },
    pages::{actions, assets, bulk, create, form, list, page, staff},
    state::Web,
};
use crate::runner::LiveOps;

/// Every route of liveops, under the configured mount: merge it into the application's router.
///
/// `V` is the application's own extractor for whoever sends a request; it turns into a [`Viewer`],
/// and its rejection (a redirect to a sign-in page, say) is the answer to those it does not know.
///
/// | route, below the mount | does |
/// |---|---|
/// | `GET /` | lists the viewer's operations; everybody's for superusers, see [below](#staff) |
/// | `POST /bulk` | asks for the end of several operations, or for another run of them; for superusers |
/// | `GET /bulk` | leads to the list that the query asks for |
/// | `GET /{op_type}/` | the form of an operation that has one, or what it asks for as JSON |
/// | `POST /{op_type}/` | creates and enqueues an operation from a form or JSON |
/// | `GET /{op_type}/{id}/` | the live page |
/// | `POST /{op_type}/{id}/cancel`, `/retry` | asks for the end, or for another run |
/// | `GET /{op_type}/{id}/log` | the log as text |
/// | `GET /{op_type}/{id}/staff` | what only superusers see on the live page, which loads it again |
/// | `GET /ws` | the WebSocket |
/// | `GET /events` | tells when the list has changed, as an event stream |
/// | `GET /{op_type}/{id}/events` | what the WebSocket says of one operation, as an event stream |
/// | `POST /token` | fresh subscription tokens for a page that has been open long |
/// | `GET /static/…` | liveops.js, liveops.css and htmx |
///
/// With `Accept: application/json` pages, lists and actions answer in JSON; errors are then
/// `{"error":{"code","message"}}`, with `"fields"` beside those where the fields of a form are wrong. An
/// operation of somebody else is a 404.
///
/// # Staff
///
/// A list takes these parameters. What is not one of the values, or given twice, is a 422 that names the
/// parameter; a viewer who is no superuser has only ever their own operations listed.
///
/// | parameter | lists those |
/// |---|---|
/// | `op_type`, `state`, `owner` | of this type, in this state, of this owner |
/// | `age` | made within the last `1h`, `1d`, `7d` or `30d`, or before `over_1d`, `over_7d` or `over_30d` |
/// | `q` | with this text in their type, owner or status, or with this id |
/// | `before` | made before the operation with this id |
/// | `sort` | as `newest` first, which they are by default, `oldest` first, `last_finished` first, or `longest_running` first; the last two only those that have ended, and those that run |
/// | `next`, `previous` | behind or in front of a place in that order, as links to other pages have it; in front of its end where `previous` is `end` |
///
/// What pages promise while operations come and go is said at [`ListFilter`](crate::store::ListFilter).
///
/// `POST /bulk` takes `action`, which is `cancel` or `retry`, and up to 50 times `id`, or as JSON
/// `{"action","ids"}`. It does what it can, and tells for which operations it did not and why: in JSON as
/// `{"done","refused","results":[{"id","done","error"}]}`. A plain form is led to the list, with the first two
/// in its query.
///
/// On the page of an operation superusers see what its row holds, the input among it: what is not
/// theirs to read does not belong into an input.
///
/// # Serving
///
/// Updates are small, and what is behind one waits until it was acknowledged unless the listener's
/// connections have `TCP_NODELAY` set: [`tap_io`](axum::serve::ListenerExt::tap_io) is the place.
/// Event streams are requests that do not end by themselves. When the application stops, call
/// [`LiveOps::shutdown`] while the server finishes what it answers, and not after that.
///
/// A viewer may have `Config::connections_per_viewer_max` connections, a connection may follow
/// `Config::subscriptions_per_connection_max` channels and say 512 messages a second of 64 KiB at
/// most. More ends it with 4429, a larger message with 1009.
///
/// # Logs
///
/// Nothing that is logged here holds a token, a message or a body. Two things are the
/// application's to see to. A line for each request shall have its path and not its query, in
/// which clients other than liveops.js send their token. And tungstenite, which reads the
/// WebSocket, writes down whole frames through `log` at `TRACE`: leave the target `tungstenite`
/// at `debug` or above.
///
/// ```
/// use std::convert::Infallible;
///
/// use axum::{Router, extract::FromRequestParts, http::request::Parts};
/// use liveops::{LiveOps, Viewer, store, web};
///
/// struct Anybody;
///
/// impl<S: Sync> FromRequestParts<S> for Anybody {
///     type Rejection = Infallible;
///
///     async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, Infallible> {
///         Ok(Self)
///     }
/// }
///
/// impl From<Anybody> for Viewer {
///     fn from(_: Anybody) -> Self {
///         Viewer::new("anybody")
///     }
/// }
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let liveops = LiveOps::builder(store::connect("sqlite::memory:").await?).build()?;
/// let app: Router = Router::new().merge(web::router::<Anybody, _>(&liveops));
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
    let body_limit = DefaultBodyLimit::max(web.engine().config.upload_bytes_max);
    let at = |path: &str| format!("{mount}{path}");

    let mut router = Router::new()
        .route(&at("/"), get(list::list::<V>))
        .route(&at("/bulk"), get(bulk::list).post(bulk::bulk::<V>).layer(body_limit))
        .route(&at("/ws"), get(upgrade::connect::<V>))
        .route(&at("/events"), get(list_events::events::<V>))
        .route(&at("/token"), post(token::refresh::<V>))
        .route(&at("/static/{name}"), get(assets::serve))
        .route(&at("/{op_type}/"), get(form::show::<V>).post(create::create::<V>).layer(body_limit))
        .route(&at("/{op_type}/{id}/"), get(page::page::<V>))
        .route(&at("/{op_type}/{id}/events"), get(operation_events::events::<V>))
        .route(&at("/{op_type}/{id}/log"), get(page::log::<V>))
        .route(&at("/{op_type}/{id}/staff"), get(staff::staff::<V>))
        .route(&at("/{op_type}/{id}/cancel"), post(actions::cancel::<V>))
        .route(&at("/{op_type}/{id}/retry"), post(actions::retry::<V>))
        // The older name of the same route.
        .route(&at("/{op_type}/{id}/restart"), post(actions::retry::<V>));
    if !mount.is_empty() {
        let list = at("/");
        router = router.route(&mount, get(move || async move { Redirect::permanent(&list) }));
    }
    router.layer(middleware::from_fn(origin::refuse_cross_site)).layer(Extension(web))
}
