//! Several holds that are freed together.

use std::ops::Deref;

use tokio::sync::oneshot;

use super::farewell;
use super::handle::Hold;
use super::undo::Released;
use crate::backend::{Fault, Via};

/// Several holds of one engine. Their releases leave in one write, also when this is dropped.
#[derive(Default)]
pub(crate) struct Holds(Vec<Hold>);

impl Holds {
    pub(crate) fn push(&mut self, hold: Hold) {
        self.0.push(hold);
    }

    pub(crate) fn append(&mut self, mut others: Self) {
        self.0.append(&mut others.0);
    }

    /// Frees them. As [`Hold::release`]; the worst of what became of them counts.
    pub(crate) fn release(mut self) -> impl Future<Output = Result<Released, Fault>> + Send + 'static {
        let mut answers = Vec::with_capacity(self.0.len());
        let mut releases = Vec::with_capacity(self.0.len());
        let mut of = None;
        for hold in self.0.drain(..) {
            let (engine, cell, via) = hold.into_release();
            let (answer, answered) = oneshot::channel();
            answers.push((cell.clone(), answered));
            releases.push((cell, via, Some(answer)));
            of = Some(engine);
        }
        if let Some(engine) = of {
            engine.shared().release_all(releases);
            farewell::leave_to(engine.shared());
        }
        async move {
            let mut worst = Ok(Released::Freed);
            for (cell, answered) in answers {
                match answered.await {
                    Ok(Ok(Released::Freed | Released::Kept)) => {}
                    Ok(Ok(Released::WasLost)) if worst.is_ok() => worst = Ok(Released::WasLost),
                    Ok(Ok(Released::WasLost)) => {}
                    Ok(Err(fault)) => worst = Err(fault),
                    Err(_) if cell.is_lost() && worst.is_ok() => worst = Ok(Released::WasLost),
                    Err(_) => worst = Err(super::fault_no_answer()),
                }
            }
            worst
        }
    }
}

impl Deref for Holds {
    type Target = [Hold];

    fn deref(&self) -> &[Hold] {
        &self.0
    }
}

impl Drop for Holds {
    /// As the drop of one: nothing of the caller's runtime is needed.
    fn drop(&mut self) {
        let mut releases = Vec::with_capacity(self.0.len());
        let mut of = None;
        for hold in self.0.drain(..) {
            let (engine, cell, _) = hold.into_release();
            releases.push((cell, Via::Engine, None));
            of = Some(engine);
        }
        if let Some(engine) = of {
            engine.shared().release_all(releases);
            farewell::leave_to(engine.shared());
        }
    }
}
