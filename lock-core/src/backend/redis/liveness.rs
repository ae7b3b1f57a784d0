//! Whether the other end of a connection is still there.
//!
//! NAT gateways, load balancers and moved machines drop a connection without telling either end. So a connection without
//! traffic is asked now and then, which also keeps it from being dropped; and a request on a connection that was silent for a
//! while travels behind a ping that must be answered soon.

use std::time::Duration;

use crate::backend::REQUEST_LIMIT;
use crate::clock::Moment;

/// An idle connection is pinged after this. NAT entries live for a minute at least (Azure 4 min, AWS 350 s), so this is often
/// enough for all of them; it is this short since a call should seldom be the first to find out. A ping costs the server some 15 µs of
/// its processor, nearly all of it for the two system calls: a thousand idle connections take 0.3 % of it.
pub(super) const PING_EVERY: Duration = Duration::from_secs(5);
/// After so much silence a request does not trust its connection.
const SILENT: Duration = Duration::from_secs(1);
/// How soon a ping in front of such a request must be answered, at least. Together with the look that follows, about 250 ms.
pub(super) const PATIENCE_OF_A_REQUEST: Duration = Duration::from_millis(200);
/// The same at a master of red locks, which has to give its vote within 250 ms.
pub(super) const PATIENCE_OF_A_VOTE: Duration = Duration::from_millis(60);
/// How soon a ping for which nobody waits must be answered.
const PATIENCE: Duration = REQUEST_LIMIT;
/// Between the end of a ping's time and the verdict: what came meanwhile is read first.
const LAST_LOOK: Duration = Duration::from_millis(50);

/// How soon a ping in front of a request must be answered over a connection with this round trip: a way that is long is not dead.
pub(super) fn patience(least: Duration, round_trip: Duration) -> Duration {
    least.max(round_trip * 2)
}

/// What is known of one connection.
#[derive(Debug, Default)]
pub(super) struct Liveness {
    /// How soon a ping in front of a request must be answered.
    patience: Duration,
    /// Not silent until then; `None` without a connection.
    heard: Option<Moment>,
    /// A ping is to be sent although there is nothing else to send; its answer may take so long.
    due: Option<Duration>,
    ping: Option<Ping>,
}

/// A ping without an answer.
#[derive(Debug)]
struct Ping {
    until: Moment,
    overdue: Overdue,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Overdue {
    NotYet,
    /// The driver was woken to read what there may be.
    Woken,
    /// It came, and found nothing.
    Read,
}

/// What is to be done about a connection now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing.
    Well,
    /// Its driver is to be woken, and reads.
    Wake,
    /// Nobody is at the other end any more.
    Dead,
}

impl Liveness {
    /// A connection was opened, on which a request waits so long for a ping's answer.
    pub(super) fn opened(&mut self, now: Moment, patience: Duration) {
        *self = Self { heard: Some(now), patience, ..Self::default() };
    }

    /// The connection is given up.
    pub(super) fn closed(&mut self) {
        *self = Self::default();
    }

    /// The other end has answered what was sent at `sent`, or later.
    pub(super) fn heard(&mut self, sent: Moment) {
        if let Some(heard) = &mut self.heard {
            *heard = sent.max(*heard);
            self.ping = None;
        }
    }

    /// Whether a ping goes in front of a request that is sent now.
    pub(super) fn asks_before_request(&mut self, now: Moment) -> bool {
        self.heard.is_some_and(|heard| now.since(heard) >= SILENT) && self.ask(now, self.patience)
    }

    /// Whether a ping is to be sent for its own sake.
    pub(super) fn is_due(&self) -> bool {
        self.due.is_some()
    }

    /// The same, and from now on it is under way.
    pub(super) fn asks_when_idle(&mut self, now: Moment) -> bool {
        self.due.take().is_some_and(|patience| self.ask(now, patience))
    }

    /// One ping at a time: the answer to it tells as much as one to another.
    fn ask(&mut self, now: Moment, patience: Duration) -> bool {
        self.due = None;
        let until = now + patience;
        match &mut self.ping {
            Some(ping) => {
                ping.until = ping.until.min(until);
                false
            }
            none => {
                *none = Some(Ping { until, overdue: Overdue::NotYet });
                true
            }
        }
    }

    /// The driver was here, and has read what there was.
    pub(super) fn driver_came(&mut self) {
        if let Some(ping) = &mut self.ping
            && ping.overdue == Overdue::Woken
        {
            ping.overdue = Overdue::Read;
        }
    }

    /// What follows from the silence until `now`.
    ///
    /// What could go wrong: the answer is there, and a runtime that is busy has not read it; its connection, which is well, is
    /// given up. It isn't: the verdict waits until the driver has run once more after the time was over.
    pub(super) fn look(&mut self, now: Moment) -> Verdict {
        let Some(ping) = &mut self.ping else { return Verdict::Well };
        match ping.overdue {
            Overdue::NotYet if now >= ping.until => {
                ping.overdue = Overdue::Woken;
                Verdict::Wake
            }
            Overdue::Read => Verdict::Dead,
            Overdue::NotYet | Overdue::Woken => Verdict::Well,
        }
    }

    /// Lets an idle connection be asked, if it was silent for long enough, or at once if another to the same server has died in
    /// silence (`suspected`). Says whether its driver has to send a ping now.
    pub(super) fn wants_a_ping(&mut self, now: Moment, suspected: bool) -> bool {
        let Some(heard) = self.heard.filter(|_| self.ping.is_none()) else { return false };
        let (silence, patience) =
            if suspected { (Duration::ZERO, self.patience) } else { (PING_EVERY, PATIENCE) };
        if now.since(heard) < silence || self.due.is_some() {
            return false;
        }
        self.due = Some(patience);
        true
    }

    /// When to look again, for a connection on which nothing is under way.
    pub(super) fn look_again_at(&self, now: Moment) -> Moment {
        match (&self.ping, self.heard) {
            (Some(ping), _) if ping.overdue == Overdue::NotYet => ping.until,
            (Some(_), _) => now + LAST_LOOK,
            (None, Some(heard)) if self.due.is_none() => heard + PING_EVERY,
            _ => now + PING_EVERY,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Moment {
        Moment::default() + Duration::from_millis(ms)
    }

    fn opened() -> Liveness {
        let mut liveness = Liveness::default();
        liveness.opened(at(0), PATIENCE_OF_A_REQUEST);
        liveness
    }

    #[test]
    fn a_long_way_is_not_taken_for_a_dead_one() {
        assert_eq!(patience(PATIENCE_OF_A_REQUEST, Duration::from_millis(3)), PATIENCE_OF_A_REQUEST);
        assert_eq!(patience(PATIENCE_OF_A_VOTE, Duration::from_millis(120)), Duration::from_millis(240));
        let mut liveness = Liveness::default();
        liveness.opened(at(0), patience(PATIENCE_OF_A_REQUEST, Duration::from_millis(300)));
        assert!(liveness.asks_before_request(at(2000)));
        assert_eq!(liveness.look(at(2599)), Verdict::Well);
        assert_eq!(liveness.look(at(2600)), Verdict::Wake);
    }

    #[test]
    fn a_request_asks_only_after_silence() {
        let mut liveness = opened();
        assert!(!liveness.asks_before_request(at(999)));
        assert!(liveness.asks_before_request(at(1000)));
        assert!(!liveness.asks_before_request(at(1001)), "one ping is enough");
        liveness.heard(at(1000));
        assert!(!liveness.asks_before_request(at(1999)));
    }

    #[test]
    fn the_verdict_waits_for_the_driver() {
        let mut liveness = opened();
        assert!(liveness.asks_before_request(at(2000)));
        assert_eq!(liveness.look(at(2199)), Verdict::Well);
        assert_eq!(liveness.look(at(2200)), Verdict::Wake);
        assert_eq!(liveness.look(at(9000)), Verdict::Well, "its runtime is blocked");
        liveness.driver_came();
        assert_eq!(liveness.look(at(9001)), Verdict::Dead);
        liveness.heard(at(2000));
        assert_eq!(liveness.look(at(9002)), Verdict::Well, "the answer was there");
    }

    #[test]
    fn an_idle_connection_is_asked_and_a_busy_one_is_not() {
        let mut liveness = opened();
        assert!(!liveness.wants_a_ping(at(4999), false));
        liveness.heard(at(3000));
        assert!(!liveness.wants_a_ping(at(7999), false));
        assert!(liveness.wants_a_ping(at(8000), false));
        assert!(!liveness.wants_a_ping(at(8001), false), "it was told so");
        assert!(liveness.is_due() && liveness.asks_when_idle(at(8001)) && !liveness.is_due());
        assert_eq!(liveness.look_again_at(at(8001)), at(9001));
        // A request that comes now has less patience.
        assert!(!liveness.asks_before_request(at(8100)));
        assert_eq!(liveness.look(at(8300)), Verdict::Wake);
    }

    #[test]
    fn a_suspected_connection_is_asked_at_once() {
        let mut liveness = opened();
        assert!(liveness.wants_a_ping(at(10), true) && liveness.asks_when_idle(at(10)));
        assert_eq!(liveness.look(at(210)), Verdict::Wake);
    }

    #[test]
    fn nothing_is_asked_without_a_connection() {
        let mut liveness = Liveness::default();
        assert!(!liveness.asks_before_request(at(5000)) && !liveness.wants_a_ping(at(5000), true));
        liveness.heard(at(5000));
        assert_eq!(liveness.look(at(6000)), Verdict::Well);
        let mut liveness = opened();
        assert!(liveness.asks_before_request(at(2000)));
        liveness.closed();
        assert_eq!(liveness.look(at(9000)), Verdict::Well);
    }
}
