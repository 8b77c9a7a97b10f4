//! The command `list`.

use super::{args::ListArgs, error::CommandError, locale, print::print_line};
use crate::{
    render::ListRow,
    runner::LiveOps,
    store::{Columns, ListFilter},
    web::OperationJson,
};

/// Prints the operations that match the filter, newest first.
pub(super) async fn list(liveops: &LiveOps, list: ListArgs) -> Result<(), CommandError> {
    let filter = ListFilter {
        owner: list.owner.map(Into::into),
        state: list.state,
        op_type: list.op_type,
        ..ListFilter::default()
    };
    let columns = if list.json { Columns::Json } else { Columns::Small };
    let rows = liveops.engine().store.list(&filter, list.limit, columns).await?;
    if list.json {
        for row in rows {
            let json = OperationJson::of(liveops.engine(), row, None);
            print_line!("{}", serde_json::to_string(&json)?);
        }
        return Ok(());
    }
    let renderer = locale::renderer(liveops);
    for row in &rows {
        print_line!(
            "{}",
            line(&liveops.engine().presenter.list_row(row, None, renderer.language()))
        );
    }
    Ok(())
}

/// Returns one operation as a line with aligned columns.
fn line(row: &ListRow) -> String {
    let percent = row.percent.map(|percent| format!("{percent:.0} %")).unwrap_or_default();
    let line = format!(
        "{}  {}  {:<14}  {:<24}  {:<12}  {percent:>5}  {}",
        row.id,
        row.created_on.format("%Y-%m-%d %H:%M:%S"),
        row.state.as_str(),
        row.op_type,
        row.owner.as_str(),
        row.status.lines().next().unwrap_or_default(),
    );
    line.trim_end().to_owned()
}
