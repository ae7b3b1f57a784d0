//! The world: one event after the other, in virtual time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::check::{AUDIT, Checker, SLACK};
use super::client::Client;
use super::faults::Trouble;
use super::network::{Copy, Fate, Origin, delay, line_of};
use super::random::Random;
use super::server::Server;
use super::setup::{Setup, Weather};
use super::tasks::State;
use super::time::{MachineClock, Micros, VirtualTime};
use super::verdict::{Verdict, Violation};
use crate::backend::{Answer, Fault, FaultClass, Grant, HoldId, Inbox, REQUEST_LIMIT, Reply, Request};
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
        of: Option<(Origin, HoldId)>,
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
        let trace = std::env::var("LOCK_SIM_TRACE")
            .ok()
            .and_then(|text| text.parse().ok());
        Self {
            seed,
            names: (0..setup.names)
                .map(|name| LockName::new(&format!("LOCK:{name}")))
                .collect(),
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
        let client = Client::new(
            index,
            tasks,
            &self.time,
            drift,
            self.setup.rules,
            &mut self.random,
        );
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
            Event::Answer {
                client,
                seq,
                answer,
                of,
            } => self.answer(client, seq, answer, of),
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
                .filter(|(_, since)| *since <= limit)
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
            self.send(client, request);
        }
        let now = self.now();
        for task in self.clients[client].take_ready() {
            if self.clients[client].polls.insert(task) {
                let late = if !self.calm && self.random.per_mille(self.setup.habits.blocked) {
                    self.random.micros(Duration::ZERO, self.setup.habits.blocked_for)
                } else {
                    self.random.between(1, 100)
                };
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

    fn send(&mut self, client: usize, request: Request) {
        let line = line_of(request.via);
        let now = self.now();
        let origin = self.origin(client, line);
        let up_at = self.clients[client].connections[line].up_at;
        if now < up_at && self.random.per_mille(500) {
            let answer = Answer::Unsent(Fault::new(FaultClass::Transient, "not connected"));
            let at = now + self.random.between(1, 5_000);
            return self.plan(
                at,
                Event::Answer {
                    client,
                    seq: request.seq,
                    answer,
                    of: None,
                },
            );
        }
        // It waits for the connection, or a moment in a buffer.
        let left_at = now.max(up_at) + self.random.between(0, 50);
        let delay = delay(&self.weather(), &mut self.random);
        let of = &mut self.clients[client];
        of.in_flight.insert(request.seq, (line, request.submitted));
        let arrival = of.connections[line].arrival(left_at, delay);
        let sent = request.submitted + Duration::from_micros((left_at - now) / 2);
        self.plan(
            arrival,
            Event::Arrive(Copy {
                from: origin,
                request,
                sent,
                postponed: false,
            }),
        );
    }

    fn arrive(&mut self, mut copy: Copy) {
        if let Some(fate) = self.fates.get(&copy.from)
            && !copy.postponed
        {
            if self.now() > fate.cut {
                return;
            }
            copy.postponed = true;
            let at = self.now() + fate.delay;
            return self.plan(at, Event::Arrive(copy));
        }
        self.server.backlog.push_back(copy);
        if !self.server.serving {
            self.server.serving = true;
            let at = self.server.free_at;
            self.plan(at, Event::Serve);
        }
    }

    fn serve(&mut self) {
        // It may have stalled since this was planned.
        if self.now() < self.server.free_at {
            let at = self.server.free_at;
            return self.plan(at, Event::Serve);
        }
        let Some(copy) = self.server.backlog.pop_front() else {
            self.server.serving = false;
            return;
        };
        self.server.free_at = self.now() + self.random.between(5, 20);
        let at = self.server.free_at;
        self.plan(at, Event::Serve);
        self.execute(copy);
    }

    fn execute(&mut self, copy: Copy) {
        let Copy {
            from, request, sent, ..
        } = copy;
        let answer = if self.random.per_mille(self.weather().failures) {
            Answer::Failed(Fault::new(FaultClass::Transient, "LOADING"))
        } else {
            let done = self
                .server
                .execute(&request.name, &request.id, &request.operation);
            let who = request.id.record();
            self.trace(|| {
                let operation = &request.operation;
                format!(
                    "  server: {} {who} {operation:?} -> {:?} {:?}",
                    request.name, done.reply, done.grants
                )
            });
            for grant in done.grants {
                self.publish(&grant);
            }
            self.look_at_server(&request, &done.reply);
            Answer::Reply {
                reply: done.reply,
                sent,
                server_ms: done.server_ms,
                generation: self.server.generation.clone(),
            }
        };
        if self.fates.contains_key(&from) || !self.clients[from.client].alive {
            return;
        }
        let delay = delay(&self.weather(), &mut self.random);
        let now = self.now();
        let at = self.clients[from.client].connections[from.line].reply(now, delay);
        self.plan(
            at,
            Event::Answer {
                client: from.client,
                seq: request.seq,
                answer,
                of: Some((from, request.id)),
            },
        );
    }

    fn publish(&mut self, grant: &crate::backend::memory::Published) {
        self.verdict.grants += 1;
        let Some(client) = self
            .clients
            .iter()
            .position(|client| client.channel == grant.channel)
        else {
            return;
        };
        let message = Grant {
            hex: grant.id.hex().to_owned(),
            fence: grant.fence,
            left_ms: grant.left_ms,
            generation: self.server.generation.clone(),
        };
        let weather = self.weather();
        let copies = if self.random.per_mille(weather.push_lost) || !self.clients[client].listens {
            // Half of what a dead subscription carried is found later in its buffer.
            u64::from(!self.clients[client].listens && self.random.per_mille(300))
        } else {
            1 + u64::from(self.random.per_mille(weather.push_twice))
        };
        for _ in 0..copies {
            let late = if self.random.per_mille(weather.push_late) {
                self.random.micros(Duration::ZERO, weather.push_late_by)
            } else {
                0
            };
            let at = self.now() + delay(&weather, &mut self.random) + late;
            self.plan(
                at,
                Event::Push {
                    client,
                    grant: message.clone(),
                },
            );
        }
    }

    fn answer(&mut self, client: usize, seq: u64, answer: Answer, of: Option<(Origin, HoldId)>) {
        if let Some((origin, id)) = of {
            if self.fates.contains_key(&origin) {
                return;
            }
            if let Answer::Reply {
                reply: Reply::Queued { ticket, .. },
                ..
            } = &answer
            {
                // The engine takes no notice of what concerns an id that it has given up.
                let given_up = self.clients[client]
                    .shared
                    .desk(|desk| desk.undos.contains_key(&id));
                if !given_up {
                    self.checker.told(id.record(), *ticket);
                }
            }
            self.clients[client].in_flight.remove(&seq);
        }
        if let Answer::Reply {
            reply: Reply::Busy { .. } | Reply::Queued { .. },
            ..
        } = &answer
        {
            // Of which name does not matter: it makes the check of "busy" milder, never wrong.
            let now = self.now();
            for name in &self.names {
                self.clients[client].said_taken.insert(name.clone(), now);
            }
        }
        self.clients[client].shared.answers(vec![(seq, answer)]);
        self.look_after(client);
    }

    fn weather(&self) -> Weather {
        if self.calm {
            Weather::CALM
        } else {
            self.setup.weather.clone()
        }
    }

    fn audit(&mut self) {
        for name in self.names.clone() {
            self.check_orphans(&name);
            self.check_unclaimed(&name);
            self.check_idle(&name);
            self.check_backed(&name);
        }
        let at = self.now() + AUDIT;
        self.plan(at, Event::Audit);
    }

    fn calm(&mut self) {
        self.trace(|| "all is calm".to_owned());
        self.calm = true;
        // Connections that went silent are found out by the request limit; those without traffic stay as they are.
        for client in 0..self.clients.len() {
            if self.clients[client].alive {
                for line in 0..2 {
                    let origin = self.origin(client, line);
                    if self.fates.contains_key(&origin) {
                        self.break_connection(client, line);
                    }
                }
                self.subscribe(client);
            }
        }
    }

    /// Everything has ended by now. Then everybody takes each lock once, which must succeed.
    fn probe(&mut self) {
        for client in 0..self.clients.len() {
            for task in 0..self.clients[client].tasks.len() {
                let state = match &self.clients[client].tasks[task].state {
                    _ if !self.clients[client].alive => continue,
                    State::Thinking => continue,
                    State::Waiting(wait) => format!("waits for {}", wait.name),
                    State::Holding { name, .. } => format!("holds {name}"),
                    State::Releasing(_) => "releases".to_owned(),
                };
                self.violated(Violation::Hang, format!("c{client} t{task} {state}"));
            }
        }
        for client in 0..self.clients.len() {
            if self.clients[client].alive && matches!(self.clients[client].tasks[0].state, State::Thinking) {
                let name = self.names[client % self.names.len()].clone();
                let (wait, expire) = (Duration::from_secs(3), Duration::from_millis(300));
                self.begin_wait(client, 0, name, wait, expire, true, true);
            }
        }
    }

    fn check_all_gone(&mut self) {
        let now_ms = self.server.now_ms();
        let left: Vec<_> = self
            .server
            .records
            .iter()
            .filter(|(_, record)| !record.is_over(now_ms))
            .map(|(n, _)| n.clone())
            .collect();
        for name in left {
            self.violated(Violation::Leak, format!("the server still has {name}"));
        }
        for client in 0..self.clients.len() {
            if self.clients[client].alive && !self.clients[client].shared.is_empty() {
                self.violated(Violation::Leak, format!("the engine of c{client} is not empty"));
            }
        }
    }
}

fn drift(weather: &Weather, random: &mut Random) -> i64 {
    random.between(0, 2 * weather.drift as u64) as i64 - weather.drift
}
