use std::{convert::Infallible, sync::OnceLock, time::Duration};

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::time;

/// Upper ends of the ranges in which waits are counted: an idle worker begins within milliseconds, one
/// that nobody wakes within its poll interval, and what is behind others may wait for minutes.
const WAIT_SECONDS: &[f64] =
    &[0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 1_800.0];

/// The same for runs, which take anything from milliseconds to hours.
const RUN_SECONDS: &[f64] = &[
    0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 30.0, 60.0, 300.0, 900.0, 1_800.0, 3_600.0, 10_800.0,
    43_200.0,
];

/// The same for what the database is asked.
const QUERY_SECONDS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

/// How often what came in is put into its ranges, scraped or not.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

/// What is counted in this process: it has one recorder, however many demos are started in it.
pub(crate) fn recorder() -> PrometheusHandle {
    static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();
    let handle = RECORDER.get_or_init(|| {
        let recorder = builder().expect("there are ranges").build_recorder();
        let handle = recorder.handle();
        match metrics::set_global_recorder(recorder) {
            Ok(()) => liveops::metrics::describe(),
            Err(error) => tracing::warn!(%error, "/metrics stays empty"),
        }
        handle
    });
    handle.clone()
}

fn builder() -> Result<PrometheusBuilder, BuildError> {
    let ranges = |name: &str| Matcher::Full(name.to_owned());
    PrometheusBuilder::new()
        .set_buckets_for_metric(ranges("liveops_attempt_wait_seconds"), WAIT_SECONDS)?
        .set_buckets_for_metric(ranges("liveops_attempt_duration_seconds"), RUN_SECONDS)?
        .set_buckets_for_metric(ranges("liveops_claim_duration_seconds"), QUERY_SECONDS)
}

/// Keeps the recorder from holding every value until somebody asks.
pub(crate) async fn keep(recorder: PrometheusHandle) -> Infallible {
    loop {
        time::sleep(UPKEEP_INTERVAL).await;
        recorder.run_upkeep();
    }
}
