use std::time::Duration;

use liveops::{Backoff, CancelMode, LiveOperation, Policy, Unique};
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(
    queue = "slow-imports",
    priority = -5,
    max_attempts = 3,
    backoff = "10 s .. 1 h",
    timeout = "1h 30min",
    unique = Import::file,
    cancel = "abort",
    on_shutdown = "requeue",
    version = 2,
    internal
)]
struct Import {
    file: String,
}

impl Import {
    fn file(&self) -> String {
        self.file.clone()
    }
}

#[derive(LiveOperation, Serialize, Deserialize)]
struct Plain;

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(backoff = "500ms", cancel = "cooperative", on_shutdown = "interrupt", unique = "owner")]
struct Steady;

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(unique = "input", public)]
struct Once;

const POLICY: Policy = Import::POLICY;

fn main() {
    assert_eq!(POLICY.queue, "slow-imports");
    assert_eq!((POLICY.priority, POLICY.max_attempts, POLICY.version), (-5, 3, 2));
    assert_eq!(POLICY.backoff.first, Duration::from_secs(10));
    assert_eq!(POLICY.backoff.longest, Duration::from_secs(3600));
    assert_eq!(POLICY.timeout, Some(Duration::from_secs(5400)));
    assert_eq!(POLICY.cancel, CancelMode::Abort);
    assert!(POLICY.requeue_on_shutdown && !Steady::POLICY.requeue_on_shutdown);
    let Unique::By(key) = Import::UNIQUE else { panic!("{:?}", Import::UNIQUE) };
    assert_eq!(key(&Import { file: "a.csv".into() }), "a.csv");

    assert!(!Import::IS_PUBLIC && !Plain::IS_PUBLIC && Once::IS_PUBLIC);

    assert_eq!(Plain::POLICY, Policy::DEFAULT);
    assert!(matches!(Plain::UNIQUE, Unique::No));

    let half = Duration::from_millis(500);
    assert_eq!(Steady::POLICY.backoff, Backoff { first: half, longest: half });
    assert!(matches!(Steady::UNIQUE, Unique::Owner));
    assert!(matches!(Once::UNIQUE, Unique::Input));
}
