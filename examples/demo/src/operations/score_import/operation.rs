//! The operation that imports a CSV file of scores.

use std::{mem, path::PathBuf};

use liveops::{LiveOperation, Progress, Run, RunError, RunResult};
use serde::{Deserialize, Serialize};
use tokio::{sync::mpsc, task::spawn_blocking};

use super::{
    Summary, row,
    source::{Source, for_owner},
    summary::Tally,
};
use crate::{
    AppState,
    library::Access,
    operations::{Bounded, pause, thousands},
    scores::{ImportScores, NewScore},
    site,
};

/// Imports a CSV file of exam scores.
///
/// A row that is invalid is skipped and reported with its line. If more than half of the rows are invalid,
/// the whole import fails. An import that fails or is cancelled leaves no scores, and a retry replaces the
/// scores of the earlier run.
#[derive(Debug, LiveOperation, Serialize, Deserialize)]
#[stages("Load", "Process", "Save")]
#[liveop(app = "demo", title = "Score import", describe = "Scores of {file}", state = AppState, form)]
pub struct ScoreImport {
    /// CSV file. With rows of `student,course,score`.
    // A request may also name a sample, and a request of staff any file: `Library` checks this.
    #[field(accept = ".csv,text/csv", any_path)]
    pub file: PathBuf,
    /// Milliseconds to rest after each batch. For those who want to watch: 250 is slow.
    #[serde(default)]
    pub pace_ms: Bounded<0, 10_000, 0>,
}

/// Number of rows per statement: large enough for few statements, small enough that other writers can write
/// in between.
const BATCH_ROWS: usize = 500;

/// Maximum number of batches that wait to be written; beyond it the reader waits.
const BATCHES_AHEAD: usize = 1;

/// Maximum number of rejected rows that are logged individually. All of them are counted.
const LOGGED_REJECTIONS_MAX: u64 = 1_000;

/// Maximum number of courses in a summary. A file with more has other values in this column.
const COURSES_MAX: usize = 500;

impl Run for ScoreImport {
    type Output = Summary;

    async fn run(&self, p: Progress<Self>) -> RunResult<Summary> {
        let scores = p.state().scores.of_import(p.id(), p.attempt());
        scores.clear().await?;
        let summary = self.import(&p, &scores).await;
        if summary.is_err()
            && let Err(error) = scores.discard_drafts().await
        {
            // Drafts are not scores, and the next run of this import deletes them. This event is not for the
            // owner, who reads the events of `demo::operations`.
            tracing::error!(target: "demo", %error, "failed to discard the drafts of an import");
        }
        summary
    }
}

impl ScoreImport {
    async fn import(&self, p: &Progress<Self>, scores: &ImportScores) -> RunResult<Summary> {
        use ScoreImportStage::{Load, Process, Save};

        let source = p.stage(Load, self.load(p)).await?;
        let summary = p.stage(Process, self.process(p, source, scores)).await?;
        p.stage(Save, save(p, scores, &summary)).await?;
        Ok(summary)
    }

    async fn load(&self, p: &Progress<Self>) -> RunResult<Source> {
        let access = if site::is_staff(p.owner().as_str()) { Access::Any } else { Access::Shared };
        let (p, file) = (p.clone(), self.file.clone());
        spawn_blocking(move || {
            let file = p.state().library.open(&file, access);
            let source =
                Source::load(&p, file.map_err(|error| RunError::user(error.to_string()))?)?;
            p.log(format!("The file has {} rows", thousands(source.rows())));
            Ok(source)
        })
        .await?
    }

    /// Checks the rows in a separate thread, and writes the valid rows as drafts.
    async fn process(
        &self,
        p: &Progress<Self>,
        source: Source,
        scores: &ImportScores,
    ) -> RunResult<Summary> {
        p.status("Checking the rows");
        let (checked, mut batches) = mpsc::channel(BATCHES_AHEAD);
        let check = {
            let p = p.clone();
            spawn_blocking(move || check(&p, source, &checked))
        };
        while let Some(batch) = batches.recv().await {
            scores.add_drafts(batch).await?;
            pause(p, self.pace_ms.value()).await?;
        }
        judge(check.await??)
    }
}

fn check(
    p: &Progress<ScoreImport>,
    source: Source,
    checked: &mpsc::Sender<Vec<NewScore>>,
) -> RunResult<Tally> {
    let mut tally = Tally::default();
    let mut batch = Vec::with_capacity(BATCH_ROWS);
    let total = source.rows();
    for record in p.track(source.records()?).label("Checking").unit("rows").total(total) {
        let record = record?.map_err(for_owner)?;
        match row::parse(&record) {
            Ok(row) => {
                tally.accept(&row);
                batch.push(row);
            }
            Err(fault) if tally.reject() <= LOGGED_REJECTIONS_MAX => {
                p.log_warn(format!("Line {}: {fault}", record.line));
            }
            Err(_) => {}
        }
        if tally.course_count() > COURSES_MAX {
            return Err(RunError::user(format!(
                "The file has more than {COURSES_MAX} courses: is its second column the course?"
            )));
        }
        if batch.len() == BATCH_ROWS {
            let full = mem::replace(&mut batch, Vec::with_capacity(BATCH_ROWS));
            checked.blocking_send(full)?;
        }
    }
    if let Some(more) = tally.rejected().checked_sub(LOGGED_REJECTIONS_MAX).filter(|&n| n > 0) {
        p.log_warn(format!("… and {} more rejected rows", thousands(more)));
    }
    if !batch.is_empty() {
        checked.blocking_send(batch)?;
    }
    Ok(tally)
}

/// Returns an error if too many rows of a file are invalid.
fn judge(tally: Tally) -> RunResult<Summary> {
    let summary = tally.finish();
    if summary.rejected > summary.accepted {
        return Err(RunError::user(format!(
            "{} of {} rows are wrong, more than half, so nothing was saved. The log says what is \
             wrong with them.",
            thousands(summary.rejected),
            thousands(summary.total)
        )));
    }
    Ok(summary)
}

async fn save(
    p: &Progress<ScoreImport>,
    scores: &ImportScores,
    summary: &Summary,
) -> RunResult<()> {
    p.status(format!("Saving {} rows", thousands(summary.accepted)));
    p.set(0, summary.accepted);
    scores.commit().await?;
    p.set(summary.accepted, summary.accepted);
    p.status(format!(
        "{} rows saved, {} rejected",
        thousands(summary.accepted),
        thousands(summary.rejected)
    ));
    Ok(())
}
