//! The start page: customers and billing.

use axum::extract::State;
use liveops::LiveOps;
use maud::{Markup, html};
use sea_orm::{EntityTrait, QueryOrder};

use crate::{
    app::Services, error::AppError, layout::layout, live, models::customer, sign_in::CurrentUser,
};

/// Shows the customers.
pub(crate) async fn show(
    State(services): State<Services>,
    State(liveops): State<LiveOps>, // live:
    CurrentUser(user): CurrentUser,
) -> Result<Markup, AppError> {
    let by_name = customer::Entity::find().order_by_asc(customer::Column::Name);
    let customers = by_name.all(&services.db).await?;
    let body = html! {
        (live::billing(&liveops, &user).await?) // live:
        h1 { "Customers" }
        table {
            tr { th { "Name" } th { "A month" } }
            @for customer in &customers {
                tr {
                    td { (customer.name) }
                    td { (customer.monthly_cents / 100) " €" }
                }
            }
        }
    };
    // live: the head elements, which the page needs to update an operation on it.
    Ok(layout("Customers", Some(&user.name), &liveops.renderer().head(), &body))
}
