use std::convert::Infallible;

use axum::{Router, extract::FromRequestParts, http::request::Parts};
use liveops::{Config, LiveOps, SigningKeys, Viewer, store, web};

use crate::{Outcome, beat::Conductor, echo::Echo, listener, options::Options, target::VIEWER};

/// What signs tokens, here and where the clients are.
const SECRET: &str = "a secret of exactly thirty-two b";

pub(crate) fn keys() -> Outcome<SigningKeys> {
    Ok(SigningKeys::new([SECRET])?)
}

/// The one who watches.
struct Anybody;

impl<S: Sync> FromRequestParts<S> for Anybody {
    type Rejection = Infallible;

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self)
    }
}

impl From<Anybody> for Viewer {
    fn from(_: Anybody) -> Self {
        Viewer::new(VIEWER)
    }
}

/// liveops, with an operation that runs for as long as it is served.
pub(crate) async fn serve(options: &Options) -> Outcome<()> {
    let conductor = Conductor::listen();
    let mut config = Config::default();
    config.connections_per_viewer_max = usize::MAX;
    // Every report is to be a frame.
    config.throttle_hz = f64::from(2 * options.hz);
    let liveops = LiveOps::builder(store::connect("sqlite::memory:").await?)
        .state(conductor.clone())
        .register::<Echo>()
        .config(config)
        .signing_keys(keys()?)
        .build()?;
    liveops.migrate().await?;
    let echo = Echo { hz: options.hz, log_lines: options.log_lines };
    let id = liveops.enqueue(echo, VIEWER).await?;
    let router = Router::new().merge(web::router::<Anybody, ()>(&liveops));
    listener::serve(router, conductor, &id.to_string()).await
}
