//! Locks where there is more than one server.

mod absent;
mod breakage;
mod cluster;
mod history;
mod load;
mod parties;
mod red;
mod sentinel;
mod told;
mod vanished;

use std::time::Duration;

/// Past this something is wrong.
const PATIENCE: Duration = Duration::from_secs(20);
