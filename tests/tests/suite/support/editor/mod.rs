//! An editor with rust-analyzer behind it, and one file open: what its user sees.

mod package;
mod place;
mod server;

use std::fmt::Write as _;

use serde_json::{Value, json};

use self::{
    package::Package,
    place::{offset_of, place_of},
    server::LanguageServer,
};

/// Where the cursor is in a text.
const CURSOR: &str = "$0";

pub(crate) struct Editor {
    server: LanguageServer,
    file: String,
    text: String,
    cursor: Value,
    version: u32,
}

impl Editor {
    /// Starts the rust-analyzer `program` and waits until it knows all crates and macros.
    pub(crate) fn open(program: &str) -> Self {
        let package = Package::create();
        let mut server = LanguageServer::start(program, &package.folder);
        server.request(
            "initialize",
            json!({
                "processId": std::process::id(),
                "rootUri": package.uri(),
                "capabilities": {
                    "experimental": { "serverStatusNotification": true },
                    "general": { "positionEncodings": ["utf-8"] },
                    "textDocument": { "hover": { "contentFormat": ["plaintext"] } },
                    "workspace": { "workspaceEdit": { "documentChanges": true } },
                },
                "initializationOptions": {
                    "cachePriming": { "enable": false },
                    "cargo": {
                        "extraEnv": { "CARGO_NET_OFFLINE": "true" },
                        "sysrootSrc": package.sysroot(),
                        "targetDir": package.target(),
                    },
                    "checkOnSave": false,
                },
            }),
        );
        server.notify("initialized", json!({}));
        let file = package.file_uri();
        let document = json!({ "uri": file, "languageId": "rust", "version": 0, "text": "" });
        server.notify("textDocument/didOpen", json!({ "textDocument": document }));
        server.wait_for("experimental/serverStatus", |status| status["quiescent"] == true);
        Self { server, file, text: String::new(), cursor: Value::Null, version: 0 }
    }

    /// Types `text` instead of what is there, up to the cursor `$0`, and the rest behind it.
    pub(crate) fn write(&mut self, text: &str) {
        let cursor = text.find(CURSOR).unwrap_or(text.len());
        self.text = text.replacen(CURSOR, "", 1);
        self.cursor = place_of(&self.text, cursor);
        self.version += 1;
        let document = json!({ "uri": self.file, "version": self.version });
        let changes = json!([{ "text": self.text }]);
        let change = json!({ "textDocument": document, "contentChanges": changes });
        self.server.notify("textDocument/didChange", change);
    }

    /// Everything that can be completed here.
    pub(crate) fn completions(&mut self) -> Vec<String> {
        let answer = self.ask("completion", json!({}));
        let items = answer.get("items").unwrap_or(&answer).as_array().cloned().unwrap_or_default();
        items.iter().map(|item| item["label"].as_str().unwrap().to_owned()).collect()
    }

    /// What is shown about what is here.
    pub(crate) fn hover(&mut self) -> String {
        let answer = self.ask("hover", json!({}));
        answer["contents"]["value"].as_str().unwrap_or_default().to_owned()
    }

    /// The line and the text of each definition of what is here.
    pub(crate) fn definition(&mut self) -> String {
        let answer = self.ask("definition", json!({}));
        let mut found = String::new();
        for location in answer.as_array().into_iter().flatten() {
            let line = location["range"]["start"]["line"].as_u64().unwrap() + 1;
            let text = if location["uri"] == self.file {
                self.text_at(&location["range"])
            } else {
                location["uri"].as_str().unwrap()
            };
            writeln!(found, "{line}: {text}").unwrap();
        }
        found
    }

    /// The file once what is here is called `name`.
    pub(crate) fn rename(&mut self, name: &str) -> String {
        let answer = self.ask("rename", json!({ "newName": name }));
        let files = answer["documentChanges"].as_array().cloned().unwrap_or_default();
        let ours = files.iter().filter(|file| file["textDocument"]["uri"] == self.file);
        let mut edits: Vec<_> = ours.flat_map(|file| file["edits"].as_array().unwrap()).collect();
        edits.sort_by_key(|edit| offset_of(&self.text, &edit["range"]["start"]));
        let mut text = self.text.clone();
        // From the end, so that what comes before stays where it is.
        for edit in edits.iter().rev() {
            let (start, end) = (&edit["range"]["start"], &edit["range"]["end"]);
            let range = offset_of(&self.text, start)..offset_of(&self.text, end);
            text.replace_range(range, edit["newText"].as_str().unwrap());
        }
        text
    }

    /// What is underlined, with the first line of what is said about it, where the macro says it.
    pub(crate) fn complaints(&mut self) -> Vec<String> {
        let answer = self.ask("diagnostic", json!({}));
        let items = answer["items"].as_array().cloned().unwrap_or_default();
        let mut ours: Vec<_> = items.iter().filter(|item| item["code"] == "macro-error").collect();
        ours.sort_by_key(|item| offset_of(&self.text, &item["range"]["start"]));
        let told = ours.iter().map(|item| {
            let message = item["message"].as_str().unwrap().lines().next().unwrap();
            format!("{}: {message}", self.text_at(&item["range"]))
        });
        told.collect()
    }

    fn text_at(&self, range: &Value) -> &str {
        let (start, end) = (&range["start"], &range["end"]);
        &self.text[offset_of(&self.text, start)..offset_of(&self.text, end)]
    }

    fn ask(&mut self, what: &str, mut question: Value) -> Value {
        question["textDocument"] = json!({ "uri": self.file });
        question["position"] = self.cursor.clone();
        self.server.request(&format!("textDocument/{what}"), question)
    }
}
