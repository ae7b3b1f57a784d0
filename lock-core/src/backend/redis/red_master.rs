//! Whether a server counts as one of the masters of red locks.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::server::Server;
use crate::backend::{Fault, FaultClass};

/// The server's uptime is in whole seconds, and so is its clock at start: it may be told as two seconds more than it is.
const ROUNDING: Duration = Duration::from_secs(2);

/// One of the masters. It is looked at on every new connection, before that is used: a process that was restarted, demoted, or
/// replaced by another is reached by a new connection only.
///
/// What could go wrong: a master is restarted without what it held, and gives its vote a second time. It can't: it counts only
/// when every lease of before its restart would be over.
#[derive(Debug)]
pub(crate) struct RedMaster {
    place: usize,
    /// What no lease is longer than; `None` where masters keep their data over a restart.
    max_lease: Option<Duration>,
    /// The run ids of all masters, by place.
    run_ids: Arc<Mutex<Vec<Option<String>>>>,
    /// What came of the first look.
    first_look: Mutex<Option<Result<(), String>>>,
}

impl RedMaster {
    /// So many masters, which are told apart.
    pub(crate) fn several(count: usize, max_lease: Option<Duration>) -> Vec<Arc<Self>> {
        let run_ids = Arc::new(Mutex::new(vec![None; count]));
        let one = |place| {
            Arc::new(Self { place, max_lease, run_ids: Arc::clone(&run_ids), first_look: Mutex::default() })
        };
        (0..count).map(one).collect()
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

    /// Whether its vote counts.
    pub(super) fn must_count(&self, server: &Server) -> Result<(), Fault> {
        self.must_be_another(server)?;
        if !server.is_master() {
            return Err(unknown());
        }
        let Some(max_lease) = self.max_lease else { return Ok(()) };
        let uptime = Duration::from_secs(server.uptime_s().ok_or_else(unknown)?);
        let needed = max_lease + ROUNDING;
        if uptime >= needed {
            return Ok(());
        }
        Err(not_counted(&format!(
            "it was started {uptime:?} ago and may have forgotten leases of before; it counts {needed:?} after its start (the \
             longest lease, and 2s), or write `red_masters_keep_data()` if every master has `appendfsync always`"
        )))
    }
}

fn unknown() -> Fault {
    not_counted("its run id, role and uptime may not be looked at: grant +info and +role")
}

fn not_counted(why: &str) -> Fault {
    Fault::new(FaultClass::Unavailable, format!("it is not counted: {why}"))
}

#[cfg(test)]
mod tests {
    use ::redis::Value;

    use super::*;

    fn server(run_id: &str, uptime_s: u64) -> Server {
        let info = format!("run_id:{run_id}\r\nrole:master\r\nuptime_in_seconds:{uptime_s}\r\n");
        Server::default().with_info(Some(&Value::BulkString(info.into_bytes())))
    }

    #[test]
    fn a_master_counts_once_every_lease_of_before_its_start_is_over() {
        let masters = RedMaster::several(3, Some(Duration::from_secs(30)));
        let fault = masters[0].must_count(&server("a", 31)).unwrap_err();
        assert_eq!(fault.class, FaultClass::Unavailable);
        assert!(
            fault.message.contains("31s ago") && fault.message.contains("32s after"),
            "{}",
            fault.message
        );
        assert!(masters[0].must_count(&server("a", 32)).is_ok());
        let kept = RedMaster::several(3, None);
        assert!(kept[0].must_count(&server("a", 0)).is_ok());
    }

    #[test]
    fn one_server_has_one_vote() {
        let masters = RedMaster::several(3, None);
        assert!(masters[0].must_count(&server("a", 0)).is_ok());
        assert!(masters[0].must_count(&server("a", 0)).is_ok(), "the same by a new connection");
        let fault = masters[2].must_count(&server("a", 0)).unwrap_err();
        assert!(fault.message.contains("red master number 1"), "{}", fault.message);
        assert!(masters[0].must_count(&server("b", 0)).is_ok());
        assert!(masters[2].must_count(&server("a", 0)).is_ok(), "number 1 is another by now");
    }

    #[test]
    fn who_may_not_be_looked_at_does_not_count() {
        let masters = RedMaster::several(3, None);
        let fault = masters[0].must_count(&Server::default()).unwrap_err();
        assert!(fault.message.contains("+info"), "{}", fault.message);
    }
}
