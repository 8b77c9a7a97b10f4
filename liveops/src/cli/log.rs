//! The command `log`.

use super::{args::LogArgs, error::CommandError, locale, messages, print::print_line};
use crate::{
    runner::LiveOps,
    web::{LogFilter, LogReader},
};

/// Prints the log of an operation, in parts of a bounded size.
pub(super) async fn log(liveops: &LiveOps, log: LogArgs) -> Result<(), CommandError> {
    let LogArgs { id, level, search, attempt } = log;
    let row = liveops.find(id).await?;
    let row = row.ok_or_else(|| CommandError::new(messages::unknown_operation(id)))?;
    let kind = liveops.engine().presenter.kind_of(&row);
    let language = locale::renderer(liveops).language().clone();
    let search = search.map(|search| search.to_lowercase());
    let filter = LogFilter { attempt, level, search };
    let reader = LogReader::new(liveops.clone(), language, (kind, row), filter).await?;
    let mut reader = reader.ok_or_else(|| CommandError::new(messages::unknown_attempt(id)))?;
    while let Some(text) = reader.next().await? {
        print_line!("{}", text.trim_end_matches('\n'));
    }
    Ok(())
}
