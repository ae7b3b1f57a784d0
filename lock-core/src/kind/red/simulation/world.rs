//! The world: one event after the other, in virtual time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use super::link::delay;
use super::master::Master;
use super::process::{Process, State};
use super::trouble::Trouble;
use super::verdict::Verdict;
use crate::backend::{Answer, Fault, FaultClass, Generation, Operation, REQUEST_LIMIT, Reply, Request, Via};
use crate::clock::Moment;
use crate::engine::simulation::random::Random;
use crate::engine::simulation::time::{MachineClock, Micros, VirtualTime};
use crate::engine::{Claim, Want};
use crate::holder::Caller;
use crate::kind::red::{Quorum, acquire_red};
use crate::name::LockName;

/// 2025-01-01, in µs.
const EPOCH: Micros = 1_735_689_600_000_000;

/// What kind of world it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setup {
    pub(super) name: &'static str,
    pub(super) masters: usize,
    /// The first so many masters forget; the others never do.
    pub(super) forgetful: usize,
    pub(super) max_lease: Duration,
    /// By how much the masters' clocks may differ, in ms.
    pub(super) skew_ms: u64,
    /// By trouble: how often it comes, in ms; 0 for never.
    pub(super) every_ms: [u64; Trouble::ALL.len()],
    /// Of a thousand requests, and answers, so many get lost or late.
    pub(super) lost: u64,
    pub(super) slow: u64,
    /// Whether masters abstain as they should.
    pub(super) abstains: bool,
}

pub(super) struct World {
    pub(super) setup: Setup,
    pub(super) random: Random,
    time: VirtualTime,
    /// Planned events, by time and then by the order in which they were planned.
    events: BTreeMap<(Micros, u64), Event>,
    planned: u64,
    names: Vec<LockName>,
    pub(super) masters: Vec<Master>,
    pub(super) processes: Vec<Process>,
    /// By name: the token of the latest hold.
    latest: Vec<u64>,
    pub(super) verdict: Verdict,
    /// No trouble comes any more, and nobody begins anything.
    pub(super) calm: bool,
    traced: bool,
}

pub(super) enum Event {
    /// The bytes of a request reach a master.
    Arrive {
        process: usize,
        master: usize,
        request: Request,
        sent: Moment,
    },
    /// An answer reaches an engine.
    Answer {
        process: usize,
        master: usize,
        seq: u64,
        answer: Answer,
    },
    /// An engine looks.
    Tick {
        process: usize,
        master: usize,
        at: Micros,
    },
    Poll {
        process: usize,
        task: usize,
    },
    Act {
        process: usize,
        task: usize,
        deed: u64,
    },
    Cancel {
        process: usize,
        task: usize,
        deed: u64,
    },
    Trouble(Trouble),
    Calm,
    Probe,
}

impl Event {
    /// Which process has to run for it.
    fn runs_in(&self) -> Option<usize> {
        match self {
            Self::Answer { process, .. }
            | Self::Tick { process, .. }
            | Self::Poll { process, .. }
            | Self::Act { process, .. }
            | Self::Cancel { process, .. } => Some(*process),
            Self::Arrive { .. } | Self::Trouble(_) | Self::Calm | Self::Probe => None,
        }
    }
}

impl World {
    /// Runs one world to its end.
    pub(super) fn run(seed: u64, setup: &Setup) -> Verdict {
        const ACTIVE: Micros = 20_000_000;
        let mut world = Self::new(seed, setup);
        let leases = setup.max_lease.as_micros() as u64;
        // After the last wait, the last late copy and the last forgotten lease.
        let probe = ACTIVE + 8_000_000 + 3 * leases;
        let end = probe + 15_000_000 + 3 * leases;
        world.plan(ACTIVE, Event::Calm);
        world.plan(probe, Event::Probe);
        for _ in 0..world.random.between(2, 4) {
            world.add_process();
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
            world.look_from_outside();
        }
        world.time.set(end);
        world.nothing_is_left();
        world.verdict
    }

    fn new(seed: u64, setup: &Setup) -> Self {
        let mut random = Random::new(seed);
        let time = VirtualTime::default();
        let longest_ms = setup.max_lease.as_millis() as u64;
        let masters = (0..setup.masters).map(|_| {
            let base = EPOCH + random.between(0, setup.skew_ms * 1000);
            Master::new(MachineClock::new(&time, base, drift(&mut random)), longest_ms, setup.abstains)
        });
        let masters: Vec<_> = masters.collect();
        let trace = std::env::var("LOCK_SIM_TRACE").ok().and_then(|text| text.parse().ok());
        let names: Vec<_> = (0..2).map(|name| LockName::new(&format!("LOCK:{name}"))).collect();
        Self {
            setup: *setup,
            random,
            time,
            events: BTreeMap::new(),
            planned: 0,
            latest: vec![0; names.len()],
            names,
            masters,
            processes: Vec::new(),
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

    pub(super) fn add_process(&mut self) {
        let index = self.processes.len();
        let tasks = self.random.between(1, 2);
        let base = self.random.between(3_600_000_000, 90_000_000_000);
        let clock = MachineClock::new(&self.time, base, drift(&mut self.random));
        let (count, max_lease) = (self.setup.masters, self.setup.max_lease);
        let process = Process::new(&clock, count, max_lease, tasks, &mut self.random);
        for (puppet, master) in process.puppets.iter().zip(&self.masters) {
            puppet.server_time(master.now_ms());
        }
        self.processes.push(process);
        for task in 0..tasks as usize {
            self.think(index, task);
        }
    }

    fn happen(&mut self, event: Event) {
        if let Some(process) = event.runs_in() {
            let of = &self.processes[process];
            if !of.alive {
                return;
            }
            if self.now() < of.paused_until {
                // It finds everything when it runs again, in any order.
                let at = of.paused_until + self.random.between(1, 500);
                return self.after_the_pause(event, at);
            }
        }
        match event {
            Event::Arrive { process, master, request, sent } => self.arrive(process, master, request, sent),
            Event::Answer { process, master, seq, answer } => {
                if self.processes[process].links[master].unanswered.remove(&seq) {
                    self.processes[process].puppets[master].answered(seq, answer);
                    self.look_after(process);
                }
            }
            Event::Tick { process, master, at } => {
                if self.processes[process].tick_at[master] == at {
                    self.processes[process].tick_at[master] = Micros::MAX;
                    self.processes[process].puppets[master].tick();
                    self.look_after(process);
                }
            }
            Event::Poll { process, task } => {
                self.processes[process].polls.remove(&task);
                self.poll(process, task);
            }
            Event::Act { process, task, deed } => self.act(process, task, deed),
            Event::Cancel { process, task, deed } => self.cancel(process, task, deed),
            Event::Trouble(trouble) => self.strike(trouble),
            Event::Calm => self.calm(),
            Event::Probe => self.probe(),
        }
    }

    fn after_the_pause(&mut self, mut event: Event, at: Micros) {
        if let Event::Tick { process, master, at: planned } = &mut event {
            if *planned != self.processes[*process].tick_at[*master] {
                return;
            }
            *planned = at;
            self.processes[*process].tick_at[*master] = at;
        }
        self.plan(at, event);
    }

    /// After whatever has happened to a process: runs its engines' tasks, sends what they submit, plans polls and looks.
    fn look_after(&mut self, process: usize) {
        self.processes[process].run_repairs();
        for master in 0..self.setup.masters {
            for request in self.processes[process].puppets[master].requests() {
                self.send(process, master, request);
            }
            let next = self.processes[process].puppets[master].next_tick().max(self.now() + 1);
            if next < self.processes[process].tick_at[master] {
                let at = next.saturating_add(self.random.between(10, 100));
                if at < self.processes[process].tick_at[master] {
                    self.processes[process].tick_at[master] = at;
                    self.plan(at, Event::Tick { process, master, at });
                }
            }
        }
        for task in self.processes[process].take_ready() {
            if self.processes[process].polls.insert(task) {
                let at = self.now() + self.random.between(1, 100);
                self.plan(at, Event::Poll { process, task });
            }
        }
    }

    fn lost(&self) -> (u64, u64) {
        if self.calm { (0, 0) } else { (self.setup.lost, self.setup.slow) }
    }

    fn send(&mut self, process: usize, master: usize, request: Request) {
        let (lost, slow) = self.lost();
        let now = self.now();
        let seq = request.seq;
        let link = &mut self.processes[process].links[master];
        link.unanswered.insert(seq);
        // When the backend gives up on it.
        let given_up = Answer::Lost(Fault::new(FaultClass::Transient, "no answer in time"));
        let limit = REQUEST_LIMIT.as_micros() as u64;
        let at = now + limit + self.random.between(0, 50_000);
        self.plan(at, Event::Answer { process, master, seq, answer: given_up });
        let sent = request.submitted;
        let link = &mut self.processes[process].links[master];
        let broken = now < link.broken_until;
        if broken || self.random.chance(lost) {
            // Its bytes are gone, or come long after.
            if self.random.per_mille(500) {
                let at = now + self.random.between(1_000, 2_500_000);
                self.plan(at, Event::Arrive { process, master, request, sent });
            }
            return;
        }
        let takes = delay(&mut self.random, slow);
        let at = self.processes[process].links[master].arrival(now, takes);
        self.plan(at, Event::Arrive { process, master, request, sent });
    }

    fn arrive(&mut self, process: usize, master: usize, request: Request, sent: Moment) {
        let now = self.now();
        if now < self.masters[master].frozen_until {
            let at = self.masters[master].frozen_until + self.random.between(1, 200);
            return self.plan(at, Event::Arrive { process, master, request, sent });
        }
        let seq = request.seq;
        let life = self.masters[master].life();
        let link = &self.processes[process].links[master];
        // A new connection is used only if the master counts.
        let opened = if link.life == Some(life) { Ok(()) } else { self.masters[master].counts() };
        let server_ms = self.masters[master].now_ms();
        let answer = match opened {
            Err(fault) => Err(fault),
            Ok(()) => {
                self.processes[process].links[master].life = Some(life);
                self.masters[master].execute(&request)
            }
        };
        self.trace(|| {
            let Request { name, id, operation, .. } = &request;
            format!("  master {master}: {name} {} {operation:?} -> {answer:?}", id.record())
        });
        let answer = match answer {
            Err(fault) => {
                self.verdict.abstained += 1;
                Answer::Failed(fault)
            }
            Ok(reply) => {
                if let (Operation::Refresh { .. }, Reply::Held { .. }) = (&request.operation, &reply) {
                    self.verdict.repairs += 1;
                }
                let generation = Generation::new(&format!("{master} {life}"));
                Answer::Reply { reply, sent, server_ms, generation, copies_out: false }
            }
        };
        let (lost, slow) = self.lost();
        if now < self.processes[process].links[master].broken_until || self.random.chance(lost) {
            return;
        }
        let takes = delay(&mut self.random, slow);
        let at = self.processes[process].links[master].reply(now, takes);
        self.plan(at, Event::Answer { process, master, seq, answer });
    }

    fn act(&mut self, process: usize, task: usize, deed: u64) {
        if self.processes[process].tasks[task].deed != deed {
            return;
        }
        match std::mem::take(&mut self.processes[process].tasks[task].state) {
            State::Thinking if self.calm => {}
            State::Thinking => {
                let name = usize::from(self.random.per_mille(200));
                let wait = Duration::from_millis(self.random.pick(&[0, 300, 2_000, 4_000]));
                self.begin(process, task, name, wait, false);
                if self.random.per_mille(100) {
                    let at = self.now() + self.random.between(0, 300_000);
                    let deed = self.processes[process].tasks[task].deed;
                    self.plan(at, Event::Cancel { process, task, deed });
                }
            }
            State::Holding { quorum, .. } => self.give_back(process, task, quorum),
            other => self.processes[process].tasks[task].state = other,
        }
        self.look_after(process);
    }

    fn begin(&mut self, process: usize, task: usize, name: usize, wait: Duration, probe: bool) {
        let longest = self.setup.max_lease;
        let expire = self.random.pick(&[longest / 3, longest / 2, longest]);
        let deed = self.next_deed(process, task);
        let want = Want {
            claim: Claim::FAIR,
            name: self.names[name].clone(),
            record: format!("p{process} t{task} d{deed}"),
            caller: Caller::here(),
            wait,
            expire,
            renew: probe || self.random.per_mille(850),
            max_hold: None,
            via: if self.random.per_mille(200) { Via::Engine } else { Via::Caller },
        };
        self.trace(|| format!("p{process} t{task} d{deed} waits {wait:?} for {name}, lease {expire:?}"));
        let masters = Arc::clone(&self.processes[process].masters);
        let future = Box::pin(async move { acquire_red(&masters, want).await });
        self.processes[process].tasks[task].state = State::Waiting { future, name, probe };
        self.poll(process, task);
    }

    fn cancel(&mut self, process: usize, task: usize, deed: u64) {
        let of = &mut self.processes[process].tasks[task];
        if of.deed == deed && matches!(of.state, State::Waiting { .. }) {
            of.state = State::Thinking;
            self.think(process, task);
            self.look_after(process);
        }
    }

    fn poll(&mut self, process: usize, task: usize) {
        let waker = self.processes[process].waker(task);
        let mut context = Context::from_waker(&waker);
        match &mut self.processes[process].tasks[task].state {
            State::Thinking => {}
            State::Waiting { future, name, probe } => {
                let (name, probe) = (*name, *probe);
                if let Poll::Ready(outcome) = future.as_mut().poll(&mut context) {
                    match outcome {
                        Ok(quorum) => self.begin_hold(process, task, name, probe, quorum),
                        Err(error) => {
                            self.trace(|| format!("p{process} t{task}: {error}"));
                            self.verdict.starved += u64::from(probe);
                            self.processes[process].tasks[task].state = State::Thinking;
                            self.think(process, task);
                        }
                    }
                }
            }
            State::Holding { lost, .. } => {
                if lost.as_mut().poll(&mut context).is_ready() {
                    self.trace(|| format!("p{process} t{task} sees it lost"));
                    self.verdict.losses += 1;
                    self.processes[process].tasks[task].state = State::Thinking;
                    self.think(process, task);
                }
            }
            State::Releasing(release) => {
                if release.as_mut().poll(&mut context).is_ready() {
                    self.processes[process].tasks[task].state = State::Thinking;
                    self.think(process, task);
                }
            }
        }
        self.look_after(process);
    }

    fn begin_hold(&mut self, process: usize, task: usize, name: usize, probe: bool, quorum: Quorum) {
        let lease = quorum.lease();
        let (_, token) = lease.tokens().remove(0);
        self.trace(|| format!("p{process} t{task} HOLDS {name}, token {token}, for {:?}", lease.remaining()));
        self.verdict.holds += 1;
        if token <= self.latest[name] {
            self.trace(|| format!("TOKEN {token} after {}", self.latest[name]));
            self.verdict.fallen_tokens += 1;
        }
        self.latest[name] = self.latest[name].max(token);
        let lost = Box::pin(lease.lost());
        self.processes[process].tasks[task].state = State::Holding { quorum, lease, lost, name };
        let deed = self.next_deed(process, task);
        let longest = if probe { 5_000 } else { self.random.pick(&[20_000, 500_000, 3_000_000]) };
        let at = self.now() + self.random.between(0, longest);
        self.plan(at, Event::Act { process, task, deed });
        self.poll(process, task);
    }

    fn give_back(&mut self, process: usize, task: usize, quorum: Quorum) {
        self.next_deed(process, task);
        if self.random.per_mille(400) {
            drop(quorum);
            return self.think(process, task);
        }
        self.processes[process].tasks[task].state = State::Releasing(Box::pin(quorum.release()));
        self.poll(process, task);
    }

    fn think(&mut self, process: usize, task: usize) {
        let pause = if self.random.per_mille(500) { 0 } else { self.random.between(0, 200_000) };
        let deed = self.next_deed(process, task);
        self.plan(self.now() + pause, Event::Act { process, task, deed });
    }

    fn next_deed(&mut self, process: usize, task: usize) -> u64 {
        let task = &mut self.processes[process].tasks[task];
        task.deed += 1;
        task.deed
    }

    fn calm(&mut self) {
        self.calm = true;
        for master in &mut self.masters {
            master.frozen_until = 0;
        }
        for process in &mut self.processes {
            process.paused_until = 0;
            process.links.iter_mut().for_each(|link| link.broken_until = 0);
        }
    }

    /// Everything is well again: whoever asks gets it.
    fn probe(&mut self) {
        for process in 0..self.processes.len() {
            if self.processes[process].alive
                && matches!(self.processes[process].tasks[0].state, State::Thinking)
            {
                self.begin(process, 0, 0, Duration::from_secs(10), true);
            }
        }
    }

    /// Who holds each name by its own word; that of a dead process counts no more.
    fn look_from_outside(&mut self) {
        for name in 0..self.names.len() {
            let mut holders = Vec::new();
            for (index, process) in self.processes.iter().enumerate().filter(|(_, process)| process.alive) {
                for (at, task) in process.tasks.iter().enumerate() {
                    if let State::Holding { lease, name: of, .. } = &task.state
                        && *of == name
                        && lease.is_held()
                    {
                        holders.push((index, at));
                    }
                }
            }
            if holders.len() > 1 {
                self.trace(|| format!("TWO HOLDERS of {name}: {holders:?}"));
                self.verdict.overlaps += 1;
                // Once for each pair.
                let (process, task) = holders[0];
                self.processes[process].tasks[task].state = State::Thinking;
                self.think(process, task);
            }
        }
    }

    fn nothing_is_left(&mut self) {
        let at_masters: usize = self.masters.iter().map(Master::left).sum();
        let living = self.processes.iter().filter(|process| process.alive);
        let busy = living.flat_map(|process| &process.puppets).filter(|puppet| !puppet.is_idle()).count();
        self.verdict.left_behind += (at_masters + busy) as u64;
    }
}

/// A little too fast or too slow, in parts per million.
fn drift(random: &mut Random) -> i64 {
    random.between(0, 4_000) as i64 - 2_000
}
