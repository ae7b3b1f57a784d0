//! What is soaked: servers, the network in front of them, and the clients.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::clients::Clients;
use crate::{
    Binary, Cluster, Connection, Deployment, Proxy, Seed, Server, ServerOptions, Value, leftovers, until,
};

/// All that is left on a server goes by itself within the longest lease, and a request's not-after.
const GONE: Duration = Duration::from_secs(8);
const WHOLE: Duration = Duration::from_secs(40);

/// Over which servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum On {
    Server,
    Sentinel,
    Cluster,
    Red,
}

impl On {
    pub(super) const ALL: [Self; 4] = [Self::Server, Self::Sentinel, Self::Cluster, Self::Red];

    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Sentinel => "sentinel",
            Self::Cluster => "cluster",
            Self::Red => "red",
        }
    }

    pub(super) fn of(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|on| on.label() == text);
        known.ok_or_else(|| format!("`{text}` is none of server, sentinel, cluster, red"))
    }
}

#[derive(Debug)]
enum Place {
    Server(Box<Server>),
    Sentinel(Box<Deployment>),
    Cluster(Box<Cluster>),
    Red(Vec<Server>),
}

/// Where it all happens. The clients end first, the servers last.
#[derive(Debug)]
pub(super) struct Scene {
    clients: Option<Clients>,
    /// Of each half of the clients, one for each server; none where servers have proxies of their own, and name them.
    networks: Vec<Vec<Proxy>>,
    place: Place,
}

fn options(binary: &'static Binary, options: ServerOptions) -> ServerOptions {
    let options = options.steppable_clock();
    // Before 7.0 nothing forbids DEBUG.
    if binary.is_at_least(7) { options.config("enable-debug-command local") } else { options }
}

impl Scene {
    pub(super) fn set(on: On, binary: &'static Binary, seed: &mut Seed) -> Self {
        let server = || options(binary, Server::of(binary)).start();
        let jitter = seed.draw();
        let told = |of| options(binary, of).behind_proxy(jitter);
        let place = match on {
            On::Server => Place::Server(Box::new(server())),
            On::Red => {
                let masters: Vec<Server> = (0..3).map(|_| server()).collect();
                masters.iter().for_each(Server::known_as_red_master);
                Place::Red(masters)
            }
            On::Sentinel => Place::Sentinel(Box::new(Deployment::start_with(binary, 1, told))),
            On::Cluster => Place::Cluster(Box::new(Cluster::start_with(binary, 3, 1, told))),
        };
        let mut scene = Self { clients: None, networks: Vec::new(), place };
        if matches!(on, On::Server | On::Red) {
            for _half in 0..2 {
                let servers = scene.servers().into_iter();
                let network = servers.map(|server| Proxy::start(server.address(), seed.draw())).collect();
                scene.networks.push(network);
            }
        }
        scene
    }

    /// Where each half of the clients connects.
    pub(super) fn places(&self) -> Vec<String> {
        let through = |network: &Vec<Proxy>| {
            let servers = self.servers();
            let urls = network.iter().zip(servers).map(|(proxy, server)| server.url_through(proxy.address()));
            urls.collect::<Vec<_>>().join(",")
        };
        match &self.place {
            Place::Server(_) => {
                self.networks.iter().map(|network| format!("url={}", through(network))).collect()
            }
            Place::Red(_) => {
                self.networks.iter().map(|network| format!("red={}", through(network))).collect()
            }
            Place::Sentinel(sentinel) => vec![format!("url={}", sentinel.url())],
            Place::Cluster(cluster) => vec![format!("url={}", cluster.url())],
        }
    }

    pub(super) fn bring(&mut self, clients: Clients) {
        self.clients = Some(clients);
    }

    pub(super) fn clients(&self) -> &Clients {
        self.clients.as_ref().expect("clients were brought in")
    }

    /// All servers that keep locks, whatever their role.
    pub(super) fn servers(&self) -> Vec<&Server> {
        match &self.place {
            Place::Server(server) => vec![server],
            Place::Sentinel(sentinel) => sentinel.servers().iter().collect(),
            Place::Cluster(cluster) => cluster.nodes().iter().collect(),
            Place::Red(servers) => servers.iter().collect(),
        }
    }

    /// A server that gives locks.
    pub(super) fn master(&self, seed: &mut Seed) -> &Server {
        match &self.place {
            Place::Server(server) => server,
            Place::Sentinel(sentinel) => sentinel.master(),
            // Three names are taken: hit one of those that have them.
            Place::Cluster(cluster) => cluster.master_of(&format!("LOCK:{}", any(seed, &["a", "b", "c"]))),
            Place::Red(servers) => any(seed, servers),
        }
    }

    /// Where those are that give locks; in any order, but always the same.
    pub(super) fn masters(&self) -> Vec<SocketAddr> {
        let masters = match &self.place {
            Place::Sentinel(sentinel) => vec![sentinel.master()],
            Place::Cluster(cluster) => cluster.masters(),
            Place::Server(_) | Place::Red(_) => self.servers(),
        };
        masters.into_iter().map(Server::address).collect()
    }

    pub(super) fn sentinel(&self) -> &Deployment {
        let Place::Sentinel(sentinel) = &self.place else { unreachable!("a fault of sentinels alone") };
        sentinel
    }

    pub(super) fn cluster(&self) -> &Cluster {
        let Place::Cluster(cluster) = &self.place else { unreachable!("a fault of clusters alone") };
        cluster
    }

    /// The network between a server that gives locks, of several a minority, and one half of the clients, or all of them; where
    /// others tell clients of the server, it is between it and all others.
    pub(super) fn network(&self, seed: &mut Seed) -> Vec<&Proxy> {
        let master = self.master(seed);
        if let Some(proxy) = master.proxy() {
            return vec![proxy];
        }
        let place = self.servers().iter().position(|server| server.address() == master.address());
        let place = place.expect("masters are among the servers");
        let halves = match seed.below(3) {
            0 => &self.networks[..],
            _ => std::slice::from_ref(any(seed, &self.networks)),
        };
        halves.iter().map(|network| &network[place]).collect()
    }

    /// Waits until all servers answer and agree about their roles.
    pub(super) fn until_whole(&self) {
        match &self.place {
            Place::Sentinel(sentinel) => sentinel.until_whole(),
            Place::Cluster(cluster) => cluster.until_agreed(),
            Place::Server(_) | Place::Red(_) => {
                until(WHOLE, "all servers answer", || self.servers().iter().all(|server| server.is_ready()));
            }
        }
    }

    /// What is left when all clients have ended and the longest lease is over.
    pub(super) fn left(&self) -> Vec<String> {
        let start = Instant::now();
        loop {
            let left: Vec<String> = self.servers().into_iter().flat_map(left_on).collect();
            if left.is_empty() || start.elapsed() > GONE {
                return left;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// One of several.
pub(super) fn any<'a, T>(seed: &mut Seed, of: &'a [T]) -> &'a T {
    &of[usize::try_from(seed.below(of.len() as u64)).unwrap_or(0)]
}

/// Keys, subscriptions and connections of clients that are gone.
fn left_on(server: &Server) -> Vec<String> {
    let ask = |connection: &mut Connection| {
        let channels = connection.command(&["PUBSUB", "CHANNELS", "LOCK*"])?;
        let clients = connection.command(&["CLIENT", "LIST", "TYPE", "normal"])?;
        std::io::Result::Ok((channels, clients))
    };
    let Ok((channels, clients)) = server.connect().and_then(|mut connection| ask(&mut connection)) else {
        return vec!["a server that does not answer".to_owned()];
    };
    let mut left = leftovers(server, "LOCK");
    left.extend(
        channels.items().iter().filter_map(Value::text).map(|channel| format!("subscription {channel}")),
    );
    // This one asks, sentinels watch, and a node keeps its connection to the one that it migrated keys to.
    let known = ["cmd=client", "name=sentinel", "cmd=restore"];
    let strange = |line: &&str| !known.iter().any(|known| line.contains(known));
    let clients = clients.text().unwrap_or_default().lines().filter(strange);
    left.extend(clients.map(|line| format!("connection {line}")));
    left
}
