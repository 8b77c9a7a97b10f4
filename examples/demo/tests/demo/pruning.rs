use std::{path::Path, process::Command};

use demo::{Demo, Settings, operations::QuickTask};
use liveops::RunnerKind;

/// Returns the output of `demo prune --older-than`.
fn prune(folder: &Path, url: &str, age: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_demo"))
        .args(["prune", "--older-than", age, "--database-url", url])
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_deletes_what_ended_long_ago_and_says_how_much() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = Settings::in_memory();
    settings.database_url = format!("sqlite://{}", folder.path().join("demo.sqlite3").display());
    settings.runner = RunnerKind::Eager;
    let url = settings.database_url.clone();
    let demo = Demo::start(settings).await.unwrap();
    let id = demo.liveops().enqueue(QuickTask {}, "ann").await.unwrap();

    assert_eq!(prune(folder.path(), &url, "30d"), "Operations deleted: 0\n");
    assert!(demo.liveops().find(id).await.unwrap().is_some());
    assert_eq!(prune(folder.path(), &url, "0s"), "Operations deleted: 1\n");
    assert!(demo.liveops().find(id).await.unwrap().is_none());
}
