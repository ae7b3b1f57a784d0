//! Rules that are missed only by rare coincidences: the coincidence made by hand, with the rule and without.

use std::pin::Pin;
use std::task::Context;
use std::time::Duration;

use super::client::Client;
use super::random::Random;
use super::time::VirtualTime;
use crate::backend::{Answer, Generation, Grant, Inbox, Operation, Reply, Request, Via};
use crate::engine::rules::Rules;
use crate::engine::wait::Waiting;
use crate::engine::waiter::{Claim, Want};
use crate::name::LockName;

/// One client with one wait, and whoever runs the test in the place of the server.
struct Scene {
    time: VirtualTime,
    client: Client,
    waiting: Pin<Box<Waiting>>,
}

impl Scene {
    fn new(rules: Rules) -> Self {
        let time = VirtualTime::default();
        let client = Client::new(0, 1, &time, 0, rules, &mut Random::new(1));
        let want = Want {
            claim: Claim::REENTRANT,
            name: LockName::new("LOCK:0"),
            record: "waiter".to_owned(),
            wait: Duration::from_secs(5),
            expire: Duration::from_millis(300),
            renew: true,
            max_hold: None,
            via: Via::Engine,
        };
        let waiting = Box::pin(client.engine.acquire(want));
        let mut scene = Self { time, client, waiting };
        assert!(!scene.has_the_lock());
        scene
    }

    fn has_the_lock(&mut self) -> bool {
        let waker = self.client.waker(0);
        self.waiting.as_mut().poll(&mut Context::from_waker(&waker)).is_ready()
    }

    /// The one request that the engine has sent.
    fn request(&self) -> Request {
        let mut requests = self.client.wire.take();
        assert_eq!(requests.len(), 1, "{requests:?}");
        requests.remove(0)
    }

    fn answer(&self, request: &Request, reply: Reply) {
        let answer = Answer::Reply {
            reply,
            sent: request.submitted,
            server_ms: 1,
            generation: Generation::new("new"),
            copies_out: false,
        };
        self.client.shared.answers(vec![(request.seq, answer)]);
    }

    fn pass(&self, time: Duration) {
        self.time.set(self.time.now() + time.as_micros() as u64);
        self.client.tick();
    }
}

fn queued(ticket: u64) -> Reply {
    Reply::Queued { ticket, floor: 1000, ahead: 1, owner_left_ms: 200, holder: None }
}

/// It takes a server whose clock stands behind that of the one it replaces, while the queue lives on. The floor that the new
/// server tells is then no bound for the grants of the old one.
#[test]
fn a_grant_is_of_the_same_life() {
    assert!(!takes_a_grant_of_another_life(Rules::ALL));
    let without = Rules { generation: false, ..Rules::ALL };
    assert!(takes_a_grant_of_another_life(without));
}

fn takes_a_grant_of_another_life(rules: Rules) -> bool {
    let mut scene = Scene::new(rules);
    let asked = scene.request();
    scene.answer(&asked, queued(1));
    let grant = Grant {
        hex: asked.id.hex().to_owned(),
        fence: 2000,
        left_ms: 300,
        strict: false,
        generation: Generation::new("old"),
    };
    scene.client.shared.granted(grant);
    scene.has_the_lock()
}

/// It takes a process that is silent until its place is dropped, and a late copy of its acquire: one such run in two
/// thousand over broken connections.
#[test]
fn a_place_further_behind_is_given_up_for_the_first() {
    assert!(asks_its_first_place_back(Rules::ALL));
    let without = Rules { first_place: false, ..Rules::ALL };
    assert!(!asks_its_first_place_back(without));
}

fn asks_its_first_place_back(rules: Rules) -> bool {
    let scene = Scene::new(rules);
    let asked = scene.request();
    scene.answer(&asked, queued(1));
    scene.pass(Duration::from_millis(100));
    let refresh = scene.request();
    scene.answer(&refresh, queued(2));
    scene.pass(Duration::from_millis(100));
    let next = scene.request();
    if !matches!(next.operation, Operation::Forget { .. }) {
        return false;
    }
    scene.answer(&next, Reply::Forgotten { was_owner: false });
    let again = scene.request();
    let Operation::Acquire(acquire) = &again.operation else {
        return false;
    };
    again.id != asked.id && acquire.place.as_ref().and_then(|place| place.ticket) == Some(1)
}
