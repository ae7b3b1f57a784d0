//! What a history shows.

mod busy;
mod downgrades;
mod exclusion;
mod failures;
mod fair;
mod gaps;
mod losses;
mod together;
mod waits;

use std::collections::BTreeMap;
use std::time::Duration;

use super::attempt::{Attempt, attempts};
use super::event::{Event, What};
use super::faults::Harm;
use super::nemesis::Struck;
use super::windows::Windows;

pub(super) use self::failures::FALSE_FAILURE;
pub(super) use self::gaps::NOTHING;
pub(super) use self::losses::FALSE_LOSS;

/// No hold of the soak outlives its fault by more than this: the longest lease, a bit of it on the way, and one on a busy
/// machine.
const LEASE_NS: u64 = 700_000_000;
/// So long a process passes a lock on among its own tasks, under a lease that was asked for before; and a bit.
const PASSED_NS: u64 = 50_000_000;
/// After a fault connections are made anew, and what was on its way is tried again.
const RECOVERY_NS: u64 = 1_500_000_000;

/// What must not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) what: &'static str,
    pub(super) text: String,
}

/// All that is known of one episode.
#[derive(Debug)]
pub(super) struct History {
    events: Vec<Event>,
    /// Whether all locks are red.
    red: bool,
    pub(super) attempts: Vec<Attempt>,
    pub(super) struck: Vec<Struck>,
    /// When the machine was too busy to tell late from lost.
    busy: Windows,
    /// When a process did not run.
    stopped: BTreeMap<String, Windows>,
    /// When its tasks did not: nobody could see what its engine had done.
    blocked: BTreeMap<String, Windows>,
}

/// The figures of an episode.
#[derive(Debug, Default)]
pub(super) struct Figures {
    pub(super) asked: u64,
    pub(super) acquired: BTreeMap<String, u64>,
    pub(super) gave_up: BTreeMap<String, u64>,
    pub(super) deeds: BTreeMap<String, u64>,
    pub(super) lost: u64,
    pub(super) false_losses: u64,
    /// After data loss, or under a wrong clock.
    pub(super) overlaps_apart: u64,
    /// Under a wrong clock, or of two grants at once after data loss.
    pub(super) regressions_apart: u64,
    pub(super) fair_pairs: u64,
    /// How often "busy" was said, and how often of that in quiet times.
    pub(super) busy: u64,
    pub(super) busy_in_quiet: u64,
    pub(super) longest_wait_past: Duration,
    /// From the end of the validity to the announcement; what was announced earlier counts as zero.
    pub(super) lags: Vec<Duration>,
    pub(super) unavailable: BTreeMap<&'static str, Vec<Duration>>,
}

impl History {
    pub(super) fn new(mut events: Vec<Event>, struck: Vec<Struck>, busy: Windows) -> Self {
        events.sort_by_key(|event| event.at_ns);
        let mut stopped: BTreeMap<String, Windows> = BTreeMap::new();
        let mut blocked: BTreeMap<String, Windows> = BTreeMap::new();
        for event in &events {
            let (windows, for_ns) = match event.what {
                What::Starved { for_ns } => (&mut stopped, for_ns),
                What::Blocked { for_ns } => (&mut blocked, for_ns),
                _ => continue,
            };
            windows.entry(event.who.clone()).or_default().add(event.at_ns - for_ns, event.at_ns);
        }
        let attempts = attempts(&events);
        let red = attempts.iter().any(|attempt| attempt.kind == "red");
        Self { events, red, attempts, struck, busy, stopped, blocked }
    }

    /// Everything that is wrong with it, and its figures.
    pub(super) fn judge(&self) -> (Vec<Wrong>, Figures) {
        let mut figures = self.counts();
        let mut wrong = exclusion::judge(self, &mut figures);
        wrong.extend(together::judge(self));
        wrong.extend(waits::judge(self, &mut figures));
        wrong.extend(losses::judge(self, &mut figures));
        wrong.extend(fair::judge(self, &mut figures));
        wrong.extend(busy::judge(self, &mut figures));
        wrong.extend(downgrades::judge(self));
        wrong.extend(failures::judge(self));
        wrong.extend(self.ends());
        figures.unavailable = gaps::after(self);
        (wrong, figures)
    }

    /// From its strike until `after_ns` behind its end.
    fn faults(&self, least: Harm, after_ns: u64) -> Windows {
        let mut windows = Windows::default();
        for struck in self.struck.iter().filter(|struck| struck.harm >= least) {
            windows.add(struck.from_ns, struck.until_ns + after_ns);
        }
        windows
    }

    /// What kept some clients from the servers, and others not, until `after_ns` behind its end.
    fn partings(&self, after_ns: u64) -> Windows {
        let mut windows = Windows::default();
        for struck in self.struck.iter().filter(|struck| struck.parts_clients) {
            windows.add(struck.from_ns, struck.until_ns + after_ns);
        }
        windows
    }

    /// Whether a fault of such harm can have taken away what was asked for at `asked_ns`, and let somebody else have it at
    /// `had_ns`. It can't where all was well before the first one asked.
    fn forgot(&self, asked_ns: u64, had_ns: u64, least: Harm) -> bool {
        let could = |struck: &&Struck| {
            let window = struck.from_ns..=struck.until_ns + LEASE_NS;
            struck.harm >= least && asked_ns <= struck.until_ns + PASSED_NS && window.contains(&had_ns)
        };
        self.struck.iter().any(|struck| could(&struck))
    }

    /// For how long of this stretch the tasks of the process did not run.
    fn blind_ns(&self, process: &str, from_ns: u64, until_ns: u64) -> u64 {
        let own = [&self.stopped, &self.blocked].into_iter().filter_map(|of| of.get(process));
        Windows::covered([&self.busy].into_iter().chain(own), from_ns, until_ns)
    }

    /// Whether the process, or the machine, was kept from running within this stretch.
    fn was_starved(&self, process: &str, from_ns: u64, until_ns: u64) -> bool {
        self.busy.touch(from_ns, until_ns)
            || self.stopped.get(process).is_some_and(|windows| windows.touch(from_ns, until_ns))
    }

    /// The same, or its tasks alone.
    fn was_blind(&self, process: &str, from_ns: u64, until_ns: u64) -> bool {
        self.was_starved(process, from_ns, until_ns)
            || self.blocked.get(process).is_some_and(|windows| windows.touch(from_ns, until_ns))
    }

    /// The lines that are about these attempts, and the faults around them, in order.
    fn story(&self, of: &[&str]) -> String {
        let about: Vec<&Event> = self.events.iter().filter(|event| of.contains(&&*event.who)).collect();
        let (Some(first), Some(last)) = (about.first(), about.last()) else { return String::new() };
        let mut lines: Vec<(u64, String)> =
            about.iter().map(|event| (event.at_ns, event.to_line().trim_end().to_owned())).collect();
        for struck in &self.struck {
            if struck.from_ns <= last.at_ns && first.at_ns <= struck.until_ns + LEASE_NS {
                lines
                    .push((struck.from_ns, format!("{}\tnemesis\tstrikes: {}", struck.from_ns, struck.name)));
                lines.push((
                    struck.until_ns,
                    format!("{}\tnemesis\tall is well: {}", struck.until_ns, struck.name),
                ));
            }
        }
        lines.sort();
        lines.into_iter().map(|(_, line)| format!("\n    {line}")).collect()
    }

    fn counts(&self) -> Figures {
        let mut figures = Figures { asked: self.attempts.len() as u64, ..Figures::default() };
        for attempt in &self.attempts {
            if attempt.granted_ns.is_some() {
                *figures.acquired.entry(attempt.kind.clone()).or_default() += 1;
            }
            if let Some((_, class)) = &attempt.gave_up {
                *figures.gave_up.entry(class.clone()).or_default() += 1;
            }
        }
        for event in &self.events {
            if let What::Deed { name } = &event.what {
                *figures.deeds.entry(name.clone()).or_default() += 1;
            }
        }
        figures
    }

    /// Of the processes that were let live to the end.
    fn ends(&self) -> Vec<Wrong> {
        let mut wrong = Vec::new();
        for event in &self.events {
            let What::Ended { acquires, clean } = &event.what else { continue };
            if acquires != "yes" {
                let text = format!("{}, after all was healed: {acquires}", event.who);
                wrong.push(Wrong { what: "cannot acquire any more", text });
            }
            if !clean {
                wrong.push(Wrong { what: "unclean shutdown", text: event.who.clone() });
            }
            let open = self.attempts.iter().filter(|attempt| attempt.process() == event.who);
            for attempt in open.filter(|attempt| attempt.decided_ns().is_none()) {
                wrong.push(Wrong { what: "an attempt that never ended", text: self.story(&[&attempt.who]) });
            }
        }
        wrong
    }
}

/// Hand-made histories.
#[cfg(test)]
mod made {
    use super::*;

    pub(super) const MS: u64 = 1_000_000;

    /// An attempt of 1 ms that held from and until then, in ms.
    pub(super) fn held(who: &str, kind: &str, token: u64, from: u64, until: u64) -> Vec<Event> {
        let event = |at: u64, what| Event { at_ns: at * MS, who: who.to_owned(), what };
        let name = "LOCK:a".to_owned();
        let asked = What::Asked {
            kind: kind.to_owned(),
            names: vec![name.clone()],
            wait_ns: 0,
            least_ns: 0,
            renews: true,
        };
        let granted = What::Granted { until_ns: (from + 500) * MS, tokens: vec![(name, token)] };
        vec![event(from - 1, asked), event(from, granted), event(until, What::Release)]
    }

    pub(super) fn fault(harm: Harm, from: u64, until: u64) -> Struck {
        Struck { name: "a fault", harm, parts_clients: false, from_ns: from * MS, until_ns: until * MS }
    }

    pub(super) fn history(of: Vec<Vec<Event>>, struck: Vec<Struck>) -> History {
        History::new(of.into_iter().flatten().collect(), struck, Windows::default())
    }

    pub(super) fn judged(of: Vec<Vec<Event>>, struck: Vec<Struck>) -> (Vec<&'static str>, Figures) {
        let (wrong, figures) = history(of, struck).judge();
        (wrong.iter().map(|wrong| wrong.what).collect(), figures)
    }
}

#[cfg(test)]
mod tests {
    use super::made::{MS, held, judged};
    use super::*;

    #[test]
    fn a_process_that_ended_ill_is_found() {
        let ended = |acquires: &str, clean| Event {
            at_ns: 900 * MS,
            who: "p1".to_owned(),
            what: What::Ended { acquires: acquires.to_owned(), clean },
        };
        let good = held("p1/1", "fair", 1, 10, 20);
        let end = |acquires, clean| judged(vec![good.clone(), vec![ended(acquires, clean)]], vec![]).0;
        assert!(end("yes", true).is_empty());
        assert_eq!(end("unavailable", true), ["cannot acquire any more"]);
        assert_eq!(end("yes", false), ["unclean shutdown"]);
        let open = judged(vec![good[..1].to_vec(), vec![ended("yes", true)]], vec![]).0;
        assert_eq!(open, ["an attempt that never ended"]);
    }
}
