use serde_json::{Value, json};

use super::{args::Show, error::Failure, say::say, words};
use crate::{
    operation::OperationKind,
    runner::LiveOps,
    store::Model,
    web::{OperationJson, log_text},
};

/// Shows everything that is known of an operation.
pub(super) async fn show(liveops: &LiveOps, show: &Show) -> Result<(), Failure> {
    let row = liveops.find(show.id).await?;
    let row = row.ok_or_else(|| Failure::new(words::unknown_operation(show.id)))?;
    let operation = liveops.engine().registry.find(&row.op_type);
    let kind = operation.map(|operation| operation.kind);
    let kind = kind.ok_or_else(|| Failure::new(words::not_registered(&row.op_type)))?;
    let log = log_text(liveops.engine(), liveops.renderer().language(), &kind, &row).await?;
    if show.json {
        say!("{:#}", json(liveops, &kind, row, &log)?);
    } else {
        say!("{}", text(liveops, &kind, &row, &log).trim_end());
    }
    Ok(())
}

/// What a page has as JSON, and what only staff may know.
fn json(liveops: &LiveOps, kind: &OperationKind, row: Model, log: &str) -> Result<Value, Failure> {
    let (input, worker) = (row.input.clone(), row.worker.clone());
    let traceback = row.traceback.clone();
    let mut json = serde_json::to_value(OperationJson::of(liveops, kind, row, traceback))?;
    json["input"] = input;
    json["worker"] = json!(worker);
    json["log"] = log.lines().collect();
    Ok(json)
}

fn text(liveops: &LiveOps, kind: &OperationKind, row: &Model, log: &str) -> String {
    let mut text = String::new();
    for (name, value) in words::facts(kind, row) {
        text.push_str(&format!("{name:<9} {value}\n"));
    }
    let projection = row.projection(kind);
    for (number, (stage, state)) in kind.stages.iter().zip(&projection.stages).enumerate() {
        let header = words::header(number + 1, kind.stages.len(), stage);
        text.push_str(&format!("{header} {}\n", state.as_str()));
    }
    let result = row.result_context.as_ref();
    let result = result.map(|output| liveops.renderer().result_text(kind, output));
    let traceback = row.traceback.clone();
    for (title, content) in
        [(words::RESULT, result), (words::TRACEBACK, traceback), (words::LOG, Some(log.to_owned()))]
    {
        if let Some(content) = content.filter(|content| !content.is_empty()) {
            text.push_str(&format!("\n{title}\n{}\n", content.trim_end()));
        }
    }
    text
}
