//! How requests, answers and grants get from one side to the other.

use std::time::Duration;

use super::network::{Copy, Origin, delay, line_of};
use super::setup::Weather;
use super::verdict::Violation;
use super::world::{Event, World};
use crate::backend::memory::Published;
use crate::backend::{Answer, Fault, FaultClass, Grant, HoldId, Inbox, Reply, Request};
use crate::name::LockName;

impl World {
    /// `again`: on a new connection, since the one that it went out on has died in silence.
    pub(super) fn send(&mut self, client: usize, request: Request, again: bool) {
        let line = line_of(request.via);
        let now = self.now();
        let origin = self.origin(client, line);
        let up_at = self.clients[client].connections[line].up_at;
        if now < up_at && !again && self.random.per_mille(500) {
            let answer = Answer::Unsent(Fault::new(FaultClass::Transient, "not connected"));
            let at = now + self.random.between(1, 5_000);
            return self.plan(at, Event::Answer { client, seq: request.seq, answer, of: None });
        }
        // It waits for the connection, or a moment in a buffer.
        let left_at = now.max(up_at) + self.random.between(0, 50);
        let delay = delay(&self.weather(), &mut self.random);
        let of = &mut self.clients[client];
        of.in_flight.insert(request.seq, (line, request.clone()));
        let arrival = of.connections[line].arrival(left_at, delay);
        let queued = if again { of.now() } else { request.submitted };
        let sent = queued + Duration::from_micros((left_at - now) / 2);
        self.plan(arrival, Event::Arrive(Copy { from: origin, request, sent, postponed: false, again }));
    }

    pub(super) fn arrive(&mut self, mut copy: Copy) {
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

    pub(super) fn serve(&mut self) {
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
        let Copy { from, request, sent, again, .. } = copy;
        let answer = if self.random.per_mille(self.weather().failures) {
            let fault = Fault::new(FaultClass::Transient, "LOADING");
            if again { Answer::Lost(fault) } else { Answer::Failed(fault) }
        } else {
            let done = self.server.execute(&request.name, &request.id, &request.operation);
            let who = request.id.record();
            self.trace(|| {
                let operation = &request.operation;
                format!(
                    "  server: {} {who} {operation:?} -> {:?} {:?}",
                    request.name, done.reply, done.grants
                )
            });
            for grant in done.grants {
                self.check_told(&request.name, &grant);
                self.publish(&grant);
            }
            for id in done.displaced {
                let what = format!("{}: {} lost its place to {who}", request.name, id.record());
                self.violated(Violation::Displaced, what);
            }
            self.look_at_server(&request, &done.reply);
            Answer::Reply {
                reply: done.reply,
                sent,
                server_ms: done.server_ms,
                generation: self.server.generation.clone(),
                copies_out: again,
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
                of: Some((from, request.id, request.name)),
            },
        );
    }

    fn publish(&mut self, grant: &Published) {
        self.verdict.grants += 1;
        let Some(client) = self.clients.iter().position(|client| client.channel == grant.channel) else {
            return;
        };
        let message = Grant {
            hex: grant.id.hex().to_owned(),
            fence: grant.fence,
            left_ms: grant.left_ms,
            strict: grant.strict,
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
            self.plan(at, Event::Push { client, grant: message.clone() });
        }
    }

    pub(super) fn answer(
        &mut self,
        client: usize,
        seq: u64,
        answer: Answer,
        of: Option<(Origin, HoldId, LockName)>,
    ) {
        if let Some((origin, id, name)) = of {
            if self.fates.contains_key(&origin) {
                return;
            }
            if let Answer::Reply { reply: Reply::Busy { .. } | Reply::Queued { .. }, .. } = &answer {
                let now = self.now();
                self.clients[client].said_taken.insert(name, now);
            }
            if let Answer::Reply { reply: Reply::Queued { ticket, .. }, .. } = &answer {
                let given_up = self.clients[client].shared.desk(|desk| desk.undos.contains_key(&id));
                self.checker.told(&id, *ticket, given_up);
            }
            self.clients[client].in_flight.remove(&seq);
        }
        self.clients[client].shared.answers(vec![(seq, answer)]);
        self.look_after(client);
    }

    fn weather(&self) -> Weather {
        if self.calm { Weather::CALM } else { self.setup.weather.clone() }
    }
}
