//! Random sequences of operations.

use super::deed::Deed;
use super::pair::Pair;
use crate::backend::memory::rules::{CHANNELS, Order, Subject};
use crate::backend::{Acquire, Channel, Entry, HoldId, Mode, Operation, Place, Reply};

const NAMES: [&str; 2] = ["LOCK:a", "LOCK:ü"];

/// SplitMix64: small, and the same on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.roll(of.len() as u64) as usize]
    }
}

/// Somebody who wants a lock, and what it remembers.
#[derive(Clone)]
struct Party {
    name: &'static str,
    id: HoldId,
    entry: Entry,
    ticket: Option<u64>,
}

/// What kind of day it is.
struct Scene {
    turns: u64,
    /// How many are there at a time; each has a name of its own where they are no more than the names.
    parties: u64,
    /// One of so many reads.
    reads: u64,
    /// In one of so many operations of its place, somebody new takes that place.
    new: u64,
    pauses_us: &'static [u64],
    /// How far the clock steps back now and then; less than the pauses in between.
    back_us: u64,
    leases_ms: &'static [u64],
    waits_ms: &'static [u64],
    /// So many of six of those who hold or wait leave.
    leave: u64,
}

const SCENES: [Scene; 3] = [
    // Everybody dies now and then.
    Scene {
        turns: 300,
        parties: 8,
        reads: 2,
        new: 12,
        pauses_us: &[0, 0, 1, 70, 900, 5_000, 60_000, 400_000, 1_500_000, 4_000_000],
        back_us: 2_000_000,
        leases_ms: &[10, 300, 1_000, 5_000, 60_000],
        waits_ms: &[50, 600, 3_000, 20_000],
        leave: 2,
    },
    // Each is alone, and mostly writes: the first half of the scripts.
    Scene {
        turns: 300,
        parties: 2,
        reads: 16,
        new: 50,
        pauses_us: &[0, 0, 1, 70, 900, 5_000, 60_000, 400_000, 1_500_000],
        back_us: 2_000_000,
        leases_ms: &[10, 300, 1_000, 5_000, 60_000],
        waits_ms: &[50, 600, 3_000],
        leave: 2,
    },
    // A crowd whose members seldom die.
    Scene {
        turns: 600,
        parties: 9,
        reads: 2,
        new: 20,
        pauses_us: &[0, 0, 1, 900, 5_000, 20_000],
        back_us: 100_000,
        leases_ms: &[20, 100, 400],
        waits_ms: &[600, 3_000, 10_000],
        leave: 4,
    },
];

/// One random sequence.
pub(crate) struct Play {
    dice: Dice,
    scene: &'static Scene,
    parties: Vec<Party>,
    born: u128,
    /// What has happened so far, the last one too if it failed.
    pub(crate) deeds: Vec<Deed>,
}

impl Play {
    pub(crate) fn new(seed: u64) -> Self {
        // Each second one alone.
        let scene = &SCENES[[0, 1, 2, 1][seed as usize % 4]];
        Self { dice: Dice(seed), scene, parties: Vec::new(), born: 0, deeds: Vec::new() }
    }

    pub(crate) fn run(&mut self, pair: &mut Pair) {
        for _ in 0..self.scene.turns {
            self.turn(pair);
        }
    }

    fn does(&mut self, deed: Deed, pair: &mut Pair) -> Vec<Reply> {
        self.deeds.push(deed.clone());
        deed.run(pair)
    }

    fn turn(&mut self, pair: &mut Pair) {
        let pause_us = self.dice.pick(self.scene.pauses_us);
        self.does(Deed::Pass { us: pause_us }, pair);
        match self.dice.roll(40) {
            0 => drop(self.does(Deed::StepBack { us: self.scene.back_us }, pair)),
            1 | 2 => {
                let channel = self.dice.pick(&CHANNELS);
                let listens = self.dice.roll(4) > 0;
                self.does(Deed::Listen { channel, listens }, pair);
            }
            3 => NAMES.iter().for_each(|name| drop(self.does(Deed::Expire { name }, pair))),
            4 => drop(self.does(Deed::LoseCounter, pair)),
            _ => {}
        }
        let length = self.dice.pick(&[1, 1, 1, 2, 5]);
        let acquires = self.dice.roll(2) == 0;
        let orders: Vec<(usize, Order)> = (0..length).map(|_| self.order(pair, acquires)).collect();
        let plain: Vec<Order> = orders.iter().map(|(_, order)| order.clone()).collect();
        let replies = self.does(Deed::Call(plain), pair);
        for ((party, _), reply) in orders.iter().zip(replies) {
            if let Reply::Queued { ticket, .. } = reply {
                self.parties[*party].ticket = Some(ticket);
            }
        }
    }

    fn order(&mut self, pair: &mut Pair, acquires: bool) -> (usize, Order) {
        let party = self.party();
        let Party { name, id, entry, ticket } = self.parties[party].clone();
        let lease_ms = self.dice.pick(self.scene.leases_ms);
        let wait_ms = self.dice.pick(self.scene.waits_ms);
        let operation = match self.dice.roll(6) {
            5 if acquires && self.dice.roll(3) == 0 => Operation::Raise {
                fence: *pair.now_us() + self.dice.pick(&[0, 3, 2_000]) - self.dice.pick(&[0, 1, 500]),
            },
            _ if acquires => {
                let place = (self.dice.roll(4) > 0).then(|| Place {
                    entry: entry.clone(),
                    wait_ms,
                    ticket: ticket.filter(|_| self.dice.roll(2) == 0),
                });
                // Who may be waiting names its place in every acquire, or it would read and wait at once.
                let known = place.is_some() || ticket.is_none();
                let not_after_ms = *pair.now_us() / 1000 + self.dice.pick(&[0, 1_000, 1_000, 1_000]);
                Operation::Acquire(Acquire {
                    mode: entry.mode,
                    replaces: self.replaced(name, entry.mode).filter(|_| known),
                    lease_ms,
                    not_after_ms: not_after_ms - self.dice.roll(2),
                    place,
                })
            }
            0 if self.dice.roll(16) == 0 => Operation::Keep { keep_ms: lease_ms },
            0 => Operation::Renew { lease_ms },
            roll if roll <= self.scene.leave => {
                Operation::Forget { entry: (self.dice.roll(4) > 0).then_some(entry) }
            }
            _ => Operation::Refresh { entry, wait_ms, lease_ms },
        };
        (party, (name, id, operation))
    }

    /// Whom a reader asks to give way: nobody, or anybody of its name, owner or not.
    fn replaced(&mut self, name: &str, mode: Mode) -> Option<HoldId> {
        if mode == Mode::Exclusive || self.dice.roll(4) > 0 {
            return None;
        }
        let of_name: Vec<&Party> = self.parties.iter().filter(|other| other.name == name).collect();
        let at = self.dice.roll(of_name.len() as u64) as usize;
        Some(of_name[at].id.clone())
    }

    /// One of few at a time, so that they meet; now and then somebody new in the place of an old one.
    fn party(&mut self) -> usize {
        let at = self.dice.roll(self.scene.parties) as usize;
        if at < self.parties.len() && self.dice.roll(self.scene.new) > 0 {
            return at;
        }
        let at = at.min(self.parties.len());
        self.born += 1;
        let apart = self.scene.parties <= NAMES.len() as u64;
        let shared = self.dice.roll(self.scene.reads) == 0;
        let party = Party {
            name: if apart { NAMES[at] } else { self.dice.pick(&NAMES) },
            // Records that are no ASCII, and ids in no order.
            id: HoldId::from_random(
                self.born.wrapping_mul(0x9e37_79b9_7f4a_7c15) << 60,
                "höst/1 module::function",
            ),
            entry: Entry {
                mode: if shared { Mode::Shared } else { Mode::Exclusive },
                strict: shared || self.dice.roll(3) == 0,
                short_ms: self.dice.pick(&[10, 500, 3_000]),
                channel: Channel::new(self.dice.pick(&CHANNELS)),
            },
            // Also one of another lock.
            ticket: self.parties.get(at).and_then(|old| old.ticket),
        };
        if at < self.parties.len() {
            self.parties[at] = party;
        } else {
            self.parties.push(party);
        }
        at
    }
}
