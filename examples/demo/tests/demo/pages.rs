use std::{fs, time::Duration};

use axum::http::{StatusCode, header};
use demo::operations::ScoreImport;
use liveops::{LiveOperation, RunnerKind};
use serde_json::json;

use crate::support::{Answer, Fixture};

/// Markup that a policy without `unsafe-inline` forbids.
#[track_caller]
fn assert_nothing_inline(answer: &Answer) {
    for inline in ["<style", " style=", "<script>", " onclick=", " onsubmit=", "javascript:"] {
        assert!(!answer.text.contains(inline), "{inline} in {}", answer.text);
    }
}

#[tokio::test]
async fn every_answer_has_a_strict_policy_and_keeps_to_it() {
    let fixture = Fixture::eager().await;
    let ann = fixture.signed_in("ann").await;
    let import = ann.start("demo.demo_import", json!({ "pace_ms": 0 })).await;
    let page = import["url"].as_str().unwrap();
    for path in [
        "/",
        "/login",
        "/thanks",
        "/live/",
        "/live/none/",
        "/nowhere",
        "/healthz",
        "/readyz",
        "/metrics",
        "/favicon.svg",
        page,
    ] {
        let answer = ann.get(path).await;
        let policy = answer.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.starts_with("default-src 'self';"), "{path}: {policy}");
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_nothing_inline(&answer);
    }
}

#[tokio::test]
async fn the_start_page_has_a_form_for_every_operation() {
    let fixture = Fixture::eager().await;
    let page = fixture.signed_in("ann").await.get("/").await;
    assert_eq!(page.status, StatusCode::OK);
    for name in [
        "score_import",
        "demo_import",
        "quick_task",
        "failing_task",
        "panicking_task",
        "chain_start",
        "redirecting_task",
        "endless_task",
        "flaky_task",
        "durable_task",
        "hook_task",
        "flood_task",
        "echo_task",
        "blocking_task",
    ] {
        assert!(page.text.contains(&format!("action=\"/live/demo.{name}/\"")), "{name}");
    }
    assert!(page.text.contains("Use the sample file (20,000 rows)"));
    assert!(page.text.contains("href=\"/live/\""));
}

#[tokio::test]
async fn a_name_cannot_break_out_of_the_page() {
    let fixture = Fixture::eager().await;
    let page = fixture.signed_in("%3Cb%3Ex%3C/b%3E").await.get("/").await;
    assert!(page.text.contains("&lt;b&gt;x&lt;/b&gt;") && !page.text.contains("<b>x</b>"));
}

#[tokio::test]
async fn there_is_a_page_for_what_is_not_there() {
    let fixture = Fixture::eager().await;
    let page = fixture.browser().get("/nowhere").await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    assert!(page.text.contains("There is no such page."));
}

#[tokio::test]
async fn health_needs_no_sign_in() {
    let fixture = Fixture::eager().await;
    let answer = fixture.browser().get("/healthz").await;
    assert_eq!((answer.status, answer.text.as_str()), (StatusCode::OK, "ok\n"));
    let answer = fixture.browser().get("/readyz").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert!(answer.json()["database"]["ok"].as_bool().unwrap());
    assert!(answer.json()["channel_layer"]["ok"].as_bool().unwrap());
}

#[tokio::test]
async fn whoever_shuts_down_is_not_ready_but_alive() {
    let fixture = Fixture::eager().await;
    fixture.demo.liveops().shutdown(Duration::ZERO).await;
    let answer = fixture.browser().get("/readyz").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{}", answer.text);
    assert_eq!(answer.json()["stopping"], true);
    assert_eq!(answer.json()["database"]["ok"], true);
    assert_eq!(fixture.browser().get("/healthz").await.status, StatusCode::OK);
}

#[tokio::test]
async fn demos_of_one_process_share_its_metrics() {
    for _ in 0..2 {
        let fixture = Fixture::eager().await;
        let ann = fixture.signed_in("ann").await;
        ann.start("demo.quick_task", json!({})).await;
        let answer = ann.get("/metrics").await;
        let ended = "liveops_operations_ended_total{op_type=\"demo.quick_task\"";
        assert!(answer.text.contains(ended), "{}", answer.text);
        let type_ = "text/plain; version=0.0.4; charset=utf-8";
        assert_eq!(answer.headers[header::CONTENT_TYPE].to_str().unwrap(), type_);
    }
}

#[tokio::test]
async fn a_file_shows_a_result_and_goes_before_a_function() {
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/templates");
    let fixture = Fixture::with(|settings| {
        settings.runner = RunnerKind::Eager;
        settings.templates_dir = Some(shipped.into());
    })
    .await;
    let ann = fixture.signed_in("ann").await;
    let import = ann.start("demo.demo_import", json!({ "label": "<Spring>", "pace_ms": 0 })).await;
    let page = ann.get(import["url"].as_str().unwrap()).await.text;
    let shown = "<h3>&lt;Spring&gt;</h3>\n<p><strong>12</strong> products imported.</p>";
    assert!(page.contains(shown), "{page}");

    let templates = tempfile::tempdir().unwrap();
    let file = templates.path().join(ScoreImport::RESULT_TEMPLATE);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, "<p>{{ accepted }} of {{ total }}</p>").unwrap();
    let fixture = Fixture::with(|settings| {
        settings.runner = RunnerKind::Eager;
        settings.templates_dir = Some(templates.path().to_owned());
    })
    .await;
    let ann = fixture.signed_in("ann").await;
    let import = ann.start("demo.score_import", json!({ "file": "scores-20000.csv" })).await;
    let page = ann.get(import["url"].as_str().unwrap()).await.text;
    let summary = &import["result"];
    let shown = format!("<p>{} of {}</p>", summary["accepted"], summary["total"]);
    assert!(page.contains(&shown), "{page}");
}

#[tokio::test]
async fn every_operation_has_its_texts_in_every_language_of_the_demo() {
    let fixture = Fixture::eager().await;
    assert_eq!(fixture.demo.liveops().missing_texts(), []);
}

#[tokio::test]
async fn an_operation_is_shown_in_the_language_of_the_browser() {
    let fixture = Fixture::eager().await;
    let ann = fixture.signed_in("ann").await.reading("pl");
    let form = ann.operation("/live/demo.demo_import/").await;
    assert_eq!([&form["title"], &form["fields"][0]["label"]], ["Import próbny", "Nazwa"]);
    let import = ann.start("demo.demo_import", json!({ "pace_ms": 0 })).await;
    let page = ann.get(import["url"].as_str().unwrap()).await.text;
    for said in ["<html lang=\"pl\">", "Import próbny", "Pobieranie", "Wyloguj", "Zakończone"] {
        assert!(page.contains(said), "{said} in {page}");
    }
}
