//! The measured times.

use std::{collections::HashMap, time::Duration};

use super::{method::Method, variant::Variant};

/// A package and the method of its compilation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Subject {
    pub(super) variant: Variant,
    pub(super) size: usize,
    pub(super) method: Method,
}

/// The measured times: one time for each subject and round.
#[derive(Debug, Default)]
pub(super) struct Figures {
    times: HashMap<Subject, Vec<Duration>>,
}

impl Figures {
    pub(super) fn add(&mut self, subject: Subject, time: Duration) {
        self.times.entry(subject).or_default().push(time);
    }

    /// Returns the median in seconds; NaN without a measurement.
    pub(super) fn seconds(&self, subject: Subject) -> f64 {
        let mut times = self.times.get(&subject).cloned().unwrap_or_default();
        times.sort_unstable();
        times.get(times.len() / 2).map_or(f64::NAN, Duration::as_secs_f64)
    }

    /// Returns the additional cost of a struct in `with` over `without`, in milliseconds.
    pub(super) fn cost(&self, with: Subject, without: Variant) -> f64 {
        let difference = self.seconds(with) - self.seconds(Subject { variant: without, ..with });
        difference * 1000.0 / with.size as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cost_is_the_difference_of_medians_over_the_structs() {
        let with = Subject { variant: Variant::Serde, size: 100, method: Method::Check };
        let without = Subject { variant: Variant::Plain, ..with };
        let mut figures = Figures::default();
        for (plain, serde) in [(100, 900), (200, 400), (150, 350)] {
            figures.add(without, Duration::from_millis(plain));
            figures.add(with, Duration::from_millis(serde));
        }
        assert_eq!(figures.seconds(without), 0.15);
        assert!((figures.cost(with, Variant::Plain) - 2.5).abs() < 1e-9);
    }
}
