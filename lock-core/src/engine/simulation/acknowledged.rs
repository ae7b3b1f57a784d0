//! A lease that counts only after replicas have it: no server of the simulation has any, so the answers are made by hand.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use super::client::Client;
use super::random::Random;
use super::time::VirtualTime;
use crate::backend::{Answer, Fault, FaultClass, Generation, Inbox, Operation, Reply, Request, Via};
use crate::engine::handle::Hold;
use crate::engine::rules::Rules;
use crate::engine::wait::Waiting;
use crate::engine::waiter::{Claim, Want};
use crate::error::LockError;
use crate::holder::Caller;
use crate::name::LockName;

const LEASE_MS: u64 = 10_000;

struct Scene {
    client: Client,
    time: VirtualTime,
}

impl Scene {
    fn new() -> Self {
        let time = VirtualTime::default();
        let client = Client::new(0, 1, &time, 0, Rules::ALL, &mut Random::new(1));
        client.shared.desk(|desk| desk.acknowledge = true);
        Self { client, time }
    }

    fn arrive(&self, wait: Duration) -> Pin<Box<Waiting>> {
        let want = Want {
            claim: Claim::REENTRANT,
            name: LockName::new("LOCK:0"),
            record: "waiter".to_owned(),
            caller: Caller::here(),
            wait,
            expire: Duration::from_millis(LEASE_MS),
            renew: true,
            max_hold: None,
            via: Via::Engine,
        };
        let mut waiting = Box::pin(self.client.engine.acquire(want));
        assert!(self.poll(&mut waiting).is_none());
        waiting
    }

    fn poll(&self, waiting: &mut Pin<Box<Waiting>>) -> Option<Result<Hold, LockError>> {
        let waker = self.client.waker(0);
        match waiting.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(outcome) => Some(outcome),
            Poll::Pending => None,
        }
    }

    /// The one request that the engine has sent.
    fn request(&self) -> Request {
        let mut requests = self.client.wire.take();
        assert_eq!(requests.len(), 1, "{requests:?}");
        requests.remove(0)
    }

    fn held(&self, request: &Request) {
        let reply = Reply::Held { fence: 7, left_ms: LEASE_MS, strict: false };
        let generation = Generation::new("only");
        let answer =
            Answer::Reply { reply, sent: request.submitted, server_ms: 1, generation, copies_out: false };
        self.client.shared.answers(vec![(request.seq, answer)]);
    }

    fn failed(&self, request: &Request, class: FaultClass) {
        let answer = Answer::Failed(Fault::new(class, "1 of 2 replicas acknowledged"));
        self.client.shared.answers(vec![(request.seq, answer)]);
    }

    /// Grants the acquire; the request that the replicas are to acknowledge.
    fn granted(&self, waiting: &mut Pin<Box<Waiting>>) -> Request {
        self.held(&self.request());
        assert!(self.poll(waiting).is_none(), "held although no replica has it");
        let asked = self.request();
        assert_eq!(asked.via, Via::Replicated);
        assert_eq!(asked.operation, Operation::Renew { lease_ms: LEASE_MS });
        asked
    }

    fn pass(&self, time: Duration) {
        self.time.set(self.time.now() + time.as_micros() as u64);
        self.client.tick();
    }
}

#[test]
fn a_grant_waits_for_the_replicas_and_a_local_pass_does_not() {
    let scene = Scene::new();
    let (mut first, mut second) = (scene.arrive(Duration::ZERO), scene.arrive(Duration::from_secs(5)));
    let asked = scene.granted(&mut first);
    scene.held(&asked);
    let hold = scene.poll(&mut first).expect("replicas have it").expect("it is held");
    assert!(scene.poll(&mut second).is_none());
    drop(hold);
    scene.poll(&mut second).expect("passed on under the same lease").expect("it is held");
}

#[test]
fn too_few_replicas_end_the_wait_and_give_the_lease_back() {
    let scene = Scene::new();
    let mut waiting = scene.arrive(Duration::from_secs(5));
    let asked = scene.granted(&mut waiting);
    scene.failed(&asked, FaultClass::Unavailable);
    let error = scene.poll(&mut waiting).expect("no use to wait").map(drop).unwrap_err();
    assert!(
        matches!(&error, LockError::Unavailable { reason, .. } if reason.contains("1 of 2")),
        "{error:?}"
    );
    let last = scene.request();
    assert!(matches!(last.operation, Operation::Forget { .. }) && last.id == asked.id, "{last:?}");
}

#[test]
fn an_acknowledgement_that_got_lost_is_asked_for_again() {
    let scene = Scene::new();
    let mut waiting = scene.arrive(Duration::from_secs(5));
    let asked = scene.granted(&mut waiting);
    scene.failed(&asked, FaultClass::Transient);
    assert!(scene.poll(&mut waiting).is_none(), "held although no replica has it");
    scene.pass(Duration::from_millis(100));
    let again = scene.request();
    assert_eq!(again.via, Via::Replicated);
    scene.held(&again);
    scene.poll(&mut waiting).expect("replicas have it").expect("it is held");
}

#[test]
fn a_wait_that_ends_before_the_replicas_answer_is_not_busy() {
    let scene = Scene::new();
    let mut waiting = scene.arrive(Duration::ZERO);
    scene.granted(&mut waiting);
    scene.pass(Duration::from_millis(1100));
    let error = scene.poll(&mut waiting).expect("its wait is over").map(drop).unwrap_err();
    assert!(
        matches!(&error, LockError::Unavailable { reason, .. } if reason.contains("replicas")),
        "{error:?}"
    );
}
