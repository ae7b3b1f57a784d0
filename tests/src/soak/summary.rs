//! What is printed in the end.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use super::episode::{Outcome, Setting};
use super::register::Tally;
use super::scene::On;
use super::verdict::{FALSE_FAILURE, FALSE_LOSS, NOTHING, Wrong};

/// What is printed in the end.
#[derive(Debug)]
pub(super) struct Summary {
    seed: u64,
    episodes: u64,
    asked: u64,
    acquired: BTreeMap<(On, String), u64>,
    gave_up: BTreeMap<String, u64>,
    deeds: BTreeMap<String, u64>,
    lost: u64,
    /// Overlaps after data loss, and tokens out of order under a wrong clock, by place.
    apart: BTreeMap<String, (u64, u64)>,
    fair_pairs: u64,
    busy: u64,
    busy_in_quiet: u64,
    longest_wait_past: Duration,
    lags: Vec<Duration>,
    unavailable: BTreeMap<&'static str, Vec<Duration>>,
    tally: Tally,
    wrong: Vec<(Setting, Wrong)>,
}

/// What must be zero, and is said so also where it is.
const MUST_BE_ZERO: &[&str] = &[
    "two holders",
    "a stale write passed the fence",
    "a token that did not rise",
    "a holder fenced off",
    "overtaken",
    "busy, and nobody held it",
    "not all or none",
    "somebody between a writer and its reader",
    "a wait past its deadline",
    "a loss announced too late",
    "an attempt that never ended",
    "cannot acquire any more",
    "left behind",
    "unclean shutdown",
    "a client that ended badly",
    "an episode that broke",
];
/// On a machine without time to spare a renewal, or an answer, may come too late without anybody's fault: so seldom.
const SELDOM: &[&str] = &[FALSE_LOSS, FALSE_FAILURE];
const ACQUIRED_FOR_ONE: u64 = 2_000;
/// Of each kind so many are told in full.
const TOLD: usize = 2;

impl Summary {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            seed,
            episodes: 0,
            asked: 0,
            acquired: BTreeMap::new(),
            gave_up: BTreeMap::new(),
            deeds: BTreeMap::new(),
            lost: 0,
            apart: BTreeMap::new(),
            fair_pairs: 0,
            busy: 0,
            busy_in_quiet: 0,
            longest_wait_past: Duration::ZERO,
            lags: Vec::new(),
            unavailable: BTreeMap::new(),
            tally: Tally::default(),
            wrong: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, outcome: Outcome) {
        let Outcome { setting, figures, tally, wrong } = outcome;
        self.episodes += 1;
        self.asked += figures.asked;
        for (kind, count) in figures.acquired {
            *self.acquired.entry((setting.on, kind)).or_default() += count;
        }
        let add = |all: &mut BTreeMap<String, u64>, more: BTreeMap<String, u64>| {
            more.into_iter().for_each(|(name, count)| *all.entry(name).or_default() += count);
        };
        add(&mut self.gave_up, figures.gave_up);
        add(&mut self.deeds, figures.deeds);
        self.lost += figures.lost;
        let apart = self.apart.entry(setting.place()).or_default();
        apart.0 += figures.overlaps_apart;
        apart.1 += figures.regressions_apart;
        self.fair_pairs += figures.fair_pairs;
        self.busy += figures.busy;
        self.busy_in_quiet += figures.busy_in_quiet;
        self.longest_wait_past = self.longest_wait_past.max(figures.longest_wait_past);
        self.lags.extend(figures.lags);
        for (name, gaps) in figures.unavailable {
            self.unavailable.entry(name).or_default().extend(gaps);
        }
        self.tally.add(tally);
        self.wrong.extend(wrong.into_iter().map(|wrong| (setting, wrong)));
    }

    /// Whether nothing is wrong that must not be.
    pub(super) fn is_well(&self) -> bool {
        let acquired: u64 = self.acquired.values().sum();
        MUST_BE_ZERO.iter().all(|what| self.count(what) == 0)
            && SELDOM.iter().all(|what| self.count(what) as u64 <= acquired / ACQUIRED_FOR_ONE)
    }

    fn count(&self, what: &str) -> usize {
        self.wrong.iter().filter(|(_, wrong)| wrong.what == what).count()
    }

    /// An episode on one line.
    pub(super) fn line(&self, at: Duration, outcome: &Outcome) -> String {
        let Outcome { setting, figures, tally, wrong } = outcome;
        let acquired: u64 = figures.acquired.values().sum();
        let faults = faults(&figures.unavailable);
        let loss = if setting.keep_data { "no data loss" } else { "data loss too" };
        let mut line = format!(
            "{:>4} s {:<24} {:<13} {loss:<13} seed {:<20} {acquired:>6} acquired {faults:>3} faults {:>4} stale writes",
            at.as_secs(),
            setting.place(),
            setting.binary.label(),
            setting.seed,
            tally.stale,
        );
        let mut kinds: BTreeMap<&str, u64> = BTreeMap::new();
        wrong.iter().for_each(|wrong| *kinds.entry(wrong.what).or_default() += 1);
        for (what, count) in kinds {
            let _ = write!(line, ", {count}x {what}");
        }
        line
    }

    /// All of it.
    pub(super) fn text(&self, took: Duration) -> String {
        let mut text = String::new();
        let mut line = |of: String| {
            text.push_str(&of);
            text.push('\n');
        };
        let acquired: u64 = self.acquired.values().sum();
        let faults = faults(&self.unavailable);
        line(String::new());
        line(format!(
            "{acquired} acquisitions of {} asked for, {faults} faults of {} kinds, {} episodes, {:.1} min, seed {}",
            self.asked,
            self.unavailable.keys().filter(|name| **name != NOTHING).count() + self.deeds.len(),
            self.episodes,
            took.as_secs_f64() / 60.0,
            self.seed,
        ));
        for on in On::ALL {
            let of = self.acquired.iter().filter(|((place, _), _)| *place == on);
            let of: Vec<String> = of.map(|((_, kind), count)| format!("{kind} {count}")).collect();
            if !of.is_empty() {
                line(format!("  {:<9}{}", on.label(), of.join(", ")));
            }
        }
        line(format!("  not acquired: {}", listed(&self.gave_up)));
        line(format!("  clients by themselves: {}", listed(&self.deeds)));
        line(String::new());
        line("must be 0:".to_owned());
        for what in MUST_BE_ZERO {
            line(format!("  {:>6}  {what}", self.count(what)));
        }
        line(format!(
            "  ({} pairs of calls that waited for one lock judged by their order,",
            self.fair_pairs
        ));
        line(format!("  {} answers of \"busy\", {} of them in quiet times)", self.busy, self.busy_in_quiet));
        line(String::new());
        let Tally { writes, stale, plain_lost, fenced_refused, fenced_lost } = self.tally;
        line(format!(
            "outside witness: {writes} writes, {stale} of them stale; the plain register lost {plain_lost} updates,"
        ));
        line(format!("  the fenced one refused {fenced_refused} writes and lost {fenced_lost}"));
        line(
            "apart: overlaps after data loss or under a clock that is set, and tokens under the latter"
                .to_owned(),
        );
        for (place, (overlaps, tokens)) in &self.apart {
            line(format!("  {place:<25} {overlaps:>3} {tokens:>3}"));
        }
        line(format!("losses: {}", self.lost));
        for what in SELDOM {
            line(format!("  {:>6}  {what} (at most {})", self.count(what), acquired / ACQUIRED_FOR_ONE));
        }
        let mut lags = self.lags.clone();
        lags.sort_unstable();
        line(format!(
            "loss announced after the end of validity: p50 {:.1?}, p99 {:.1?}, max {:.1?}",
            share(&lags, 50),
            share(&lags, 99),
            share(&lags, 100)
        ));
        line(format!("longest wait past its deadline: {:.1?}", self.longest_wait_past));
        line("not in the schedule: partitions by the kernel".to_owned());
        line(String::new());
        line(
            "without any grant, from the strike until 1.5 s after the end of the fault: times, median, max"
                .to_owned(),
        );
        for (name, gaps) in &self.unavailable {
            let mut gaps = gaps.clone();
            gaps.sort_unstable();
            let (median, max) = (share(&gaps, 50), share(&gaps, 100));
            line(format!(
                "  {name:<52} {:>4} {:>6} ms {:>6} ms",
                gaps.len(),
                median.as_millis(),
                max.as_millis()
            ));
        }
        self.tell(&mut line);
        text
    }

    /// The shortest of each kind.
    fn tell(&self, line: &mut impl FnMut(String)) {
        for what in MUST_BE_ZERO.iter().chain(SELDOM) {
            let mut of: Vec<_> = self.wrong.iter().filter(|(_, wrong)| wrong.what == *what).collect();
            of.sort_by_key(|(_, wrong)| wrong.text.len());
            for (setting, wrong) in of.into_iter().take(TOLD) {
                let Setting { binary, seed, .. } = setting;
                line(format!(
                    "\n{what}, on {} {}, episode's seed {seed}: {}",
                    setting.place(),
                    binary.label(),
                    wrong.text
                ));
            }
        }
    }
}

fn faults(unavailable: &BTreeMap<&'static str, Vec<Duration>>) -> usize {
    unavailable.iter().filter(|(name, _)| **name != NOTHING).map(|(_, gaps)| gaps.len()).sum()
}

fn listed(of: &BTreeMap<String, u64>) -> String {
    of.iter().map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>().join(", ")
}

/// The value below which so many percent are; `sorted` is.
fn share(sorted: &[Duration], percent: usize) -> Duration {
    let place = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(place).copied().unwrap_or_default()
}
