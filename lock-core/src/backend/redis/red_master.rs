//! Whether a server counts as one of the masters of red locks.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::scripts::RedTerms;
use super::server::Server;
use crate::backend::{Fault, FaultClass};

/// One of the masters. It is looked at on every new connection, before that is used: a process that was restarted, demoted, or
/// replaced by another is reached by a new connection only. Whether it has forgotten what it had granted is found out in each
/// acquisition, since it may at any moment: see `scripts/red_master.lua`.
///
/// What could go wrong: a master takes the place of another (a replica that was promoted, a restart with an old copy), and
/// hands a lock over that its queue's head must not have, since the script for that does not look at the marker. It can't: no
/// request leaves on a connection that was opened while the master does not count; and what it forgets under an open
/// connection, by `FLUSHALL`, takes its queues along.
#[derive(Debug)]
pub(crate) struct RedMaster {
    place: usize,
    /// What no lease is longer than.
    max_lease: Duration,
    /// Whether masters keep their data over a restart.
    keeps_data: bool,
    /// The run ids of all masters, by place.
    run_ids: Arc<Mutex<Vec<Option<String>>>>,
    /// What came of the first look.
    first_look: Mutex<Option<Result<(), String>>>,
}

impl RedMaster {
    /// So many masters, which are told apart.
    pub(crate) fn several(count: usize, max_lease: Duration, keeps_data: bool) -> Vec<Arc<Self>> {
        let run_ids = Arc::new(Mutex::new(vec![None; count]));
        let one = |place| {
            let run_ids = Arc::clone(&run_ids);
            Arc::new(Self { place, max_lease, keeps_data, run_ids, first_look: Mutex::default() })
        };
        (0..count).map(one).collect()
    }

    /// What it is asked with each acquisition.
    pub(super) fn terms<'a>(&self, marker: &'a str) -> RedTerms<'a> {
        // Rounded up, as leases are.
        let max_lease_ms = u64::try_from(self.max_lease.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX);
        RedTerms { marker, max_lease_ms, keeps_data: self.keeps_data }
    }

    /// Whether it has answered when the manager was connected; `Err` says why not.
    pub(crate) fn first_look(&self) -> Result<(), String> {
        let looked = self.first_look.lock().unwrap_or_else(PoisonError::into_inner).clone();
        looked.unwrap_or_else(|| Err("it was not asked".to_owned()))
    }

    pub(super) fn set_first_look(&self, looked: Result<(), String>) {
        *self.first_look.lock().unwrap_or_else(PoisonError::into_inner) = Some(looked);
    }

    /// Refuses a server that another of the masters' URLs leads to as well.
    pub(super) fn must_be_another(&self, server: &Server) -> Result<(), Fault> {
        let Some(run_id) = server.run_id() else { return Err(unknown()) };
        let mut run_ids = self.run_ids.lock().unwrap_or_else(PoisonError::into_inner);
        let twin = run_ids.iter().position(|known| known.as_deref() == Some(run_id));
        if let Some(twin) = twin.filter(|twin| *twin != self.place) {
            return Err(not_counted(&format!(
                "it is the same server as red master number {} (of {}, from 1): one server has one vote, name independent ones",
                twin + 1,
                run_ids.len()
            )));
        }
        run_ids[self.place] = Some(run_id.to_owned());
        Ok(())
    }

    /// Whether it is a master, and another than the others.
    pub(super) fn must_be_one(&self, server: &Server) -> Result<(), Fault> {
        self.must_be_another(server)?;
        if server.is_master() { Ok(()) } else { Err(unknown()) }
    }
}

fn unknown() -> Fault {
    not_counted("its run id and role may not be looked at: grant +info and +role")
}

fn not_counted(why: &str) -> Fault {
    Fault::new(FaultClass::Unavailable, format!("it is not counted: {why}"))
}

#[cfg(test)]
mod tests {
    use ::redis::Value;

    use super::*;

    fn server(run_id: &str) -> Server {
        let info = format!("run_id:{run_id}\r\nrole:master\r\n");
        Server::default().with_info(Some(&Value::BulkString(info.into_bytes())))
    }

    #[test]
    fn one_server_has_one_vote() {
        let masters = RedMaster::several(3, Duration::from_secs(30), false);
        assert!(masters[0].must_be_one(&server("a")).is_ok());
        assert!(masters[0].must_be_one(&server("a")).is_ok(), "the same by a new connection");
        let fault = masters[2].must_be_one(&server("a")).unwrap_err();
        assert!(fault.message.contains("red master number 1"), "{}", fault.message);
        assert!(masters[0].must_be_one(&server("b")).is_ok());
        assert!(masters[2].must_be_one(&server("a")).is_ok(), "number 1 is another by now");
    }

    #[test]
    fn who_may_not_be_looked_at_does_not_count() {
        let masters = RedMaster::several(3, Duration::from_secs(30), false);
        let fault = masters[0].must_be_one(&Server::default()).unwrap_err();
        assert!(fault.message.contains("+info"), "{}", fault.message);
    }
}
