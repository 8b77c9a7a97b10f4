//! Results without a template: fields in the order of the struct, on pages and as text.

use std::collections::BTreeMap;

use liveops::{LiveOperation, OperationId, Progress, Run, RunResult, RunnerKind, Templates};
use maud::html;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::support::{app::TestApp, database::on_every_database};

/// Grades a course.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", public)]
struct Grade {}

#[derive(Serialize, Deserialize)]
struct Report {
    students: u32,
    best: Best,
    rows: Vec<Row>,
    by_course: BTreeMap<String, u32>,
    report_url: String,
}

#[derive(Serialize, Deserialize)]
struct Best {
    student: String,
    course: String,
}

#[derive(Serialize, Deserialize)]
struct Row {
    zone: char,
    score: u16,
    absent: bool,
}

impl Run for Grade {
    type Output = Report;

    async fn run(&self, _: Progress<Self>) -> RunResult<Report> {
        Ok(Report {
            students: 1_204,
            best: Best { student: "Ann".into(), course: "Math".into() },
            rows: vec![Row { zone: 'a', score: 5, absent: false }],
            by_course: BTreeMap::from([("Art".into(), 3)]),
            report_url: "https://example.org/r".into(),
        })
    }
}

async fn graded(app: &TestApp) -> OperationId {
    app.liveops.enqueue(Grade {}, "ann").await.unwrap()
}

/// Returns the positions of texts in a page, which contains them.
#[track_caller]
fn positions(page: &str, texts: &[&str]) -> Vec<usize> {
    let position = |text: &&str| page.find(text).unwrap_or_else(|| panic!("{text} in {page}"));
    texts.iter().map(position).collect()
}

on_every_database! {
    async fn fields_are_in_the_order_of_the_struct(db: TestDatabase) {
        let change = |builder: liveops::runner::Builder<_>| {
            builder.register::<Grade>().runner(RunnerKind::Eager)
        };
        let app = TestApp::on(&db.url(), change).await;
        let id = graded(&app).await;
        let row = app.liveops.find(id).await.unwrap().unwrap();
        assert!(row.output::<Report>().unwrap().is_some());
        // The second process has only the row, the first one the state that the run published.
        let elsewhere = app.elsewhere(change);
        let router = liveops::axum::Router::new()
            .merge(liveops::web::router::<crate::support::app::HeaderUser, ()>(&elsewhere));
        let other = TestApp { liveops: elsewhere.clone(), router, db: app.db.clone(), gate: app.gate.clone() };
        for app in [&app, &other] {
            let page = app.get(&app.liveops.url(Grade::OP_TYPE, id)).await.body;
            let names = ["Students", "Best", "Student<", "Course<", "Rows", "Zone", "Score", "Absent", "By course", "Report URL"];
            let found = positions(&page, &names.map(|name| if name.ends_with('<') { format!(">{name}") } else { format!(">{name}<") }).each_ref().map(String::as_str));
            assert!(found.is_sorted(), "{found:?} in {page}");
            positions(&page, &[
                "<td>1,204</td>",
                "<td>a</td><td>5</td><td>No</td>",
                "<a href=\"https://example.org/r\" rel=\"noopener\">https://example.org/r</a>",
            ]);
        }
        let text = elsewhere.result_text(&row).unwrap();
        let names: Vec<&str> = text.lines().map(|line| line.split('=').next().unwrap()).collect();
        assert_eq!(names, ["students", "best", "rows", "by_course", "report_url"]);
    }

    async fn an_earlier_result_without_an_order_is_alphabetical(db: TestDatabase) {
        use sea_orm::ConnectionTrait;

        let change = |builder: liveops::runner::Builder<_>| {
            builder.register::<Grade>().runner(RunnerKind::Eager)
        };
        let app = TestApp::on(&db.url(), change).await;
        let id = graded(&app).await;
        app.db.execute_unprepared("UPDATE liveops_operation SET result_order = NULL").await.unwrap();
        let row = app.liveops.find(id).await.unwrap().unwrap();
        let text = app.liveops.result_text(&row).unwrap();
        let names: Vec<&str> = text.lines().map(|line| line.split('=').next().unwrap()).collect();
        assert_eq!(names, ["best", "by_course", "report_url", "rows", "students"]);
    }
}

#[tokio::test]
async fn a_template_of_the_result_is_used_as_before() {
    let app = TestApp::with(|builder| {
        let templates = Templates::new()
            .result::<Grade>(|report, _| html! { p class="graded" { (report.students) } });
        builder.register::<Grade>().templates(templates).runner(RunnerKind::Eager)
    })
    .await;
    let id = graded(&app).await;
    let page = app.get(&app.liveops.url(Grade::OP_TYPE, id)).await.body;
    assert!(page.contains("<p class=\"graded\">1204</p>"), "{page}");
    assert_eq!(
        app.ask("GET", &app.liveops.url(Grade::OP_TYPE, id)).await.json()["result"]["best"],
        json!({ "course": "Math", "student": "Ann" })
    );
}
