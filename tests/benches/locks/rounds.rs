//! Subjects that take turns, and what remains of their figures.

use std::fmt;

use crate::Effort;

/// One turn of a subject: runs for that long and says a figure.
pub(crate) type Turn<'a> = Box<dyn FnMut() -> f64 + 'a>;

/// Lets the subjects take turns, after one turn each to warm up. The figures of each, round by round.
pub(crate) fn take_turns(effort: Effort, mut subjects: Vec<Turn<'_>>) -> Vec<Vec<f64>> {
    for turn in &mut subjects {
        turn();
    }
    let mut figures = vec![Vec::with_capacity(effort.rounds); subjects.len()];
    for round in 0..effort.rounds {
        for step in 0..subjects.len() {
            // There and back, so that none is always behind the same other.
            let at = if round % 2 == 0 { step } else { subjects.len() - 1 - step };
            figures[at].push(subjects[at]());
        }
    }
    figures
}

/// The middle of some figures.
pub(crate) fn median(figures: &[f64]) -> f64 {
    quantile(figures, 0.5)
}

pub(crate) fn quantile(figures: &[f64], part: f64) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1);
    sorted.get((last as f64 * part).round() as usize).copied().unwrap_or(f64::NAN)
}

/// Median and quartiles.
#[derive(Clone, Copy)]
pub(crate) struct Spread {
    low: f64,
    middle: f64,
    high: f64,
}

impl Spread {
    pub(crate) fn of(figures: &[f64]) -> Self {
        Self { low: quantile(figures, 0.25), middle: median(figures), high: quantile(figures, 0.75) }
    }

    /// Of the ratios within each round: what disturbs a round disturbs both.
    pub(crate) fn of_ratios(ours: &[f64], reference: &[f64]) -> Self {
        let ratios: Vec<f64> = ours.iter().zip(reference).map(|(ours, reference)| ours / reference).collect();
        Self::of(&ratios)
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "**{:.2}** ({:.2} – {:.2})", self.middle, self.low, self.high)
    }
}
