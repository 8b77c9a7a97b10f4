//! The HTML of one region, as frames carry it.
//!
//! Retained content is the inside of a region's element. The element and its swap attribute are added when a
//! frame is encoded, so the same content serves a new page and an open page.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::projection::Region;

/// The HTML of one region and the way to apply it.
///
/// ```
/// use liveops::channel::{Apply, Fragment, Region};
///
/// let status = Fragment::replace(Region::Status, "3 rows saved");
/// assert_eq!(status.apply, Apply::Replace);
/// let lines = Fragment::append(Region::Log, 2, "<li>Row 1</li><li>Row 2</li>");
/// assert_eq!(lines.apply, Apply::Append(2));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fragment {
    /// The region of the fragment.
    #[serde(with = "region_as_text")]
    pub region: Region,
    /// The way to apply the HTML.
    pub apply: Apply,
    /// The HTML inside the region's element.
    pub html: Arc<str>,
}

/// The way to apply a fragment to its region.
///
/// [`Fragment`] has an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Apply {
    /// The fragment replaces the content of the region.
    Replace,
    /// The fragment is appended to the content; it has this many items.
    Append(u32),
}

impl Fragment {
    /// Creates a fragment that replaces the content of `region`.
    pub fn replace(region: Region, html: impl Into<Arc<str>>) -> Self {
        Self { region, apply: Apply::Replace, html: html.into() }
    }

    /// Creates a fragment that appends `items` items to `region`.
    pub fn append(region: Region, items: u32, html: impl Into<Arc<str>>) -> Self {
        Self { region, apply: Apply::Append(items), html: html.into() }
    }
}

mod region_as_text {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use crate::projection::Region;

    pub(super) fn serialize<S: Serializer>(region: &Region, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(region.as_str())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Region, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}
