//! The time for which the server waits for a client that sends or reads.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::{Instant, Sleep, sleep_until};

/// Bytes that earn one second. A client that is slower on average uses up its allowance.
const BYTES_PER_SECOND: u32 = 500;

/// A limited time to wait for a client. Only waiting uses up the time, and transferred bytes earn time again, up to the
/// initial amount. A client that stops uses up its allowance after the initial time, and a client that is too slow a
/// little later.
#[derive(Debug)]
pub(super) struct Allowance {
    max: Duration,
    left: Duration,
    waiting_since: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Allowance {
    pub(super) fn new(max: Duration) -> Self {
        Self { max, left: max, waiting_since: None, timer: None }
    }

    /// Records the transfer of some bytes, which ends a wait.
    pub(super) fn transferred(&mut self, bytes: usize) {
        if let Some(since) = self.waiting_since.take() {
            self.left = self.left.saturating_sub(since.elapsed());
        }
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        let earned = Duration::from_secs(1) * bytes / BYTES_PER_SECOND;
        self.left = self.left.saturating_add(earned).min(self.max);
    }

    /// Waits. Ready when the time is used up.
    pub(super) fn poll_used_up(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let since = *self.waiting_since.get_or_insert_with(Instant::now);
        let deadline = since + self.left;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if timer.deadline() != deadline {
            timer.as_mut().reset(deadline);
        }
        timer.as_mut().poll(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::time::advance;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn a_client_that_transfers_nothing_is_given_up_after_the_whole_time() {
        let start = Instant::now();
        let mut allowance = Allowance::new(15 * SECOND);
        poll_fn(|cx| allowance.poll_used_up(cx)).await;
        assert!(start.elapsed().abs_diff(15 * SECOND) < Duration::from_millis(5));
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_sends_a_byte_now_and_then_is_given_up_soon() {
        let start = Instant::now();
        let mut allowance = Allowance::new(15 * SECOND);
        loop {
            let drop = tokio::time::timeout(5 * SECOND, poll_fn(|cx| allowance.poll_used_up(cx)));
            if drop.await.is_ok() {
                break;
            }
            allowance.transferred(1);
        }
        assert!(start.elapsed() < 16 * SECOND, "{:?}", start.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_at_the_minimum_rate_goes_on_for_ever() {
        let mut allowance = Allowance::new(15 * SECOND);
        for _ in 0..1_000 {
            let wait = tokio::time::timeout(SECOND, poll_fn(|cx| allowance.poll_used_up(cx)));
            assert!(wait.await.is_err());
            allowance.transferred(510);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn time_is_used_only_while_the_server_waits_and_is_never_saved_up() {
        let mut allowance = Allowance::new(15 * SECOND);
        allowance.transferred(100 << 20);
        // The handler does something else.
        advance(60 * SECOND).await;
        let start = Instant::now();
        poll_fn(|cx| allowance.poll_used_up(cx)).await;
        assert!(start.elapsed().abs_diff(15 * SECOND) < Duration::from_millis(5));
    }
}
