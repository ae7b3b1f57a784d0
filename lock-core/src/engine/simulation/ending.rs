//! How a run ends: the faults stop, everybody finishes, everybody takes each lock once more, and nothing is left.

use std::time::Duration;

use super::check::AUDIT;
use super::tasks::State;
use super::verdict::Violation;
use super::world::{Event, World};
use crate::name::LockName;

impl World {
    pub(super) fn audit(&mut self) {
        let known = self.names.iter().filter(|name| self.is_known(name));
        for name in known.cloned().collect::<Vec<_>>() {
            self.check_orphans(&name);
            self.check_unclaimed(&name);
            self.check_idle(&name);
            self.check_backed(&name);
        }
        self.check_extensions();
        let open = self.checker.count_open();
        self.verdict.most_at_once = self.verdict.most_at_once.max(open);
        let at = self.now() + AUDIT;
        self.plan(at, Event::Audit);
    }

    /// Whether there is anything to check of a name: most of many are free.
    fn is_known(&self, name: &LockName) -> bool {
        self.server.records.contains_key(name) || self.checker.concerns(name)
    }

    pub(super) fn calm(&mut self) {
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
    pub(super) fn probe(&mut self) {
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

    pub(super) fn check_all_gone(&mut self) {
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
