//! The marker of a red master, by the script and by its twin.

use redis::{Commands, Connection, ConnectionLike, Value};

use super::server::on_each;
use crate::backend::memory::marker::Marker;
use crate::backend::redis::scripts::{RedTerms, Script, Terms, command, decode};
use crate::backend::{Acquire, Generation, HoldId, Mode, Operation, Reply, Request, Via};
use crate::clock::Moment;
use crate::name::LockName;

const MARKER: &str = "LOCK:%born";
const LONGEST_MS: u64 = 1_000;
const LIVES: [&str; 3] = ["0123456789abcdef", "00000000000000aa", "fedcba9876543210"];

/// A red master whose scripts read the time from a key.
struct Master {
    server: Connection,
    script: redis::Script,
    asked: u64,
}

impl Master {
    fn new(mut server: Connection) -> Self {
        redis::cmd("FLUSHALL").exec(&mut server).unwrap();
        let source = Script::Acquire.source();
        let virtual_time = source.replace("call('TIME')", "call('LRANGE', 'test:time', 0, 1)");
        assert_ne!(source, virtual_time);
        let script = redis::Script::new(&virtual_time);
        script.prepare_invoke().load(&mut server).unwrap();
        Self { server, script, asked: 0 }
    }

    /// One acquisition of a lock of its own: `None` if it was granted, else what was said instead.
    fn ask(&mut self, life: &str, now_us: u64, keeps_data: bool) -> Option<String> {
        self.asked += 1;
        redis::pipe()
            .del("test:time")
            .rpush("test:time", [now_us / 1_000_000, now_us % 1_000_000].map(|n| n.to_string()).as_slice())
            .exec(&mut self.server)
            .unwrap();
        let acquire = Acquire {
            mode: Mode::Exclusive,
            replaces: None,
            lease_ms: LONGEST_MS,
            not_after_ms: u64::MAX >> 11,
            place: None,
        };
        let request = Request {
            seq: self.asked,
            name: LockName::new(&format!("LOCK:{}", self.asked)),
            id: HoldId::from_random(u128::from(self.asked), "test"),
            operation: Operation::Acquire(acquire),
            via: Via::Engine,
            submitted: Moment::default(),
        };
        let generation = Generation::new(life);
        let red = Some(RedTerms { marker: MARKER, max_lease_ms: LONGEST_MS, keeps_data });
        let terms = Terms { counter: Some("LOCK:%fence"), generation: &generation, in_cluster: false, red };
        let call = command(Script::Acquire, &terms, &[&request]).get_packed_command();
        let call = String::from_utf8(call).unwrap().replace(Script::Acquire.sha(), self.script.get_hash());
        let value: Value = self.server.req_packed_command(call.as_bytes()).unwrap();
        match decode(value, &[&request]).unwrap().replies.remove(0).1 {
            Ok(Reply::Held { left_ms, .. }) => {
                assert_eq!(left_ms, LONGEST_MS);
                None
            }
            Ok(other) => panic!("{other:?}"),
            Err(fault) => {
                let name = format!("LOCK:{}", self.asked);
                assert!(!self.server.exists::<_, bool>(name).unwrap(), "refused, and done all the same");
                Some(fault.message)
            }
        }
    }

    fn marker(&mut self) -> Marker {
        let members: Vec<(String, u64)> = self.server.zrange_withscores(MARKER, 0, -1).unwrap();
        assert!(members.len() < 2, "{members:?}");
        Marker(members.into_iter().next().map(|(member, since)| (member[2..].to_owned(), since)))
    }
}

#[test]
fn the_script_and_its_twin_agree_on_which_votes_count() {
    on_each(|server| {
        for seed in 0..20_u64 {
            let mut master = Master::new(server.connect());
            let mut twin = Marker::default();
            let mut state = seed * 2 + 1;
            let mut random = move |below: u64| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (state >> 33) % below
            };
            let (mut now_us, mut life, mut refused) = (1_800_000_000_000_000_u64, LIVES[0], 0);
            for step in 0..200 {
                match random(12) {
                    0 => {
                        let _: Value = master.server.del(MARKER).unwrap();
                        twin = Marker::default();
                    }
                    1 => life = LIVES[random(3) as usize],
                    2 => now_us -= random(3_000_000),
                    // To the very moment at which it counts, or the one before.
                    3 => {
                        let since_ms = twin.0.as_ref().map_or(0, |(_, since_ms)| *since_ms);
                        now_us = now_us.max((since_ms + LONGEST_MS - random(2)) * 1000);
                    }
                    _ => now_us += random(400_000),
                }
                let keeps_data = random(3) == 0;
                let expected = twin.counts(life, now_us, LONGEST_MS, keeps_data);
                let said = master.ask(life, now_us, keeps_data);
                let what = format!("seed {seed}, step {step}, at {now_us}: {said:?}");
                match expected {
                    Ok(()) => assert_eq!(said, None, "{what}"),
                    Err(left_ms) => {
                        let left = format!("it counts in {left_ms}ms");
                        assert!(said.is_some_and(|said| said.ends_with(&left)), "{what}, not {left}");
                        refused += 1;
                    }
                }
                assert_eq!(master.marker(), twin, "{what}");
            }
            assert!(refused > 20 && refused < 180, "seed {seed}: {refused} of 200 refused");
        }
    });
}

#[test]
fn a_marker_that_is_no_marker_is_left_alone() {
    on_each(|server| {
        let others: [fn(&mut Connection); 3] = [
            |server| server.set(MARKER, "text").unwrap(),
            |server| server.zadd(MARKER, "somebody's", 1).unwrap(),
            |server| server.zadd_multiple(MARKER, &[(1, "1Ma"), (2, "1Mb")]).unwrap(),
        ];
        for other in others {
            let mut master = Master::new(server.connect());
            other(&mut master.server);
            let dump =
                |server: &mut Connection| redis::cmd("DUMP").arg(MARKER).query::<Vec<u8>>(server).unwrap();
            let before = dump(&mut master.server);
            let said = master.ask(LIVES[0], 1_800_000_000_000_000, true).expect("it does not count");
            assert!(said.contains(MARKER) && said.contains("delete that key"), "{said}");
            assert_eq!(dump(&mut master.server), before);
        }
    });
}

/// A time that no clock of this server can have shown is no time: the wait is one longest lease, not more.
#[test]
fn a_time_out_of_range_is_written_anew() {
    on_each(|server| {
        let now_us = 1_800_000_000_000_000;
        for odd in ["-5", "inf", "-inf", "1e300", "1800000000001"] {
            let mut master = Master::new(server.connect());
            let member = format!("1M{}", LIVES[0]);
            redis::cmd("ZADD").arg(MARKER).arg(odd).arg(member).exec(&mut master.server).unwrap();
            let said = master.ask(LIVES[0], now_us, false).expect("it does not count");
            assert!(said.ends_with("it counts in 1000ms"), "{odd}: {said}");
            assert_eq!(master.ask(LIVES[0], now_us + 1_000_000, false), None, "{odd}");
        }
    });
}
