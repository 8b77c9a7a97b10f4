use std::{collections::HashMap, time::Duration};

use tokio::time::Instant;

use crate::{operation::OperationId, store::Lease};

/// Which leases ran out, by watching whether they change.
///
/// Nobody's clock is compared with anybody else's: a lease that has not changed for as long as it
/// is given for, while this process was watching all the time, has run out. So a clock that jumps,
/// or two that differ, cost no run its lease. The way DynamoDB's lock client decides it.
#[derive(Debug, Default)]
pub(in crate::runner) struct LeaseExpiryTracker {
    seen: HashMap<OperationId, (Lease, Instant)>,
    observed_on: Option<Instant>,
}

impl LeaseExpiryTracker {
    /// Takes a look at every lease there is, each given for `term`, and gives those that ran out.
    pub(in crate::runner) fn observe(&mut self, leases: Vec<Lease>, term: Duration) -> Vec<Lease> {
        let now = Instant::now();
        // Whoever was not there for a while does not know what happened meanwhile: a process that
        // was stopped may have been stopped together with the workers it watches.
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

    /// Forgets what was seen: for when it is not known what could have been seen since.
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
    async fn a_lease_that_does_not_change_for_its_term_has_run_out() {
        let dead = lease(OperationId::new(), Utc::now());
        let mut expiry = LeaseExpiryTracker::default();
        for _ in 0..3 {
            assert_eq!(expiry.observe(vec![dead], TERM), []);
            advance(TERM / 3).await;
        }
        assert_eq!(expiry.observe(vec![dead], TERM), [dead]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_lease_that_changes_is_held_whatever_its_clock_says() {
        let id = OperationId::new();
        let mut expiry = LeaseExpiryTracker::default();
        for hours in [0, 2, -5, 1, -9, 3, 4] {
            let held = lease(id, Utc::now() + TimeDelta::hours(hours));
            assert_eq!(expiry.observe(vec![held], TERM), []);
            advance(TERM / 2).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_was_away_begins_anew() {
        let dead = lease(OperationId::new(), Utc::now());
        let mut expiry = LeaseExpiryTracker::default();
        assert_eq!(expiry.observe(vec![dead], TERM), []);
        advance(TERM * 2).await;
        assert_eq!(expiry.observe(vec![dead], TERM), [], "stopped for a while");
        advance(TERM / 2).await;
        expiry.reset();
        advance(TERM / 2).await;
        assert_eq!(expiry.observe(vec![dead], TERM), [], "could not look for a while");
        advance(TERM / 2).await;
        expiry.observe(vec![dead], TERM);
        advance(TERM / 2).await;
        assert_eq!(expiry.observe(vec![dead], TERM), [dead]);
    }
}
