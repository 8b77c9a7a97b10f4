//! The command `show`.

use std::io;

use serde_json::Value;

use super::{
    args::ShowArgs,
    error::CommandError,
    locale, messages,
    print::{self, print_line},
};
use crate::{
    language::Text,
    operation::OperationKind,
    render::{Renderer, stage_state_in_words},
    runner::LiveOps,
    store::Model,
    web::{OperationJson, log_text},
};

/// Prints all details of an operation.
pub(super) async fn show(liveops: &LiveOps, show: &ShowArgs) -> Result<(), CommandError> {
    let row = liveops.find(show.id).await?;
    let row = row.ok_or_else(|| CommandError::new(messages::unknown_operation(show.id)))?;
    let kind = liveops.engine().presenter.kind_of(&row);
    let renderer = locale::renderer(liveops);
    let log = log_text(liveops.engine(), renderer.language(), &kind, &row).await?;
    if show.json {
        print::json(io::stdout(), &format!("{:#}", json(liveops, row, &log)?));
    } else {
        print_line!("{}", text(&renderer, &kind, &row, &log).trim_end());
    }
    Ok(())
}

/// Returns the operation as staff get it in JSON, with the log.
fn json(liveops: &LiveOps, row: Model, log: &str) -> Result<Value, CommandError> {
    let mut json = serde_json::to_value(OperationJson::whole(liveops.engine(), row))?;
    json["log"] = log.lines().collect();
    Ok(json)
}

fn text(renderer: &Renderer, kind: &OperationKind, row: &Model, log: &str) -> String {
    let language = renderer.language();
    let mut text = String::new();
    for line in messages::row_lines(language, kind, row) {
        text.push_str(&format!("{line}\n"));
    }
    let projection = row.projection(kind);
    for (number, (stage, state)) in language.stages(kind).iter().zip(projection.stages).enumerate()
    {
        let header = messages::header(number + 1, kind.stages.len(), stage);
        text.push_str(&format!("{header} {}\n", language.translate(stage_state_in_words(state))));
    }
    let result = row.result_context.as_ref();
    let result = result.map(|output| renderer.result_text(kind, output));
    let traceback = row.traceback.clone();
    for (title, content) in
        [(Text::Result, result), (Text::Traceback, traceback), (Text::Log, Some(log.to_owned()))]
    {
        if let Some(content) = content.filter(|content| !content.is_empty()) {
            let title = language.translate(title);
            text.push_str(&format!("\n--- {title} ---\n{}\n", content.trim_end()));
        }
    }
    text
}
