//! An operation that shows what it does with templates, and a folder to keep them in.

use std::{fs, path::PathBuf};

use liveops::{
    LiveOperation, LiveOps, OperationId, Progress, Run, RunResult, RunnerKind, Templates,
    runner::Builder,
};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use super::{
    app::{Gate, TestApp},
    log::Log,
};

/// Counts the words of a text.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test")]
pub(crate) struct WordCount {
    pub(crate) text: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Counted {
    pub(crate) words: usize,
    pub(crate) longest: String,
}

impl Run for WordCount {
    type Output = Counted;

    async fn run(&self, p: Progress<Self>) -> RunResult<Counted> {
        let words: Vec<&str> = self.text.split_whitespace().collect();
        if let Some(web) = p.web() {
            web.show("preview", &words);
            for word in &words {
                web.append_template("found", &Word { word });
            }
        }
        let longest = words.iter().max_by_key(|word| word.len());
        Ok(Counted { words: words.len(), longest: longest.copied().unwrap_or_default().to_owned() })
    }
}

#[derive(Serialize)]
struct Word<'a> {
    word: &'a str,
}

/// An application that counts words, and shows it with these templates.
pub(crate) async fn app(templates: Templates) -> TestApp {
    let change = |builder: Builder<Gate>| {
        builder.register::<WordCount>().runner(RunnerKind::Eager).templates(templates)
    };
    TestApp::with(change).await
}

/// Counts the words of `text` to the end.
pub(crate) async fn count(liveops: &LiveOps, text: &str) -> OperationId {
    liveops.enqueue(WordCount { text: text.to_owned() }, "ann").await.unwrap()
}

pub(crate) async fn page(app: &TestApp, id: OperationId) -> String {
    let answer = app.get(&format!("/live/{}/{id}/", WordCount::OP_TYPE)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body
}

/// What is inside a region on a page. No region has an element `div` of its own here.
#[track_caller]
pub(crate) fn region<'a>(page: &'a str, name: &str, id: OperationId) -> &'a str {
    let start = page.split(&format!("id=\"op-{name}-{id}\"")).nth(1);
    let start = start.unwrap_or_else(|| panic!("no region `{name}`: {page}"));
    let (_, content) = start.split_once('>').unwrap();
    content.split_once("</div>").unwrap().0
}

/// The errors in a log, each a line.
pub(crate) fn errors(log: &Log) -> Vec<String> {
    let errors = log.lines().into_iter().filter(|line| line.level == tracing::Level::ERROR);
    errors.map(|line| line.text).collect()
}

/// The errors in a log that name this template.
pub(crate) fn errors_about(log: &Log, template: &str) -> String {
    let template = format!("template={template:?}");
    let errors = errors(log).into_iter().filter(|error| error.contains(&template));
    errors.collect::<Vec<_>>().join("\n")
}

/// A folder of templates, gone with the test.
#[derive(Debug)]
pub(crate) struct TemplateFolder(TempDir);

impl TemplateFolder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A folder with this one file in it.
    pub(crate) fn with(name: &str, text: impl AsRef<[u8]>) -> Self {
        let folder = Self::new();
        folder.write(name, text);
        folder
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn remove(&self, name: &str) {
        fs::remove_file(self.path(name)).unwrap();
    }

    pub(crate) fn templates(&self) -> Templates {
        Templates::new().folder(self.0.path())
    }
}
