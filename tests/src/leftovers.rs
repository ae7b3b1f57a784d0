//! What locks have left on a server.

use crate::resp::{Connection, Value};
use crate::server::Server;

/// All keys under `namespace` but the fencing counters and a red master's marker, which are there to stay.
///
/// # Panics
/// If the server does not answer.
#[must_use]
pub fn leftovers(server: &Server, namespace: &str) -> Vec<String> {
    of_connection(&mut server.connect().expect("the server answers"), namespace)
}

/// As [`leftovers`], on all `servers` that run, whatever they take themselves for: an old master too, that is a replica now, or does not
/// know yet that it is to be one.
///
/// # Panics
/// If one stands still.
pub(crate) fn left_on_all(servers: &[Server], namespace: &str) -> Vec<String> {
    let running = servers.iter().filter_map(|server| server.connect().ok());
    let left = running.flat_map(|mut connection| {
        found(&mut connection, namespace).unwrap_or_else(|said| vec![format!("not told: {said:?}")])
    });
    left.collect()
}

/// As [`leftovers`].
pub(crate) fn of_connection(connection: &mut Connection, namespace: &str) -> Vec<String> {
    found(connection, namespace).unwrap_or_else(|said| panic!("SCAN answered {said:?}"))
}

/// The server's word if it does not say, as one that loads its data does not.
fn found(connection: &mut Connection, namespace: &str) -> Result<Vec<String>, Value> {
    let (counter, marker) = (format!("{namespace}:%fence"), format!("{namespace}:%born"));
    // One for each slot of a cluster.
    let counters = format!("{counter}{{");
    let pattern = format!("{namespace}:*");
    let (mut cursor, mut keys) = ("0".to_owned(), Vec::new());
    loop {
        let scan = ["SCAN", &cursor, "MATCH", &pattern, "COUNT", "1000"];
        let reply = connection.command(&scan).expect("the server answers");
        let [next, found] = reply.items() else { return Err(reply) };
        keys.extend(found.items().iter().filter_map(|key| key.text().map(str::to_owned)));
        cursor = next.text().expect("a cursor").to_owned();
        if cursor == "0" {
            keys.retain(|key| *key != counter && *key != marker && !key.starts_with(&counters));
            keys.sort();
            keys.dedup();
            return Ok(keys);
        }
    }
}
