//! How to start a server.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Mutex;

use super::Server;
use super::clock::Clock;
use super::port::free_port;
use super::tls;
use crate::found::Binary;
use crate::proxy::Proxy;
use crate::scratch::Scratch;

/// How to start a server.
#[derive(Debug)]
#[must_use]
pub struct ServerOptions {
    binary: &'static Binary,
    config: Vec<String>,
    unix_socket: bool,
    steppable_clock: bool,
    tls: bool,
    proxy_seed: Option<u64>,
    user: Option<String>,
    password: Option<String>,
}

impl ServerOptions {
    pub(super) fn new(binary: &'static Binary) -> Self {
        Self {
            binary,
            config: Vec::new(),
            unix_socket: false,
            steppable_clock: false,
            tls: false,
            proxy_seed: None,
            user: None,
            password: None,
        }
    }

    /// Adds a line to its configuration.
    pub fn config(mut self, line: &str) -> Self {
        self.config.push(line.to_owned());
        self
    }

    /// Also listens on a unix socket.
    pub fn unix_socket(mut self) -> Self {
        self.unix_socket = true;
        self
    }

    /// Has a clock of its own, for [`Server::step_clock`].
    pub fn steppable_clock(mut self) -> Self {
        self.steppable_clock = true;
        self
    }

    /// Also speaks TLS, on a port of its own, with a certificate for `127.0.0.1` and `localhost`: [`Server::tls_url`].
    pub fn tls(mut self) -> Self {
        self.tls = true;
        self
    }

    /// Speaks TLS to others: as a replica, and as a node of a cluster. Clients have to show a certificate of
    /// `tests/certificates/authority.pem`.
    pub fn tls_among_servers(self) -> Self {
        self.tls().config("tls-auth-clients yes").config("tls-replication yes").config("tls-cluster yes")
    }

    /// Names a proxy to others in its own place: to sentinels, to the other nodes of a cluster, to replicas, and so to clients.
    /// `seed` decides about jitter.
    pub fn behind_proxy(mut self, seed: u64) -> Self {
        self.proxy_seed = Some(seed);
        self
    }

    /// The configuration that names the port `told`.
    fn announcing(&self, own: u16, told: u16) -> Vec<String> {
        if self.config.iter().any(|line| line == "cluster-enabled yes") {
            // What nodes say among themselves, on the bus, is not for clients, and does not go through the proxy.
            let bus = own + 10_000;
            vec![format!("cluster-announce-port {told}"), format!("cluster-announce-bus-port {bus}")]
        } else {
            vec![format!("replica-announce-port {told}")]
        }
    }

    /// Asks for a password.
    pub fn password(mut self, password: &str) -> Self {
        self.config.push(format!("requirepass {password}"));
        self.password = Some(password.to_owned());
        self
    }

    /// Has a user beside the default one: `rules` as of `ACL SETUSER`. [`Server::url`] then names this user.
    pub fn user(mut self, user: &str, password: &str, rules: &str) -> Self {
        self.config.push(format!("user {user} on >{password} {rules}"));
        self.user = Some(format!("{user}:{password}"));
        self
    }

    /// Starts it and waits until it answers.
    ///
    /// # Panics
    /// If it does not come up; its log is in the message.
    #[must_use]
    pub fn start(self) -> Server {
        loop {
            let (folder, port) = (Scratch::new(), free_port());
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            let proxy = self.proxy_seed.map(|seed| Proxy::start(address, seed));
            let tls_port = self.tls.then(free_port);
            let mut config: Vec<String> = tls_port.into_iter().flat_map(tls::configuration).collect();
            // Behind what it changes.
            config.extend(self.config.iter().cloned());
            if let Some(proxy) = &proxy {
                config.extend(self.announcing(port, proxy.address().port()));
            }
            let server = Server {
                binary: self.binary,
                port,
                tls_port,
                config,
                proxy,
                clock: self.steppable_clock.then(|| Clock::of(folder.path().join("clock"))),
                socket: self.unix_socket.then(|| folder.path().join("s")),
                user: self.user.clone(),
                password: self.password.clone(),
                process: Mutex::new(None),
                folder,
            };
            match server.launch() {
                Ok(()) => return server,
                // Somebody took the port between looking and starting.
                Err(log) if log.contains("Address already in use") => {}
                Err(log) => panic!("{} did not come up:\n{log}", self.binary.label()),
            }
        }
    }
}
