//! Servers that take seconds to start, and that many tests share therefore.

use std::fmt::Debug;
use std::sync::Mutex;

use crate::{Binary, Cluster, Connection, Deployment, Server};

/// Several servers that belong together. Tests that share one have a namespace of their own each, see
/// [`Stage::shared`](crate::Stage::shared).
pub trait Topology: Debug + Send + Sync {
    /// What managers connect to.
    fn url(&self) -> String;

    /// A connection of the administrator to each master.
    ///
    /// # Panics
    /// If one does not answer.
    fn masters(&self) -> Vec<Connection>;
}

/// The smallest one.
impl Topology for Server {
    fn url(&self) -> String {
        Self::url(self)
    }

    fn masters(&self) -> Vec<Connection> {
        vec![self.connect().expect("the server answers")]
    }
}

impl Topology for Deployment {
    fn url(&self) -> String {
        Self::url(self)
    }

    fn masters(&self) -> Vec<Connection> {
        vec![self.master().connect().expect("the master answers")]
    }
}

impl Topology for Cluster {
    fn url(&self) -> String {
        Self::url(self)
    }

    fn masters(&self) -> Vec<Connection> {
        Self::masters(self).into_iter().map(|node| node.connect().expect("the master answers")).collect()
    }
}

/// One of each binary, started for the first test that wants it. They live until the process ends, and end with it.
#[derive(Debug)]
pub(crate) struct Started<T: 'static>(Mutex<Vec<(&'static Binary, &'static T)>>);

impl<T: Topology> Started<T> {
    pub(crate) const fn none() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    pub(crate) fn get(
        &self,
        binary: &'static Binary,
        start: impl FnOnce(&'static Binary) -> T,
    ) -> &'static T {
        // A test that could not start one has panicked here; the next one tries again.
        let mut started = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some((_, topology)) = started.iter().find(|(known, _)| *known == binary) {
            return topology;
        }
        let topology = Box::leak(Box::new(start(binary)));
        started.push((binary, topology));
        topology
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Stage, servers};

    #[test]
    fn stages_of_one_topology_do_not_see_each_other() {
        let server: &'static Server = Box::leak(Box::new(Server::start(&servers()[0])));
        let (one, two) = (Stage::shared(server), Stage::shared(server));
        one.play(async |one| {
            let held = one.manager().await.lock("a").acquire().await.expect("it is free");
            let other = two.manager().await;
            let too = other.lock("a").try_acquire().await.expect("an answer").expect("it is another");
            assert_eq!((one.left(), two.left()), (vec![one.name("a")], vec![two.name("a")]));
            held.release().await.expect("it is held");
            too.release().await.expect("it is held");
        });
        two.nothing_is_left();
        server.kill();
    }
}
