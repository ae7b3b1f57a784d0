//! Freeing a red lock: what enough masters have said.

use std::pin::Pin;
use std::task::{Context, Poll};

use crate::backend::Fault;
use crate::engine::{Hold, Released};

type Answer = Pin<Box<dyn Future<Output = Result<Released, Fault>> + Send>>;

/// Waits until a majority of the masters has said the same: that this freed the lock there, or that it was not held there.
/// A master that did not hold it when it was released counts among the latter, and is not asked.
///
/// What could go wrong: a lock that most masters had forgotten counts as freed, and its body as protected. It can't: "freed"
/// needs a majority that still had it.
pub(super) struct Releasing {
    open: Vec<Answer>,
    /// Of how many masters it takes.
    majority: usize,
    freed: usize,
    not_held: usize,
    masters: usize,
    fault: Option<Fault>,
}

impl Releasing {
    /// The releases are under way when this returns.
    pub(super) fn begin(holds: Vec<Hold>, masters: usize, majority: usize) -> Self {
        let not_held = masters - holds.len();
        let open = holds.into_iter().map(|hold| Box::pin(hold.release()) as Answer).collect();
        Self { open, majority, freed: 0, not_held, masters, fault: None }
    }

    fn hear(&mut self, context: &mut Context<'_>) {
        let Self { open, freed, not_held, fault, .. } = self;
        open.retain_mut(|answer| match answer.as_mut().poll(context) {
            Poll::Pending => true,
            Poll::Ready(said) => {
                match said {
                    Ok(Released::WasLost) => *not_held += 1,
                    Ok(_) => *freed += 1,
                    Err(unconfirmed) => *fault = Some(unconfirmed),
                }
                false
            }
        });
    }
}

impl Future for Releasing {
    type Output = Result<Released, Fault>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.hear(context);
        let (open, minority) = (self.open.len(), self.masters - self.majority);
        if self.freed >= self.majority {
            return Poll::Ready(Ok(Released::Freed));
        }
        if self.not_held > minority {
            return Poll::Ready(Ok(Released::WasLost));
        }
        let undecided = self.freed + open < self.majority && self.not_held + open <= minority;
        match self.fault.take_if(|_| undecided) {
            Some(fault) => Poll::Ready(Err(fault)),
            None => Poll::Pending,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::task::Waker;

    use super::*;
    use crate::backend::FaultClass;

    /// What comes of these answers of a lock's masters, of which there are three; `None` if more have to be heard.
    fn after(answers: &[&str]) -> Option<Result<Released, String>> {
        let answer = |said: &&str| -> Answer {
            match *said {
                "freed" => Box::pin(ready(Ok(Released::Freed))),
                "was lost" => Box::pin(ready(Ok(Released::WasLost))),
                "silent" => Box::pin(pending()),
                fault => Box::pin(ready(Err(Fault::new(FaultClass::Transient, fault)))),
            }
        };
        let open: Vec<_> = answers.iter().map(answer).collect();
        let not_held = 3 - open.len();
        let mut releasing = Releasing { open, majority: 2, freed: 0, not_held, masters: 3, fault: None };
        match Pin::new(&mut releasing).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(outcome) => Some(outcome.map_err(|fault| fault.message)),
            Poll::Pending => None,
        }
    }

    #[test]
    fn a_majority_that_freed_it_is_enough() {
        assert_eq!(after(&["freed", "freed", "silent"]), Some(Ok(Released::Freed)));
        assert_eq!(after(&["freed", "broken", "freed"]), Some(Ok(Released::Freed)));
        assert_eq!(after(&["freed", "freed"]), Some(Ok(Released::Freed)));
    }

    #[test]
    fn a_lock_that_most_masters_had_forgotten_was_lost() {
        assert_eq!(after(&["freed", "was lost", "was lost"]), Some(Ok(Released::WasLost)));
        assert_eq!(after(&["silent", "was lost", "was lost"]), Some(Ok(Released::WasLost)));
        assert_eq!(after(&["freed", "was lost"]), Some(Ok(Released::WasLost)));
        assert_eq!(after(&["freed"]), Some(Ok(Released::WasLost)));
        assert_eq!(after(&[]), Some(Ok(Released::WasLost)));
    }

    #[test]
    fn what_is_not_known_yet_is_waited_for_and_what_stays_unknown_is_a_fault() {
        assert_eq!(after(&["freed", "was lost", "silent"]), None);
        assert_eq!(after(&["freed", "silent"]), None);
        assert_eq!(after(&["broken", "freed", "silent"]), None);
        assert_eq!(after(&["freed", "was lost", "broken"]), Some(Err("broken".to_owned())));
        assert_eq!(after(&["broken", "broken", "silent"]), Some(Err("broken".to_owned())));
        assert_eq!(after(&["freed", "broken"]), Some(Err("broken".to_owned())));
    }
}
