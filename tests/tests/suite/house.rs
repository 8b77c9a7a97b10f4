//! The house stands: a module uses only what lies below it, and each engine has one room.
//!
//! Read from the tokens of the sources, which have no comments: what documentation links to is
//! free. So is what is compiled for tests only.

mod rules;
mod source;

use std::{fs, path::Path};

use rules::broken_rules;

#[test]
fn sources_keep_the_rules() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../liveops/src");
    let mut files = Vec::new();
    collect(&root, &root, &mut files);
    assert!(files.len() > 50, "only {} files found: this test reads the wrong folder", files.len());
    let broken: Vec<String> =
        files.iter().flat_map(|(path, text)| broken_rules(path, text)).collect();
    assert!(broken.is_empty(), "the house has cracks:\n{}", broken.join("\n"));
}

/// Every `.rs` file below `folder`, with its path from `root`.
fn collect(root: &Path, folder: &Path, files: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let relative = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
            files.push((relative, fs::read_to_string(&path).unwrap()));
        }
    }
}

#[test]
fn upward_use_is_a_crack() {
    let up = "render/page.rs: `render` (floor 1) uses `store` (floor 2)";
    assert_eq!(broken_rules("render/page.rs", "use crate::store::Store;"), [up]);
    assert_eq!(broken_rules("render/page.rs", "use crate::{event::Event, store::Store};"), [up]);
    assert_eq!(broken_rules("render/page.rs", "fn f() { crate::store::connect() }"), [up]);
    assert_eq!(broken_rules("render/page.rs", "fn f() { html! { (crate::store::X) } }"), [up]);
    assert_eq!(broken_rules("render/page.rs", "use super::super::store::Store;"), [up]);
    let up = "event.rs: `event` (floor 0) uses `testing` (beside the house)";
    assert_eq!(broken_rules("event.rs", "use super::testing;"), [up]);
}

#[test]
fn downward_and_sideways_use_is_no_crack() {
    let none: [&str; 0] = [];
    let text = "use crate::{event, operation::{Id, State}, store as s}; use super::hub::Hub;";
    assert_eq!(broken_rules("web/page.rs", text), none);
    assert_eq!(broken_rules("event.rs", "use crate::projection::RegionName;"), none);
    assert_eq!(broken_rules("progress/sink/live.rs", "use super::super::report::R;"), none);
    assert_eq!(broken_rules("testing.rs", "use crate::{web, runner};"), none);
}

#[test]
fn comments_and_tests_are_free() {
    let text = "
        //! Of crate::web.
        /// See [`Run`](crate::progress::Run).
        fn f() {}
        #[cfg(test)]
        use crate::web::Viewer;
        #[cfg(all(test, feature = \"x\"))]
        #[expect(unused)]
        mod tests { use crate::store::Store; fn g() { axum::serve() } }
    ";
    assert_eq!(broken_rules("event.rs", text), [""; 0]);
    let text = "#[cfg(test)] mod tests { } fn f() { crate::web::f() }";
    assert_eq!(broken_rules("event.rs", text).len(), 1);
    let text = "#[cfg(any(test, feature = \"x\"))] use crate::web::Viewer;";
    assert_eq!(broken_rules("event.rs", text).len(), 1);
}

#[test]
fn engines_are_strangers() {
    let expected = ["store/error.rs: `store` and `channel` do not know each other"];
    assert_eq!(broken_rules("store/error.rs", "use crate::channel::Frame;"), expected);
    assert_eq!(broken_rules("channel/frame.rs", "use crate::store::Store;").len(), 1);
}

#[test]
fn crate_root_is_no_short_cut() {
    let expected = ["web/page.rs: `crate::OperationId`: name the module"];
    assert_eq!(broken_rules("web/page.rs", "use crate::OperationId;"), expected);
    assert_eq!(broken_rules("web/page.rs", "use crate::*;").len(), 1);
}

#[test]
fn new_module_needs_a_floor() {
    let expected = ["cellar.rs: `cellar` has no floor"];
    assert_eq!(broken_rules("cellar.rs", "fn f() {}"), expected);
}

#[test]
fn backend_stays_in_its_room() {
    let expected = ["runner/execute.rs: `sea_orm` is used outside store/, channel/postgres/, \
         runner/builder.rs, runner/enqueue.rs"];
    assert_eq!(broken_rules("channel/postgres/layer.rs", "use sea_orm::sqlx;"), [""; 0]);
    assert_eq!(broken_rules("channel/memory.rs", "use sea_orm::sqlx;").len(), 1);
    assert_eq!(broken_rules("runner/execute.rs", "use sea_orm::DbErr;"), expected);
    assert_eq!(broken_rules("runner/builder.rs", "use sea_orm::DbErr;"), [""; 0]);
    assert_eq!(broken_rules("token.rs", "fn f() -> ::axum::Router { }").len(), 1);
    assert_eq!(broken_rules("token.rs", "use {axum::Router, std::fmt};").len(), 1);
    assert_eq!(broken_rules("token.rs", "use maud as m;").len(), 1);
    assert_eq!(broken_rules("progress/run.rs", "fn f() { maud::html! {} }").len(), 1);
    assert_eq!(broken_rules("channel/memory.rs", "fn f(_: redis::Client) {}").len(), 1);
    assert_eq!(broken_rules("channel/redis.rs", "fn f(_: redis::Client) {}"), [""; 0]);
    assert_eq!(broken_rules("channel/redis/script.rs", "use redis::Script;"), [""; 0]);
    // A module of one's own with the name of a crate is not the crate.
    let own = "mod redis; pub use redis::RedisChannelLayer;";
    assert_eq!(broken_rules("channel/mod.rs", own), [""; 0]);
    assert_eq!(broken_rules("channel/mod.rs", "use self::redis::Layer;"), [""; 0]);
    assert_eq!(broken_rules("channel/frame.rs", "use super::{redis::Layer};"), [""; 0]);
    let own = "use crate::metrics; fn f() { metrics::lease_lost() }";
    assert_eq!(broken_rules("runner/run.rs", own), [""; 0]);
    assert_eq!(broken_rules("runner/run.rs", "fn f() { metrics::counter!(\"a\") }").len(), 1);
}

#[test]
fn rendering_never_waits() {
    let expected = [
        "render/list.rs: `async` in render, which never waits",
        "render/list.rs: `await` in render, which never waits",
    ];
    assert_eq!(broken_rules("render/list.rs", "async fn f() { g().await }"), expected);
}

#[test]
fn only_the_runner_finish_runs() {
    let expected = ["web/actions.rs: `finish_run` is called outside the runner"];
    assert_eq!(broken_rules("web/actions.rs", "fn f(s: S) { s.finish_run() }"), expected);
    assert_eq!(broken_rules("web/actions.rs", "fn f(s: S) { Store::finish_run(s) }"), expected);
    assert_eq!(broken_rules("runner/run.rs", "fn f(s: S) { s.finish_run() }"), [""; 0]);
    assert_eq!(broken_rules("store/operations.rs", "fn finish_run() {}"), [""; 0]);
}
