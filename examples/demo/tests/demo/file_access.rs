use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Browser, Fixture};

async fn import(browser: &Browser, file: &Path) -> Value {
    browser.start("demo.score_import", json!({ "file": file })).await
}

#[tokio::test]
async fn a_viewer_reads_uploads_and_samples_only() {
    let fixture = Fixture::eager().await;
    let ann = fixture.signed_in("ann").await;
    let elsewhere = tempfile::tempdir().unwrap();
    let file = elsewhere.path().join("scores.csv");
    std::fs::write(&file, "student,course,score\nAnn,MATH-101,5\n").unwrap();

    for path in [&file, Path::new("/etc/passwd"), Path::new("../Cargo.toml"), Path::new("/none")] {
        let import = import(&ann, path).await;
        assert_eq!(import["state"], "FINISHED_ERROR");
        assert_eq!(
            import["error"],
            format!("There is no file `{}` among the uploads and samples.", path.display()),
        );
    }
}

#[tokio::test]
async fn staff_can_read_every_file() {
    let fixture = Fixture::eager().await;
    let admin = fixture.signed_in("admin").await;
    let elsewhere = tempfile::tempdir().unwrap();
    let file = elsewhere.path().join("scores.csv");
    std::fs::write(&file, "student,course,score\nAnn,MATH-101,5\n").unwrap();

    assert_eq!(import(&admin, &file).await["state"], "FINISHED_OK");
    assert_eq!(
        import(&admin, Path::new("/none.csv")).await["error"],
        "The file `/none.csv` cannot be opened: there is none."
    );
    let folder = elsewhere.path();
    let error = format!("`{}` is not a file.", folder.display());
    assert_eq!(import(&admin, folder).await["error"], error);
}
