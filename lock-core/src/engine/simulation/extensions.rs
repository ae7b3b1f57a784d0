//! Holders that ask for a longer lease, and what is checked of the answers.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::check::{SLACK, UNDER_WAY};
use super::tasks::State;
use super::time::Micros;
use super::verdict::Violation;
use super::world::{Event, World};
use crate::engine::hold_cell::HoldCell;

/// One that is not answered yet.
pub(super) struct Extension {
    future: Pin<Box<dyn Future<Output = bool> + Send>>,
    cell: Arc<HoldCell>,
    asked: Micros,
    /// By the server's clock, the deadline that was asked for, in ms.
    until_ms: u64,
}

impl World {
    /// Plans what a holder asks for during its body.
    pub(super) fn plan_extensions(&mut self, client: usize, task: usize, body: Micros) {
        let times = self.setup.habits.extends;
        let deed = self.clients[client].tasks[task].deed;
        for _ in 0..times {
            let at = self.now() + self.random.between(0, body);
            self.plan(at, Event::Extend { client, task, deed });
        }
    }

    pub(super) fn extend(&mut self, client: usize, task: usize, deed: u64) {
        let of = &self.clients[client].tasks[task];
        let State::Holding { hold, .. } = &of.state else {
            return;
        };
        if of.deed != deed {
            return;
        }
        let cell = Arc::clone(hold.cell());
        let lease = self.random.pick(self.setup.habits.leases) * self.random.between(1, 3) as u32;
        self.trace(|| format!("c{client} t{task} extends to {lease:?}"));
        let (engine, extended) = (self.clients[client].engine.clone(), Arc::clone(&cell));
        let extension = Extension {
            future: Box::pin(async move { engine.extend(&extended, lease).await }),
            cell,
            asked: self.now(),
            until_ms: self.server.now_ms() + lease.as_millis() as u64,
        };
        self.clients[client].tasks[task].extensions.push(extension);
        self.poll_extensions(client, task);
        self.look_after(client);
    }

    pub(super) fn poll_extensions(&mut self, client: usize, task: usize) {
        let waker = self.clients[client].waker(task);
        let mut context = Context::from_waker(&waker);
        for mut extension in std::mem::take(&mut self.clients[client].tasks[task].extensions) {
            let Poll::Ready(extended) = extension.future.as_mut().poll(&mut context) else {
                self.clients[client].tasks[task].extensions.push(extension);
                continue;
            };
            self.trace(|| format!("c{client} t{task} is extended: {extended}"));
            self.verdict.extended += u64::from(extended);
            let fence = extension.cell.token >> 11;
            let given = self.checker.longest_ms.get(&fence).copied().unwrap_or(0);
            if extended && given < extension.until_ms {
                let short = extension.until_ms - given;
                self.violated(
                    Violation::NotExtended,
                    format!("c{client} t{task} was told so, the server has {short} ms less"),
                );
            }
        }
    }

    /// Each is answered: soon if nothing is wrong, and at the latest when the hold is over.
    pub(super) fn check_extensions(&mut self) {
        let now = self.now();
        let mut found = None;
        for (client, of) in self.clients.iter().enumerate().filter(|(_, of)| of.alive) {
            if now < of.paused_until + SLACK {
                continue;
            }
            for (task, doing) in of.tasks.iter().enumerate().filter(|(at, _)| !of.polls.contains(at)) {
                for extension in &doing.extensions {
                    let over = of.clock.when(extension.cell.valid_until());
                    // In calm two messages; with trouble it may take until the hold is over.
                    let latest = if self.setup.weather.has_faults() {
                        over + SLACK
                    } else {
                        over.min(extension.asked + 2 * UNDER_WAY)
                    };
                    if now > latest {
                        found = Some(format!("c{client} t{task} waits for an extension"));
                    }
                }
            }
        }
        if let Some(what) = found {
            self.violated(Violation::Hang, what);
        }
    }
}
