//! The command `list`.

use std::io;

use unicode_width::UnicodeWidthStr;

use super::{
    args::ListArgs,
    error::CommandError,
    locale,
    print::{self, print_line},
};
use crate::{
    language::Language,
    plain_text::escape_line,
    render::ListRow,
    runner::LiveOps,
    store::{Columns, ListFilter},
    web::OperationJson,
};

/// Prints the operations that match the filter, newest first.
pub(super) async fn list(liveops: &LiveOps, list: ListArgs) -> Result<(), CommandError> {
    let filter = ListFilter {
        owner: list.owner.map(Into::into),
        states: list.state.into_iter().collect(),
        op_type: list.op_type,
        ..ListFilter::default()
    };
    let columns = if list.json { Columns::Json } else { Columns::Small };
    let rows = liveops.engine().store.list(&filter, list.limit, columns).await?;
    if list.json {
        for row in rows {
            let json = OperationJson::of(liveops.engine(), row, None);
            print::json(io::stdout(), &serde_json::to_string(&json)?);
        }
        return Ok(());
    }
    let renderer = locale::renderer(liveops);
    let language = renderer.language();
    for row in &rows {
        print_line!(
            "{}",
            line(language, &liveops.engine().presenter.list_row(row, None, language))
        );
    }
    Ok(())
}

/// Returns one operation as a line with aligned columns. No text of the operation can begin another line.
fn line(language: &Language, row: &ListRow) -> String {
    let percent = row.percent.map(|percent| format!("{percent:.0} %")).unwrap_or_default();
    let status = row.status.lines().next().unwrap_or_default();
    let texts = row.description.as_deref().into_iter().chain([status]);
    let texts: Vec<_> = texts.filter(|text| !text.is_empty()).map(escape_line).collect();
    let took = row.took().map(|took| language.duration(took)).unwrap_or_default();
    let line = format!(
        "{}  {}  {}  {}  {}  {percent:>5}  {}  {}",
        row.id,
        row.created_on.format("%Y-%m-%d %H:%M:%S"),
        column(row.state.as_str(), 14),
        column(&row.op_type, 24),
        column(row.owner.as_str(), 12),
        column(&took, 10),
        texts.join(" · "),
    );
    line.trim_end().to_owned()
}

/// Returns a text with spaces up to a number of columns on the terminal, in which some characters take two
/// columns.
fn column(text: &str, columns: usize) -> String {
    let text = escape_line(text);
    let missing = columns.saturating_sub(text.width());
    format!("{text}{:missing$}", "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_on_the_terminal() {
        assert_eq!(column("ann", 6), "ann   ");
        assert_eq!(column("日本", 6), "日本  ");
        assert_eq!(column("a very long owner", 6), "a very long owner");
    }

    #[test]
    fn a_line_has_the_description_before_the_status_and_controls_no_terminal() {
        let hostile = "a\n\u{1b}[2J\u{202e}b";
        let row = |description: Option<&str>, status: &str| ListRow {
            id: uuid::Uuid::nil().into(),
            op_type: "demo.import".to_owned(),
            title: "Import".to_owned(),
            description: description.map(str::to_owned),
            url: "/live/".to_owned(),
            owner: "ann".into(),
            state: crate::operation::OperationState::Started,
            percent: None,
            status: status.to_owned(),
            created_on: chrono::DateTime::UNIX_EPOCH,
            started_on: None,
            finished_on: None,
        };
        let texts =
            |row| line(&Language::default(), &row).split("ann").nth(1).unwrap().trim().to_owned();
        assert_eq!(texts(row(Some("Scores"), "half")), "Scores · half");
        assert_eq!(texts(row(None, "half")), "half");
        assert_eq!(texts(row(Some("Scores"), "")), "Scores");
        assert_eq!(texts(row(Some(hostile), "")), "a\\u{a}\\u{1b}[2J\\u{202e}b");
    }

    #[test]
    fn an_owner_stays_on_one_line() {
        assert_eq!(column("a\n\t\u{1b}[2J\u{202e}b", 0), "a\\u{a}\\u{9}\\u{1b}[2J\\u{202e}b");
    }
}
