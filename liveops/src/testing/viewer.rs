//! The viewer of a test's client, sent in a header.

use axum::{
    extract::FromRequestParts,
    http::{StatusCode, request::Parts},
};
use serde::{Deserialize, Serialize};

use crate::web::Viewer;

/// The header with the viewer of a test's client.
pub(super) const VIEWER: &str = "x-liveops-test-viewer";

/// A viewer from a header. Only for tests: the header is not authenticated.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct TestViewer {
    id: String,
    groups: Vec<String>,
    is_staff: bool,
    languages: Option<String>,
}

impl TestViewer {
    /// Returns the header's value for `viewer`.
    pub(super) fn header(viewer: &Viewer) -> String {
        let viewer = Self {
            id: viewer.id.as_str().to_owned(),
            groups: viewer.groups.clone(),
            is_staff: viewer.is_staff,
            languages: viewer.languages.clone(),
        };
        serde_json::to_string(&viewer).expect("strings and a bool serialize")
    }
}

impl<S: Sync> FromRequestParts<S> for TestViewer {
    type Rejection = (StatusCode, &'static str);

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let header =
            parts.headers.get(VIEWER).map(|value| serde_json::from_slice(value.as_bytes()));
        let refusal = (StatusCode::UNAUTHORIZED, "expected the header with the viewer of a test");
        header.and_then(Result::ok).ok_or(refusal)
    }
}

impl From<TestViewer> for Viewer {
    fn from(viewer: TestViewer) -> Self {
        let base = Self::new(viewer.id).with_groups(viewer.groups).with_staff(viewer.is_staff);
        Self { languages: viewer.languages, ..base }
    }
}
