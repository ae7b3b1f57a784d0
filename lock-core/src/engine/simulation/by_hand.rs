//! Rules that are missed only by rare coincidences: the coincidence made by hand, with the rule and without.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use super::client::Client;
use super::random::Random;
use super::time::VirtualTime;
use crate::backend::{Answer, Generation, Grant, Inbox, Operation, Reply, Request, Via};
use crate::engine::handle::Hold;
use crate::engine::rules::Rules;
use crate::engine::wait::Waiting;
use crate::engine::waiter::{Claim, Want};
use crate::holder::Caller;
use crate::name::LockName;

/// One client with one wait, and whoever runs the test in the place of the server.
struct Scene {
    time: VirtualTime,
    client: Client,
    waiting: Pin<Box<Waiting>>,
}

impl Scene {
    fn new(rules: Rules) -> Self {
        Self::with_lease(rules, Duration::from_millis(300))
    }

    fn with_lease(rules: Rules, expire: Duration) -> Self {
        let time = VirtualTime::default();
        let client = Client::new(0, 1, &time, 0, rules, &mut Random::new(1));
        let want = Want {
            claim: Claim::REENTRANT,
            name: LockName::new("LOCK:0"),
            record: "waiter".to_owned(),
            caller: Caller::here(),
            wait: Duration::from_secs(5),
            expire,
            renew: true,
            max_hold: None,
            via: Via::Engine,
        };
        let waiting = Box::pin(client.engine.acquire(want));
        let mut scene = Self { time, client, waiting };
        assert!(!scene.has_the_lock());
        scene
    }

    /// What the waiter, polled, has got.
    fn hold(&mut self) -> Option<Hold> {
        let waker = self.client.waker(0);
        match self.waiting.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(hold) => Some(hold.expect("nothing has failed")),
            Poll::Pending => None,
        }
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

const MS: Duration = Duration::from_millis(1);

/// A waiter with this lease, queued by a server that told the floor 1000, and a grant that could be true.
fn forged(expire: Duration) -> (Scene, Grant) {
    let scene = Scene::with_lease(Rules::ALL, expire);
    let asked = scene.request();
    scene.answer(&asked, queued(1));
    let grant = Grant {
        hex: asked.id.hex().to_owned(),
        fence: 1001,
        left_ms: u64::try_from(expire.as_millis()).unwrap().min(3000),
        strict: false,
        generation: Generation::new("new"),
    };
    (scene, grant)
}

#[test]
fn a_grant_that_cannot_be_true_is_a_hint_to_ask() {
    for expire in [300 * MS, 3000 * MS, 60_000 * MS] {
        let (mut scene, grant) = forged(expire);
        scene.client.shared.granted(grant);
        assert!(scene.has_the_lock(), "one that can be true is believed");
        let leases = [0, 1, 299, 301, 2999, 3001, 600_000, u64::MAX].map(|left_ms| (1001, left_ms));
        let fences = [0, 1000, 20_000, (1 << 52) - 1, 1 << 52, 1 << 53, u64::MAX];
        let short = u64::try_from(expire.as_millis()).unwrap().min(3000);
        for (fence, left_ms) in leases.into_iter().chain(fences.map(|fence| (fence, short))) {
            let (mut scene, grant) = forged(expire);
            scene.client.shared.granted(Grant { fence, left_ms, ..grant });
            assert!(!scene.has_the_lock(), "fence {fence}, {left_ms} ms");
            assert!(
                matches!(scene.request().operation, Operation::Refresh { .. }),
                "fence {fence}, {left_ms} ms"
            );
        }
    }
}

#[test]
fn a_grant_that_came_before_its_floor_has_the_same_ranges() {
    for (fence, left_ms, believed) in [(1001, 300, true), (1001, 600_000, false), (1 << 51, 300, false)] {
        let mut scene = Scene::new(Rules::ALL);
        let asked = scene.request();
        let grant = Grant {
            hex: asked.id.hex().to_owned(),
            fence,
            left_ms,
            strict: false,
            generation: Generation::new("new"),
        };
        scene.client.shared.granted(grant);
        assert!(!scene.has_the_lock(), "the server has not said yet that it waits");
        scene.answer(&asked, queued(1));
        assert_eq!(scene.has_the_lock(), believed, "fence {fence}, {left_ms} ms");
    }
}

/// The claim of a hold that began by a message: sent within 50 ms, whatever lease it has.
fn claimed(scene: &Scene) -> Request {
    scene.pass(49 * MS);
    assert!(scene.client.wire.take().is_empty(), "most bodies have ended by then");
    scene.pass(MS);
    let claim = scene.request();
    assert!(matches!(claim.operation, Operation::Renew { .. }), "{claim:?}");
    claim
}

#[test]
fn a_hold_rests_on_a_message_until_the_server_is_asked() {
    for expire in [300 * MS, 3000 * MS, 60_000 * MS] {
        let (mut scene, grant) = forged(expire);
        scene.client.shared.granted(grant);
        let hold = scene.hold().expect("it could be true");
        let claim = claimed(&scene);
        scene.answer(&claim, Reply::Gone);
        assert!(hold.cell().is_lost(), "{expire:?}");
    }
}

#[test]
fn a_hold_that_began_by_a_message_ends_without_an_answer() {
    for expire in [3000 * MS, 60_000 * MS] {
        let (mut scene, grant) = forged(expire);
        scene.client.shared.granted(grant);
        let hold = scene.hold().expect("it could be true");
        claimed(&scene);
        scene.pass(949 * MS);
        assert!(hold.cell().is_held(), "{expire:?}");
        scene.pass(MS);
        assert!(hold.cell().is_lost(), "{expire:?}: a second after the message");
    }
}

#[test]
fn a_hold_that_the_server_confirms_has_its_whole_lease() {
    let (mut scene, grant) = forged(60_000 * MS);
    scene.client.shared.granted(grant);
    let hold = scene.hold().expect("it could be true");
    let claim = claimed(&scene);
    scene.answer(&claim, Reply::Held { fence: 1001, left_ms: 60_000, strict: false });
    scene.pass(10_000 * MS);
    assert!(hold.cell().is_held());
}

/// The true grant comes while a hold rests on a forged one: its token would be another's.
#[test]
fn a_hold_under_another_number_than_the_servers_is_lost() {
    for fence in [1000, 1002, 1 << 40] {
        let (mut scene, grant) = forged(60_000 * MS);
        scene.client.shared.granted(grant);
        let hold = scene.hold().expect("it could be true");
        let claim = claimed(&scene);
        scene.answer(&claim, Reply::Held { fence, left_ms: 60_000, strict: false });
        assert!(hold.cell().is_lost(), "{fence}");
    }
}

/// Who comes late for its offer begins with what the server says, and under its number.
#[test]
fn an_old_message_is_confirmed_before_a_body_starts() {
    let (mut scene, grant) = forged(60_000 * MS);
    scene.client.shared.granted(grant);
    scene.pass(51 * MS);
    assert!(scene.hold().is_none());
    let claim = scene.request();
    assert!(matches!(claim.operation, Operation::Renew { .. }), "{claim:?}");
    scene.answer(&claim, Reply::Held { fence: 1005, left_ms: 60_000, strict: false });
    let hold = scene.hold().expect("the server has said so");
    assert_eq!(hold.cell().own_fence(), Some(1005));
    assert!(hold.cell().remaining() > 50_000 * MS);
}

/// No reply gives more than was asked for.
#[test]
fn no_more_is_believed_than_was_asked_for() {
    for left_ms in [301, 30 * 24 * 3_600_000, 1 << 53, u64::MAX] {
        let mut scene = Scene::new(Rules::ALL);
        let asked = scene.request();
        scene.answer(&asked, Reply::Held { fence: 1001, left_ms, strict: false });
        let hold = scene.hold().expect("the server has said so");
        assert!(hold.cell().remaining() <= 300 * MS, "{left_ms} ms");
        scene.pass(100 * MS);
        let renewal = scene.request();
        scene.answer(&renewal, Reply::Held { fence: 1001, left_ms, strict: false });
        assert!(hold.cell().remaining() <= 300 * MS, "{left_ms} ms");
    }
}
