//! The recorder of metrics: one per process, with buckets for every histogram.

use std::{convert::Infallible, sync::OnceLock, time::Duration};

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::time;

/// Bucket bounds for waiting times. An idle worker starts an operation within milliseconds; a worker without
/// a wake-up needs up to its poll interval; operations behind others may wait for minutes.
const WAIT_SECONDS: &[f64] =
    &[0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 1_800.0];

/// Bucket bounds for runs, which take from milliseconds to hours.
const RUN_SECONDS: &[f64] = &[
    0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 30.0, 60.0, 300.0, 900.0, 1_800.0, 3_600.0, 10_800.0,
    43_200.0,
];

/// Bucket bounds for database queries.
const QUERY_SECONDS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

/// Interval at which new values are sorted into the buckets, with or without a scrape.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

/// Returns the recorder of this process. All demos that start in one process share it.
pub(crate) fn recorder() -> PrometheusHandle {
    static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();
    let handle = RECORDER.get_or_init(|| {
        let recorder = builder().expect("every histogram has buckets").build_recorder();
        let handle = recorder.handle();
        match metrics::set_global_recorder(recorder) {
            Ok(()) => liveops::metrics::describe(),
            Err(error) => tracing::warn!(%error, "could not install the metrics recorder; /metrics stays empty"),
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
        .set_buckets_for_metric(ranges("liveops_claim_duration_seconds"), QUERY_SECONDS)?
        .set_buckets_for_metric(ranges("liveops_lease_renewal_duration_seconds"), QUERY_SECONDS)
}

/// Runs the upkeep of the recorder, which otherwise keeps every value until the next scrape.
pub(crate) async fn keep(recorder: PrometheusHandle) -> Infallible {
    loop {
        time::sleep(UPKEEP_INTERVAL).await;
        recorder.run_upkeep();
    }
}
