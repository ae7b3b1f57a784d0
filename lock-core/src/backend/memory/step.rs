//! The protocol of a lock as one pure function. The Redis scripts are tested against it, operation by operation; the
//! rules and their reasons stand in `backend/redis/PROTOCOL.md`.

use super::queue::{Waiter, letter, text};
use super::record::{Owner, Record};
use crate::backend::bounds::highest_number;
use crate::backend::{Acquire, Channel, Entry, Fault, FaultClass, HoldId, Mode, Operation, Place, Reply};

/// How many heads of a queue one operation tries in vain: the work of a call is bounded.
pub(crate) const TRIES: usize = 16;
/// How many readers one operation lets in from the queue; their claims let in the next.
pub(crate) const READERS: usize = 64;
/// How many dead readers one operation removes while others live.
pub(crate) const BURY: usize = 16;
/// How many dead waiters one of those tries removes beside the head.
pub(crate) const PURGE: usize = 255;

/// What became of a lock by one operation.
#[derive(Debug)]
pub(crate) struct Step {
    /// Where it [is empty](Record::is_empty), nothing is kept of it.
    pub(crate) record: Record,
    /// What fences and tickets were last drawn from.
    pub(crate) counter: u64,
    /// Or why there is none: nothing was done, but for what settling came to.
    pub(crate) reply: Result<Reply, Damage>,
    /// What was published.
    pub(crate) grants: Vec<Published>,
}

/// A number that can't be true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Damage {
    /// What fences and tickets are drawn from.
    Counter,
    /// The fence that is to be made known.
    Fence,
}

impl Damage {
    pub(crate) fn fault(self) -> Fault {
        let what = match self {
            Self::Counter => "the counter that fencing tokens are drawn from is a day past the clock",
            Self::Fence => "the fence is a day past the clock of this server",
        };
        Fault::new(FaultClass::Unavailable, what)
    }
}

/// A grant on its way to a waiter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Published {
    pub(crate) channel: Channel,
    pub(crate) id: HoldId,
    pub(crate) fence: u64,
    pub(crate) left_ms: u64,
    /// Whether a strict entry may be waiting behind it.
    pub(crate) strict: bool,
}

/// Runs one operation on one lock at server time `now_us` (µs since the epoch). `reachable`: whether a message
/// published to a channel reaches anybody.
pub(crate) fn step(
    record: Record,
    counter: u64,
    (id, operation): (&HoldId, &Operation),
    now_us: u64,
    reachable: &dyn Fn(&Channel) -> bool,
) -> Step {
    let mut lock = Lock { record, counter, now_us, reachable, grants: Vec::new() };
    let reply = match operation {
        Operation::Acquire(acquire) => lock.acquire(id, acquire),
        Operation::Refresh { entry, heartbeat_ms, lease_ms } => {
            Ok(lock.refresh(id, entry, *heartbeat_ms, *lease_ms))
        }
        Operation::Renew { lease_ms } => Ok(lock.renew(id, *lease_ms)),
        Operation::Raise { fence } => lock.raise(id, *fence),
        Operation::Keep { keep_ms } => Ok(lock.keep(id, *keep_ms)),
        Operation::Forget { entry } => Ok(lock.forget(id, entry.as_ref())),
    };
    Step { record: lock.record, counter: lock.counter, reply, grants: lock.grants }
}

/// One lock during one operation.
struct Lock<'a> {
    record: Record,
    counter: u64,
    now_us: u64,
    reachable: &'a dyn Fn(&Channel) -> bool,
    grants: Vec<Published>,
}

/// Who is asking: its request proves that it is alive and will read the answer.
struct Asking<'a> {
    text: &'a str,
    lease_ms: u64,
}

impl Lock<'_> {
    fn acquire(&mut self, id: &HoldId, acquire: &Acquire) -> Result<Reply, Damage> {
        let text = acquire.place.as_ref().map(|place| text(id, &place.entry));
        let asking = text.as_deref().map(|text| Asking { text, lease_ms: acquire.lease_ms });
        self.settle(asking.as_ref());
        if let Some(held) = self.owned(id) {
            return Ok(held);
        }
        if acquire.mode == Mode::Shared
            && let Some(held) = self.read(id)
        {
            return Ok(held);
        }
        if let (Some(place), Some(text)) = (&acquire.place, &text)
            && let Some(ticket) = self.record.queue.ticket(text)
        {
            return Ok(self.queued(ticket, text, place));
        }
        if self.now_ms() > acquire.not_after_ms {
            return Ok(Reply::Late);
        }
        if let Some(old) = acquire.replaces.as_ref().filter(|_| acquire.mode == Mode::Shared) {
            // Whoever had it in between may have written.
            let owns = self.record.owner.as_ref().is_some_and(|owner| owner.id == *old);
            return if owns { self.downgrade(id, acquire.lease_ms) } else { Ok(Reply::Gone) };
        }
        if self.is_free_for(acquire.mode) {
            let fence = self.draw()?;
            if acquire.mode == Mode::Exclusive {
                return Ok(self.own(id, fence, acquire.lease_ms));
            }
            self.record.readers.bury(self.now_ms(), BURY);
            return Ok(self.admit(id, fence, acquire.lease_ms));
        }
        match &acquire.place {
            Some(place) => self.enqueue(id, place),
            None => {
                let (owner_left_ms, holder) = self.record.holder(self.now_ms());
                Ok(Reply::Busy { owner_left_ms, holder })
            }
        }
    }

    /// Whether a newcomer may have it at once: nobody waits, and who holds it does not mind.
    fn is_free_for(&self, mode: Mode) -> bool {
        let alone = mode == Mode::Shared || self.record.readers.is_empty();
        alone && self.record.owner.is_none() && self.record.queue.is_empty()
    }

    /// The owner gives way to a reader, also when others wait: nobody is passed, since nobody else could have had the
    /// lock now. Readers at the head of the queue come in with it.
    fn downgrade(&mut self, id: &HoldId, lease_ms: u64) -> Result<Reply, Damage> {
        let fence = self.draw()?;
        self.record.owner = None;
        let held = self.admit(id, fence, lease_ms);
        self.hand_over(None);
        Ok(held)
    }

    fn refresh(&mut self, id: &HoldId, entry: &Entry, heartbeat_ms: u64, lease_ms: u64) -> Reply {
        let text = text(id, entry);
        self.settle(Some(&Asking { text: &text, lease_ms }));
        match self.record.queue.ticket(&text) {
            Some(ticket) => {
                let place = Place { entry: entry.clone(), heartbeat_ms, ticket: None };
                self.queued(ticket, &text, &place)
            }
            None => self.extend(id, lease_ms),
        }
    }

    fn renew(&mut self, id: &HoldId, lease_ms: u64) -> Reply {
        self.settle(None);
        self.extend(id, lease_ms)
    }

    fn raise(&mut self, id: &HoldId, fence: u64) -> Result<Reply, Damage> {
        self.settle(None);
        let Some(held) = self.owned(id) else { return Ok(Reply::Gone) };
        if fence > highest_number(self.now_us) {
            return Err(Damage::Fence);
        }
        self.counter = self.counted()?.max(fence);
        Ok(held)
    }

    /// What could go wrong: a late copy of a renewal prolongs what its holder has left. It can't: what stays is under
    /// another id.
    fn keep(&mut self, id: &HoldId, keep_ms: u64) -> Reply {
        self.expire();
        let (now_ms, deadline_ms) = (self.now_ms(), self.after_ms(keep_ms));
        let kept = |hold: &Owner| Owner { id: hold.id.kept(), fence: hold.fence, deadline_ms };
        if let Some(owner) = self.record.owner.as_mut().filter(|owner| owner.id == *id) {
            *owner = kept(owner);
        } else if let Some(reader) = self.record.readers.living(id, now_ms).map(|reader| kept(reader)) {
            self.record.readers.remove(id);
            self.record.readers.admit(reader);
        } else {
            return self.forget(id, None);
        }
        Reply::Forgotten { was_owner: true }
    }

    /// The one operation that settles last: granting the lock to somebody who leaves would be for nothing.
    fn forget(&mut self, id: &HoldId, entry: Option<&Entry>) -> Reply {
        self.expire();
        let now_ms = self.now_ms();
        let owned = self.record.owner.take_if(|owner| owner.id == *id).is_some();
        let mut read = false;
        if !owned {
            if let Some(reader) = self.record.readers.remove(id) {
                read = now_ms < reader.deadline_ms;
                self.record.readers.bury(now_ms, BURY);
            }
            if let Some(entry) = entry {
                self.record.queue.remove(&text(id, entry));
            }
        }
        self.settle(None);
        Reply::Forgotten { was_owner: owned || read }
    }

    /// Takes an owner past its deadline away.
    fn expire(&mut self) {
        let now_ms = self.now_ms();
        self.record.owner.take_if(|owner| now_ms >= owner.deadline_ms);
    }

    /// Brings the lock to where the clock says it is: an owner past its deadline is gone, so are readers when none of them
    /// is before his, and the head of the queue has a lock that is free for it.
    fn settle(&mut self, asking: Option<&Asking<'_>>) {
        self.expire();
        if self.record.owner.is_none() {
            self.record.readers.end(self.now_ms());
            self.hand_over(asking);
        }
        if self.record.is_empty() {
            self.record.strict_until_ms = 0;
        }
    }

    /// Grants a lock without an owner to the first waiters who are alive and, unless they wait strictly, can be told: to one
    /// who wants it alone if nobody reads, or to neighbouring readers. Who is passed keeps his place.
    ///
    /// What could go wrong: a writer is granted beside a reader, or a reader beside a writer. It can't: there is no owner
    /// when this runs, a writer ends the loop, and is granted only while the set of readers is empty.
    fn hand_over(&mut self, asking: Option<&Asking<'_>>) {
        let (mut skipped, mut tried, mut admitted) = (0, 0, 0);
        while let Some(head) = self.record.queue.head(skipped) {
            if tried == TRIES || admitted == READERS {
                break;
            }
            let (text, head) = (head.text(), head.clone());
            let shared = head.entry.mode == Mode::Shared;
            let asks = asking.filter(|asking| asking.text == text);
            if asks.is_none() && self.now_ms() >= head.beat_ms {
                self.purge(&text, asking);
                tried += 1;
                continue;
            }
            if !shared && !self.record.readers.is_empty() {
                break;
            }
            // Also a fence that reaches nobody is used up: a floor told later covers it.
            let fence = self.record.last.saturating_add(1).max(self.now_us);
            self.record.last = fence;
            if shared {
                // What was left of an earlier stay.
                self.record.readers.remove(&head.id);
            }
            let heard = (self.reachable)(&head.entry.channel);
            // Who waits strictly is not passed, whether it hears or not: its next refresh finds the grant.
            if asks.is_none() && !head.entry.strict && !heard {
                skipped += 1;
                tried += 1;
                continue;
            }
            self.record.queue.remove(&text);
            let left_ms = asks.map_or(head.entry.short_ms, |asking| asking.lease_ms);
            if shared {
                self.admit(&head.id, fence, left_ms);
                admitted += 1;
            } else {
                self.own(&head.id, fence, left_ms);
            }
            if asks.is_none() && heard {
                let (channel, strict) = (head.entry.channel, self.is_strict());
                self.grants.push(Published { channel, id: head.id, fence, left_ms, strict });
            }
            if !shared {
                break;
            }
        }
        if admitted > 0 {
            self.record.readers.bury(self.now_ms(), BURY);
        }
    }

    /// Drops the dead head and others as dead as it, but never who is asking.
    fn purge(&mut self, head: &str, asking: Option<&Asking<'_>>) {
        for dead in self.record.queue.dead(self.now_ms(), PURGE) {
            if asking.is_none_or(|asking| asking.text != dead) {
                self.record.queue.remove(&dead);
            }
        }
        self.record.queue.remove(head);
    }

    /// The next number for a fence or a ticket: above every earlier one, and above what a server that lost its data
    /// could have issued before.
    fn draw(&mut self) -> Result<u64, Damage> {
        let next = self.counted()?.max(self.record.last).saturating_add(1);
        self.counter = next.max(self.now_us);
        self.record.last = self.counter;
        Ok(self.counter)
    }

    /// The counter, if it can be true.
    fn counted(&self) -> Result<u64, Damage> {
        (self.counter <= highest_number(self.now_us)).then_some(self.counter).ok_or(Damage::Counter)
    }

    fn own(&mut self, id: &HoldId, fence: u64, lease_ms: u64) -> Reply {
        self.record.owner = Some(self.hold(id, fence, lease_ms));
        self.held(fence, lease_ms)
    }

    fn admit(&mut self, id: &HoldId, fence: u64, lease_ms: u64) -> Reply {
        self.record.readers.admit(self.hold(id, fence, lease_ms));
        self.held(fence, lease_ms)
    }

    fn hold(&self, id: &HoldId, fence: u64, lease_ms: u64) -> Owner {
        Owner { id: id.clone(), fence, deadline_ms: self.after_ms(lease_ms) }
    }

    fn enqueue(&mut self, id: &HoldId, place: &Place) -> Result<Reply, Damage> {
        let drawn = self.draw()?;
        let ticket = place.ticket.filter(|&ticket| ticket > 0).unwrap_or(drawn);
        let waiter = Waiter { id: id.clone(), entry: place.entry.clone(), beat_ms: 0 };
        let text = waiter.text();
        self.record.queue.push(ticket, waiter);
        Ok(self.queued(ticket, &text, place))
    }

    /// Keeps a waiter alive and tells it where it stands. The floor that it is told is written down, so that whatever
    /// the clock does, a later grant lies above it.
    fn queued(&mut self, ticket: u64, text: &str, place: &Place) -> Reply {
        let floor = self.record.last.max(self.now_us);
        self.record.last = floor;
        let beat_ms = self.after_ms(place.heartbeat_ms);
        self.record.queue.beat(ticket, text, beat_ms);
        if letter(&place.entry) != 'x' {
            self.record.strict_until_ms = self.record.strict_until_ms.max(beat_ms);
        }
        let (owner_left_ms, holder) = self.record.holder(self.now_ms());
        Reply::Queued { ticket, floor, ahead: self.record.queue.ahead(ticket), owner_left_ms, holder }
    }

    /// The id's hold alone as it is, not extended: a repeated request must not count a lease that was never given.
    fn owned(&self, id: &HoldId) -> Option<Reply> {
        let owner = self.record.owner.as_ref().filter(|owner| owner.id == *id)?;
        Some(self.held(owner.fence, owner.deadline_ms.saturating_sub(self.now_ms_up())))
    }

    /// The same of the id's hold beside others.
    fn read(&mut self, id: &HoldId) -> Option<Reply> {
        let now_ms = self.now_ms();
        let Owner { fence, deadline_ms, .. } = *self.record.readers.living(id, now_ms)?;
        Some(self.held(fence, deadline_ms.saturating_sub(self.now_ms_up())))
    }

    fn held(&self, fence: u64, left_ms: u64) -> Reply {
        Reply::Held { fence, left_ms, strict: self.is_strict() }
    }

    fn is_strict(&self) -> bool {
        self.now_ms() < self.record.strict_until_ms
    }

    /// Never moves a deadline back. What could go wrong: a claim's delayed copy, with its short lease, runs after a
    /// renewal whose long lease the owner counts on, and somebody else is granted the lock within that. It can't: the
    /// later deadline stays, and each reply tells what is left of it.
    fn extend(&mut self, id: &HoldId, lease_ms: u64) -> Reply {
        let (now_ms, deadline_ms) = (self.now_ms(), self.after_ms(lease_ms));
        let owner = self.record.owner.as_mut().filter(|owner| owner.id == *id);
        if let Some(hold) = owner.or_else(|| self.record.readers.living(id, now_ms)) {
            hold.deadline_ms = hold.deadline_ms.max(deadline_ms);
        }
        self.owned(id).or_else(|| self.read(id)).unwrap_or(Reply::Gone)
    }

    /// What a deadline is compared with.
    const fn now_ms(&self) -> u64 {
        self.now_us / 1000
    }

    /// What a deadline is counted from: with the clock rounded down, a lease of 10 ms could end after 9.001 ms, and
    /// the reply would promise more than is given.
    const fn now_ms_up(&self) -> u64 {
        self.now_us.div_ceil(1000)
    }

    const fn after_ms(&self, rest_ms: u64) -> u64 {
        self.now_ms_up().saturating_add(rest_ms)
    }
}
