//! The page about observability and the sources say the same.

use std::collections::BTreeMap;

use liveops::metrics::{self, MetricKind, MetricUnit};

const PAGE: &str = include_str!("../../../docs/observability.md");

/// The rows of the table below this heading, without its head, cell by cell and without back-ticks.
fn table(heading: &str) -> Vec<Vec<String>> {
    let (_, rest) = PAGE.split_once(&format!("\n## {heading}\n")).unwrap();
    let section = rest.split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    let cells = |row: &str| {
        let row = row.trim_matches('|').split(" | ");
        row.map(|cell| cell.trim().replace('`', "")).collect()
    };
    rows.map(cells).collect()
}

#[test]
fn every_metric_is_on_the_page_as_it_is() {
    let shown: BTreeMap<String, Vec<String>> =
        table("Metrics").into_iter().map(|mut row| (row.remove(0), row)).collect();
    for metric in metrics::ALL {
        let kind = match metric.kind {
            MetricKind::Counter => "counter",
            MetricKind::Gauge => "gauge",
            MetricKind::Histogram => "histogram",
        };
        let unit = match metric.unit {
            MetricUnit::Count => "count",
            MetricUnit::Seconds => "seconds",
        };
        let row = shown.get(metric.name).unwrap_or_else(|| panic!("no row for {}", metric.name));
        let expected = [kind, unit, &metric.labels.join(", ")];
        assert_eq!(row[..3], expected, "{}", metric.name);
        let [tells, alert] = &row[3..] else { panic!("{}: {row:?}", metric.name) };
        assert!(!tells.is_empty() && !alert.is_empty(), "{}: {row:?}", metric.name);
    }
    assert_eq!(shown.len(), metrics::ALL.len(), "the page has more: {:?}", shown.keys());
    assert_eq!(table("Metrics").len(), shown.len(), "the page has one twice");
}
