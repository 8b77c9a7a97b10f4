//! Whoever starts an operation reads in their language what it shows, whoever shows it; whoever looks
//! at a page reads what is around it in theirs.

use axum::{
    body::Body,
    http::{Request, header},
};
use liveops::{
    ChannelName, Config, LiveOperation, OperationId, OperationState, Progress, Run, RunError,
    RunResult, RunnerKind, Viewer, language::Languages, runner::Builder,
};
use reqwest::{Client, Method};
use sea_orm::TransactionTrait;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::support::{
    app::{Answer, Gate, TestApp},
    database::on_every_database,
    events::Events,
    served::{Served, html},
};

/// Says in the language of its owner how many rows it has, and fails where it has none.
#[derive(LiveOperation, Serialize, Deserialize)]
#[stages("Count rows")]
#[liveop(app = "test", title = "Row count", state = Gate, max_attempts = 2, backoff = "90 s", public)]
struct RowCount {
    rows: u64,
}

impl Run for RowCount {
    type Output = u64;

    async fn run(&self, p: Progress<Self>) -> RunResult<u64> {
        p.stage(RowCountStage::CountRows, async {
            p.set(self.rows / 2, self.rows);
            p.status(p.language().text("rows", [("rows", self.rows.into())]).unwrap_or_default());
            p.state().pass().await;
            if self.rows == 0 { Err("no rows".into()) } else { Ok(self.rows) }
        })
        .await
    }
}

/// Fails in a way that is not its owner's to know.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", title = "Failure", public)]
struct Failure {}

impl Run for Failure {
    type Output = ();

    async fn run(&self, _: Progress<Self>) -> RunResult<()> {
        Err(RunError::from("the secret database is down"))
    }
}

const POLISH: &str = "
test-row_count = Liczba wierszy
    .stage-count-rows = Liczenie
rows = { $rows ->
    [one] { $rows } wiersz
    [few] { $rows } wiersze
   *[other] { $rows } wierszy
}
";

fn speaking(builder: Builder<Gate>) -> Builder<Gate> {
    let languages = Languages::new().with("pl", POLISH).unwrap();
    builder.languages(languages).register::<RowCount>().register::<Failure>()
}

async fn ask(app: &TestApp, method: &str, path: &str, user: &str, language: &str) -> Answer {
    let request = Request::builder().method(method).uri(path).header("x-user", user);
    let request = request.header(header::ACCEPT_LANGUAGE, language);
    let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    app.send(request.body(Body::empty()).unwrap()).await
}

/// Starts an operation over HTTP, and gives its id.
async fn started(app: &TestApp, op_type: &str, body: &str, language: &str) -> OperationId {
    let request = Request::post(format!("/live/{op_type}/"))
        .header(header::ACCEPT_LANGUAGE, language)
        .header(header::CONTENT_TYPE, "application/json");
    let answer = app.send(request.body(Body::from(body.to_owned())).unwrap()).await;
    answer.json()["id"].as_str().unwrap().parse().unwrap()
}

/// What stands in the element of that class.
#[track_caller]
fn inside<'a>(page: &'a str, class: &str) -> &'a str {
    let class = format!("class=\"{class}\"");
    let (_, rest) = page.split_once(&class).unwrap_or_else(|| panic!("no {class} in {page}"));
    let (_, rest) = rest.split_once('>').unwrap();
    rest.split_once("</").unwrap().0
}

on_every_database! {
    async fn what_an_application_enqueues_for_a_viewer_speaks_their_language(db: TestDatabase) {
        let app = TestApp::on(&db.url(), |builder| speaking(builder).runner(RunnerKind::Worker)).await;
        let ann = Viewer::new("ann").with_languages("eo, pl, en");
        let alone = app.liveops.enqueue(RowCount { rows: 1 }, &ann).await.unwrap();
        let connection = db.connect().await;
        let transaction = connection.begin().await.unwrap();
        let within =
            app.liveops.enqueue_in(&transaction, RowCount { rows: 2 }, &ann).await.unwrap();
        app.liveops.commit(transaction).await.unwrap();
        let of_nobody_known = app.liveops.enqueue(RowCount { rows: 3 }, "ann").await.unwrap();
        for (id, language) in [(alone, "pl"), (within, "pl"), (of_nobody_known, "")] {
            let row = app.liveops.find(id).await.unwrap().unwrap();
            assert_eq!((row.language.as_str(), row.owner.as_str()), (language, "ann"));
        }
    }

    async fn a_worker_shows_an_operation_in_the_language_it_was_started_in(db: TestDatabase) {
        let web = TestApp::on(&db.url(), |builder| speaking(builder).runner(RunnerKind::Worker)).await;
        let id = started(&web, RowCount::OP_TYPE, r#"{"rows":5000}"#, "de;q=0.8, eo, pl-PL;q=0.9").await;
        assert_eq!(web.liveops.find(id).await.unwrap().unwrap().language, "pl-PL");
        drop(web);

        // Another process, which knows nothing but the row.
        let worker = TestApp::on(&db.url(), speaking).await;
        worker.gate.open(1);
        worker.liveops.start_worker();
        worker.ends(id).await;
        let page = worker.get(&format!("/live/test.row_count/{id}/")).await.body;
        for said in ["Liczba wierszy", "Liczenie", "5000 wierszy", "Zakończone"] {
            assert!(page.contains(said), "{said} in {page}");
        }
    }
}

#[tokio::test]
async fn a_title_is_in_the_language_that_an_application_asks_for() {
    let app = TestApp::with(speaking).await;
    let title = |language: &str| {
        let renderer = app.liveops.renderer().with_language(language);
        app.liveops.title(RowCount::OP_TYPE, renderer.language()).unwrap()
    };
    assert_eq!([title("pl"), title("de"), title("")], ["Liczba wierszy", "Row count", "Row count"]);
}

#[tokio::test]
async fn a_page_is_in_the_language_of_its_reader_around_the_operation_in_that_of_its_owner() {
    let app = TestApp::with(speaking).await;
    let id = started(&app, RowCount::OP_TYPE, r#"{"rows":2}"#, "pl").await;
    app.reaches(id, OperationState::Started).await;
    let page = ask(&app, "GET", &format!("/live/test.row_count/{id}/"), "admin", "de").await.body;
    assert!(page.contains("<html lang=\"de\">"), "{page}");
    assert!(page.contains("<title>Row count</title>"), "{page}");
    assert!(page.contains("Vorgänge</a>"), "{page}");
    assert!(page.contains("class=\"liveop\" lang=\"pl\""), "{page}");
    assert_eq!(inside(&page, "op-title"), "Liczba wierszy");
    assert_eq!(inside(&page, "op-stage-name"), "Liczenie");
    assert_eq!(inside(&page, "liveops-badge"), "W toku");
    assert_eq!(inside(&page, "op-log-link"), "Cały dziennik");
    assert!(page.contains("Ponowne łączenie…"), "{page}");
    app.gate.open(1);
}

#[tokio::test]
async fn a_list_is_in_the_language_of_its_reader() {
    let app = TestApp::with(speaking).await;
    let id = started(&app, RowCount::OP_TYPE, r#"{"rows":2}"#, "en").await;
    app.reaches(id, OperationState::Started).await;
    let polish = ask(&app, "GET", "/live/", "ann", "pl").await;
    for said in ["<h1>Operacje</h1>", ">Liczba wierszy</a>", "W toku", "Utworzono", "Szukaj"] {
        assert!(polish.body.contains(said), "{said} in {}", polish.body);
    }
    assert!(polish.header("vary").contains("Accept-Language"));
    let french = ask(&app, "GET", "/live/", "ann", "fr").await.body;
    for said in ["<h1>Opérations</h1>", ">Row count</a>", "En cours"] {
        assert!(french.contains(said), "{said} in {french}");
    }
    app.gate.open(1);
}

#[tokio::test]
async fn what_is_pushed_into_a_list_is_the_same_in_every_language() {
    let served = Served::build(Config::default(), speaking).await;
    let url = served.server.url("/live/events");
    let mut events = Events::open(&url, &[("x-user", "admin")]).await;
    let id = started(&served.app, RowCount::OP_TYPE, r#"{"rows":5000}"#, "pl").await;
    let pushed = events.next_matching(|event| event.data.contains("5000 wierszy")).await;
    let row = &pushed.last().unwrap().data;
    assert!(row.contains(&format!("<span id=\"op-row-progress-{id}\"")), "{row}");
    let named = format!("aria-labelledby=\"op-row-title-{id}\"");
    assert!(row.contains("value=\"50\"") && row.contains(&named), "{row}");
    for words in ["liveops-badge", "op-row-state", "W toku", "Postęp", "50%"] {
        assert!(!row.contains(words), "{words} in {row}");
    }
    let list = ask(&served.app, "GET", "/live/", "admin", "de").await.body;
    assert_eq!(inside(&list, "liveops-badge"), "Läuft");
    let (_, title) = list.split_once(&format!("id=\"op-row-title-{id}\">")).unwrap();
    assert!(title.split_once("</td>").unwrap().0.contains("Row count"), "{title}");
    for element in row.split_inclusive("</span>") {
        let shown = element.replace(" hx-swap-oob=\"true\"", "");
        assert!(list.contains(&shown), "{shown} is not in {list}");
    }
    served.app.gate.open(1);
}

#[tokio::test]
async fn what_went_wrong_is_said_in_the_owners_language() {
    let app = TestApp::with(|builder| speaking(builder).runner(RunnerKind::Eager)).await;
    let id = started(&app, Failure::OP_TYPE, "{}", "uk").await;
    let row = app.liveops.find(id).await.unwrap().unwrap();
    let told = row.error_message.unwrap();
    assert!(told.starts_with("Сталася помилка.") && told.contains(&id.to_string()), "{told}");
}

#[tokio::test]
async fn staff_read_the_traceback_below_a_heading_in_their_language() {
    let served = Served::build(Config::default(), speaking).await;
    let id = started(&served.app, Failure::OP_TYPE, "{}", "pl").await;
    served.app.ends(id).await;
    let path = format!("/live/test.failure/{id}/");
    let page = ask(&served.app, "GET", &path, "admin", "de").await.body;
    assert!(page.contains("class=\"liveop\" lang=\"pl\""), "{page}");
    let heading = "<details lang=\"de\"><summary>Fehlerverlauf</summary>";
    assert!(page.contains(heading), "{page}");

    let headers = [("x-user", "admin"), ("accept-language", "de")];
    let mut events = Events::open(&served.server.url(&format!("{path}events")), &headers).await;
    let pushed = events.until(|message| message["liveop_finished"].is_object()).await;
    assert!(pushed.iter().any(|(_, message)| html(message).contains(heading)), "{pushed:?}");
}

#[tokio::test]
async fn an_attempt_that_failed_is_logged_in_the_owners_language() {
    let app = TestApp::with(speaking).await;
    app.gate.open(1);
    let id = started(&app, RowCount::OP_TYPE, r#"{"rows":0}"#, "ja").await;
    app.until_row(id, |row| row.log_seq > 0).await;
    let log = app.log(id).await.join("\n");
    assert!(log.contains("試行 1/2 は失敗しました。次の試行は1分30秒後です"), "{log}");
}

#[tokio::test]
async fn a_refusal_is_in_the_language_of_its_reader() {
    let app = TestApp::with(|builder| speaking(builder).runner(RunnerKind::Eager)).await;
    let page = ask(&app, "GET", "/live/test.none/1/", "ann", "zh-CN").await.body;
    assert!(page.contains("<h1>未找到</h1>") && page.contains("未找到操作。"), "{page}");

    let id = started(&app, Failure::OP_TYPE, "{}", "en").await;
    let cancel = Request::post(format!("/live/test.failure/{id}/cancel"))
        .header(header::ACCEPT_LANGUAGE, "de-AT")
        .header(header::ACCEPT, "application/json");
    let refused = app.send(cancel.body(Body::empty()).unwrap()).await;
    assert_eq!(refused.json()["error"]["code"], "already_ended");
    assert_eq!(refused.json()["error"]["message"], "Der Vorgang ist schon beendet.");
}

#[tokio::test]
async fn what_is_refused_to_scripts_is_in_the_language_of_their_reader() {
    let mut config = Config::default();
    config.connections_per_viewer_max = 1;
    let served = Served::build(config, speaking).await;
    let id = started(&served.app, RowCount::OP_TYPE, r#"{"rows":2}"#, "en").await;
    let refused = async |method: Method, path: &str, headers: &[(&str, &str)]| {
        let request = Client::new().request(method, served.server.url(path));
        let request = request.header(header::ACCEPT_LANGUAGE, "pl");
        let request =
            headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        answer["error"]["message"].as_str().unwrap().to_owned()
    };
    let other_site = "Żądania z innych witryn są odrzucane.";
    let elsewhere = ("origin", "https://elsewhere.example");
    let foreign_socket = [
        ("connection", "upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        elsewhere,
    ];
    assert_eq!(refused(Method::GET, "/live/ws", &foreign_socket).await, other_site);
    let path = format!("/live/test.row_count/{id}");
    let message = refused(Method::POST, &format!("{path}/cancel"), &[elsewhere]).await;
    assert_eq!(message, other_site);

    let _open = Events::open(&served.server.url("/live/events"), &[]).await;
    for path in ["/live/events", &format!("{path}/events")] {
        let message = refused(Method::GET, path, &[]).await;
        assert_eq!(
            message, "Zbyt wiele otwartych stron. Zamknij część z nich i spróbuj ponownie.",
            "{path}"
        );
    }
    served.app.gate.open(1);
    served.app.ends(id).await;
    served.app.db.clone().close().await.unwrap();
    let wanted = json!({ "channels": [ChannelName::operation(id).as_str()] }).to_string();
    let token = Request::post("/live/token").header(header::ACCEPT_LANGUAGE, "pl");
    let token = token.header(header::CONTENT_TYPE, "application/json");
    let told = served.app.send(token.body(Body::from(wanted)).unwrap()).await.json();
    assert_eq!(told["error"]["message"], "Wystąpił błąd serwera.");
}

#[tokio::test]
async fn texts_that_were_forgotten_are_told() {
    let app = TestApp::with(speaking).await;
    let missing = app.liveops.missing_texts();
    let failure = missing.iter().find(|text| text.id == "test-failure").unwrap();
    assert_eq!((failure.language.as_str(), failure.text), ("pl", "Failure"));
    assert!(!missing.iter().any(|text| text.id.starts_with("test-row_count")), "{missing:?}");
}
