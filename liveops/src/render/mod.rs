//! HTML of regions, containers, pages and lists, and the static files of a page.
//!
//! The module turns projections into markup. It never awaits, and knows nothing of requests or connections.

mod age;
mod assets;
mod bulk;
mod container;
mod details;
mod form;
pub(crate) mod fragment;
mod labels;
mod list;
mod list_filter;
mod page;
mod past_attempt;
mod region;
mod renderer;
mod shown_log;
mod staff;
mod templates;
mod traceback;
mod web_address;

pub(crate) use age::Age;
pub(crate) use assets::{Asset, Assets, FoundAsset};
pub(crate) use bulk::{BulkOutcome, BulkRefusal};
pub(crate) use container::ContainerOptions;
pub(crate) use details::DetailsSection;
pub use form::FormView;
pub(crate) use fragment::{Apply, Fragment};
pub(crate) use list::{ListPage, ListRow, StaffList};
#[cfg(feature = "cli")]
pub(crate) use past_attempt::{outcome_in_words, stopped_bar};
pub(crate) use region::awaited_in_words;
#[cfg(feature = "cli")]
pub(crate) use region::{bar_text, stage_state_in_words, stopped_at, stopped_bar_text};
pub use renderer::Renderer;
pub(crate) use renderer::Subject;
pub(crate) use shown_log::{ShownLine, shown_log};
#[cfg(feature = "cli")]
pub(crate) use staff::action_in_words;
pub(crate) use staff::{StaffSection, StaffStage};
pub use templates::{HostPage, Layout, Templates};
pub(crate) use web_address::is_web_address;

#[cfg(test)]
mod tests;
