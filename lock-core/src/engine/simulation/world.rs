//! The world: one event after the other, in virtual time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::check::{Checker, SLACK};
use super::client::Client;
use super::faults::Trouble;
use super::network::{Copy, Fate, Origin};
use super::random::Random;
use super::server::Server;
use super::setup::{Setup, Weather};
use super::time::{MachineClock, Micros, VirtualTime};
use super::verdict::Verdict;
use crate::backend::{Answer, Grant, HoldId, Inbox, REQUEST_LIMIT};
use crate::name::LockName;

/// 2025-01-01, in µs.
const EPOCH: Micros = 1_735_689_600_000_000;

pub(super) struct World {
    pub(super) seed: u64,
    pub(super) setup: Setup,
    pub(super) random: Random,
    pub(super) time: VirtualTime,
    /// Planned events, by time and then by the order in which they were planned.
    events: BTreeMap<(Micros, u64), Event>,
    planned: u64,
    pub(super) names: Vec<LockName>,
    pub(super) clients: Vec<Client>,
    pub(super) server: Server,
    pub(super) fates: BTreeMap<Origin, Fate>,
    pub(super) checker: Checker,
    pub(super) verdict: Verdict,
    /// No fault happens any more, and nobody begins anything.
    pub(super) calm: bool,
    traced: bool,
}

pub(super) enum Event {
    /// The bytes of a request reach the server.
    Arrive(Copy),
    /// The server executes the next request.
    Serve,
    /// An answer reaches a client; `of`: on which connection.
    Answer {
        client: usize,
        seq: u64,
        answer: Answer,
        of: Option<(Origin, HoldId, LockName)>,
    },
    /// A grant reaches a client.
    Push {
        client: usize,
        grant: Grant,
    },
    Subscribe {
        client: usize,
    },
    /// The engine's thread looks.
    Tick {
        client: usize,
        at: Micros,
    },
    Poll {
        client: usize,
        task: usize,
    },
    Act {
        client: usize,
        task: usize,
        deed: u64,
    },
    Cancel {
        client: usize,
        task: usize,
        deed: u64,
    },
    Deadline {
        client: usize,
        task: usize,
        deed: u64,
    },
    Extend {
        client: usize,
        task: usize,
        deed: u64,
    },
    Trouble(Trouble),
    Audit,
    Calm,
    Probe,
}

impl Event {
    /// Which client has to run for it.
    fn runs_on(&self) -> Option<usize> {
        match self {
            Self::Answer { client, .. }
            | Self::Push { client, .. }
            | Self::Tick { client, .. }
            | Self::Poll { client, .. }
            | Self::Act { client, .. }
            | Self::Cancel { client, .. }
            | Self::Deadline { client, .. }
            | Self::Extend { client, .. }
            | Self::Subscribe { client } => Some(*client),
            _ => None,
        }
    }
}

impl World {
    /// Runs one world to its end.
    pub(super) fn run(seed: u64, setup: &Setup) -> Verdict {
        let mut world = Self::new(seed, setup.clone());
        let active = setup.active.as_micros() as u64;
        let leases = setup.longest_lease().as_micros() as u64;
        let late =
            (setup.weather.late_copy + setup.weather.pause + setup.habits.blocked_for).as_micros() as u64;
        let waits = setup.longest_wait().as_micros() as u64;
        // After the last wait and the last late copy one lease and the end of its undo.
        let probe = active + waits.max(late) + leases + 4_000_000;
        let end = probe + 10_000_000 + leases + 4_000_000;
        world.plan(active, Event::Calm);
        world.plan(probe, Event::Probe);
        world.plan(0, Event::Audit);
        let clients = world.random.between(setup.clients.0, setup.clients.1);
        for _ in 0..clients {
            world.add_client();
        }
        for trouble in Trouble::ALL {
            world.plan_trouble(trouble);
        }
        while let Some(entry) = world.events.first_entry() {
            let (at, _) = *entry.key();
            if at > end {
                break;
            }
            let event = entry.remove();
            world.time.set(at);
            world.verdict.events += 1;
            world.happen(event);
        }
        world.time.set(end);
        world.check_all_gone();
        world.verdict.virtual_ms = end / 1000;
        world.verdict
    }

    fn new(seed: u64, setup: Setup) -> Self {
        let mut random = Random::new(seed);
        let time = VirtualTime::default();
        let drift = drift(&setup.weather, &mut random);
        let clock = MachineClock::new(&time, EPOCH + random.between(0, 1_000_000_000), drift);
        let trace = std::env::var("LOCK_SIM_TRACE").ok().and_then(|text| text.parse().ok());
        Self {
            seed,
            names: (0..setup.names).map(|name| LockName::new(&format!("LOCK:{name}"))).collect(),
            server: Server::new(clock, setup.mutation),
            setup,
            random,
            time,
            events: BTreeMap::new(),
            planned: 0,
            clients: Vec::new(),
            fates: BTreeMap::new(),
            checker: Checker::default(),
            verdict: Verdict::default(),
            calm: false,
            traced: trace == Some(seed),
        }
    }

    pub(super) fn now(&self) -> Micros {
        self.time.now()
    }

    pub(super) fn trace(&self, what: impl FnOnce() -> String) {
        if self.traced {
            eprintln!("{:>9.3} {}", self.now() as f64 / 1000.0, what());
        }
    }

    pub(super) fn plan(&mut self, at: Micros, event: Event) {
        self.planned += 1;
        self.events.insert((at.max(self.now()), self.planned), event);
    }

    pub(super) fn add_client(&mut self) {
        let index = self.clients.len();
        let tasks = self.random.between(self.setup.tasks.0, self.setup.tasks.1);
        let drift = drift(&self.setup.weather, &mut self.random);
        let client = Client::new(index, tasks, &self.time, drift, self.setup.rules, &mut self.random);
        // As the backend's start does.
        client.shared.server_time(client.now(), self.server.now_ms());
        self.clients.push(client);
        self.subscribe(index);
        for task in 0..self.clients[index].tasks.len() {
            self.think(index, task);
        }
    }

    fn happen(&mut self, event: Event) {
        if let Some(client) = event.runs_on() {
            if !self.clients[client].alive {
                return;
            }
            let until = self.clients[client].paused_until;
            // Its engine has had no time yet.
            let early = matches!(event, Event::Deadline { .. }) && self.now() < until + SLACK;
            if self.now() < until || early {
                return self.after_the_pause(event, until);
            }
        }
        match event {
            Event::Arrive(copy) => self.arrive(copy),
            Event::Serve => self.serve(),
            Event::Answer { client, seq, answer, of } => self.answer(client, seq, answer, of),
            Event::Push { client, grant } => {
                self.trace(|| format!("c{client} is told of grant {}", grant.fence));
                self.clients[client].shared.granted(grant);
                self.look_after(client);
            }
            Event::Subscribe { client } => self.subscribe(client),
            Event::Tick { client, at } if at == self.clients[client].tick_at => self.tick(client),
            Event::Tick { .. } => {}
            Event::Poll { client, task } => {
                self.clients[client].polls.remove(&task);
                self.poll(client, task);
            }
            Event::Act { client, task, deed } => self.act(client, task, deed),
            Event::Cancel { client, task, deed } => self.cancel(client, task, deed),
            Event::Deadline { client, task, deed } => self.check_deadline(client, task, deed),
            Event::Extend { client, task, deed } => self.extend(client, task, deed),
            Event::Trouble(trouble) => self.strike(trouble),
            Event::Audit => self.audit(),
            Event::Calm => self.calm(),
            Event::Probe => self.probe(),
        }
    }

    /// A paused process finds everything when it runs again, in any order.
    fn after_the_pause(&mut self, mut event: Event, until: Micros) {
        let mut at = until + self.random.between(1, 500);
        match &mut event {
            Event::Tick { client, at: planned } => {
                if *planned != self.clients[*client].tick_at {
                    return;
                }
                *planned = at;
                self.clients[*client].tick_at = at;
            }
            Event::Deadline { .. } => at += SLACK,
            _ => {}
        }
        self.plan(at, event);
    }

    fn tick(&mut self, client: usize) {
        let of = &mut self.clients[client];
        (of.tick_for, of.tick_at) = (Micros::MAX, Micros::MAX);
        of.tick();
        if of.wire.was_ticked() {
            let limit = of.now() - REQUEST_LIMIT;
            let overdue: BTreeSet<usize> = of
                .in_flight
                .values()
                .filter(|(_, sent)| sent.submitted <= limit)
                .map(|(line, _)| *line)
                .collect();
            for line in overdue {
                self.break_connection(client, line);
            }
        }
        self.look_after(client);
    }

    /// After whatever has happened to a client: sends what it submits, plans its polls and its engine's next look.
    pub(super) fn look_after(&mut self, client: usize) {
        if !self.clients[client].alive {
            return;
        }
        for request in self.clients[client].wire.take() {
            self.send(client, request, false);
        }
        let now = self.now();
        for task in self.clients[client].take_ready() {
            if self.clients[client].polls.insert(task) {
                let late = if !self.calm && self.random.per_mille(self.setup.habits.blocked) {
                    let late = self.random.micros(Duration::ZERO, self.setup.habits.blocked_for);
                    self.clients[client].blocked_until.insert(task, now + late);
                    late
                } else {
                    self.random.between(1, 100)
                };
                self.trace(|| format!("c{client} t{task} will be polled after {late}"));
                self.plan(now + late, Event::Poll { client, task });
            }
        }
        let next = self.clients[client].next_tick().max(now + 1);
        if next < self.clients[client].tick_for {
            let late = if !self.calm && self.random.per_mille(20) && self.setup.weather.has_faults() {
                self.random.between(0, 60_000)
            } else {
                self.random.between(10, 100)
            };
            let at = next.saturating_add(late);
            let of = &mut self.clients[client];
            (of.tick_for, of.tick_at) = (next, at);
            self.plan(at, Event::Tick { client, at });
        }
    }
}

fn drift(weather: &Weather, random: &mut Random) -> i64 {
    random.between(0, 2 * weather.drift as u64) as i64 - weather.drift
}
