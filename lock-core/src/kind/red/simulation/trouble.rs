//! What goes wrong, and how often.

use super::world::{Event, World};

#[derive(Clone, Copy, Debug)]
pub(super) enum Trouble {
    /// A master forgets everything while it runs.
    Flush,
    /// A master is another process, without data or with an old copy of it.
    Restart,
    /// A master writes that copy.
    Save,
    /// A master stands still.
    Freeze,
    /// Nothing passes between a process and a master.
    Break,
    /// A process stands still.
    Pause,
    /// A process dies, and another comes in its place.
    Kill,
}

impl Trouble {
    pub(super) const ALL: [Self; 7] =
        [Self::Flush, Self::Restart, Self::Save, Self::Freeze, Self::Break, Self::Pause, Self::Kill];
}

impl World {
    pub(super) fn plan_trouble(&mut self, trouble: Trouble) {
        let mean_ms = self.setup.every_ms[trouble as usize];
        if mean_ms > 0 {
            let at = self.now() + self.random.between(1, 2 * mean_ms * 1000);
            self.plan(at, Event::Trouble(trouble));
        }
    }

    pub(super) fn strike(&mut self, trouble: Trouble) {
        if self.calm {
            return;
        }
        let forgetful = self.setup.forgetful - 1;
        let process = self.random.between(0, self.processes.len() as u64 - 1) as usize;
        let any = self.random.between(0, self.masters.len() as u64 - 1) as usize;
        match trouble {
            Trouble::Flush => {
                let at = self.random.between(0, forgetful as u64) as usize;
                self.trace(|| format!("master {at} forgets"));
                self.verdict.forgot += 1;
                self.masters[at].forget();
            }
            Trouble::Restart => {
                let at = self.random.between(0, forgetful as u64) as usize;
                let with_copy = self.random.per_mille(600);
                self.trace(|| format!("master {at} is started again, with a copy {with_copy}"));
                self.verdict.forgot += 1;
                self.masters[at].restart(with_copy);
            }
            Trouble::Save => self.masters[any].save(),
            Trouble::Freeze => {
                let until = self.now() + self.random.between(20_000, 700_000);
                self.trace(|| format!("master {any} stands still until {until}"));
                self.masters[any].frozen_until = until;
            }
            Trouble::Break => {
                let until = self.now() + self.random.between(10_000, 1_500_000);
                self.trace(|| format!("p{process} can't reach master {any} until {until}"));
                let link = &mut self.processes[process].links[any];
                (link.broken_until, link.life) = (until, None);
            }
            Trouble::Pause => {
                let until = self.now() + self.random.between(10_000, 2_000_000);
                self.trace(|| format!("p{process} stands still until {until}"));
                self.processes[process].paused_until = until;
            }
            Trouble::Kill => {
                if self.processes[process].alive {
                    self.trace(|| format!("p{process} dies"));
                    self.processes[process].alive = false;
                    self.add_process();
                }
            }
        }
        self.plan_trouble(trouble);
    }
}
