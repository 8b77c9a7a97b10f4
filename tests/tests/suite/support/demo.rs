//! The demo, served for one test.

use std::path::{Path, PathBuf};

use demo::{Demo, Settings};
use liveops::testing::Server;
use tempfile::TempDir;

use super::browser::Browser;

pub(crate) struct ServedDemo {
    pub(crate) demo: Demo,
    pub(crate) server: Server,
    /// What the test writes, and what is uploaded.
    pub(crate) folder: TempDir,
}

impl ServedDemo {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = Settings::in_memory();
        settings.upload_dir = folder.path().join("uploads");
        change(&mut settings);
        let demo = Demo::start(settings).await.unwrap();
        let server = Server::start(demo.router()).await;
        Self { demo, server, folder }
    }

    /// Signs in as a person does.
    pub(crate) async fn sign_in(&self, browser: &Browser, user: &str) {
        browser.goto(&self.server.url("/login")).await;
        browser.fill("input[name=user]:not([type=hidden])", user).await;
        browser.click("button[data-variant=primary]").await;
        browser.wait_for(".liveops-cards").await;
    }

    /// A file of scores; every tenth row is wrong.
    pub(crate) fn scores(&self, rows: usize) -> PathBuf {
        let mut csv = String::from("student,course,score\n");
        for n in 1..=rows {
            let score = if n % 10 == 0 { "many".to_owned() } else { (n % 101).to_string() };
            csv.push_str(&format!("Student {n},MATH{},{score}\n", 101 + n % 3));
        }
        let path = self.folder.path().join("scores.csv");
        std::fs::write(&path, csv).unwrap();
        path
    }
}

/// Takes a picture for the README and for those who look, where `LIVEOPS_TEST_PICTURES` names a
/// folder.
pub(crate) async fn picture(browser: &Browser, name: &str) {
    if std::env::var_os("LIVEOPS_TEST_PICTURES").is_some() {
        for scheme in ["light", "dark"] {
            browser.color_scheme(scheme).await;
            screenshot(browser, &format!("{name}-{scheme}")).await;
        }
    }
}

/// The same of the page as it is.
pub(crate) async fn screenshot(browser: &Browser, name: &str) {
    if let Ok(folder) = std::env::var("LIVEOPS_TEST_PICTURES") {
        browser.screenshot(&Path::new(&folder).join(format!("{name}.png"))).await;
    }
}
