//! The rules of ARCHITECTURE.md about what a module may use.
//!
//! Read from the tokens of the sources, which have no comments: what documentation links to is
//! free. So is what is compiled for tests only.

mod graph;
mod rules;
mod source;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use graph::Graph;
use rules::{broken_rules, listed_modules, module_of};
use source::Source;

/// The rule about modules, word for word in every place that states it.
const RULE: &str =
    "A module uses only modules listed above it in `lib.rs`, so the module graph has no cycle.";

#[test]
fn sources_keep_the_rules() {
    let files = sources();
    let broken: Vec<String> =
        files.iter().flat_map(|(path, text)| broken_rules(path, text)).collect();
    assert!(broken.is_empty(), "the house has cracks:\n{}", broken.join("\n"));
}

#[test]
fn modules_use_each_other_in_no_circle() {
    let files = sources();
    let graph = Graph::of(files.iter().map(|(path, text)| (path.as_str(), text.as_str())));
    let cycles = graph.cycles();
    assert!(cycles.is_empty(), "the module graph has cycles:\n{}", cycles.join("\n"));
}

#[test]
fn crate_root_lists_the_modules_in_the_order_of_the_floors() {
    let root = fs::read_to_string(repository().join("liveops/src/lib.rs")).unwrap();
    let declared: Vec<&str> = root.lines().filter_map(declared_module).collect();
    let listed: Vec<&str> = listed_modules().filter(|module| declared.contains(module)).collect();
    assert_eq!(declared, listed);
    let unknown = sources().into_iter().filter(|(path, _)| {
        let module = module_of(path);
        module != "lib" && !declared.contains(&module)
    });
    let unknown: Vec<String> = unknown.map(|(path, _)| path).collect();
    assert!(unknown.is_empty(), "this test finds no `mod` in lib.rs for {unknown:?}");
}

/// The name in `mod name;` or `mod name {` at the start of a line, behind any visibility.
fn declared_module(line: &str) -> Option<&str> {
    let mut words = line.split([' ', ';']);
    let first = words.next()?;
    let keyword = if first.starts_with("pub") { words.next()? } else { first };
    (keyword == "mod").then(|| words.next()).flatten()
}

#[test]
fn rule_about_modules_is_the_same_wherever_it_stands() {
    for path in ["liveops/src/lib.rs", "ARCHITECTURE.md", "CONTRIBUTING.md"] {
        let text = fs::read_to_string(repository().join(path)).unwrap();
        let words = text.split_whitespace().filter(|word| *word != "//").collect::<Vec<_>>();
        assert!(words.join(" ").contains(RULE), "{path} does not say: {RULE}");
    }
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every file of the crate that is compiled for more than tests, with its path from `src`.
fn sources() -> Vec<(String, String)> {
    let root = repository().join("liveops/src");
    let mut files = Vec::new();
    collect(&root, &root, &mut files);
    assert!(files.len() > 50, "only {} files found: this test reads the wrong folder", files.len());
    let tests: BTreeSet<String> =
        files.iter().flat_map(|(path, text)| test_modules(path, text)).collect();
    files.retain(|(path, _)| !tests.iter().any(|module| is_of(path, module)));
    files
}

/// The modules that a file declares for tests only, as paths from `src` without an ending.
fn test_modules(path: &str, text: &str) -> Vec<String> {
    let module = path.strip_suffix(".rs").unwrap();
    let folder = module.strip_suffix("mod").or(module.strip_suffix("lib"));
    let folder = folder.map_or_else(|| format!("{module}/"), str::to_owned);
    let names = Source::read(path, text).test_modules;
    names.iter().map(|name| format!("{folder}{name}")).collect()
}

/// Whether a file is the one of a module, or of one inside it.
fn is_of(path: &str, module: &str) -> bool {
    path.strip_prefix(module).is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
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
fn use_of_a_module_below_in_the_list_is_a_crack() {
    let up = "render/page.rs: `render` uses `store`, which is listed below it";
    assert_eq!(broken_rules("render/page.rs", "use crate::store::Store;"), [up]);
    assert_eq!(broken_rules("render/page.rs", "use crate::{event::Event, store::Store};"), [up]);
    assert_eq!(broken_rules("render/page.rs", "fn f() { crate::store::connect() }"), [up]);
    assert_eq!(broken_rules("render/page.rs", "fn f() { html! { (crate::store::X) } }"), [up]);
    assert_eq!(broken_rules("render/page.rs", "use super::super::store::Store;"), [up]);
    let up = "event.rs: `event` uses `testing`, which is listed below it";
    assert_eq!(broken_rules("event.rs", "use super::testing;"), [up]);
    // On one floor too.
    let up = "event.rs: `event` uses `projection`, which is listed below it";
    assert_eq!(broken_rules("event.rs", "use crate::projection::Region;"), [up]);
    assert_eq!(broken_rules("web/page.rs", "use crate::cli::Command;").len(), 1);
}

#[test]
fn use_of_a_module_above_in_the_list_is_no_crack() {
    let none: [&str; 0] = [];
    let text = "use crate::{event, operation::{Id, State}, store as s}; use super::hub::Hub;";
    assert_eq!(broken_rules("web/page.rs", text), none);
    assert_eq!(broken_rules("projection/view.rs", "use crate::event::Event;"), none);
    assert_eq!(broken_rules("cli/serve.rs", "use crate::web::router;"), none);
    assert_eq!(broken_rules("progress/sink/live.rs", "use super::super::report::R;"), none);
    assert_eq!(broken_rules("testing.rs", "use crate::{web, runner};"), none);
}

#[test]
fn publish_stands_between_progress_and_runner() {
    let none: [&str; 0] = [];
    let below = "use crate::{channel::Frame, progress::Sink, render::Renderer, store::Store};";
    assert_eq!(broken_rules("publish/publisher.rs", below), none);
    assert_eq!(broken_rules("runner/engine.rs", "use crate::publish::Publisher;"), none);
    let up = "publish/publisher.rs: `publish` uses `runner`, which is listed below it";
    assert_eq!(broken_rules("publish/publisher.rs", "use crate::runner::LiveOps;"), [up]);
}

#[test]
fn cycle_is_told_with_the_places_that_make_it() {
    let pair = [
        ("form/reading.rs", "use crate::{event::Event, language::{Language, Text}};"),
        ("language/mod.rs", "fn f() -> crate::form::Form { super::form::Form::new() }"),
        ("event.rs", "use crate::operation::OperationState;"),
    ];
    assert_eq!(
        Graph::of(pair).cycles(),
        ["form -> language -> form\n  \
          form/reading.rs: language::{Language, Text}\n  \
          language/mod.rs: form::Form\n  \
          language/mod.rs: form::Form::new"]
    );
    let round = [
        ("error.rs", "use crate::projection;"),
        ("event.rs", "use crate::error::RunError;"),
        ("projection/view.rs", "use crate::event::*; use crate::{event, form};"),
    ];
    assert_eq!(
        Graph::of(round).cycles(),
        ["error -> projection -> event -> error\n  \
          error.rs: projection\n  \
          projection/view.rs: event\n  \
          projection/view.rs: event::*\n  \
          event.rs: error::RunError"]
    );
}

#[test]
fn two_cycles_are_both_told() {
    let files = [
        ("error.rs", "use crate::event::Event;"),
        ("event.rs", "use crate::{error::RunError, form::Form};"),
        ("form.rs", "use crate::language::Text;"),
        ("language.rs", "use crate::form::Form;"),
    ];
    assert_eq!(Graph::of(files).cycles().len(), 2);
}

#[test]
fn what_only_tests_use_makes_no_cycle() {
    let files = [
        ("error.rs", "use crate::event::Event;"),
        ("event.rs", "#[cfg(test)] mod tests { use crate::error::RunError; }"),
        ("lib.rs", "pub use crate::error::RunError;"),
    ];
    assert_eq!(Graph::of(files).cycles(), [""; 0]);
    let declared = "#[cfg(test)] #[expect(unused)] mod tests; mod view; #[cfg(test)] mod more {}";
    assert_eq!(test_modules("event.rs", declared), ["event/tests"]);
    assert_eq!(test_modules("event/mod.rs", declared), ["event/tests"]);
    assert!(is_of("event/tests.rs", "event/tests") && is_of("event/tests/a.rs", "event/tests"));
    assert!(!is_of("event/tests_of.rs", "event/tests"));
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
    let expected =
        ["runner/execute.rs: `sea_orm` is used outside pooler.rs, store/, channel/postgres/, \
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
