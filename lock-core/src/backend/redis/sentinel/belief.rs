//! Which of the sentinels' answers is believed.
//!
//! Sentinels do not learn of a failover at the same moment, and one that is cut off from the others never does: it names
//! the old master for as long as it is asked. So an answer is not believed because it is the latest. Each failover has an
//! epoch that a majority of the sentinels voted for, higher than all before; the higher epoch is the later truth.
//!
//! What could go wrong: a stale sentinel answers alone, or answers last, and everybody goes back to a demoted master. It
//! can't: its epoch is lower than what is believed already. A process that starts, and believes nothing yet, hears a
//! majority of the sentinels, or all that can be reached, before it believes the highest of their epochs.
//!
//! Epochs begin anew where sentinels are set up anew. So a lower one is believed too, if for [`REVISION`] a majority of all
//! sentinels has said the same, and nobody has said what was believed before. A minority never comes to that.

use std::time::Duration;

use super::answer::{Address, Told};
use crate::backend::{Fault, FaultClass};
use crate::clock::Moment;

/// For so long a majority has to contradict what is believed.
const REVISION: Duration = Duration::from_secs(5);

/// What the sentinels have said, and what is believed of it.
#[derive(Debug)]
pub(super) struct Belief {
    /// The last word of each.
    latest: Vec<Latest>,
    believed: Option<(Address, u64)>,
    /// Since when a majority says that it is otherwise.
    contradicted_since: Option<Moment>,
    /// How often the master has changed.
    moves: u64,
}

#[derive(Clone, Debug, Default)]
struct Latest {
    /// It answers all questions up to this number.
    question: u64,
    said: Option<Result<Told, Refusal>>,
}

/// No answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// For people.
    pub(super) reason: String,
    /// The sentinel wants another login.
    pub(super) login: bool,
}

impl Belief {
    pub(super) fn new(sentinels: usize) -> Self {
        let latest = vec![Latest::default(); sentinels];
        Self { latest, believed: None, contradicted_since: None, moves: 0 }
    }

    pub(super) fn moves(&self) -> u64 {
        self.moves
    }

    /// Sentinel number `from` has answered `question`, and with it all earlier ones.
    pub(super) fn heard(&mut self, from: usize, question: u64, said: Result<Told, Refusal>, now: Moment) {
        let Some(latest) = self.latest.get_mut(from) else { return };
        *latest = Latest { question: question.max(latest.question), said: Some(said.clone()) };
        match (&self.believed, said) {
            (None, _) => self.begin(),
            (Some((address, epoch)), Ok(told)) if told.epoch > *epoch => {
                let moved = told.address != *address;
                self.believe(told, moved);
            }
            _ => self.revise(now),
        }
    }

    /// The first belief needs a majority of the answers, or all that come at all.
    fn begin(&mut self) {
        let heard = self.latest.iter().filter(|latest| latest.said.is_some()).count();
        let told = self.told().count();
        if 2 * told > self.latest.len() || heard == self.latest.len() {
            let best = self.told().max_by_key(|told| told.epoch).cloned();
            if let Some(best) = best {
                self.believe(best, false);
            }
        }
    }

    fn revise(&mut self, now: Moment) {
        let Some(other) = self.contradiction() else {
            self.contradicted_since = None;
            return;
        };
        let since = *self.contradicted_since.get_or_insert(now);
        if now.since(since) >= REVISION {
            let moved = self.believed.as_ref().is_some_and(|(address, _)| *address != other.address);
            self.believe(other, moved);
        }
    }

    /// What a majority says, if nobody says what is believed.
    fn contradiction(&self) -> Option<Told> {
        let (address, epoch) = self.believed.as_ref()?;
        if self.told().any(|told| told.address == *address && told.epoch == *epoch) {
            return None;
        }
        let other = self.told().max_by_key(|told| told.epoch)?;
        let same = self.told().filter(|told| told.address == other.address && told.epoch == other.epoch);
        let all = self.told().map(|told| told.sentinels).max().unwrap_or(0).max(self.latest.len());
        (2 * same.count() > all).then(|| other.clone())
    }

    fn believe(&mut self, told: Told, moved: bool) {
        self.believed = Some((told.address, told.epoch));
        self.contradicted_since = None;
        self.moves += u64::from(moved);
    }

    fn told(&self) -> impl Iterator<Item = &Told> {
        self.latest.iter().filter_map(|latest| latest.said.as_ref()?.as_ref().ok())
    }

    /// The master, once somebody has answered `question`; or what they all said instead. `None` as long as neither is so.
    /// `who` are the sentinels' addresses.
    pub(super) fn outcome(
        &self,
        question: u64,
        name: &str,
        who: &[String],
    ) -> Option<Result<Address, Fault>> {
        let answers = self.latest.iter().filter(|latest| latest.question >= question);
        let said: Vec<_> = answers.filter_map(|latest| latest.said.as_ref()).collect();
        if said.iter().any(|said| said.is_ok()) {
            let (address, _) = self.believed.as_ref()?;
            return Some(Ok(address.clone()));
        }
        if said.len() < self.latest.len() {
            return None;
        }
        let refusals = said.iter().filter_map(|said| said.as_ref().err());
        let all_want_a_login = refusals.clone().all(|refusal| refusal.login);
        let reasons = who.iter().zip(refusals).map(|(who, refusal)| format!("{who}: {}", refusal.reason));
        let reasons = reasons.collect::<Vec<_>>().join("; ");
        let mut message = format!("no sentinel says where the master `{name}` is: {reasons}");
        if !all_want_a_login {
            return Some(Err(Fault::new(FaultClass::Transient, message)));
        }
        message.push_str("; the sentinels' own login is written ?sentinel_user=..&sentinel_pass=..");
        Some(Err(Fault::new(FaultClass::Refused, message)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: u16 = 1;
    const NEW: u16 = 2;

    fn told(port: u16, epoch: u64) -> Result<Told, Refusal> {
        Ok(Told { address: ("h".into(), port), epoch, sentinels: 3 })
    }

    fn refused() -> Result<Told, Refusal> {
        Err(Refusal { reason: "gone".into(), login: false })
    }

    fn at(seconds: u64) -> Moment {
        Moment::default() + Duration::from_secs(seconds)
    }

    fn port(belief: &Belief) -> Option<u16> {
        belief.believed.as_ref().map(|((_, port), _)| *port)
    }

    /// Three sentinels that all name the old master.
    fn settled() -> Belief {
        let mut belief = Belief::new(3);
        for from in 0..3 {
            belief.heard(from, 0, told(OLD, 1), at(0));
        }
        assert_eq!((port(&belief), belief.moves()), (Some(OLD), 0));
        belief
    }

    #[test]
    fn a_stale_sentinel_alone_is_no_beginning_while_others_may_answer() {
        let mut belief = Belief::new(3);
        belief.heard(0, 0, told(OLD, 1), at(0));
        assert_eq!(port(&belief), None);
        belief.heard(1, 0, told(NEW, 2), at(0));
        assert_eq!(port(&belief), Some(NEW));
    }

    #[test]
    fn the_only_sentinel_that_can_be_reached_is_believed() {
        let mut belief = Belief::new(3);
        belief.heard(0, 0, refused(), at(0));
        belief.heard(1, 0, told(OLD, 1), at(0));
        assert_eq!(port(&belief), None);
        belief.heard(2, 0, refused(), at(0));
        assert_eq!(port(&belief), Some(OLD));
    }

    #[test]
    fn the_first_word_of_a_failover_moves_and_stale_ones_do_not_move_back() {
        let mut belief = settled();
        belief.heard(0, 1, told(NEW, 2), at(1));
        assert_eq!((port(&belief), belief.moves()), (Some(NEW), 1));
        // The two others are cut off for good, and a majority; but somebody knows better.
        for second in 1..60 {
            belief.heard(1, 1, told(OLD, 1), at(second));
            belief.heard(2, 1, told(OLD, 1), at(second));
            assert_eq!((port(&belief), belief.moves()), (Some(NEW), 1));
        }
    }

    #[test]
    fn a_minority_that_is_left_alone_never_moves_back() {
        let mut belief = settled();
        belief.heard(0, 1, told(NEW, 2), at(1));
        belief.heard(0, 1, refused(), at(2));
        belief.heard(1, 1, refused(), at(2));
        for second in 2..60 {
            belief.heard(2, 1, told(OLD, 1), at(second));
            assert_eq!(port(&belief), Some(NEW));
        }
    }

    #[test]
    fn sentinels_that_were_set_up_anew_are_believed_after_a_while() {
        let mut belief = settled();
        let mut anew = |second| {
            for from in 0..3 {
                belief.heard(from, 1, told(NEW, 0), at(second));
            }
            (port(&belief), belief.moves())
        };
        assert_eq!(anew(10), (Some(OLD), 0));
        assert_eq!(anew(12), (Some(OLD), 0));
        assert_eq!(anew(15), (Some(NEW), 1));
    }

    #[test]
    fn one_listed_sentinel_of_three_is_no_majority() {
        let mut belief = Belief::new(1);
        belief.heard(0, 0, told(NEW, 2), at(0));
        for second in 0..60 {
            belief.heard(0, 0, told(OLD, 1), at(second));
        }
        assert_eq!(port(&belief), Some(NEW));
    }

    #[test]
    fn an_epoch_without_a_new_address_is_no_move() {
        let mut belief = settled();
        belief.heard(0, 1, told(OLD, 2), at(1));
        assert_eq!((port(&belief), belief.moves()), (Some(OLD), 0));
    }

    #[test]
    fn who_asks_gets_the_first_fresh_answer_or_what_all_said() {
        let who = ["a", "b", "c"].map(str::to_owned);
        let mut belief = settled();
        assert_eq!(belief.outcome(1, "m", &who), None);
        belief.heard(1, 1, refused(), at(1));
        assert_eq!(belief.outcome(1, "m", &who), None);
        belief.heard(0, 1, told(OLD, 1), at(1));
        assert_eq!(belief.outcome(1, "m", &who), Some(Ok(("h".into(), OLD))));
        for from in 0..3 {
            belief.heard(from, 2, refused(), at(2));
        }
        let fault = belief.outcome(2, "m", &who).unwrap().unwrap_err();
        assert_eq!(fault.class, FaultClass::Transient);
        assert!(fault.message.contains("`m`") && fault.message.contains("a: gone; b: gone; c: gone"));
    }
}
