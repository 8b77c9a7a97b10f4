//! The embedded scripts and style sheets.

use axum::{
    Extension,
    extract::Path,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use crate::{
    render::{Asset, FoundAsset},
    web::state::Web,
};

/// Cache header for a year without revalidation: the name of a file changes with its content.
const CACHED_FOR_A_YEAR: &str = "public, max-age=31536000, immutable";

/// Cache header of a file under the name of another version: the content changes with a deployment.
const REVALIDATED: &str = "public, no-cache";

/// Answers with a file. During a deployment, a page of one version requests its script from a process of another
/// version. A known name with any hash therefore gets the file of this process.
pub(in crate::web) async fn serve(
    Extension(web): Extension<Web>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    let (asset, caching) = match web.engine().renderer().assets().find(&name) {
        Some(FoundAsset::Exact(asset)) => (asset, CACHED_FOR_A_YEAR),
        Some(FoundAsset::OtherVersion(asset)) => (asset, REVALIDATED),
        // A cache that stored this answer would hide the file after the deployment.
        None => {
            return (StatusCode::NOT_FOUND, [(header::CACHE_CONTROL, "no-store")]).into_response();
        }
    };
    let cached = [(header::CACHE_CONTROL, caching.to_owned()), (header::ETAG, etag(asset))];
    if is_unchanged(&headers, &etag(asset)) {
        return (StatusCode::NOT_MODIFIED, cached).into_response();
    }
    (cached, [(header::CONTENT_TYPE, asset.content_type)], asset.content).into_response()
}

/// Returns the entity tag of a file. The tag is weak because a layer of the application may compress the file.
fn etag(asset: &Asset) -> String {
    format!("W/\"{}\"", asset.name)
}

/// Returns `true` if `If-None-Match` lists the entity tag, or `*`. Weak and strong tags are equal here.
fn is_unchanged(headers: &HeaderMap, etag: &str) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let lines = headers.get_all(header::IF_NONE_MATCH).into_iter();
    let lines = lines.map(HeaderValue::to_str).filter_map(Result::ok);
    // The tags of these files contain no commas.
    lines
        .flat_map(|line| line.split(','))
        .any(|tag| tag.trim() == "*" || opaque(tag) == opaque(etag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tag_of_a_list_counts() {
        for (lines, is_known) in [
            (&[r#"W/"a""#][..], true),
            (&[r#""a""#], true),
            (&[r#""b", W/"c" , "a""#], true),
            (&[r#""b""#, r#""a""#], true),
            (&["*"], true),
            (&[r#""b""#], false),
            (&["a"], false),
            (&[""], false),
            (&[], false),
        ] {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(header::IF_NONE_MATCH, line.parse().unwrap());
            }
            assert_eq!(is_unchanged(&headers, r#"W/"a""#), is_known, "{lines:?}");
        }
    }
}
