//! What operations cost the server, as the protocol's text says.

use std::collections::BTreeMap;

use redis::Connection;

use super::calls::{LEASE, acquire, forget, forget_reader, one, read, refresh};
use super::ears::Ears;
use super::server::on_each;
use crate::backend::Operation;

/// The commands that one operation runs, by name, with how often if more than once.
fn commands(server: &mut Connection, n: u128, operation: Operation) -> String {
    redis::cmd("CONFIG").arg("RESETSTAT").exec(server).unwrap();
    one(server, "LOCK:a", n, operation).unwrap();
    let report: String = redis::cmd("INFO").arg("commandstats").query(server).unwrap();
    let mut counts = BTreeMap::new();
    for line in report.lines() {
        let Some((command, rest)) = line.strip_prefix("cmdstat_").and_then(|line| line.split_once(':'))
        else {
            continue;
        };
        let calls: u64 = rest.strip_prefix("calls=").unwrap().split(',').next().unwrap().parse().unwrap();
        if !["eval", "info", "config", "config|resetstat"].contains(&command) {
            counts.insert(command.to_owned(), calls);
        }
    }
    let times = |(name, calls): (&String, &u64)| match calls {
        1 => name.clone(),
        _ => format!("{calls} {name}"),
    };
    counts.iter().map(times).collect::<Vec<_>>().join(", ")
}

fn renew(leases: u64) -> Operation {
    Operation::Renew { lease_ms: leases * LEASE }
}

#[test]
fn an_operation_costs_what_the_protocol_says() {
    on_each(|server| {
        let mut ears = Ears::on(server);
        ears.listen("nobody", true);
        let mut server = server.connect();
        let mut cost = |n, operation| commands(&mut server, n, operation);
        // Alone.
        assert_eq!(cost(1, acquire(true)), "pexpireat, set, time, zadd, zrange");
        assert_eq!(cost(1, renew(2)), "pexpireat, time, zadd, zrange");
        assert_eq!(cost(1, forget()), "del, time, zrange");
        // Somebody waits.
        cost(1, acquire(true));
        assert_eq!(cost(2, acquire(true)), "set, time, zadd, zrange");
        assert_eq!(cost(2, refresh()), "pexpireat, time, zadd, zcount, zrange, zscore");
        assert_eq!(cost(1, forget()), "publish, time, zadd, zrange, zrangebyscore, zrem, zscore");
        cost(2, forget());
        // One reads.
        assert_eq!(cost(1, read(true, None)), "pexpireat, set, time, zadd, zrange");
        assert_eq!(cost(1, renew(2)), "pexpireat, time, zadd, zrange, zscore");
        assert_eq!(cost(1, forget_reader()), "del, time, zrange");
        // Two do.
        cost(1, read(true, None));
        cost(1, renew(2));
        assert_eq!(cost(2, read(true, None)), "set, time, zadd, zrange, zrangebyscore, zscore");
        assert_eq!(cost(2, renew(3)), "pexpireat, time, zadd, zrange, 2 zscore");
        assert_eq!(cost(2, forget_reader()), "time, zrange, zrangebyscore, zrem");
        // A writer waits for one, gets the lock, and reads on.
        cost(3, acquire(true));
        assert_eq!(cost(3, refresh()), "pexpireat, time, zadd, zcount, zrange, zrangebyscore, 2 zscore");
        let hand_over = "publish, time, zadd, zrange, zrangebyscore, 2 zrem, zscore";
        assert_eq!(cost(1, forget_reader()), hand_over);
        assert_eq!(cost(4, read(false, Some(3))), "pexpireat, set, time, zadd, zrange, zrem");
        assert_eq!(cost(4, forget_reader()), "del, time, zrange");
    });
}
