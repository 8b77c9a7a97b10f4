//! Detection of expired leases.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use tokio::time::Instant;

use crate::{operation::OperationId, store::Lease};

/// Detects expired leases by observing whether they change.
///
/// A lease has expired if it has not changed for its whole duration while this process observed the
/// leases without a pause. The duration is that of the holder. Only time in which the holder could have
/// renewed the lease counts: from one observation at which the row can be written to the next one. The
/// clocks of two machines are never compared, so a clock that jumps or differs costs no run its
/// lease. DynamoDB's lock client uses the same method.
#[derive(Debug)]
pub(in crate::runner) struct LeaseExpiryTracker {
    /// Duration of the leases whose holder does not say.
    default_duration: Duration,
    seen: HashMap<OperationId, Seen>,
    observed_on: Option<Instant>,
}

#[derive(Debug, Clone, Copy)]
struct Seen {
    lease: Lease,
    /// Time without a change in which the holder could have renewed the lease.
    unchanged_for: Duration,
    /// `true` if the holder could renew the lease at this observation.
    is_renewable: bool,
}

impl LeaseExpiryTracker {
    pub(in crate::runner) fn new(default_duration: Duration) -> Self {
        Self { default_duration, seen: HashMap::new(), observed_on: None }
    }

    /// Returns those of `leases` that are unchanged since the last observation, which may be because
    /// their holders cannot renew them.
    pub(in crate::runner) fn unchanged(&self, leases: &[Lease]) -> Vec<OperationId> {
        let is_known =
            |lease: &&Lease| self.seen.get(&lease.id).is_some_and(|seen| seen.lease == **lease);
        leases.iter().filter(is_known).map(|lease| lease.id).collect()
    }

    /// Observes all current leases, and returns the expired ones. Those of the unchanged leases that are
    /// not in `renewable` could not be renewed by their holders now.
    pub(in crate::runner) fn observe(
        &mut self,
        leases: Vec<Lease>,
        renewable: &HashSet<OperationId>,
    ) -> Vec<Lease> {
        let now = Instant::now();
        let pause = self.observed_on.map(|observed_on| now - observed_on);
        self.observed_on = Some(now);
        let seen = leases.into_iter().map(|lease| {
            // After a pause the earlier observations are worthless: this process may have been suspended
            // together with the workers that it observes.
            let is_observed = pause.is_some_and(|pause| pause <= self.duration(&lease));
            let seen = match self.seen.get(&lease.id).filter(|seen| seen.lease == lease) {
                Some(seen) if is_observed => {
                    let is_renewable = renewable.contains(&lease.id);
                    let counted = pause.filter(|_| is_renewable && seen.is_renewable);
                    let unchanged_for = seen.unchanged_for + counted.unwrap_or_default();
                    Seen { lease, unchanged_for, is_renewable }
                }
                _ => Seen { lease, unchanged_for: Duration::ZERO, is_renewable: true },
            };
            (lease.id, seen)
        });
        self.seen = seen.collect();
        let is_expired =
            |seen: &&Seen| seen.is_renewable && seen.unchanged_for >= self.duration(&seen.lease);
        self.seen.values().filter(is_expired).map(|seen| seen.lease).collect()
    }

    /// Returns the time between two observations, so that no lease expires much later than it could.
    pub(in crate::runner) fn interval(&self) -> Duration {
        let durations = self.seen.values().map(|seen| self.duration(&seen.lease));
        durations.fold(self.default_duration, Duration::min) / 3
    }

    /// Discards the observations. For use when changes may have been missed, such as after a failed
    /// read.
    pub(in crate::runner) fn reset(&mut self) {
        self.observed_on = None;
    }

    fn duration(&self, lease: &Lease) -> Duration {
        // No process is configured with less than a second.
        lease.duration.unwrap_or(self.default_duration).max(Duration::from_secs(1))
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
        Lease { id, attempt: Attempt(1), until, duration: Some(TERM), is_own: false }
    }

    fn dead() -> Lease {
        lease(OperationId::new(), Utc::now())
    }

    /// Observes leases that their holders could renew.
    fn observe(expiry: &mut LeaseExpiryTracker, leases: Vec<Lease>) -> Vec<Lease> {
        let all = leases.iter().map(|lease| lease.id).collect();
        expiry.observe(leases, &all)
    }

    #[tokio::test(start_paused = true)]
    async fn a_lease_that_does_not_change_for_its_duration_has_expired() {
        let dead = dead();
        let mut expiry = LeaseExpiryTracker::new(TERM);
        for _ in 0..3 {
            assert_eq!(observe(&mut expiry, vec![dead]), []);
            advance(TERM / 3).await;
        }
        assert_eq!(expiry.unchanged(&[dead]), [dead.id]);
        assert_eq!(observe(&mut expiry, vec![dead]), [dead]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_lease_has_the_duration_that_its_holder_says() {
        let long = dead();
        let short = Lease { duration: Some(TERM / 3), ..dead() };
        let unknown = Lease { duration: None, ..dead() };
        // The observer has another one.
        let mut expiry = LeaseExpiryTracker::new(TERM / 2);
        let mut expired = Vec::new();
        for _ in 0..=12 {
            for lease in observe(&mut expiry, vec![long, short, unknown]) {
                if !expired.contains(&lease) {
                    expired.push(lease);
                }
            }
            assert_eq!(expiry.interval(), TERM / 9);
            advance(TERM / 12).await;
        }
        assert_eq!(expired, [short, unknown, long]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_lease_that_changes_is_held_regardless_of_its_clock() {
        let id = OperationId::new();
        let mut expiry = LeaseExpiryTracker::new(TERM);
        for hours in [0, 2, -5, 1, -9, 3, 4] {
            let held = lease(id, Utc::now() + TimeDelta::hours(hours));
            assert_eq!(expiry.unchanged(&[held]), []);
            assert_eq!(observe(&mut expiry, vec![held]), []);
            advance(TERM / 2).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_lease_that_could_not_be_renewed_is_observed_from_the_beginning() {
        let (dead, locked) = (dead(), dead());
        let mut expiry = LeaseExpiryTracker::new(TERM);
        let renewable = HashSet::from([dead.id]);
        for _ in 0..6 {
            expiry.observe(vec![dead, locked], &renewable);
            advance(TERM / 3).await;
        }
        assert_eq!(expiry.observe(vec![dead, locked], &renewable), [dead]);
        // The lock is released: from the first observation that finds the row free, a whole lease counts.
        for _ in 0..3 {
            advance(TERM / 3).await;
            assert_eq!(observe(&mut expiry, vec![locked]), [], "it has a whole lease from now on");
        }
        advance(TERM / 3).await;
        assert_eq!(observe(&mut expiry, vec![locked]), [locked]);
    }

    #[tokio::test(start_paused = true)]
    async fn checks_that_fail_now_and_then_delay_an_expiry_and_do_not_prevent_it() {
        let dead = dead();
        let (renewable, locked) = (HashSet::from([dead.id]), HashSet::new());
        let mut expiry = LeaseExpiryTracker::new(TERM);
        // Every third check fails, so that the intervals before and after it do not count.
        let mut observed_for = Duration::ZERO;
        for renewable in [&locked, &renewable, &renewable].into_iter().cycle() {
            let expired = expiry.observe(vec![dead], renewable);
            if !expired.is_empty() {
                break;
            }
            advance(TERM / 3).await;
            observed_for += TERM / 3;
        }
        assert_eq!(observed_for, TERM * 5 / 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_restarts_the_observation() {
        let dead = dead();
        let mut expiry = LeaseExpiryTracker::new(TERM);
        assert_eq!(observe(&mut expiry, vec![dead]), []);
        advance(TERM * 2).await;
        assert_eq!(observe(&mut expiry, vec![dead]), [], "the process was paused");
        advance(TERM / 2).await;
        expiry.reset();
        advance(TERM / 2).await;
        assert_eq!(observe(&mut expiry, vec![dead]), [], "the leases could not be read");
        advance(TERM / 2).await;
        observe(&mut expiry, vec![dead]);
        advance(TERM / 2).await;
        assert_eq!(observe(&mut expiry, vec![dead]), [dead]);
    }
}
