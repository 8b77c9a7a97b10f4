use demo::sample;
use serde_json::json;

use crate::support::Fixture;

#[test]
fn the_shipped_file_is_what_the_generator_writes() {
    let mut written = Vec::new();
    sample::write(&mut written, sample::ROWS).unwrap();
    let shipped = include_bytes!("../../data/scores-20000.csv");
    assert!(written == shipped, "run `sample-scores > examples/demo/data/scores-20000.csv`");
}

#[tokio::test]
async fn the_sample_is_imported_by_its_name() {
    let fixture = Fixture::eager().await;
    let ann = fixture.signed_in("ann").await;
    let import = ann.start("demo.score_import", json!({ "file": sample::FILE_NAME })).await;

    assert_eq!(import["state"], "FINISHED_OK", "{import}");
    let result = &import["result"];
    assert_eq!(result["total"], 20_000);
    let (accepted, rejected) =
        (result["accepted"].as_u64().unwrap(), result["rejected"].as_u64().unwrap());
    assert_eq!(accepted + rejected, 20_000);
    assert!((150..250).contains(&rejected), "about one in a hundred is wrong: {rejected}");
    assert_eq!(result["courses"].as_array().unwrap().len(), 14);
    assert_eq!(fixture.scores(&import).await, accepted);

    let log = ann.log(&import).await;
    for fault in [
        "the student has no name",
        "is not a course",
        "\"absent\" is not a score",
        "expected 3 fields, found 2",
        "expected 3 fields, found 4",
    ] {
        assert!(log.contains(fault), "{fault}");
    }
}
