//! Locks on a cluster: which node serves which slot, and what is done about a slot that moves.
//!
//! Each request goes to the node of its lock's slot, on a lane of its own for each runtime and node. The client library's
//! cluster client is not used: it needs timers of the user's runtime, sends again at will, and does not tell which node
//! answered, so that no grant could be compared with a reply.

mod counters;
mod known;
mod redirect;
mod refresh;
mod slot_map;
mod start;
mod url;

pub(super) use self::counters::counter_key;
pub(super) use self::known::Cluster;
pub(super) use self::redirect::{Detour, Redirect};
pub(super) use self::refresh::keep_up;
pub(super) use self::start::{Found, find};
pub(super) use self::url::parse as parse_url;
