//! Templates that are files count as they are when they are shown.

use liveops::{LiveOperation, LiveOps, Progress, Run, RunResult, RunnerKind, Templates, store};
use maud::html;
use serde::{Deserialize, Serialize};

use crate::support::{
    app::TestApp,
    log::Log,
    words::{TemplateFolder, WordCount, app, count, errors, errors_about, page, region},
};

const RESULT: &str = WordCount::RESULT_TEMPLATE;

/// The result of counting the words of `text`, as its page shows it.
async fn result(app: &TestApp, text: &str) -> String {
    let id = count(&app.liveops, text).await;
    region(&page(app, id).await, "result", id).to_owned()
}

#[tokio::test]
async fn every_file_is_found_by_its_derived_name() {
    let folder = TemplateFolder::new();
    folder.write(
        "test/word_count.html",
        "<h1>{{ title }}</h1><a href=\"{{ list_url }}\">All</a>{{ container }}<footer></footer>",
    );
    folder.write("test/word_count_result.html", "<b>{{ words }}, {{ longest }}</b>");
    folder.write(
        "test/word_count_preview.html",
        "{% for word in value %}<i>{{ word }}</i>{% endfor %}",
    );
    folder.write("test/word_count_found.html", "<em>{{ word }}</em>");
    let log = Log::begin();
    let app = app(folder.templates()).await;
    let id = count(&app.liveops, "one <two>").await;
    let page = page(&app, id).await;

    let top = "<h1>Word count</h1><a href=\"&#x2f;live&#x2f;\">All</a><live-operation";
    assert!(page.contains(top), "{page}");
    assert!(page.contains("</details></div><footer></footer>"), "{page}");
    assert_eq!(region(&page, "result", id), "<b>2, &lt;two&gt;</b>");
    assert_eq!(region(&page, "preview", id), "<i>one</i><i>&lt;two&gt;</i>");
    assert_eq!(region(&page, "found", id), "<em>one</em><em>&lt;two&gt;</em>");
    assert_eq!(errors(&log), [""; 0]);
}

#[tokio::test]
async fn a_change_is_seen_the_next_time_a_page_is_loaded() {
    let folder = TemplateFolder::new();
    let app = app(folder.templates()).await;
    let id = count(&app.liveops, "one").await;
    let shown = async || region(&page(&app, id).await, "result", id).to_owned();
    assert!(shown().await.starts_with("<table"), "{}", shown().await);

    folder.write(RESULT, "<b>added</b>");
    assert_eq!(shown().await, "<b>added</b>");
    // As long as before, and written in the same moment.
    folder.write(RESULT, "<b>other</b>");
    assert_eq!(shown().await, "<b>other</b>");
    folder.write(RESULT, "{% include 'shared.html' %}");
    folder.write("shared.html", "<i>shared</i>");
    assert_eq!(shown().await, "<i>shared</i>");
    folder.write("shared.html", "<i>{{ words }}</i>");
    assert_eq!(shown().await, "<i>1</i>");
    folder.remove(RESULT);
    assert!(shown().await.starts_with("<table"), "{}", shown().await);
}

#[tokio::test]
async fn a_result_that_is_shown_anew_still_says_where_it_went_on() {
    #[derive(LiveOperation, Serialize, Deserialize)]
    #[liveop(app = "test")]
    struct Prelude;

    impl Run for Prelude {
        type Output = u32;

        async fn run(&self, p: Progress<Self>) -> RunResult<u32> {
            p.chain_to(WordCount { text: String::new() });
            Ok(7)
        }
    }

    let folder = TemplateFolder::with("test/prelude_result.html", "<b>{{ result }}</b>");
    let app = TestApp::with(|builder| {
        builder
            .register::<WordCount>()
            .register::<Prelude>()
            .runner(RunnerKind::Eager)
            .templates(folder.templates())
    })
    .await;
    let id = app.liveops.enqueue(Prelude, "ann").await.unwrap();
    folder.write("test/prelude_result.html", "<i>{{ result }}</i>");
    let page = app.get(&format!("/live/test.prelude/{id}/")).await.body;
    let shown = region(&page, "result", id);
    assert!(shown.starts_with("<i>7</i><p class=\"op-next\">Continued in "), "{shown}");
}

#[tokio::test]
async fn a_file_goes_before_a_function_and_a_broken_one_after_it() {
    let folder = TemplateFolder::new();
    let templates =
        folder.templates().result::<WordCount>(|counted, _| html! { u { (counted.words) } });
    let app = app(templates).await;
    assert_eq!(result(&app, "one two").await, "<u>2</u>");
    folder.write(RESULT, "<b>{{ words }}</b>");
    assert_eq!(result(&app, "one two").await, "<b>2</b>");
    folder.write(RESULT, "<b>{{ words }");
    assert_eq!(result(&app, "one two").await, "<u>2</u>");
}

#[tokio::test]
async fn a_broken_file_is_named_with_line_and_flaw() {
    for (text, line, flaw) in [
        ("<p>\n{{ words }", 2, "unexpected `}`"),
        ("{% if words %}\n", 1, "unexpected end of input"),
        ("\n\n{{ wrods }}", 3, "`wrods` is undefined"),
        ("{{ words.of.what }}", 1, "undefined"),
        ("{{ words|shout }}", 1, "filter shout is unknown"),
        ("{{ words / 0 }}", 1, "unable to calculate 2 / 0"),
        ("\n{% include 'nowhere.html' %}", 2, "'nowhere.html'"),
        ("\n{% extends 'nowhere.html' %}", 2, "nowhere.html"),
    ] {
        let log = Log::begin();
        let folder = TemplateFolder::with(RESULT, text);
        let app = app(folder.templates()).await;
        let shown = result(&app, "one two").await;
        assert!(shown.starts_with("<table"), "{text}: {shown}");
        let errors = errors_about(&log, RESULT);
        let place = format!("{}:{line}: ", folder.path(RESULT).display());
        assert!(errors.contains(&place), "{place} is not in {errors}");
        assert!(errors.contains(flaw), "{flaw} is not in {errors}");
    }
}

#[tokio::test]
async fn a_flaw_in_an_included_file_is_placed_there() {
    let log = Log::begin();
    let folder = TemplateFolder::with(RESULT, "{% include 'shared/row.html' %}");
    folder.write("shared/row.html", "\n{{ wrods }}");
    let app = app(folder.templates()).await;
    assert!(result(&app, "one").await.starts_with("<table"));
    let errors = errors_about(&log, RESULT);
    let place = format!("{}:2: ", folder.path("shared/row.html").display());
    assert!(errors.contains(&place), "{place} is not in {errors}");
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_named() {
    let log = Log::begin();
    let folder = TemplateFolder::with(RESULT, [0xff, 0xfe]);
    folder.write("test/word_count.html/in_the_way", "");
    let app = app(folder.templates()).await;
    assert!(result(&app, "one").await.starts_with("<table"));
    for (name, flaw) in [(RESULT, "valid UTF-8"), (WordCount::HOST_TEMPLATE, "could not read")] {
        let errors = errors_about(&log, name);
        let file = folder.path(name).display().to_string();
        assert!(errors.contains(&file) && errors.contains(flaw), "{file}, {flaw}: {errors}");
    }
}

#[tokio::test]
async fn a_page_whose_file_is_broken_is_the_built_in_one() {
    let log = Log::begin();
    let folder = TemplateFolder::with(WordCount::HOST_TEMPLATE, "{{ container }}\n{{ contianer }}");
    let app = app(folder.templates()).await;
    let id = count(&app.liveops, "one").await;
    let page = page(&app, id).await;
    assert!(page.contains("<h1 class=\"liveops-hidden\">"), "{page}");
    assert_eq!(page.matches("<live-operation").count(), 1, "{page}");
    let place = format!("{}:2: ", folder.path(WordCount::HOST_TEMPLATE).display());
    let errors = errors_about(&log, WordCount::HOST_TEMPLATE);
    assert!(errors.contains(&place), "{place} is not in {errors}");
    assert!(errors.contains("`contianer` is undefined"), "{errors}");
}

#[tokio::test]
async fn a_region_without_a_template_names_the_file_that_was_looked_for() {
    let log = Log::begin();
    let folder = TemplateFolder::new();
    let app = app(folder.templates()).await;
    let id = count(&app.liveops, "one").await;
    assert_eq!(region(&page(&app, id).await, "preview", id), "<ul><li>one</li></ul>");
    let file = folder.path("test/word_count_preview.html").display().to_string();
    assert!(errors(&log)[0].contains(&file), "{file} is not in {:?}", errors(&log));
}

#[tokio::test]
async fn what_becomes_html_is_escaped_whatever_its_file_is_called() {
    #[derive(LiveOperation, Serialize, Deserialize)]
    #[liveop(app = "test", result_template = "outcry.txt")]
    struct Outcry;

    impl Run for Outcry {
        type Output = String;

        async fn run(&self, _: Progress<Self>) -> RunResult<String> {
            Ok("<script>\"'".to_owned())
        }
    }

    let folder = TemplateFolder::with("outcry.txt", "{{ result }}{% include 'part.txt' %}");
    folder.write("part.txt", "{{ result|upper }}");
    let app = TestApp::with(|builder| {
        builder.register::<Outcry>().runner(RunnerKind::Eager).templates(folder.templates())
    })
    .await;
    let id = app.liveops.enqueue(Outcry, "ann").await.unwrap();
    let page = app.get(&format!("/live/test.outcry/{id}/")).await.body;
    let expected = "&lt;script&gt;&quot;&#x27;&lt;SCRIPT&gt;&quot;&#x27;";
    assert_eq!(region(&page, "result", id), expected);
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_refused() {
    let folder = TemplateFolder::new();
    let templates = Templates::new().folder(folder.path("tempaltes"));
    let db = store::connect("sqlite::memory:").await.unwrap();
    let error = LiveOps::builder(db).templates(templates).build().unwrap_err();
    let path = folder.path("tempaltes").display().to_string();
    assert!(error.to_string().contains(&path), "{path} is not in {error}");
}
