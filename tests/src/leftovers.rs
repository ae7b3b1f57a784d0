//! What locks have left on a server.

use crate::server::Server;

/// All keys under `namespace` but the fencing counters, which are there to stay.
///
/// # Panics
/// If the server does not answer.
#[must_use]
pub fn leftovers(server: &Server, namespace: &str) -> Vec<String> {
    let counter = format!("{namespace}:%fence");
    // One for each slot of a cluster.
    let counters = format!("{counter}{{");
    let pattern = format!("{namespace}:*");
    let (mut cursor, mut keys) = ("0".to_owned(), Vec::new());
    loop {
        let reply = server.command(&["SCAN", &cursor, "MATCH", &pattern, "COUNT", "1000"]);
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
