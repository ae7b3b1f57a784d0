//! What is checked of waits that end without the lock: in time, and with the right word.

use super::tasks::{State, Wait};
use super::verdict::Violation;
use super::world::World;
use crate::engine::fault_not_polled;
use crate::error::LockError;
use crate::name::LockName;

impl World {
    /// A wait has ended without a hold.
    pub(super) fn judge_refusal(&mut self, client: usize, task: usize, wait: &Wait, error: &LockError) {
        if wait.probe {
            self.violated(Violation::Stuck, format!("c{client} t{task} in calm: {error}"));
        }
        match error {
            LockError::Busy { .. } => {
                self.verdict.busy += 1;
                let others = self.checker.others_since(&wait.name, (client, task), wait.since)
                    || self.someone_waits(&wait.name, (client, task));
                let said = self.clients[client].said_taken.get(&wait.name);
                let said = said.is_some_and(|&at| at >= wait.since);
                if !others && (!said || !self.setup.weather.has_faults()) {
                    self.violated(Violation::FalseBusy, format!("c{client} t{task}: {error}"));
                }
            }
            LockError::Unavailable { reason, .. } => {
                self.verdict.unavailable += 1;
                let blocked_until = self.clients[client].blocked_until.get(&task);
                let was_blocked = blocked_until.is_some_and(|&until| until >= wait.since);
                let not_polled = *reason == fault_not_polled().message;
                if !(self.setup.weather.has_faults() || was_blocked && not_polled) {
                    self.violated(Violation::FalseUnavailable, format!("c{client} t{task}: {error}"));
                }
            }
            LockError::Lost { .. } if wait.replaces.is_some() && self.setup.weather.has_faults() => {}
            other => self.violated(Violation::FalseBusy, format!("c{client} t{task}: unexpected {other}")),
        }
    }

    fn someone_waits(&self, name: &LockName, but: (usize, usize)) -> bool {
        let all = self.clients.iter().enumerate();
        all.flat_map(|(c, client)| client.tasks.iter().enumerate().map(move |(t, task)| ((c, t), task))).any(
            |(who, task)| who != but && matches!(&task.state, State::Waiting(wait) if wait.name == *name),
        )
    }

    /// A wait should have ended by now.
    pub(super) fn check_deadline(&mut self, client: usize, task: usize, deed: u64) {
        let of = &self.clients[client];
        let State::Waiting(wait) = &of.tasks[task].state else {
            return;
        };
        // Woken and not polled: the engine has done its part.
        if of.tasks[task].deed != deed || of.polls.contains(&task) {
            return;
        }
        let name = wait.name.clone();
        self.violated(Violation::Overdue, format!("c{client} t{task} still waits for {name}"));
    }
}
