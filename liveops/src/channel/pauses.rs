use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};

/// How long an attempt to connect is waited for after one that failed: at first, and in the end.
const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// The pauses between attempts to connect: without end, and never the same for two processes.
pub(super) fn reconnect_delays() -> impl Iterator<Item = Duration> {
    let builder = ExponentialBuilder::new().with_min_delay(PAUSE_MIN).with_max_delay(PAUSE_MAX);
    builder.with_jitter().without_max_times().build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_differ_between_processes() {
        let [one, other]: [Vec<Duration>; 2] =
            [(); 2].map(|()| reconnect_delays().take(20).collect());
        assert_ne!(one, other);
        assert!(one[0] < PAUSE_MIN * 2);
        assert!((PAUSE_MAX..PAUSE_MAX * 2).contains(&one[19]), "{:?}", one[19]);
    }
}
