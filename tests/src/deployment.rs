//! Servers that take seconds to start, and that many tests share therefore.

use std::fmt::Debug;

use crate::{Connection, Server};

/// Several servers that belong together. Tests that share one have a namespace of their own each, see
/// [`Stage::shared`](crate::Stage::shared).
pub trait Deployment: Debug + Send + Sync {
    /// What managers connect to.
    fn url(&self) -> String;

    /// A connection of the administrator to each master.
    ///
    /// # Panics
    /// If one does not answer.
    fn masters(&self) -> Vec<Connection>;
}

/// The smallest one.
impl Deployment for Server {
    fn url(&self) -> String {
        Self::url(self)
    }

    fn masters(&self) -> Vec<Connection> {
        vec![self.connect().expect("the server answers")]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Stage, servers};

    #[test]
    fn stages_of_one_deployment_do_not_see_each_other() {
        let server: &'static Server = Box::leak(Box::new(Server::start(&servers()[0])));
        let (one, two) = (Stage::shared(server), Stage::shared(server));
        one.play(async |one| {
            let held = one.manager().await.lock("a").acquire().await.expect("it is free");
            two.play(async |two| {
                let _too = two
                    .manager()
                    .await
                    .lock("a")
                    .try_acquire()
                    .await
                    .expect("an answer")
                    .expect("it is another");
            });
            assert_eq!(one.left(), [one.name("a")]);
            held.release().await.expect("it is held");
        });
        server.kill();
    }
}
