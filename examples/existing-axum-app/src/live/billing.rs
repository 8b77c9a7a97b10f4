//! The form that starts an operation in a transaction, and its handler.

use axum::{Form, Router, extract::State, http::StatusCode, response::Redirect, routing::post};
use chrono::NaiveDate;
use liveops::{LiveOperation, LiveOps, Viewer, store::ListFilter, web};
use maud::{Markup, html};
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait, SqlErr, TransactionTrait};

use super::SendInvoices;
use crate::{
    app::{App, Services},
    error::AppError,
    models::{customer, invoice, user},
    sign_in::CurrentUser,
};

/// The path of the form. The router of liveops would create an operation from a form at this path without the
/// transaction, so the application's own route replaces it.
fn path(liveops: &LiveOps) -> String {
    format!("{}/{}/", liveops.mount(), SendInvoices::OP_TYPE)
}

pub(crate) fn routes(liveops: &LiveOps) -> Router<App> {
    Router::new().route(&path(liveops), post(bill))
}

/// Returns the part of a page that starts operations, and shows the user's newest operation live.
pub(crate) async fn billing(liveops: &LiveOps, user: &user::Model) -> Result<Markup, AppError> {
    let mine = ListFilter::new().with_owner(user.name.as_str()).with_op_type(SendInvoices::OP_TYPE);
    let newest = liveops.list(&mine, 1).await?.pop();
    Ok(html! {
        form method="post" action=(path(liveops)) {
            label { "Due on" input type="date" name="due_on" required; }
            button { "Bill all customers" }
        }
        @if let Some(row) = newest {
            @let id = row.operation_id();
            @if let Some(operation) = web::embed(liveops, &Viewer::from(user), id).await? {
                (operation)
                p { a href=(liveops.url(SendInvoices::OP_TYPE, id)) { "On a page of its own" } }
            }
        }
    })
}

/// Writes the invoices and enqueues the operation that sends them, both in one transaction.
async fn bill(
    State(services): State<Services>,
    State(liveops): State<LiveOps>,
    CurrentUser(user): CurrentUser,
    Form(operation): Form<SendInvoices>,
) -> Result<Redirect, AppError> {
    if !["admin", "billing"].contains(&user.role.as_str()) {
        return Err(AppError(StatusCode::FORBIDDEN, "Billing is for others."));
    }
    let txn = services.db.begin().await?;
    let due_on = operation.due_on;
    liveops.enqueue_in(&txn, operation, user.name.as_str()).await?;
    if let Err(error) = write_invoices(&txn, due_on).await {
        txn.rollback().await?;
        return Err(match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => {
                AppError(StatusCode::CONFLICT, "That day is billed already.")
            }
            _ => error.into(),
        });
    }
    // `commit` also wakes the worker.
    liveops.commit(txn).await?;
    Ok(Redirect::to("/"))
}

async fn write_invoices(txn: &impl ConnectionTrait, due_on: NaiveDate) -> Result<(), DbErr> {
    let customers = customer::Entity::find().all(txn).await?;
    let invoices = customers.into_iter().map(|customer| invoice::ActiveModel {
        customer_id: Set(customer.id),
        due_on: Set(due_on),
        cents: Set(customer.monthly_cents),
        sent: Set(false),
        ..Default::default()
    });
    invoice::Entity::insert_many(invoices).exec(txn).await?;
    Ok(())
}
