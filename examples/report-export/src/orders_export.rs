//! The operation that exports the orders of a year.

use futures_util::{StreamExt, TryStreamExt};
use liveops::{LiveOperation, OperationId, Progress, Run, RunResult, language::Language};
use maud::{Markup, html};
use sea_orm::{
    ColumnTrait, DatabaseConnection, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, Select,
};
use serde::{Deserialize, Serialize};
use tempfile::TempPath;
use tokio::{fs::File, io::AsyncWriteExt};

use crate::{download, exports::Exports, order};

/// The state that operations reach with `p.state()`. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Reports {
    /// The database of the orders.
    pub db: DatabaseConnection,
    /// The folder of the exports.
    pub exports: Exports,
}

/// Writes the orders of a year as CSV.
#[derive(Debug, LiveOperation, Serialize, Deserialize)]
#[stages("Count" = 1, "Write" = 18, "Publish" = 1)]
#[liveop(app = "reports", title = "Orders as CSV", describe = "Orders of {year}", state = Reports, public)]
pub struct OrdersExport {
    /// The year of the orders.
    pub year: i32,
}

/// The output of an export.
#[derive(Debug, Serialize, Deserialize)]
pub struct Export {
    /// The id of the operation, for the link: a template gets only the output.
    operation: OperationId,
    /// The file name of the download.
    pub(crate) name: String,
    rows: u64,
    bytes: u64,
}

/// Maximum number of rows in memory, as orders and as CSV.
const ROWS_AT_ONCE: usize = 1_000;

impl Run for OrdersExport {
    type Output = Export;

    async fn run(&self, p: Progress<Self>) -> RunResult<Export> {
        use OrdersExportStage::{Count, Publish, Write};

        let Reports { db, exports } = p.state();
        exports.delete_before(p.id(), p.attempt()).await?;
        let rows = p.stage(Count, async { Ok(self.orders().count(db).await?) }).await?;
        let draft = p.stage(Write, self.write(&p, rows)).await?;
        // Publishing is the last step: a run that ends earlier leaves no file.
        let publish = async { Ok(exports.publish(draft, p.id(), p.attempt()).await?) };
        let bytes = p.stage(Publish, publish).await?;
        let name = format!("orders-{}.csv", self.year);
        Ok(Export { operation: p.id(), name, rows, bytes })
    }
}

impl OrdersExport {
    fn orders(&self) -> Select<order::Entity> {
        order::Entity::find()
            .filter(order::Column::Year.eq(self.year))
            .order_by_asc(order::Column::Id)
    }

    /// Writes the orders while the database streams them.
    async fn write(&self, p: &Progress<Self>, rows: u64) -> RunResult<(File, TempPath)> {
        let Reports { db, exports } = p.state();
        let (mut file, draft) = exports.draft().await?;
        let orders = self.orders().stream(db).await?;
        let orders = p.track_stream(orders).total(rows).label("Writing").unit("orders");
        // Either the run was cancelled, or the database failed.
        let orders = orders.map(|order| RunResult::Ok(order??));
        let mut chunks = orders.try_chunks(ROWS_AT_ONCE);
        let mut is_first = true;
        while let Some(chunk) = chunks.next().await {
            file.write_all(&csv(&chunk.map_err(|error| error.1)?, is_first)?).await?;
            is_first = false;
        }
        Ok((file, draft))
    }
}

fn csv(orders: &[order::Model], with_header: bool) -> RunResult<Vec<u8>> {
    let mut csv = csv::WriterBuilder::new().has_headers(with_header).from_writer(Vec::new());
    for order in orders {
        csv.serialize(order)?;
    }
    csv.flush()?;
    Ok(csv.into_inner()?)
}

/// Returns the view of an export on its page.
pub(crate) fn result(export: &Export, _: &Language) -> Markup {
    html! {
        h3 { (export.name) }
        p { (export.rows) " orders, " (export.bytes / 1024) " KiB" }
        p { a class="liveops-button" href=(download::path(export.operation)) download { "Download" } }
    }
}
