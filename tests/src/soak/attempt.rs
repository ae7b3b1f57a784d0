//! One try to take a lock, from asking to the end, as a history tells it.

use std::collections::BTreeMap;

use super::event::{Event, What};
use crate::Hold;

/// One try to take a lock, or several together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Attempt {
    pub(super) who: String,
    pub(super) kind: String,
    pub(super) names: Vec<String>,
    pub(super) asked_ns: u64,
    pub(super) wait_ns: u64,
    /// Of the time from its grant on: not free before that, however early it is released.
    pub(super) least_ns: u64,
    pub(super) renews: bool,
    pub(super) granted_ns: Option<u64>,
    pub(super) tokens: Vec<(String, u64)>,
    /// The latest validity that was seen.
    pub(super) until_ns: u64,
    pub(super) lost_ns: Option<u64>,
    pub(super) release_ns: Option<u64>,
    pub(super) answered: Option<(u64, String)>,
    pub(super) gave_up: Option<(u64, String)>,
    pub(super) fenced_ns: Option<u64>,
    /// Whose hold it goes on from, as a reader.
    pub(super) from: Option<String>,
    /// When anything was heard of it for the last time.
    pub(super) last_ns: u64,
}

impl Attempt {
    /// The process that made it.
    pub(super) fn process(&self) -> &str {
        self.who.split('/').next().unwrap_or_default()
    }

    /// Whether it shares its locks with other readers.
    pub(super) fn reads(&self) -> bool {
        self.kind.starts_with("read")
    }

    /// Until when its lock is not free, however early it was released; 0 if it did not ask for that.
    pub(super) fn kept_until_ns(&self) -> u64 {
        self.granted_ns.filter(|_| self.least_ns > 0).map_or(0, |granted| granted + self.least_ns)
    }

    /// When its hold ceased to be definite: the release was asked for, the loss announced, or the validity over.
    pub(super) fn end_ns(&self) -> u64 {
        let ends = [Some(self.until_ns), self.lost_ns, self.release_ns];
        ends.into_iter().flatten().min().unwrap_or(self.until_ns).max(self.granted_ns.unwrap_or(0))
    }

    /// Until when nobody else may have it: the end of its hold, or of the time for which it asked to keep it, if the server
    /// was told so. It was not granted before it was asked for.
    fn taken_until_ns(&self) -> u64 {
        // An answer that came later may be that of a repeated request, which found nothing any more.
        let in_time = |(at, outcome): &(u64, String)| outcome == "freed" && *at <= self.until_ns;
        let told = self.lost_ns.is_none() && self.answered.as_ref().is_some_and(in_time);
        if told { self.end_ns().max(self.asked_ns + self.least_ns) } else { self.end_ns() }
    }

    /// Its definite hold of each name; none if it was over when it came.
    pub(super) fn holds(&self) -> Vec<Hold> {
        let Some(from_ns) = self.granted_ns.filter(|from| *from < self.end_ns()) else { return Vec::new() };
        let hold = |(name, token): &(String, u64)| Hold {
            name: name.clone(),
            who: self.who.clone(),
            token: *token,
            shared: self.reads(),
            from_ns,
            until_ns: self.taken_until_ns(),
        };
        self.tokens.iter().map(hold).collect()
    }

    /// When the wait was over, one way or the other.
    pub(super) fn decided_ns(&self) -> Option<u64> {
        self.granted_ns.or_else(|| self.gave_up.as_ref().map(|(at, _)| *at))
    }

    fn begin(event: &Event) -> Option<Self> {
        let What::Asked { kind, names, wait_ns, least_ns, renews } = &event.what else { return None };
        Some(Self {
            who: event.who.clone(),
            kind: kind.clone(),
            names: names.clone(),
            asked_ns: event.at_ns,
            wait_ns: *wait_ns,
            least_ns: *least_ns,
            renews: *renews,
            granted_ns: None,
            tokens: Vec::new(),
            until_ns: 0,
            lost_ns: None,
            release_ns: None,
            answered: None,
            gave_up: None,
            fenced_ns: None,
            from: None,
            last_ns: event.at_ns,
        })
    }

    fn go_on(&mut self, event: &Event) {
        let at = event.at_ns;
        self.last_ns = self.last_ns.max(at);
        match &event.what {
            What::Granted { until_ns, tokens } => {
                self.granted_ns = Some(at);
                self.tokens.clone_from(tokens);
                self.until_ns = *until_ns;
            }
            What::Valid { until_ns } => self.until_ns = self.until_ns.max(*until_ns),
            What::Lost => self.lost_ns = self.lost_ns.or(Some(at)),
            What::Release => self.release_ns = self.release_ns.or(Some(at)),
            What::Answered { outcome } => self.answered = Some((at, outcome.clone())),
            What::GaveUp { class } => self.gave_up = Some((at, class.clone())),
            What::Downgrades { from } => self.from = Some(from.clone()),
            What::Fenced => self.fenced_ns = self.fenced_ns.or(Some(at)),
            What::Asked { .. }
            | What::Deed { .. }
            | What::Starved { .. }
            | What::Blocked { .. }
            | What::Ended { .. } => {}
        }
    }
}

/// The attempts of a history, each once.
pub(super) fn attempts(events: &[Event]) -> Vec<Attempt> {
    let mut known: BTreeMap<&str, Attempt> = BTreeMap::new();
    for event in events {
        if let Some(attempt) = Attempt::begin(event) {
            known.insert(&event.who, attempt);
        } else if let Some(attempt) = known.get_mut(&*event.who) {
            attempt.go_on(event);
        }
    }
    known.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(at_ns: u64, what: What) -> Event {
        Event { at_ns, who: "p1/1".to_owned(), what }
    }

    fn story(of: &[(u64, What)]) -> Attempt {
        let asked = What::Asked {
            kind: "read".to_owned(),
            names: vec!["a".to_owned()],
            wait_ns: 5,
            least_ns: 0,
            renews: true,
        };
        let granted = What::Granted { until_ns: 100, tokens: vec![("a".to_owned(), 7)] };
        let mut events = vec![event(1, asked), event(10, granted)];
        events.extend(of.iter().map(|(at, what)| event(*at, what.clone())));
        attempts(&events).pop().unwrap()
    }

    #[test]
    fn a_hold_ends_with_whatever_comes_first() {
        let ends = |of: &[(u64, What)]| story(of).end_ns();
        assert_eq!(ends(&[]), 100, "a killed holder was definite until its lease was over");
        assert_eq!(ends(&[(50, What::Valid { until_ns: 150 })]), 150);
        assert_eq!(ends(&[(50, What::Valid { until_ns: 150 }), (60, What::Release), (70, What::Lost)]), 60);
        assert_eq!(ends(&[(40, What::Lost), (60, What::Release)]), 40);
        assert_eq!(ends(&[(200, What::Release)]), 100, "who slept past its lease had it only so long");
    }

    #[test]
    fn a_grant_that_came_when_it_was_over_is_no_hold() {
        assert!(story(&[(9, What::Lost)]).holds().is_empty());
    }

    #[test]
    fn what_was_to_be_kept_is_taken_for_so_long_if_the_server_said_so() {
        let ended = |of: &[(u64, What)]| {
            let mut attempt = story(of);
            attempt.least_ns = 70;
            attempt.holds()[0].until_ns
        };
        let freed = |outcome: &str| What::Answered { outcome: outcome.to_owned() };
        assert_eq!(ended(&[(30, What::Release), (31, freed("freed"))]), 71);
        assert_eq!(ended(&[(30, What::Release), (31, freed("unavailable"))]), 30);
        assert_eq!(ended(&[(90, What::Release), (91, freed("freed"))]), 90, "it was held for longer");
        assert_eq!(ended(&[(40, What::Lost), (50, What::Release), (51, freed("freed"))]), 40);
    }

    #[test]
    fn readers_share_and_nobody_holds_before_the_grant() {
        let attempt = story(&[(30, What::Release)]);
        let [hold] = &attempt.holds()[..] else { panic!("one hold") };
        assert!(hold.shared && (hold.from_ns, hold.until_ns, hold.token) == (10, 30, 7));
        assert_eq!((attempt.process(), attempt.decided_ns()), ("p1", Some(10)));
        let asked = What::Asked {
            kind: "fair".to_owned(),
            names: vec!["a".to_owned()],
            wait_ns: 5,
            least_ns: 0,
            renews: true,
        };
        let busy = What::GaveUp { class: "busy".to_owned() };
        let [attempt] = &attempts(&[event(1, asked), event(6, busy)])[..] else { panic!("one attempt") };
        assert!(attempt.holds().is_empty() && attempt.decided_ns() == Some(6));
    }
}
