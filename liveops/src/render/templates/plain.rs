//! The plain HTML and text for everything that has no template.

use maud::{DOCTYPE, Markup, html};
use serde_json::Value;

use super::{HostPage, Layout};
use crate::{language::Text, operation::FieldOrder};

pub(super) fn layout(page: &Layout) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(page.language) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (page.title) }
                (page.head)
            }
            body class="liveops-page" {
                header {
                    nav class="liveops-nav" {
                        a href=(page.list_url) { (page.list_title) }
                        span class="liveops-end liveops-user" { (page.viewer) }
                    }
                }
                main { (page.body) }
            }
        }
    }
}

pub(super) fn host(page: &HostPage) -> Markup {
    html! {
        // The title in the container is a second-level heading: a page can have several containers, and the
        // title changes when a chain continues with another operation.
        h1 class="liveops-hidden" { (page.language.translate(Text::Operation)) }
        (page.container)
    }
}

/// Formats one line `field=value` for each field, or the bare value; nothing for `()`.
pub(super) fn text(value: &Value, order: &FieldOrder) -> String {
    match value {
        Value::Null => String::new(),
        Value::Object(fields) => {
            let fields = order.sorted(fields).into_iter();
            fields.map(|(name, value)| format!("{name}={}\n", in_words(value))).collect()
        }
        value => format!("{}\n", in_words(value)),
    }
}

fn in_words(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
