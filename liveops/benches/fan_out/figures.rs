use std::collections::HashMap;

use crate::{figure::Figure, server::Kind};

/// What one round measured of one server.
pub(crate) type Sample = HashMap<Figure, f64>;

/// What all rounds measured.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    live: Vec<Sample>,
    bare: Vec<Sample>,
}

impl Figures {
    pub(crate) fn add(&mut self, kind: Kind, sample: Sample) {
        match kind {
            Kind::Live => self.live.push(sample),
            Kind::Bare => self.bare.push(sample),
        }
    }

    /// The median of the rounds.
    pub(crate) fn of(&self, kind: Kind, figure: Figure) -> f64 {
        let samples = match kind {
            Kind::Live => &self.live,
            Kind::Bare => &self.bare,
        };
        middle(&sorted(samples.iter().map(|sample| sample[&figure])))
    }

    /// liveops' share of the bare server's in each round, in order of size: what both servers had
    /// to bear cancels out.
    pub(crate) fn ratios(&self, figure: Figure) -> Vec<f64> {
        let rounds = self.live.iter().zip(&self.bare);
        sorted(rounds.map(|(live, bare)| live[&figure] / bare[&figure]))
    }
}

/// The middle one of values that are in order; NaN where there is none.
pub(crate) fn middle(values: &[f64]) -> f64 {
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}
