//! What liveops counts, as a scraper sees it.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use metrics::LocalRecorderGuard;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::time::{sleep, timeout};

/// How long the other side may take: far longer than it does on the slowest machine.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Counts what happens on this thread while it lives, from before the application is built on. Tests that
/// use it run on one thread, as `#[tokio::test]` does.
pub(crate) struct Meter {
    handle: PrometheusHandle,
    _guard: LocalRecorderGuard<'static>,
}

/// Every series there was at one moment.
#[derive(Debug)]
pub(crate) struct Scrape {
    pub(crate) series: Vec<Series>,
}

#[derive(Debug)]
pub(crate) struct Series {
    pub(crate) name: String,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) value: f64,
}

impl Meter {
    pub(crate) fn begin() -> Self {
        // Histograms rather than summaries, which forget.
        let recorder = PrometheusBuilder::new().set_buckets(&[1.0]).unwrap().build_recorder();
        let handle = recorder.handle();
        let recorder = Box::leak(Box::new(recorder));
        Self { handle, _guard: metrics::set_default_local_recorder(recorder) }
    }

    pub(crate) fn scrape(&self) -> Scrape {
        Scrape::read(&self.handle.render())
    }

    /// Waits until it has counted something.
    pub(crate) async fn until(&self, holds: impl Fn(&Scrape) -> bool) -> Scrape {
        let counted = async {
            while !holds(&self.scrape()) {
                sleep(Duration::from_millis(2)).await;
            }
        };
        let counted = timeout(TIMEOUT, counted).await;
        assert!(counted.is_ok(), "after {TIMEOUT:?}: {:#?}", self.scrape());
        self.scrape()
    }
}

impl Scrape {
    fn read(text: &str) -> Self {
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let series: Vec<Series> = lines.map(Series::read).collect();
        series.iter().for_each(Series::assert_declared);
        Self { series }
    }

    /// The sum of the series of this name that have these labels, and others.
    pub(crate) fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let has = |series: &Series| {
            labels
                .iter()
                .all(|(name, value)| series.labels.get(*name).is_some_and(|found| found == value))
        };
        let series = self.series.iter().filter(|series| series.name == name && has(series));
        series.map(|series| series.value).sum()
    }
}

impl Series {
    /// What the list of all metrics says is all there is: no other name, and no other label, by which
    /// there might be any number of series.
    fn assert_declared(&self) {
        let name = ["_bucket", "_sum", "_count"]
            .iter()
            .find_map(|part| self.name.strip_suffix(part))
            .unwrap_or(&self.name);
        let declared = liveops::metrics::ALL.iter().find(|metric| metric.name == name);
        let declared = declared.unwrap_or_else(|| panic!("{name} is not in the list"));
        let labels: BTreeSet<&str> =
            self.labels.keys().map(String::as_str).filter(|label| *label != "le").collect();
        assert_eq!(labels, declared.labels.iter().copied().collect(), "{name}");
    }

    fn read(line: &str) -> Self {
        let (series, value) = line.rsplit_once(' ').unwrap();
        let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
        let labels = labels.strip_suffix('}').unwrap().split_terminator(',').map(|label| {
            let (name, value) = label.split_once('=').unwrap();
            (name.to_owned(), value.trim_matches('"').to_owned())
        });
        Self { name: name.to_owned(), labels: labels.collect(), value: value.parse().unwrap() }
    }
}
