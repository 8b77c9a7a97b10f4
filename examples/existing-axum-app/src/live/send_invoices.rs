//! The operation that sends the invoices of a day.

use chrono::NaiveDate;
use liveops::{LiveOperation, Progress, Run, RunError, RunResult};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter,
};
use serde::{Deserialize, Serialize};

use crate::{
    app::Services,
    models::{customer, invoice},
};

/// Sends the invoices of a day. It skips invoices that are already sent, so a retry after a cancellation or a
/// failure continues where the earlier run stopped.
#[derive(Debug, LiveOperation, Serialize, Deserialize)]
#[stages("Find", "Send")]
#[liveop(app = "billing", state = Services, internal)]
pub struct SendInvoices {
    /// The day on which the invoices are due.
    pub due_on: NaiveDate,
}

/// The output, which the page shows at the end.
#[derive(Debug, Serialize, Deserialize)]
pub struct Sent {
    invoices: u64,
    euros: i64,
}

impl Run for SendInvoices {
    type Output = Sent;

    async fn run(&self, p: Progress<Self>) -> RunResult<Sent> {
        use SendInvoicesStage::{Find, Send};

        let invoices = p.stage(Find, self.unsent(&p)).await?;
        p.stage(Send, send(&p, invoices)).await
    }
}

impl SendInvoices {
    async fn unsent(&self, p: &Progress<Self>) -> RunResult<Vec<invoice::Model>> {
        use invoice::Column;

        let unsent = invoice::Entity::find()
            .filter(Column::DueOn.eq(self.due_on))
            .filter(Column::Sent.eq(false));
        Ok(unsent.all(&p.state().db).await?)
    }
}

async fn send(p: &Progress<SendInvoices>, invoices: Vec<invoice::Model>) -> RunResult<Sent> {
    let Services { db, mailer } = p.state();
    let mut sent = Sent { invoices: 0, euros: 0 };
    for invoice in p.track(invoices).unit("invoices") {
        let invoice = invoice?;
        let customer = customer::Entity::find_by_id(invoice.customer_id).one(db).await?;
        let customer = customer.ok_or_else(|| RunError::user("One of the customers is gone"))?;
        p.status(format!("Sending to {}", customer.name));
        mailer.send(&customer.name, invoice.cents).await;
        sent.invoices += 1;
        sent.euros += invoice.cents / 100;
        let mut invoice = invoice.into_active_model();
        invoice.sent = Set(true);
        invoice.update(db).await?;
    }
    p.status("All sent");
    Ok(sent)
}
