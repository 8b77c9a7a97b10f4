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
    operation::{OperationKind, PastAction},
    plain_text::escape_line,
    projection::PastAttempt,
    render::{Renderer, awaited_in_words, stage_state_in_words, stopped_at},
    runner::LiveOps,
    store::Model,
    web::{self, OperationJson, log_tail},
};

/// Prints all details of an operation.
pub(super) async fn show(liveops: &LiveOps, show: &ShowArgs) -> Result<(), CommandError> {
    let row = liveops.find(show.id).await?;
    let row = row.ok_or_else(|| CommandError::new(messages::unknown_operation(show.id)))?;
    let kind = liveops.engine().presenter.kind_of(&row);
    let renderer = locale::renderer(liveops);
    let log = log_tail(liveops.engine(), renderer.language(), &kind, &row).await?;
    let actions = liveops.store().actions(&row).await?;
    if show.json {
        let history = web::over(liveops.engine(), &row).await?;
        let json = OperationJson::whole(liveops.engine(), row, history, actions);
        print::json(io::stdout(), &format!("{:#}", with_log(json, &log)?));
    } else {
        let earlier = web::earlier(liveops.engine(), &row).await?;
        let stopped_bar = liveops.store().stopped_bar(&row).await?;
        let stopped = stopped_bar.map(|bar| stopped_at(renderer.language(), &bar));
        let shown = Shown { row, stopped, earlier, actions, log };
        print_line!("{}", text(&renderer, &kind, &shown).trim_end());
    }
    Ok(())
}

/// Returns the operation as staff get it in JSON, with the log.
fn with_log(operation: OperationJson, log: &str) -> Result<Value, CommandError> {
    let mut json = serde_json::to_value(operation)?;
    json["log"] = log.lines().collect();
    Ok(json)
}

/// The details of an operation.
struct Shown {
    row: Model,
    /// The position of the bar at which the operation stopped.
    stopped: Option<String>,
    earlier: Vec<PastAttempt>,
    actions: Vec<PastAction>,
    log: String,
}

fn text(renderer: &Renderer, kind: &OperationKind, shown: &Shown) -> String {
    let Shown { row, stopped, earlier, actions, log } = shown;
    let language = renderer.language();
    let mut text = String::new();
    for line in messages::row_lines(language, kind, row) {
        text.push_str(&format!("{line}\n"));
    }
    let projection = row.projection(kind);
    if let Some(awaited) = projection.awaits {
        text.push_str(&format!("{}\n", language.translate(awaited_in_words(awaited))));
    }
    for (number, (stage, state)) in language.stages(kind).iter().zip(&projection.stages).enumerate()
    {
        let header = messages::header(number + 1, kind.stages.len(), stage);
        text.push_str(&format!("{header} {}\n", language.translate(stage_state_in_words(*state))));
    }
    if let Some(stopped) = stopped {
        text.push_str(&format!("{}\n", escape_line(stopped)));
    }
    let earlier: Vec<String> =
        earlier.iter().map(|past| messages::past_attempt(language, past)).collect();
    let actions: Vec<String> =
        actions.iter().map(|past| messages::past_action(language, past)).collect();
    let result = row.result_context.as_ref();
    let order = &projection.output_order;
    let result = result.map(|output| renderer.result_text(kind, output, order));
    let traceback = row.traceback.clone();
    for (title, content) in [
        (Text::Result, result),
        (Text::Traceback, traceback),
        (Text::EarlierAttempts, Some(earlier.join("\n"))),
        (Text::Actions, Some(actions.join("\n"))),
        (Text::Log, Some(log.clone())),
    ] {
        if let Some(content) = content.filter(|content| !content.is_empty()) {
            let title = language.translate(title);
            text.push_str(&format!("\n--- {title} ---\n{}\n", content.trim_end()));
        }
    }
    text
}
