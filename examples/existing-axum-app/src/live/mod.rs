//! All code about liveops: the operation, access to it, the layout of its pages, and its part of the
//! application's own page.

mod billing;
mod send_invoices;

pub(crate) use billing::{billing, routes};
pub use send_invoices::SendInvoices;

use liveops::{Config, LiveOps, Templates, Viewer, render::Layout, runner::BuildError};

use crate::{app::Services, layout::layout, models::user, sign_in::CurrentUser};

/// Builds liveops, and starts the worker of this process, which also runs operations that were waiting before
/// the start.
pub(crate) fn build(services: &Services) -> Result<LiveOps, BuildError> {
    let mut config = Config::default();
    // Only this group and staff may open the pages of liveops.
    config.required_group = Some("billing".to_owned());
    // The names under which browsers reach the application.
    config.allowed_hosts = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let liveops = LiveOps::builder(services.db.clone())
        // The state that operations reach with `p.state()`.
        .state(services.clone())
        .register::<SendInvoices>()
        .templates(Templates::new().layout(page))
        .config(config)
        .build()?;
    liveops.start_worker();
    Ok(liveops)
}

/// Returns a page of liveops in the layout of the application.
fn page(page: &Layout) -> maud::Markup {
    layout(&page.title, Some(&page.viewer), &page.head, &page.body)
}

/// The name is the owner of operations, and the role is the group.
impl From<&user::Model> for Viewer {
    fn from(user: &user::Model) -> Self {
        Self::new(user.name.as_str())
            .with_groups([user.role.as_str()])
            .with_staff(user.role == "admin")
            // English, like the rest of the application, independent of the browser.
            .with_languages("en")
    }
}

/// The extractor of the routes of liveops. For users who are not signed in, `CurrentUser` answers with the
/// sign-in page.
impl From<CurrentUser> for Viewer {
    fn from(CurrentUser(user): CurrentUser) -> Self {
        Self::from(&user)
    }
}
