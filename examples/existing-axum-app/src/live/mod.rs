//! What there is about liveops: the operation, who may see it, how its pages look, and its part of the
//! application's own page.

mod billing;
mod send_invoices;

pub(crate) use billing::{billing, routes};
pub use send_invoices::SendInvoices;

use liveops::{Config, LiveOps, Templates, Viewer, render::Layout, runner::BuildError};

use crate::{app::Services, layout::layout, models::user, sign_in::CurrentUser};

/// Puts liveops together, and has this process execute what has waited since it was last stopped.
pub(crate) fn build(services: &Services) -> Result<LiveOps, BuildError> {
    let mut config = Config::default();
    // Nobody else gets to liveops' pages, superusers excepted.
    config.required_group = Some("billing".to_owned());
    let liveops = LiveOps::builder(services.db.clone())
        // What operations reach with `p.state()`.
        .state(services.clone())
        .register::<SendInvoices>()
        .templates(Templates::new().layout(page))
        .config(config)
        .build()?;
    liveops.start_worker();
    Ok(liveops)
}

/// A page of liveops' in the layout of the application.
fn page(page: &Layout) -> maud::Markup {
    layout(&page.title, Some(&page.viewer), &page.head, &page.body)
}

/// Their name is whose operations are, what they do is the group they are in.
impl From<&user::Model> for Viewer {
    fn from(user: &user::Model) -> Self {
        Self::new(user.name.as_str())
            .with_groups([user.role.as_str()])
            .with_staff(user.role == "admin")
            // As the rest of the application, whatever the browser asks for.
            .with_languages("en")
    }
}

/// What liveops' routes ask for. Who is not signed in gets the answer of `CurrentUser`, the sign-in page.
impl From<CurrentUser> for Viewer {
    fn from(CurrentUser(user): CurrentUser) -> Self {
        Self::from(&user)
    }
}
