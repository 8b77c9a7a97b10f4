//! Results, pages and regions look as the application says, and never worse than without its help.

use std::collections::HashMap;

use liveops::{
    LiveOperation, LiveOps, Progress, Run, RunResult, RunnerKind, Templates, runner::BuildError,
    store, testing,
};
use maud::{Markup, html};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::support::{
    app::TestApp,
    log::Log,
    words::{Counted, WordCount, app, count, errors, errors_about, page, region},
};

#[derive(Deserialize)]
struct Word {
    word: String,
}

async fn build(templates: Templates) -> Result<LiveOps, BuildError> {
    let db = store::connect("sqlite::memory:").await.unwrap();
    LiveOps::builder(db).register::<WordCount>().templates(templates).build()
}

#[tokio::test]
async fn every_template_is_found_by_its_derived_name() {
    let templates = Templates::new()
        .host::<WordCount>(|page| {
            html! { h1 { (page.title) " of " (page.list_url) } (page.container) }
        })
        .result::<WordCount>(|counted, _| {
            html! { b { (counted.words) " <words>" } }
        })
        .result_text::<WordCount>(|counted, _| format!("{} <words>", counted.words))
        .region::<WordCount, Vec<String>>("preview", |words, _| {
            html! { i { (words.join("+")) } }
        })
        .region::<WordCount, Word>("found", |word, _| {
            html! { em { (word.word) } }
        });
    let log = Log::begin();
    let app = app(templates).await;
    let id = count(&app.liveops, "one <two>").await;
    let page = page(&app, id).await;

    assert!(page.contains("<h1>Word count of /live/</h1>"), "{page}");
    assert_eq!(region(&page, "result", id), "<b>2 &lt;words&gt;</b>");
    assert_eq!(region(&page, "preview", id), "<i>one+&lt;two&gt;</i>");
    assert_eq!(region(&page, "found", id), "<em>one</em><em>&lt;two&gt;</em>");
    let row = app.liveops.find(id).await.unwrap().unwrap();
    assert_eq!(app.liveops.result_text(&row).as_deref(), Some("2 <words>"));
    assert_eq!(errors(&log), [""; 0]);
}

#[tokio::test]
async fn another_name_in_the_attribute_is_the_one_that_counts() {
    #[derive(LiveOperation, Serialize, Deserialize)]
    #[liveop(
        app = "test",
        host_template = "letters/page.html",
        result_template = "letters/sent.html"
    )]
    struct Dispatch;

    impl Run for Dispatch {
        type Output = u32;

        async fn run(&self, _: Progress<Self>) -> RunResult<u32> {
            Ok(7)
        }
    }

    let templates = Templates::new()
        .host::<Dispatch>(|page| html! { h1 { "Letters" } (page.container) })
        .result::<Dispatch>(|sent, _| html! { b { (sent) " sent" } });
    let app = TestApp::with(|builder| {
        builder.register::<Dispatch>().runner(RunnerKind::Eager).templates(templates)
    })
    .await;
    let id = app.liveops.enqueue(Dispatch, "ann").await.unwrap();
    let page = app.get(&format!("/live/test.dispatch/{id}/")).await.body;
    assert!(page.contains("<h1>Letters</h1>"), "{page}");
    assert_eq!(region(&page, "result", id), "<b>7 sent</b>");
}

const TABLE: &str = "<table class=\"op-result-table\">\
    <tr><th scope=\"row\">Words</th><td>1</td></tr>\
    <tr><th scope=\"row\">Longest</th><td>one</td></tr></table>";

#[tokio::test]
async fn a_result_without_a_template_is_a_table() {
    let app = app(Templates::new()).await;
    let id = count(&app.liveops, "one").await;
    assert_eq!(region(&page(&app, id).await, "result", id), TABLE);
}

#[tokio::test]
async fn a_result_template_that_panics_leaves_the_table() {
    let log = Log::begin();
    let templates = Templates::new().result::<WordCount>(|_, _| -> Markup { panic!("out of ink") });
    let app = app(templates).await;
    let id = count(&app.liveops, "one").await;
    assert_eq!(region(&page(&app, id).await, "result", id), TABLE);

    let errors = errors_about(&log, "test/word_count_result.html");
    assert!(errors.contains("panicked") && errors.contains("out of ink"), "{errors}");
    assert!(errors.contains("tests/suite/templates.rs:"), "it says where: {errors}");
}

/// An operation whose result was stored in another shape than it is read in, as after a change of its type.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test")]
struct Lopsided;

#[derive(Clone, Serialize, Deserialize)]
#[serde(into = "Counted", from = "Vec<u8>")]
struct Rows(Vec<u8>);

impl From<Vec<u8>> for Rows {
    fn from(rows: Vec<u8>) -> Self {
        Self(rows)
    }
}

impl From<Rows> for Counted {
    fn from(rows: Rows) -> Self {
        Self { words: rows.0.len(), longest: "one".to_owned() }
    }
}

impl Run for Lopsided {
    type Output = Rows;

    async fn run(&self, _: Progress<Self>) -> RunResult<Rows> {
        Ok(Rows(vec![1]))
    }
}

#[tokio::test]
async fn a_result_that_does_not_fit_its_template_is_a_table() {
    let log = Log::begin();
    let templates = Templates::new().result::<Lopsided>(|rows, _| html! { (rows.0.len()) });
    let app = TestApp::with(|builder| {
        builder.register::<Lopsided>().runner(RunnerKind::Eager).templates(templates)
    })
    .await;
    let id = app.liveops.enqueue(Lopsided, "ann").await.unwrap();
    let page = app.get(&format!("/live/test.lopsided/{id}/")).await.body;
    assert_eq!(region(&page, "result", id), TABLE);

    let errors = errors_about(&log, "test/lopsided_result.html");
    assert!(errors.contains("invalid type: map, expected a sequence"), "{errors}");
}

#[tokio::test]
async fn a_page_template_that_panics_leaves_the_built_in_page() {
    let plain = app(Templates::new()).await;
    let id = count(&plain.liveops, "one").await;
    let plain = without_id(&page(&plain, id).await, &id.to_string());
    let container = plain.split("<live-operation").next().unwrap();

    let log = Log::begin();
    let templates = Templates::new()
        .host::<WordCount>(|_| -> Markup { panic!("no host") })
        .layout(|_| -> Markup { panic!("no frame") });
    let app = app(templates).await;
    let id = count(&app.liveops, "one").await;
    let shown = without_id(&page(&app, id).await, &id.to_string());
    assert_eq!(shown.split("<live-operation").next().unwrap(), container);
    assert!(shown.contains(TABLE), "{shown}");

    let of_host = errors_about(&log, "test/word_count.html");
    assert!(of_host.contains("no host"), "{of_host}");
    let of_layout = errors_about(&log, "layout");
    assert!(of_layout.contains("no frame"), "{of_layout}");
    // Every page is in the layout, so none is lost with it.
    assert_eq!(app.get("/live/").await.status, 200);
    assert_eq!(app.get("/live/test.word_count/7/").await.status, 404);
}

fn without_id(page: &str, id: &str) -> String {
    page.replace(id, "…")
}

#[tokio::test]
async fn a_region_without_a_template_is_a_table_and_an_error() {
    let log = Log::begin();
    let app = app(Templates::new()).await;
    let id = count(&app.liveops, "<one>").await;
    let page = page(&app, id).await;
    assert_eq!(region(&page, "preview", id), "<ul><li>&lt;one&gt;</li></ul>");
    assert!(region(&page, "found", id).contains("<td>&lt;one&gt;</td>"), "{page}");

    let errors = errors(&log);
    assert!(errors[0].contains("test/word_count_preview.html"), "{errors:?}");
    assert!(errors[1].contains("test/word_count_found.html"), "{errors:?}");
    assert_eq!(errors.len(), 2, "{errors:?}");
}

#[tokio::test]
async fn a_region_whose_template_panics_is_a_table_and_the_run_goes_on() {
    let log = Log::begin();
    let templates = Templates::new()
        .region::<WordCount, Value>("preview", |_, _| -> Markup { panic!("out of ink") })
        .region::<WordCount, Word>("found", |_, _| html! { "." });
    let app = app(templates).await;
    let id = count(&app.liveops, "one").await;
    let page = page(&app, id).await;
    assert_eq!(region(&page, "preview", id), "<ul><li>one</li></ul>");
    assert_eq!(region(&page, "found", id), ".");
    assert_eq!(region(&page, "result", id), TABLE);
    assert!(errors(&log)[0].contains("out of ink"), "{:?}", errors(&log));
}

#[tokio::test]
async fn regions_are_shown_in_a_test_without_an_application() {
    let recording = testing::run(WordCount { text: "one two".to_owned() }).await;
    let contain = |parts: Vec<&str>, text: &str| {
        parts.into_iter().map(|html| html.contains(text)).collect::<Vec<_>>()
    };
    assert_eq!(contain(recording.swaps("preview"), "one"), [true]);
    assert_eq!(contain(recording.appends("found"), "o"), [true, true]);
    assert_eq!((recording.swaps("found").len(), recording.appends("preview").len()), (0, 0));
    assert_eq!(recording.result.unwrap().words, 2);
}

#[tokio::test]
async fn what_cannot_be_shown_is_reported_and_ends_nothing() {
    #[derive(LiveOperation, Serialize, Deserialize)]
    #[liveop(app = "test")]
    struct Clumsy;

    impl Run for Clumsy {
        type Output = ();

        async fn run(&self, p: Progress<Self>) -> RunResult<()> {
            let web = p.web().unwrap();
            web.show("preview", &HashMap::from([((1, 2), "a key that is no text")]));
            web.show("../../etc/passwd", &1);
            web.append_template("result", &2);
            Ok(())
        }
    }

    let log = Log::begin();
    let recording = testing::run(Clumsy).await;
    recording.result.as_ref().unwrap();
    for region in ["preview", "../../etc/passwd", "result"] {
        assert_eq!(recording.swaps(region), [""; 0], "{region}");
        assert_eq!(recording.appends(region), [""; 0], "{region}");
    }
    let errors = errors(&log);
    assert_eq!(errors.len(), 3, "{errors:?}");
    assert!(errors[0].contains("preview") && errors[0].contains("key must be a string"));
    assert!(errors[1].contains("`../../etc/passwd`"), "{errors:?}");
    assert!(errors[2].contains("`result`"), "{errors:?}");
}

#[tokio::test]
async fn a_region_of_no_operation_is_refused() {
    let region = |name: &str| Templates::new().region::<WordCount, Value>(name, |_, _| html! {});
    build(region("a-region_2")).await.unwrap();
    // `result` is built in, and has no such template.
    for name in ["Preview", "", "a/b", "result"] {
        let error = build(region(name)).await.unwrap_err().to_string();
        let template = WordCount::fragment_template(name);
        assert!(error.contains(&format!("`{template}`")), "{error}");
        assert!(error.contains("test/word_count_<region>.html"), "{error}");
    }
    let unregistered = Templates::new().region::<Lopsided, Value>("preview", |_, _| html! {});
    let error = build(unregistered).await.unwrap_err().to_string();
    assert!(error.contains("`test/lopsided_preview.html`"), "{error}");
}
