//! Processes that start at the same moment.

use super::{fleet::Deployment, process::Process};

#[tokio::test]
async fn processes_that_start_at_once_make_the_tables_once() {
    let Some(deployment) = Deployment::new(&[]).await else { return };
    all_start(&deployment).await;
    // The tables are there now.
    all_start(&deployment).await;
}

async fn all_start(deployment: &Deployment) {
    let serve = |number| {
        deployment
            .start(&format!("web-{number}"), &["serve", "--no-worker", "--bind", "127.0.0.1:0"])
    };
    let work = |number| deployment.start(&format!("worker-{number}"), &["worker"]);
    let mut processes: Vec<Process> = (0..2).map(serve).chain((0..3).map(work)).collect();
    for (number, process) in processes.iter_mut().enumerate() {
        process.says(if number < 2 { "listening on" } else { "working" }).await;
    }
    for process in processes {
        assert!(process.terminate().await.success());
    }
}
