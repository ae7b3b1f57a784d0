//! A manager whose network is under control, and one that goes past it.

use std::time::Duration;

use lock_core::LockManager;
use lock_tests::{Binary, Direction, Masters, Proxy, Server, Stage, until_async};

use super::kinds::Kind;
use super::operations::LEASE;

const PATIENCE: Duration = Duration::from_secs(20);

pub(super) struct Network {
    place: Place,
    proxies: Vec<Proxy>,
    /// Behind the proxies.
    pub(super) far: LockManager,
    pub(super) near: LockManager,
}

enum Place {
    Server(Stage),
    Masters(Masters),
}

impl Network {
    pub(super) async fn start(binary: &'static Binary, kind: Kind) -> Self {
        let through = |server: &Server| {
            let proxy = Proxy::start(server.address(), 1);
            (server.url_through(proxy.address()), proxy)
        };
        if kind == Kind::Red {
            let masters = Masters::start(binary, 3);
            let (urls, proxies): (Vec<_>, Vec<_>) =
                (0..3).map(|place| through(masters.server(place))).unzip();
            let connect = |urls| {
                let builder = LockManager::builder().red_masters(urls).red_masters_keep_data();
                builder.red_max_lease(2 * LEASE).connect()
            };
            let far = connect(urls).await.expect("the proxies let it through");
            let near = connect(masters.urls()).await.expect("all answer");
            return Self { place: Place::Masters(masters), proxies, far, near };
        }
        let stage = Stage::on(binary);
        let (url, proxy) = through(stage.server());
        let far = LockManager::connect(&url).await.expect("the proxy lets it through");
        let near = stage.manager().await;
        Self { place: Place::Server(stage), proxies: vec![proxy], far, near }
    }

    /// Holds all messages of that direction back, or lets go all of them.
    pub(super) fn hold_back(&self, direction: Direction, held_back: bool) {
        self.proxies.iter().for_each(|proxy| proxy.stall(direction, held_back));
    }

    /// Lets one message go, if one is held back; says whether there was one.
    pub(super) fn pass_one(&self, direction: Direction) -> bool {
        self.proxies.iter().any(|proxy| proxy.pass_one(direction))
    }

    /// Of the lock `a` on the one server.
    pub(super) fn record_length(&self) -> usize {
        match &self.place {
            Place::Server(stage) => stage.record_length("a").expect("one server"),
            Place::Masters(_) => panic!("red masters keep no queue"),
        }
    }

    pub(super) async fn nothing_is_left(&self) {
        let left = || match &self.place {
            Place::Server(stage) => stage.left(),
            Place::Masters(masters) => masters.leftovers(),
        };
        until_async(PATIENCE, "no key and no waiter is left", || left().is_empty()).await;
    }
}
