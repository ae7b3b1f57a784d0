//! Addresses that are told by others, and lead nowhere.

use lock_core::{LockError, LockManager};
use lock_tests::{Cluster, Deployment, each_server};

#[test]
fn a_cluster_names_the_address_that_was_told_and_who_told_it() {
    each_server(|binary| {
        // Redis 6.2 goes on telling the port that it announced at its start.
        if !binary.is_at_least(7) {
            return;
        }
        let cluster = Cluster::start(binary, 1, 0);
        super::cluster::play(&cluster, async |cluster| {
            let node = &cluster.nodes()[0];
            // As in a container: the node knows itself by an address that leads nowhere from here.
            node.must(&["CONFIG", "SET", "cluster-announce-port", "1"]);
            let error = LockManager::connect(&cluster.url()).await.expect_err("it can't be reached");
            node.must(&["CONFIG", "SET", "cluster-announce-port", "0"]);
            let text = error.to_string();
            assert!(matches!(error, LockError::Connect { .. }), "{error:?}");
            assert!(text.contains("refused") && text.contains("127.0.0.1:1"), "{text}");
            assert!(text.contains(&format!("{} names", node.address())), "{text}");
        });
    });
}

#[test]
fn sentinels_are_named_with_the_address_that_they_tell() {
    each_server(|binary| {
        let deployment = Deployment::patient(binary, 0);
        deployment.play(async |deployment| {
            let master = deployment.master();
            let address = master.address().to_string();
            master.kill();
            let error = LockManager::connect(&deployment.url()).await.expect_err("it is gone");
            let text = error.to_string();
            assert!(matches!(error, LockError::Connect { .. }), "{error:?}");
            assert!(text.contains(&address) && text.contains("refused"), "{text}");
            for sentinel in deployment.sentinels() {
                assert!(text.contains(&sentinel.address().to_string()), "{text}");
            }
            master.restart();
        });
    });
}
