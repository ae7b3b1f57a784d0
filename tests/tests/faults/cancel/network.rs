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
    urls: Vec<String>,
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
            let (urls, proxies) = (0..3).map(|place| through(masters.server(place))).unzip();
            let near = connect(&masters.urls()).await;
            return Self { far: connect(&urls).await, near, urls, proxies, place: Place::Masters(masters) };
        }
        let stage = Stage::on(binary);
        let (url, proxy) = through(stage.server());
        let (urls, near) = (vec![url], stage.manager().await);
        Self { far: connect(&urls).await, near, urls, proxies: vec![proxy], place: Place::Server(stage) }
    }

    /// One more manager behind the proxies, which has no connection for this runtime yet.
    pub(super) async fn newcomer(&self) -> LockManager {
        connect(&self.urls).await
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

async fn connect(urls: &Vec<String>) -> LockManager {
    let builder = LockManager::builder();
    let builder = match &urls[..] {
        [url] => builder.url(&**url),
        _ => builder.red_masters(urls).red_masters_keep_data().red_max_lease(2 * LEASE),
    };
    builder.connect().await.expect("the proxies let it through")
}
