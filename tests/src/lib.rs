//! The test kit: real servers, processes that can be killed, a network that can be broken, and a history that is checked.
//!
//! Everything that a test starts is gone when the test ends, also when it panics or is killed itself.

mod arrival;
mod cluster;
mod found;
mod history;
mod leftovers;
mod masters;
mod now;
mod process;
mod proxy;
mod resp;
mod scratch;
mod seed;
mod sentinel;
mod server;
mod slot;
pub mod soak;
mod stage;
mod starved;
mod sudden_drop;
mod topology;
mod until;

pub use arrival::{arrive, arrive_at};
pub use cluster::{Cluster, Migration, names_in_slot_of};
pub use found::{Binary, each_server, oldest_and_newest, servers};
pub use history::{
    Arrival, Hold, OpenHold, Recorder, Violation, check, check_order, check_together, longest_gap, read,
};
pub use leftovers::leftovers;
pub use masters::Masters;
pub use now::now_ns;
pub use process::Process;
pub use proxy::{Direction, Proxy};
pub use resp::{Connection, Value};
pub use scratch::Scratch;
pub use seed::Seed;
pub use sentinel::{Deployment, Sentinel};
pub use server::{Server, ServerOptions, certificate, servers_with_tls};
pub use slot::slot;
pub use stage::Stage;
pub use starved::Stopwatch;
pub use sudden_drop::{DropAfter, drop_after};
pub use topology::Topology;
pub use until::{until, until_async};
