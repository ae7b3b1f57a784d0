//! What goes wrong, and when.

use std::time::Duration;

use super::network::{Fate, Origin};
use super::time::Micros;
use super::world::{Event, World};
use crate::backend::{Answer, Fault, FaultClass, Inbox, REQUEST_LIMIT};

/// A kind of fault that comes again and again.
#[derive(Clone, Copy, Debug)]
pub(super) enum Trouble {
    Break,
    Pause,
    Stall,
    Unsubscribe,
    Kill,
    Restart,
    /// Somebody else publishes.
    Forge,
}

impl Trouble {
    pub(super) const ALL: [Self; 7] =
        [Self::Break, Self::Pause, Self::Stall, Self::Unsubscribe, Self::Kill, Self::Restart, Self::Forge];
}

impl World {
    fn mean_time(&self, trouble: Trouble) -> Duration {
        let weather = &self.setup.weather;
        match trouble {
            Trouble::Break => weather.breaks,
            Trouble::Pause => weather.pauses,
            Trouble::Stall => weather.stalls,
            Trouble::Unsubscribe => weather.unsubscribed,
            Trouble::Kill => weather.kills,
            Trouble::Restart => weather.restarts,
            Trouble::Forge => weather.forged,
        }
    }

    pub(super) fn plan_trouble(&mut self, trouble: Trouble) {
        let mean = self.mean_time(trouble);
        if !mean.is_zero() && !self.calm {
            let at = self.now() + self.random.micros(Duration::from_millis(1), mean * 2);
            self.plan(at, Event::Trouble(trouble));
        }
    }

    pub(super) fn strike(&mut self, trouble: Trouble) {
        if self.calm {
            return;
        }
        self.verdict.faults += 1;
        let client = self.random.between(0, self.clients.len() as u64 - 1) as usize;
        let now = self.now();
        match trouble {
            Trouble::Break => {
                let line = self.random.between(0, 1) as usize;
                // Half of the breaks are silent: only the request limit finds them.
                if self.random.per_mille(500) {
                    let origin = self.origin(client, line);
                    let fate = self.fate();
                    self.fates.entry(origin).or_insert(fate);
                    self.trace(|| format!("c{client} line {line} goes silent"));
                } else {
                    self.break_connection(client, line);
                }
            }
            Trouble::Pause => {
                let pause = self.random.micros(Duration::from_millis(1), self.setup.weather.pause);
                self.trace(|| format!("c{client} is paused for {} ms", pause / 1000));
                let of = &mut self.clients[client];
                of.paused_until = of.paused_until.max(now + pause);
            }
            Trouble::Stall => {
                let stall = self.random.micros(Duration::from_millis(1), self.setup.weather.stall);
                self.trace(|| format!("the server stalls for {} ms", stall / 1000));
                self.server.free_at = self.server.free_at.max(now + stall);
            }
            Trouble::Unsubscribe => {
                // It may take the server a while to notice, and the client to come back.
                if self.random.per_mille(700) {
                    let channel = self.clients[client].channel.as_str().to_owned();
                    self.server.subscribed.remove(&channel);
                }
                self.trace(|| format!("c{client} is unsubscribed"));
                self.clients[client].listens = false;
                let at = now + self.random.between(1_000, 2_000_000);
                self.plan(at, Event::Subscribe { client });
            }
            Trouble::Kill => self.kill(client),
            Trouble::Restart => self.restart_server(),
            Trouble::Forge => self.forge(),
        }
        self.plan_trouble(trouble);
    }

    fn fate(&mut self) -> Fate {
        let now = self.now();
        let cut = if self.random.per_mille(400) { now } else { now + self.random.between(0, 2_000_000) };
        let delay = if self.random.per_mille(600) {
            // Some copies come soon, while they may still be executed, some late.
            let late = self.setup.weather.late_copy;
            let most = self.random.pick(&[Duration::from_millis(300), Duration::from_millis(900), late]);
            self.random.micros(Duration::ZERO, most.min(late))
        } else {
            0
        };
        Fate { cut, delay }
    }

    pub(super) fn origin(&self, client: usize, line: usize) -> Origin {
        let epoch = self.clients[client].connections[line].epoch;
        Origin { client, line, epoch }
    }

    /// The client learns that its connection is gone. What was sent may arrive yet.
    pub(super) fn break_connection(&mut self, client: usize, line: usize) {
        let (origin, fate) = (self.origin(client, line), self.fate());
        self.fates.entry(origin).or_insert(fate);
        let now = self.now();
        let reconnect = self.random.between(300, if self.calm { 2_000 } else { 60_000 });
        self.trace(|| format!("c{client} line {line} breaks: {fate:?}"));
        let of = &mut self.clients[client];
        of.connections[line].begin_anew(now + reconnect);
        let lost: Vec<u64> =
            of.in_flight.iter().filter(|(_, (on, _))| *on == line).map(|(&seq, _)| seq).collect();
        let goes_again = self.setup.weather.again > 0 && self.random.per_mille(self.setup.weather.again);
        for seq in lost {
            let sent = self.clients[client].in_flight.remove(&seq);
            let limit = self.clients[client].now() - REQUEST_LIMIT;
            match sent.filter(|(_, request)| goes_again && request.submitted > limit) {
                Some((_, request)) => self.send(client, request, true),
                None => {
                    let answer = Answer::Lost(Fault::new(FaultClass::Transient, "connection lost"));
                    self.plan(now + 1, Event::Answer { client, seq, answer, of: None });
                }
            }
        }
    }

    pub(super) fn subscribe(&mut self, client: usize) {
        let of = &mut self.clients[client];
        if of.alive {
            of.listens = true;
            self.server.subscribed.insert(of.channel.as_str().to_owned());
            of.shared.listening(true);
            self.look_after(client);
        }
    }

    /// As `kill -9` does; another process comes in its place.
    fn kill(&mut self, client: usize) {
        if !self.clients[client].alive {
            return;
        }
        self.trace(|| format!("c{client} is killed"));
        for line in 0..2 {
            let (origin, fate) = (self.origin(client, line), self.fate());
            self.fates.entry(origin).or_insert(fate);
        }
        self.checker.died(client);
        let of = &mut self.clients[client];
        of.alive = false;
        let channel = of.channel.as_str().to_owned();
        self.server.subscribed.remove(&channel);
        self.add_client();
    }

    fn restart_server(&mut self) {
        self.trace(|| "the server restarts without its data".to_owned());
        let now = self.now();
        self.server.restart();
        self.server.backlog.clear();
        self.server.free_at = now + self.random.between(1_000, 300_000);
        self.server.subscribed.clear();
        for client in 0..self.clients.len() {
            if self.clients[client].alive {
                self.break_connection(client, 0);
                self.break_connection(client, 1);
                self.clients[client].listens = false;
                let at: Micros = self.server.free_at + self.random.between(1_000, 50_000);
                self.plan(at, Event::Subscribe { client });
            }
        }
    }
}
