//! A call whose answer waits until replicas have what it wrote.

use std::time::Duration;

use ::redis::{Pipeline, RedisError, RedisResult, Value};

use super::connection::{Connection, no_error};
use super::errand::Errand;
use super::fault;
use crate::backend::{Answer, Fault, FaultClass, REQUEST_LIMIT};
use crate::clock::Moment;

/// How long replicas are waited for at most. Less than half the request limit would be left for the rest.
const LONGEST: Duration = Duration::from_millis(500);
/// What stays of the request limit for the way back.
const WAY_BACK: Duration = Duration::from_millis(100);

/// Who is needed, and how long they may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Quorum {
    pub(super) replicas: u32,
    limit: Duration,
}

impl Quorum {
    /// For a call with these requests, sent now: they are answered before their limit is over.
    pub(super) fn of<'a>(replicas: u32, errands: impl Iterator<Item = &'a Errand>, now: Moment) -> Self {
        let waited = errands.map(|errand| now.since(errand.request.submitted)).max().unwrap_or_default();
        let limit = (REQUEST_LIMIT - WAY_BACK).saturating_sub(waited).min(LONGEST);
        // 0 would be for ever.
        Self { replicas, limit: limit.max(Duration::from_millis(1)) }
    }

    /// Adds to a call what tells how many replicas have acknowledged all that was written before, by it and by others; how
    /// many replies that has.
    ///
    /// What could go wrong: `WAIT` speaks of the writes of its own connection alone, and an extension that finds the
    /// deadline late enough already writes nothing, so that `WAIT` would be content with a lease that no replica has. It
    /// can't: the message between the two is always written to the replicas, behind everything that was there before.
    pub(super) fn wait(self, pipeline: &mut Pipeline, channel: &str) -> usize {
        pipeline.cmd("PUBLISH").arg(channel).arg("");
        pipeline
            .cmd("WAIT")
            .arg(self.replicas)
            .arg(u64::try_from(self.limit.as_millis()).unwrap_or(u64::MAX));
        2
    }

    /// The number, out of those replies.
    pub(super) fn acknowledged(replies: Vec<Value>) -> RedisResult<u32> {
        match <[Value; 2]>::try_from(replies) {
            Ok([published, waited]) => {
                let waited = no_error(published).and_then(|_| no_error(waited));
                waited.and_then(|count| Ok(::redis::from_redis_value(count)?))
            }
            Err(_) => Ok(0),
        }
    }

    /// What the requests are answered instead, if the replicas were too few.
    pub(super) fn shortfall(self, acknowledged: &RedisResult<u32>) -> Option<Answer> {
        match acknowledged {
            Ok(count) if *count >= self.replicas => None,
            Ok(count) => {
                let message = format!(
                    "{count} of {} replicas acknowledged the lock within {:?}; look at the replicas, or ask for fewer \
                     with `min_replicas`",
                    self.replicas, self.limit
                );
                Some(Answer::Failed(Fault::new(FaultClass::Unavailable, message)))
            }
            // It is no master any more: the next one is asked.
            Err(error) if is_demotion(error) => Some(Answer::Failed(fault::transient(error))),
            Err(error) => Some(fault::of_call(error)),
        }
    }
}

/// What `WAIT` says on a server that is, or just became, a replica.
fn is_demotion(error: &RedisError) -> bool {
    error.code() == Some("UNBLOCKED")
        || error.detail().is_some_and(|text| text.contains("WAIT cannot be used with replica"))
}

/// How many replicas the server behind `connection` has at present.
pub(super) async fn replicas(connection: &mut Connection) -> RedisResult<u32> {
    let mut wait = ::redis::cmd("WAIT");
    // None is waited for, so the time does not matter.
    wait.arg(0).arg(1);
    Ok(::redis::from_redis_value(connection.ask(&wait).await?)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::{HoldId, Operation, Request, Via};
    use crate::name::LockName;

    #[test]
    fn replicas_have_what_the_requests_have_left() {
        let submitted = Moment::default() + Duration::from_secs(10);
        let request = Request {
            seq: 1,
            name: LockName::new("a"),
            id: HoldId::from_random(1, "test"),
            operation: Operation::Renew { lease_ms: 1000 },
            via: Via::Replicated,
            submitted,
        };
        for (waited, limit) in [(0, 500), (399, 500), (450, 450), (899, 1), (5000, 1)] {
            let now = submitted + Duration::from_millis(waited);
            let errand = Errand::from(request.clone());
            assert_eq!(
                Quorum::of(2, [&errand].into_iter(), now).limit,
                Duration::from_millis(limit),
                "{waited}"
            );
        }
    }

    #[test]
    fn too_few_are_told_by_number() {
        let quorum = Quorum { replicas: 2, limit: LONGEST };
        assert!(quorum.shortfall(&Ok(2)).is_none() && quorum.shortfall(&Ok(3)).is_none());
        match quorum.shortfall(&Ok(1)) {
            Some(Answer::Failed(fault)) => {
                assert_eq!(fault.class, FaultClass::Unavailable);
                assert!(fault.message.starts_with("1 of 2 replicas acknowledged"), "{}", fault.message);
            }
            other => panic!("{other:?}"),
        }
    }
}
