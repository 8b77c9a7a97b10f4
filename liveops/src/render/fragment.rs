use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::projection::Region;

/// The HTML of one region, with how it is applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fragment {
    /// Which region.
    #[serde(with = "region_as_text")]
    pub region: Region,
    /// What to do with the HTML.
    pub apply: Apply,
    /// What goes inside the region's element.
    pub html: Arc<str>,
}

/// How a fragment is applied to its region.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Apply {
    /// It takes the place of what was there.
    Replace,
    /// It goes behind what was there: this many items.
    Append(u32),
}

impl Fragment {
    /// New content for the whole of `region`.
    pub fn replace(region: Region, html: impl Into<Arc<str>>) -> Self {
        Self { region, apply: Apply::Replace, html: html.into() }
    }

    /// `items` more items for the end of `region`.
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
