use std::time::Duration;

const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(10);

/// How long to wait before the next attempt to connect: longer each time, and a random share of it, so
/// that the processes do not all come at once when a server is back.
#[derive(Debug)]
pub(super) struct Pause {
    longest: Duration,
}

impl Pause {
    pub(super) fn new() -> Self {
        Self { longest: FIRST }
    }

    pub(super) fn next(&mut self) -> Duration {
        let longest = self.longest;
        self.longest = (longest * 2).min(LONGEST);
        // Without randomness nothing is spread, which costs a spike and nothing else.
        let share = getrandom::u32().unwrap_or(u32::MAX);
        longest.mul_f64(f64::from(share) / f64::from(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_ten_seconds() {
        let mut pause = Pause::new();
        for n in 0..20 {
            let longest = (FIRST * 2u32.pow(n.min(10))).min(LONGEST);
            assert!(pause.next() <= longest);
        }
        assert_eq!(pause.longest, LONGEST);
    }
}
