//! The texts that liveops.js shows, in the language of the page.

use serde_json::{Map, Value};

use super::Renderer;
use crate::language::{Language, Text};

/// The texts of liveops.js, with the names under which the script reads them.
const LABELS: [(&str, Text); 8] = [
    ("connected", Text::Connected),
    ("reconnecting", Text::Reconnecting),
    ("offline", Text::Offline),
    ("refused", Text::Refused),
    ("unreachable", Text::Unreachable),
    ("signedOut", Text::SignedOut),
    ("dismiss", Text::Dismiss),
    ("result", Text::Result),
];

/// The texts of liveops.js with variables that the script fills in.
const TEMPLATES: [(&str, Text, &[&str]); 4] = [
    ("hours", Text::HoursMinutes, &["hours", "minutes"]),
    ("minutes", Text::MinutesSeconds, &["minutes", "seconds"]),
    ("seconds", Text::Seconds, &["seconds"]),
    ("newLines", Text::NewLines, &["count"]),
];

impl Renderer {
    /// Renders the texts of liveops.js as JSON.
    pub(super) fn labels(&self) -> String {
        let labels = LABELS.map(|(name, text)| (name, self.language.translate(text)));
        let templates = TEMPLATES.map(|(name, text, variables)| {
            let blanks = variables.iter().map(|name| (*name, format!("{{{name}}}").into()));
            (name, self.language.translate_with(text, blanks))
        });
        let all = labels.into_iter().chain(templates);
        let all: Map<String, Value> =
            all.map(|(name, text)| (name.to_owned(), Value::from(text))).collect();
        Value::from(all).to_string()
    }
}

/// Renders the texts of liveops.js for a form that htmx sends.
pub(super) fn form_labels(language: &Language) -> String {
    let labels = LABELS.iter().filter(|(name, _)| ["refused", "unreachable"].contains(name));
    let labels: Map<String, Value> = labels
        .map(|(name, text)| ((*name).to_owned(), Value::from(language.translate(*text))))
        .collect();
    Value::from(labels).to_string()
}
