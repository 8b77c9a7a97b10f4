//! Detection of expired leases.

use std::{collections::HashMap, time::Duration};

use tokio::time::Instant;

use crate::{operation::OperationId, store::Lease};

/// Detects expired leases by observing whether they change.
///
/// A lease has expired if it has not changed for its whole duration while this process observed the
/// leases without a pause. The clocks of two machines are never compared, so a clock that jumps or
/// differs costs no run its lease. DynamoDB's lock client uses the same method.
#[derive(Debug, Default)]
pub(in crate::runner) struct LeaseExpiryTracker {
    seen: HashMap<OperationId, (Lease, Instant)>,
    observed_on: Option<Instant>,
}

impl LeaseExpiryTracker {
    /// Observes all current leases, each valid for `term`, and returns the expired ones.
    pub(in crate::runner) fn observe(&mut self, leases: Vec<Lease>, term: Duration) -> Vec<Lease> {
        let now = Instant::now();
        // After a pause the earlier observations are worthless: this process may have been suspended
        // together with the workers that it observes.
        if self.observed_on.is_none_or(|observed_on| now - observed_on > term) {
            self.seen.clear();
        }
        self.observed_on = Some(now);
        let seen = leases.into_iter().map(|lease| {
            let since = match self.seen.get(&lease.id) {
                Some((known, since)) if *known == lease => *since,
                _ => now,
            };
            (lease.id, (lease, since))
        });
        self.seen = seen.collect();
        let overdue = self.seen.values().filter(|(_, since)| now - *since >= term);
        overdue.map(|(lease, _)| *lease).collect()
    }

    /// Discards the observations. For use when changes may have been missed, such as after a failed
    /// read.
    pub(in crate::runner) fn reset(&mut self) {
        self.observed_on = None;
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};
    use tokio::time::advance;

    use super::*;
    use crate::operation::Attempt;

    const TERM: Duration = Duration::from_secs(30);

    fn lease(id: OperationId, until: DateTime<Utc>) -> Lease {
        Lease { id, attempt: Attempt(1), until }
    }

    #[tokio::test(start_paused = true)]
    async fn a_lease_that_does_not_change_for_its_duration_has_expired() {
        let dead = lease(OperationId::new(), Utc::now());
        let mut expiry = LeaseExpiryTracker::default();
        for _ in 0..3 {
            assert_eq!(expiry.observe(vec![dead], TERM), []);
            advance(TERM / 3).await;
        }
        assert_eq!(expiry.observe(vec![dead], TERM), [dead]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_lease_that_changes_is_held_regardless_of_its_clock() {
        let id = OperationId::new();
        let mut expiry = LeaseExpiryTracker::default();
        for hours in [0, 2, -5, 1, -9, 3, 4] {
            let held = lease(id, Utc::now() + TimeDelta::hours(hours));
            assert_eq!(expiry.observe(vec![held], TERM), []);
            advance(TERM / 2).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_restarts_the_observation() {
        let dead = lease(OperationId::new(), Utc::now());
        let mut expiry = LeaseExpiryTracker::default();
        assert_eq!(expiry.observe(vec![dead], TERM), []);
        advance(TERM * 2).await;
        assert_eq!(expiry.observe(vec![dead], TERM), [], "the process was paused");
        advance(TERM / 2).await;
        expiry.reset();
        advance(TERM / 2).await;
        assert_eq!(expiry.observe(vec![dead], TERM), [], "the leases could not be read");
        advance(TERM / 2).await;
        expiry.observe(vec![dead], TERM);
        advance(TERM / 2).await;
        assert_eq!(expiry.observe(vec![dead], TERM), [dead]);
    }
}
