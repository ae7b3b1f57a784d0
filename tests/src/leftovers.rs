//! What locks have left on a server.

use crate::resp::Connection;
use crate::server::Server;

/// All keys under `namespace` but the fencing counters, which are there to stay.
///
/// # Panics
/// If the server does not answer.
#[must_use]
pub fn leftovers(server: &Server, namespace: &str) -> Vec<String> {
    of_connection(&mut server.connect().expect("the server answers"), namespace)
}

/// As [`leftovers`].
pub(crate) fn of_connection(connection: &mut Connection, namespace: &str) -> Vec<String> {
    let counter = format!("{namespace}:%fence");
    // One for each slot of a cluster.
    let counters = format!("{counter}{{");
    let pattern = format!("{namespace}:*");
    let (mut cursor, mut keys) = ("0".to_owned(), Vec::new());
    loop {
        let scan = ["SCAN", &cursor, "MATCH", &pattern, "COUNT", "1000"];
        let reply = connection.command(&scan).expect("the server answers");
        let [next, found] = reply.items() else { panic!("SCAN answered {reply:?}") };
        keys.extend(found.items().iter().filter_map(|key| key.text().map(str::to_owned)));
        cursor = next.text().expect("a cursor").to_owned();
        if cursor == "0" {
            keys.retain(|key| *key != counter && !key.starts_with(&counters));
            keys.sort();
            keys.dedup();
            return keys;
        }
    }
}
