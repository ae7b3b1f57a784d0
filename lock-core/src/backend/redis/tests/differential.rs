//! Every rule, and random sequences, on the scripts and on `step`.

use super::pair::{Pair, Path};
use super::server::on_each;
use crate::backend::memory::rules::{self, CHANNELS, Order, Subject};
use crate::backend::redis::scripts::Script;
use crate::backend::{Acquire, Channel, Entry, HoldId, Mode, Operation, Place, Reply};

#[test]
fn the_scripts_keep_every_rule() {
    on_each(|server| {
        for (name, rule) in rules::all() {
            for path in [Path::AsWritten, Path::Full] {
                eprintln!("rule {name}, {path:?}");
                rule(&mut Pair::on(server, path));
            }
        }
    });
}

#[test]
fn the_scripts_and_the_model_agree_on_random_sequences() {
    let seeds =
        std::env::var("LOCK_TEST_SEEDS").map_or(25, |seeds| seeds.parse().expect("a number of seeds"));
    on_each(|server| {
        let mut taken = [(0, 0); 2];
        for (seed, path) in (0..seeds).flat_map(|seed| [(seed, Path::AsWritten), (seed, Path::Full)]) {
            eprintln!("seed {seed}, {path:?}");
            let mut play = Play { dice: Dice(seed), alone: seed % 2 == 1, parties: Vec::new(), born: 0 };
            let mut pair = Pair::on(server, path);
            for _ in 0..300 {
                play.turn(&mut pair);
            }
            for (script, (calls, full)) in [Script::Acquire, Script::Hold].iter().zip(&mut taken) {
                let (more_calls, more_full) = pair.taken(*script);
                if path == Path::Full {
                    assert_eq!(more_calls, more_full, "{script:?}");
                } else {
                    *calls += more_calls;
                    *full += more_full;
                }
            }
        }
        for (calls, full) in taken {
            assert!(
                full > calls / 40 && full < calls - calls / 40,
                "both halves run often: the second in {full} of {calls} calls"
            );
        }
    });
}

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
    /// The last id with this place and name before it: whom a downgrade replaces.
    before: Option<HoldId>,
}

struct Play {
    dice: Dice,
    /// Whether each party has a name of its own.
    alone: bool,
    parties: Vec<Party>,
    born: u128,
}

impl Play {
    fn turn(&mut self, pair: &mut Pair) {
        let pause_us = self.dice.pick(&[0, 0, 1, 70, 900, 5_000, 60_000, 400_000, 1_500_000]);
        *pair.now_us() += pause_us;
        match self.dice.roll(40) {
            0 => *pair.now_us() -= 2_000_000,
            1 | 2 => {
                let channel = self.dice.pick(&CHANNELS);
                let listens = self.dice.roll(2) == 0;
                pair.listens(channel, listens);
            }
            3 => NAMES.iter().for_each(|name| pair.expire(name)),
            4 => pair.lose_the_counter(),
            _ => {}
        }
        let length = self.dice.pick(&[1, 1, 1, 2, 5]);
        let acquires = self.dice.roll(2) == 0;
        let orders: Vec<(usize, Order)> = (0..length).map(|_| self.order(pair, acquires)).collect();
        let plain: Vec<Order> = orders.iter().map(|(_, order)| order.clone()).collect();
        let replies = pair.run(&plain);
        for ((party, _), reply) in orders.iter().zip(replies) {
            if let Reply::Queued { ticket, .. } = reply {
                self.parties[*party].ticket = Some(ticket);
            }
        }
        pair.published();
    }

    fn order(&mut self, pair: &mut Pair, acquires: bool) -> (usize, Order) {
        let party = self.party();
        let Party { name, id, entry, ticket, before } = self.parties[party].clone();
        let lease_ms = self.dice.pick(&[10, 300, 1_000, 5_000, 60_000]);
        let heartbeat_ms = self.dice.pick(&[50, 600, 3_000]);
        let operation = match self.dice.roll(6) {
            5 if acquires => Operation::Raise {
                fence: *pair.now_us() + self.dice.pick(&[0, 3, 2_000]) - self.dice.pick(&[0, 1, 500]),
            },
            _ if acquires => Operation::Acquire(Acquire {
                mode: entry.mode,
                replaces: before.filter(|_| entry.mode == Mode::Shared && self.dice.roll(2) == 0),
                lease_ms,
                not_after_ms: *pair.now_us() / 1000 + self.dice.pick(&[0, 1_000, 1_000, 1_000])
                    - self.dice.roll(2),
                place: (self.dice.roll(4) > 0).then(|| Place {
                    entry,
                    heartbeat_ms,
                    ticket: ticket.filter(|_| self.dice.roll(2) == 0),
                }),
            }),
            0 => Operation::Renew { lease_ms },
            1 | 2 => Operation::Forget { entry: (self.dice.roll(4) > 0).then_some(entry) },
            _ => Operation::Refresh { entry, heartbeat_ms, lease_ms },
        };
        (party, (name, id, operation))
    }

    /// One of few at a time, so that they meet; now and then somebody new in the place of an old one.
    fn party(&mut self) -> usize {
        let at = self.dice.roll(if self.alone { 2 } else { 8 }) as usize;
        if at >= self.parties.len() || self.dice.roll(if self.alone { 50 } else { 12 }) == 0 {
            self.born += 1;
            // Where each is alone mostly writers: theirs is the first half of the scripts.
            let shared = self.dice.roll(if self.alone { 8 } else { 2 }) == 0;
            let party = Party {
                name: if self.alone { NAMES[at.min(self.parties.len())] } else { self.dice.pick(&NAMES) },
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
                ticket: None,
                before: None,
            };
            if let Some(old) = self.parties.get_mut(at) {
                let (ticket, before) = (old.ticket, Some(old.id.clone()));
                let name = if self.dice.roll(2) == 0 { old.name } else { party.name };
                *old = Party { ticket, before, name, ..party };
                return at;
            }
            self.parties.push(party);
            return self.parties.len() - 1;
        }
        at
    }
}
