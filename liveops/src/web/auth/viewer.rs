//! The extractor that admits or refuses the viewer of a request.

use std::marker::PhantomData;

use axum::{
    Extension,
    extract::FromRequestParts,
    http::{HeaderMap, Uri, header, request::Parts},
    response::{IntoResponse, Response},
};

pub(in crate::web) use crate::access::Viewer;
use crate::{
    language::Text,
    web::{error::WebError, negotiation::by_weight, state::Web},
};

/// The viewer of a request, identified and admitted. Every route with a viewer uses this extractor, which also
/// refuses a path with percent-encoded characters.
#[derive(Debug)]
pub(in crate::web) struct Authenticated<V> {
    pub(in crate::web) viewer: Viewer,
    extractor: PhantomData<fn() -> V>,
}

impl<V, S> FromRequestParts<S> for Authenticated<V>
where
    V: FromRequestParts<S> + Into<Viewer>,
    S: Send + Sync,
{
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let extracted = V::from_request_parts(parts, state).await;
        let mut viewer: Viewer = extracted.map_err(IntoResponse::into_response)?.into();
        viewer.languages = viewer.languages.or_else(|| accepted_languages(&parts.headers));
        let Extension(web) = Extension::<Web>::from_request_parts(parts, state)
            .await
            .map_err(IntoResponse::into_response)?;
        let refusal = if viewer.id.as_str().contains('\0') {
            // PostgreSQL cannot store the character.
            WebError::bad_request(Text::HasNul)
        } else if viewer.id.as_str().is_empty() {
            tracing::warn!(
                "refused a request: the application gave its viewer an empty ID, and all such users would share \
                 their operations"
            );
            WebError::forbidden(Text::NotInGroup)
        } else if !viewer.is_admitted(web.engine().config.required_group.as_ref()) {
            WebError::forbidden(Text::NotInGroup)
        } else if !has_canonical_path(&parts.uri, web.liveops.mount()) {
            WebError::not_found()
        } else {
            return Ok(Self { viewer, extractor: PhantomData });
        };
        Err(refusal.answer(&web, &viewer, &parts.headers))
    }
}

/// Returns `true` if the path below the mount contains no percent-encoded character.
///
/// Routes match the encoded path, and handlers read decoded segments. `/live/demo%2Eimport/` would therefore bypass a
/// route, a layer or a proxy rule of the application for `/live/demo.import/`, and still create the operation. No op
/// type and no ID contains a character that a client has to encode.
fn has_canonical_path(uri: &Uri, mount: &str) -> bool {
    let path = uri.path();
    !path.strip_prefix(mount).unwrap_or(path).contains('%')
}

/// Returns the languages that the browser of a request accepts, the most preferred first.
pub(in crate::web) fn accepted_languages(headers: &HeaderMap) -> Option<String> {
    by_weight(headers, header::ACCEPT_LANGUAGE).map(|languages| languages.join(","))
}
