//! The delays between two attempts to connect to a backend.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};

/// The shortest and the longest delay between two attempts to connect, before jitter.
const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// Returns an endless series of growing delays between attempts to connect. Jitter makes the delays of two
/// processes differ.
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
