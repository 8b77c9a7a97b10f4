use std::{fmt::Write, fs};

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use serde_json::{Value, json};

use crate::support::{Browser, Fixture};

const HEADER: &str = "student,course,score\n";

async fn import(fixture: &Fixture, content: impl AsRef<[u8]>) -> (Browser, Value) {
    let ann = fixture.signed_in("ann").await;
    let file = fixture.upload(content);
    let import = ann.start("demo.score_import", json!({ "file": file })).await;
    (ann, import)
}

/// A file of `rows` rows, of which one in `wrong_one_in` is wrong.
fn file(rows: usize, wrong_one_in: usize) -> String {
    let mut file = HEADER.to_owned();
    for row in 0..rows {
        let score = if row % wrong_one_in == 0 { "absent" } else { "50" };
        writeln!(file, "Ann,MATH-101,{score}").unwrap();
    }
    file
}

#[tokio::test]
async fn every_right_row_becomes_a_score() {
    let fixture = Fixture::eager().await;
    let file = format!("{HEADER}Ann,MATH-101,80\n\"Smith, Bob\",MATH-101,90.5\nEve,ART-1,0\n");
    let (_, import) = import(&fixture, file).await;
    assert_eq!(import["state"], "FINISHED_OK", "{import}");
    let expected = json!({
        "total": 3,
        "accepted": 3,
        "rejected": 0,
        "courses": [
            { "course": "ART-1", "count": 1, "mean": 0.0 },
            { "course": "MATH-101", "count": 2, "mean": 85.25 },
        ],
    });
    assert_eq!(import["result"], expected);
    assert_eq!(fixture.scores(&import).await, 3);
    assert_eq!(fixture.drafts(&import).await, 0);
}

#[tokio::test]
async fn spreadsheets_mark_of_utf_8_and_line_ends_are_no_mistakes() {
    let fixture = Fixture::eager().await;
    let (_, import) =
        import(&fixture, "\u{feff}Student,Course,Score\r\nŁucja,MATH-101,80\r\n").await;
    assert_eq!(import["result"]["accepted"], 1, "{import}");
}

#[tokio::test]
async fn a_wrong_row_is_left_out_and_reported_with_its_line() {
    let fixture = Fixture::eager().await;
    let (ann, import) = import(&fixture, file(100, 10)).await;
    assert_eq!(import["state"], "FINISHED_OK", "{import}");
    assert_eq!(import["result"]["rejected"], 10);
    assert_eq!(fixture.scores(&import).await, 90);
    let log = ann.log(&import).await;
    assert!(log.contains("Line 2: \"absent\" is not a score: expected a number from 0 to 100"));
    assert!(log.contains("Line 12: "));
    assert!(!log.contains("Line 3: "));
}

#[tokio::test]
async fn no_line_end_and_no_line_break_loses_or_invents_a_row() {
    let quoted = "\"Ann\nMarie\",MATH-1,90\nBea,MATH-1,80\nCal,MATH-1,70\n";
    for (rows, accepted, rejected) in [
        ("Ann,MATH-1,90\nBea,MATH-1,80\rCal,MATH-1,70\n", 3, 0),
        ("Ann,MATH-1,90\rBea,MATH-1,80\rCal,MATH-1,70", 3, 0),
        (quoted, 2, 1),
    ] {
        let fixture = Fixture::eager().await;
        let (_, import) = import(&fixture, format!("{HEADER}{rows}")).await;
        assert_eq!(import["result"]["accepted"], accepted, "{rows:?}: {import}");
        assert_eq!(import["result"]["rejected"], rejected, "{rows:?}: {import}");
    }
}

#[tokio::test]
async fn a_thousand_wrong_rows_are_logged_and_the_rest_counted() {
    let fixture = Fixture::eager().await;
    let (ann, import) = import(&fixture, file(3_000, 2)).await;
    assert_eq!(import["result"]["rejected"], 1_500, "{import}");
    let log = ann.log(&import).await;
    assert!(log.contains("… and 500 more rejected rows"), "{log}");
    assert!(log.contains("Line 2000: ") && !log.contains("Line 2002: "));
}

#[tokio::test]
async fn a_file_that_is_mostly_wrong_fails_as_a_whole() {
    let fixture = Fixture::eager().await;
    let rows = format!("{}Ann,MATH-101,absent\n", file(2, 2));
    let (_, import) = import(&fixture, rows).await;
    assert_eq!(import["state"], "FINISHED_ERROR");
    assert_eq!(
        import["error"],
        "2 of 3 rows are wrong, more than half, so nothing was saved. The log says what is wrong \
         with them."
    );
    assert_eq!(fixture.scores(&import).await, 0);
    assert_eq!(fixture.drafts(&import).await, 0);
}

#[tokio::test]
async fn a_file_that_is_no_list_of_scores_fails_with_the_reason() {
    let long_line = format!("{HEADER}Ann,MATH-101,5\n{}\n", "x".repeat(1 << 20));
    let many_courses = (0..600).fold(HEADER.to_owned(), |mut file, course| {
        writeln!(file, "Ann,C{course},5").unwrap();
        file
    });
    for (content, message) in [
        (b"".to_vec(), "The file is empty."),
        (b"\n \n".to_vec(), "The file is empty."),
        (HEADER.into(), "The file has a header and no rows."),
        (
            b"name;points\nAnn;5\n".to_vec(),
            "Expected the header `student,course,score`, found `name;points`.",
        ),
        (
            b"Ann,MATH-101,5\n".to_vec(),
            "Expected the header `student,course,score`, found `Ann,MATH-101,5`.",
        ),
        (
            [HEADER.as_bytes(), b"Ann,MATH-101,5\nM\xfcller,MATH-101,5\n"].concat(),
            "Line 3 is not UTF-8 text: save the file as UTF-8 and try again.",
        ),
        (
            // The format that a spreadsheet saves as "Unicode text".
            "student,course,score\n".encode_utf16().flat_map(u16::to_le_bytes).collect(),
            "Expected the header",
        ),
        (
            long_line.into(),
            "Line 3 is longer than 64 KiB: this is not a list of scores, or a quotation mark is not closed.",
        ),
        (
            [HEADER.as_bytes(), b"Ann,MATH-101,5\n\"Ben,MATH-101,5\nCal,MATH-101,5\n"].concat(),
            "Line 3 has a quotation mark that is not closed.",
        ),
        (
            many_courses.into(),
            "The file has more than 500 courses: is its second column the course?",
        ),
    ] {
        let fixture = Fixture::eager().await;
        let (ann, import) = import(&fixture, content).await;
        assert_eq!(import["state"], "FINISHED_ERROR", "{message}");
        let error = import["error"].as_str().unwrap();
        assert!(error.starts_with(message), "expected {message:?}, found {error:?}");
        assert_eq!(fixture.scores(&import).await, 0, "{message}");
        assert_eq!(fixture.drafts(&import).await, 0, "{message}");
        assert_eq!(ann.get("/healthz").await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn a_retry_does_not_double_the_scores() {
    let fixture = Fixture::eager().await;
    let (ann, import) = import(&fixture, file(1_200, 10)).await;
    assert_eq!(fixture.scores(&import).await, 1_080);
    let url = import["url"].as_str().unwrap();
    ann.post(&format!("{url}retry"), "").await;
    let again = ann.operation(url).await;
    assert_eq!(again["state"], "FINISHED_OK");
    assert!(again["attempt"].as_u64() > import["attempt"].as_u64(), "it ran again");
    assert_eq!(fixture.scores(&again).await, 1_080);
}

#[tokio::test]
async fn a_retry_that_fails_leaves_no_scores() {
    let fixture = Fixture::eager().await;
    let ann = fixture.signed_in("ann").await;
    let file = fixture.upload(file(10, 20));
    let import = ann.start("demo.score_import", json!({ "file": &file })).await;
    assert_eq!(fixture.scores(&import).await, 9);

    fs::write(file, "spoiled").unwrap();
    let url = import["url"].as_str().unwrap();
    ann.post(&format!("{url}retry"), "").await;
    let again = ann.operation(url).await;
    assert_eq!(again["state"], "FINISHED_ERROR");
    assert_eq!(fixture.scores(&again).await, 0);
}

#[tokio::test]
async fn an_uploaded_file_is_imported() {
    let fixture = Fixture::eager().await;
    let ann = fixture.signed_in("ann").await;
    let body = format!(
        "--limit\r\ncontent-disposition: form-data; name=\"file\"; filename=\"my scores.csv\"\r\n\
         content-type: text/csv\r\n\r\n{HEADER}Ann,MATH-101,80\n\r\n\
         --limit\r\ncontent-disposition: form-data; name=\"pace_ms\"\r\n\r\n0\r\n--limit--\r\n"
    );
    let request = Request::post("/live/demo.score_import/")
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=limit");
    let answer = ann.send(request, Body::from(body)).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);

    let page = ann.get(answer.location()).await;
    assert!(page.text.contains("MATH-101") && page.text.contains("80.00"), "{}", page.text);
    let import = ann.operation(answer.location()).await;
    assert_eq!(fixture.scores(&import).await, 1);
}
