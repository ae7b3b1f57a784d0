//! The lock that everybody writes first: `SET NX PX` and a script that deletes what it owns.

use redis::IntoConnectionInfo;
use redis::aio::MultiplexedConnection;

use super::Pair;
use crate::server::Server;

const COMPARE_AND_DELETE: &str =
    "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) else return 0 end";

/// One connection for all tasks. It has no timeouts, which would cost it a timer for every command.
#[derive(Clone)]
pub(super) struct RawLock {
    connection: MultiplexedConnection,
    sha: String,
    count: u64,
}

impl RawLock {
    pub(super) async fn connect(server: &Server, nodelay: bool) -> Self {
        let settings = redis::io::tcp::TcpSettings::default().set_nodelay(nodelay);
        let info = server.url().as_str().into_connection_info().unwrap().set_tcp_settings(settings);
        let untimed = redis::AsyncConnectionConfig::new().set_response_timeout(None);
        let client = redis::Client::open(info).unwrap();
        let mut connection = client.get_multiplexed_async_connection_with_config(&untimed).await.unwrap();
        let load =
            redis::cmd("SCRIPT").arg("LOAD").arg(COMPARE_AND_DELETE).query_async(&mut connection).await;
        Self { connection, sha: load.unwrap(), count: 0 }
    }
}

impl Pair for RawLock {
    async fn pair(&mut self, key: u64) {
        self.count += 1;
        let key = format!("raw:{key}");
        // As long as a random one; drawing it is not what is measured.
        let owner = format!("{:032x}", self.count);
        let mut set = redis::cmd("SET");
        set.arg(&key).arg(&owner).arg("NX").arg("PX").arg(10_000);
        let held: Option<String> = set.query_async(&mut self.connection).await.unwrap();
        assert!(held.is_some(), "every task has a key of its own");
        let mut delete = redis::cmd("EVALSHA");
        delete.arg(&self.sha).arg(1).arg(&key).arg(&owner);
        let deleted: u64 = delete.query_async(&mut self.connection).await.unwrap();
        assert_eq!(deleted, 1);
    }
}
